"""Two schemas, compared as deep as they differ; what has a name on both sides is compared once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.comparison.containment import Containment
from harness.comparison.diff import branches, objects, structures
from harness.comparison.diff.flat import branches_of, fold_all_of, names_kind, with_told_kind, without_null
from harness.comparison.diff.keywords import Delta, deltas, in_one_language, kinds, type_deltas
from harness.comparison.diff.sides import (
    Edge,
    Found,
    Pair,
    Place,
    SchemaChange,
    Sides,
    Style,
    is_alternative,
)
from harness.comparison.diff.silent import silent
from harness.comparison.diff.texts import settle_changes
from harness.comparison.diff.witness_search import find_missed_change, is_settled, places_of_named
from harness.contracts.openapi_source import UNREAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.comparison.openapi.dialects import Schema
    from harness.comparison.openapi.document import Document

Keywords = dict[str, Any]

_MOST_CHANGES = 2000  # of one schema: what is beyond is no longer read by anybody
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class _Local:
    """What changed in a schema itself, and the pairs of named schemas that it leads to."""

    changes: tuple[SchemaChange, ...]
    edges: tuple[tuple[Place, tuple[str, str], Edge], ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of the search for a value that shows that a change breaks."""

    witness: tuple[Any] | None
    excused: bool  # it is proven that nothing breaks, seen from all that is said there


@dataclass(frozen=True, slots=True)
class SchemaComparison:
    """All comparisons of schemas in one direction; each pair of names is looked at once."""

    sides: Sides
    _known: dict[tuple[str, str], _Local] = field(default_factory=dict)
    _told: dict[tuple[str, str], tuple[SchemaChange, ...]] = field(default_factory=dict)
    _textual: dict[tuple[Style, Style, bool, bool], SchemaComparison] = field(default_factory=dict)

    _searched: dict[str, SchemaChange | None] = field(default_factory=dict)  # by the names of schemas
    _witnesses: dict[tuple[int, int, str], tuple[SchemaChange, Proof]] = field(default_factory=dict)

    def proof(self, found: SchemaChange) -> Proof:
        """What shows that a change breaks, looked for once, wherever it is reached from."""
        key = id(found.node), id(found.pair), found.kind
        if key not in self._witnesses:
            shown = self.sides.witness(found)
            excused = shown is None and found.pair is not None and self.sides.excused(found)
            self._witnesses[key] = found, Proof(shown, excused)  # kept with it, so that no other has its id
        return self._witnesses[key][1]

    def written(self, old: Style, new: Style, *, form: bool = False, path: bool = False) -> SchemaComparison:
        """The same for values that travel as text in a style; of a form, each field by itself."""
        key = old, new, form, path
        if key not in self._textual:
            self._textual[key] = SchemaComparison(replace(self.sides, styles=(old, new), form=form, path=path))
        return self._textual[key]

    def changes(self, old: Any, new: Any) -> tuple[SchemaChange, ...]:
        """What changed between two schemas as written; nearest first, every named pair once."""
        key = _key(old), _key(new)
        if not all(key):
            return self._checked(old, new)
        if key not in self._told:
            self._told[key] = self._checked(old, new)
        return self._told[key]

    def _checked(self, old: Any, new: Any) -> tuple[SchemaChange, ...]:
        """What was found by name, or what a value shows where nothing that was found breaks anybody."""
        if self.sides.same(old, new):
            return ()
        before, after = self.sides.old.schema(old), self.sides.new.schema(new)
        if self.sides.same(before, after):
            return ()  # what differs is annotations
        found = tuple(self._all(before, after))
        if self.sides.textual:
            found = tuple(settle_changes(self.sides, found, before, after))
        further = self._missed(before, after, found)
        return found if further is None else (*found, further)

    def _missed(self, old: Schema, new: Schema, found: Sequence[SchemaChange]) -> SchemaChange | None:
        """What the names miss; where only named schemas differ, each with a place of its own, in each of them."""
        names = None if self.sides.textual else places_of_named(self.sides, old, new)
        if names is None:
            return find_missed_change(self.sides, old, new, found)
        if is_settled(self.sides, found):
            return None
        return next(filter(None, (self._missed_in(name, found) for name in names)), None)

    def _missed_in(self, name: str, found: Sequence[SchemaChange]) -> SchemaChange | None:
        if name not in self._searched:
            self._searched[name] = None  # it may refer to itself
            old, new = self.sides.old.named(name), self.sides.new.named(name)
            if old is not None and new is not None:
                self._searched[name] = self._missed(old, new, found)
        return self._searched[name]

    def _all(self, old: Schema, new: Schema) -> Iterator[SchemaChange]:
        start = self._local(old, new)
        waiting: list[tuple[Place, str, _Local, Pair | None]] = [((), "", start, None)]
        seen: set[tuple[str, str]] = set()
        told = 0
        while waiting and told < _MOST_CHANGES:
            place, schema, local, outer = waiting.pop(0)
            for change in local.changes:
                told += 1
                node = (is_alternative(change.place) and outer) or change.node
                yield replace(change, place=(*place, *change.place), schema=schema, within=change.place, node=node)
            for step, key, edge in local.edges:
                if key not in seen:
                    seen.add(key)
                    further = (is_alternative(step) and outer) or edge.outer
                    waiting.append(((*place, *step), key[1], self._named(key, edge), further))

    def _named(self, key: tuple[str, str], edge: Edge) -> _Local:
        if key not in self._known:
            before, after = self.sides.old.followed(edge.old)[0], self.sides.new.followed(edge.new)[0]
            self._known[key] = self._local(before, after)
        return self._known[key]

    def _local(self, old: Schema, new: Schema) -> _Local:
        changes: list[SchemaChange] = []
        edges: list[tuple[Place, tuple[str, str], Edge]] = []
        waiting: list[Edge] = [Edge((), old, new)]
        while waiting:
            edge = waiting.pop(0)
            if self.sides.same(edge.old, edge.new):
                continue
            before, was = self.sides.old.followed(edge.old)
            after, now = self.sides.new.followed(edge.new)
            if was and now:
                edges.append((edge.place, (was, now), edge))
            elif len(edge.place) < _DEEPEST:
                outer = edge.outer or (before, after)
                for found in compare_schemas(self.sides, before, after, edge.place):
                    if isinstance(found, SchemaChange):
                        changes.append(replace(found, node=outer))
                    else:
                        waiting.append(replace(found, outer=outer) if found.outer else found)
        return _Local(tuple(changes), tuple(edges))


_SHORT = 12  # keywords: parameters of many operations are written alike


def _key(schema: Any) -> str:
    """What schemas that are written alike have in common; "" for one that is too long to be asked again."""
    if not isinstance(schema, dict) or len(schema) > _SHORT:
        return ""
    flat = all(not isinstance(value, dict) for value in schema.values())
    return repr(schema) if flat else ""


def compare_schemas(sides: Sides, old: Schema, new: Schema, place: Place) -> Iterator[Found]:
    """What changed in two schemas themselves; what they hold is told as edges to follow."""
    if old is False or new is False:
        if old is not new:
            yield _nothing(sides, place, gone=new is False)
        return
    before, after = fold_all_of(old, sides.old), fold_all_of(new, sides.new)
    lost = _unread(sides.old, before) | _unread(sides.new, after)
    if lost:
        yield _of_what_is_unread(lost, place)
        if "" not in lost:
            was, now = ({k: v for k, v in each.items() if k not in (*lost, UNREAD)} for each in (before, after))
            yield from _of_kind(sides, was, now, place)
        return
    yield from _of_what_is_read(sides, (old, new), (before, after), place)


def _of_what_is_read(
    sides: Sides, written: Pair, flat: tuple[Keywords, Keywords], place: Place
) -> Iterator[Found]:
    """What changed in two schemas that can be read, given as they are written and folded."""
    (old, new), (before, after) = written, flat
    if _is_refactored(sides, old, new, before, after):
        both = sides.whole(old, new)
        if both is not None and sides.impossible(both):
            text = "it is said in another way now"
            yield _of_no_value(sides, "{}-impossible", text, place)
        return
    if _only_null(before) is not _only_null(after):
        yield _another_type(sides, old, new, place)
        return
    yield from branches.parts(sides, old, new, place)
    before, null_before = without_null(before, sides.old)
    after, null_after = without_null(after, sides.new)
    if null_before != null_after and names_kind(before) and names_kind(after):
        yield _null(sides, place, now=null_after)
    yield from _of_kind(sides, before, after, place)


_COMPOSED = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "contains", "propertyNames")


def _unread(document: Document, flat: Keywords) -> frozenset[str]:
    """The keywords that cannot be read; "" for all of them, for what is said of the same value together is one."""
    lost = document.unread(flat)
    parts = [flat[key] for key in (*_COMPOSED, "dependentSchemas", "patternProperties") if key in flat]
    return lost | {""} if document.is_unread_in(parts) else lost


def _of_what_is_unread(lost: frozenset[str], place: Place) -> SchemaChange:
    keywords = ", ".join(f"`{key}`" for key in sorted(lost) if key)
    text = f"{keywords or 'what is said here'} cannot be read"
    return SchemaChange(place=place, kind="schema-unreadable", text=text, breaks=False, undecided=True)


def _only_null(flat: Keywords) -> bool:
    return flat.get("type") in ("null", ["null"])


def _another_type(sides: Sides, old: Schema, new: Schema, place: Place) -> SchemaChange:
    """One side allows nothing but null."""
    pair = sides.whole(old, new)
    answer = sides.judged(old, new, pair=pair)
    text = (
        "nothing but null is allowed now"
        if _only_null(fold_all_of(new, sides.new))
        else "more than null is allowed now"
    )
    return SchemaChange(
        place=place, kind="{}-type-changed", text=text, pair=pair, breaks=answer is not Containment.YES
    )


def _nothing(sides: Sides, place: Place, *, gone: bool) -> SchemaChange:
    text = "nothing is allowed here any more" if gone else "something is allowed here now"
    return SchemaChange(place=place, kind="{}-type-changed", text=text, breaks=gone is not sides.sent)


def _is_refactored(sides: Sides, old: Schema, new: Schema, before: Keywords, after: Keywords) -> bool:
    """Whether the same is only said in another way: parts moved, folded, split or named."""
    composed = any(isinstance(side, dict) and "allOf" in side for side in (old, new))
    composed = composed or any(True for side in (before, after) for _ in branches_of(side))
    if not composed or _annotations(before) != _annotations(after) or not sides.equivalent(old, new):
        return False
    return silent(sides.old, old) == silent(sides.new, new)


_TOLD_APART = (
    "default",
    "x-extensible-enum",
    "readOnly",
    "writeOnly",
    "discriminator",
    "x-stability-level",
    "x-sunset",
)


def _annotations(keywords: Keywords) -> Keywords:
    return {key: keywords[key] for key in _TOLD_APART if key in keywords}


def _null(sides: Sides, place: Place, *, now: bool) -> SchemaChange:
    text = "it may be null now" if now else "it may not be null any more"
    kind = "{}-became-nullable" if now else "{}-became-not-nullable"
    pair: Pair = ({"not": {"type": "null"}}, True) if now else (True, {"not": {"type": "null"}})
    return SchemaChange(place=place, kind=kind, text=text, breaks=now is sides.sent, pair=pair)


def _of_kind(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[Found]:
    had, has = any(branches_of(old)), any(branches_of(new))
    if had != has:
        yield from branches.wrapping_changes(sides, old, new, place)
        return
    if had:
        yield from branches.alternatives(sides, old, new, place)
    else:
        old, new = with_told_kind(old), with_told_kind(new)
        if _incomparable(old, new):
            yield from _plain(sides, old, new, place, types_only=True)
            return
    yield from _plain(sides, old, new, place, types_only=False)
    yield from objects.objects(sides, old, new, place)
    yield from structures.structures(sides, old, new, place)


def _incomparable(old: Keywords, new: Keywords) -> bool:
    """Whether one is another kind of thing than the other: then nothing else is worth telling."""
    before, after = set(kinds(old)), set(kinds(new))
    numbers = {"integer", "number"}
    return bool(before and after) and not before & after and not (before & numbers and after & numbers)


# --- plain keywords ----------------------------------------------------------------------------------------------

_ABOUT_VALUES = (
    *(
        "type",
        "format",
        "enum",
        "const",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
    ),
    *(
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
    ),
    *("dependentRequired", "x-extensible-enum"),
)


def _plain(
    sides: Sides, old: Keywords, new: Keywords, place: Place, *, types_only: bool
) -> Iterator[SchemaChange]:
    old, new = in_one_language(old, new)
    found = list(type_deltas(old, new, textual=sides.textual))
    listing = [
        delta for delta in deltas(old, new) if not types_only or "enum" in delta.kind or "default" in delta.kind
    ]
    found += listing
    if not found:
        return
    small, large = ({key: side[key] for key in _ABOUT_VALUES if key in side} for side in (old, new))
    pair = sides.whole(small, large)
    breaking = [delta for delta in found if sides.breaks(delta.effect)]
    impossible = bool(breaking) and pair is not None and sides.impossible(pair)
    proven = bool(breaking) and not impossible and pair is not None and sides.harmless(pair)
    for delta in found:
        breaks = sides.breaks(delta.effect) and not (proven and _is_provable(delta))
        if breaks and impossible and _is_provable(delta):
            yield _of_no_value(sides, delta.kind, delta.text, place)
            continue
        shown = pair if breaks and _is_provable(delta) else None
        yield SchemaChange(place=place, kind=delta.kind, text=delta.text, breaks=breaks, pair=shown)


def _of_no_value(sides: Sides, kind: str, what: str, place: Place) -> SchemaChange:
    """Of a place that no value can meet nothing is proven, whatever a validator says: some value does travel."""
    text = f"{what}; no value can meet what the {'new' if sides.sent else 'old'} document says here"
    return SchemaChange(place=place, kind=kind, text=text, breaks=False, undecided=True)


def _is_provable(delta: Delta) -> bool:
    """Whether a validator has a say in it."""
    return not any(word in delta.kind for word in ("extensible", "content-", "default", "-contains"))
