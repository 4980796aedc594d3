"""One side of a comparison: a whole OpenAPI document, its references followed and its schemas in one dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.dialects import Assembly, Direction, Schema, TooLarge, normal, references_in
from harness.comparison.openapi.lost_schemas import guard_schema, unreadable_schema
from harness.contracts.openapi_bundle import KEY, References, bundle, is_in_files, unresolved_references
from harness.contracts.openapi_faults import Examined, examine_document
from harness.contracts.openapi_source import UNREAD, parse, referring
from harness.contracts.openapi_unread import unread_within
from harness.errors import ContractError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.contracts.openapi_bundle import Beside
    from harness.contracts.openapi_source import Reader

_VERSION = re.compile(r"3\.\d+(\.\d+)?(-\w+)?$")
_MOST_PARTS = 10_000  # of schemas that are looked at together: real ones have hundreds
_MOST_STEPS = 50  # references that refer to references


def read_document(text: str | bytes, place: str, reader: Reader = parse, beside: Beside | None = None) -> Document:
    """A document from JSON or YAML, OpenAPI 2.0 or 3.x; it need not be without faults to be compared.

    What refers to nothing or breaks the standard is told in its problems: what needs one of these places cannot
    be judged, all else can. Raises ContractError only for what cannot be read at all, or is no OpenAPI document.
    """
    return bundle_document(reader(text, place), place, reader, beside)


def bundle_document(value: Any, place: str, reader: Reader = parse, beside: Beside | None = None) -> Document:
    """The same from the value of its text; `reader` reads the files that it refers to."""
    if not isinstance(value, dict):
        raise ContractError(Problem("an OpenAPI document is an object", place))

    keeping = getattr(reader, "whole", None) if beside is None and _is_worth_keeping(value, place) else None

    def made() -> tuple[Examined, tuple[Path, ...]]:
        problems: list[Problem] = []
        read: list[Path] = []
        whole = bundle(value, place, reader, beside, problems, read)
        return _examine_bundle(whole, place, problems), () if problems else (Path(place), *read)

    found: Examined = keeping(place, value, made) if keeping else made()[0]
    return _document(found, place)


_LARGE = 1_000_000  # bytes of a document: less is examined as quickly as what was kept of it is read


def _is_worth_keeping(value: dict[str, Any], place: str) -> bool:
    """Whether to examine it takes long: a document in many files, or a large one."""
    try:
        return is_in_files(value) or Path(place).stat().st_size > _LARGE
    except (OSError, ValueError):
        return False


def document_of(value: dict[str, Any], place: str, problems: Sequence[Problem] = ()) -> Document:
    """The same from a value that holds what it refers to; `problems` are of what could not be put into it."""
    return _document(_examine_bundle(value, place, problems), place)


def _examine_bundle(value: dict[str, Any], place: str, problems: Sequence[Problem]) -> Examined:
    found = examine_document(value, _version(value, place), place)
    told = {problem.where for problem in problems}
    lost = (each for each in unresolved_references(found.value, place) if each.where not in told)
    others = (each for each in found.faults if each.where not in told)
    return found._replace(faults=(*problems, *lost, *others))


def _document(found: Examined, place: str) -> Document:
    return Document(
        value=found.value,
        place=place,
        version=min(_version(found.value, place), "3.1"),
        problems=found.faults,
        remarks=found.remarks,
    )


def _version(value: dict[str, Any], place: str) -> str:
    given = value.get("openapi", value.get("swagger"))
    version = str(given)
    if given is None:
        hint = 'is it an OpenAPI document? it starts with "openapi: 3.1.0"'
        raise ContractError(Problem("it names no version (`openapi` or `swagger`)", place, hint))
    if not (_VERSION.match(version) if "openapi" in value else version == "2.0"):
        key = "openapi" if "openapi" in value else "swagger"
        hint = "known are: 2.0 (swagger), 3.0.x and 3.1.x (openapi)"
        raise ContractError(Problem(f"`{key}` is {given!r}", f"{place}#/{key}", hint))
    return min(version[:3], "3.2")


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document whose references all lead somewhere and whose parts are sound, but for its problems."""

    value: dict[str, Any]
    place: str
    version: str  # "2.0", "3.0", "3.1"
    problems: tuple[Problem, ...] = ()  # references that lead nowhere, and what breaks the standard
    remarks: tuple[Problem, ...] = ()  # what nobody needs: keys that no version knows, words
    guards: bool = False  # whether what cannot be read is a schema that no value keeps, for values to meet
    _normal: dict[str, Schema] = field(default_factory=dict)
    _references: References = field(init=False)
    _sizes: dict[str, tuple[int, frozenset[str]]] = field(default_factory=dict)
    _large: dict[str, bool] = field(default_factory=dict)
    _kept: dict[int, tuple[Any, Schema]] = field(default_factory=dict)  # what it was made of is kept with it
    _assemblies: dict[tuple[Direction, bool], Assembly] = field(default_factory=dict)
    kinds: dict[int, tuple[Schema, frozenset[str]]] = field(default_factory=dict)  # of schemas kept here

    def __post_init__(self) -> None:
        object.__setattr__(self, "_references", References(self.value))

    @property
    def old(self) -> bool:
        """Whether it is written in OpenAPI 2.0."""
        return self.version == "2.0"

    def part(self, key: str) -> dict[str, Any]:
        """A part of the document by its name; nothing when it is not there or not an object."""
        return mapping(self.value.get(key))

    def meant(self, node: Any) -> dict[str, Any]:
        """The node itself, or what it refers to; nothing when that is no object."""
        for _ in range(_MOST_STEPS):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                return mapping(node)
            beside = {key: item for key, item in node.items() if key != "$ref"}
            target = self.at(node["$ref"])
            # A path item may say more beside its reference; elsewhere only descriptions stand there.
            node = (
                {**beside, **target} if beside and isinstance(target, dict) and self.version == "3.1" else target
            )
        return {}

    def lost(self, node: Any) -> str:
        """The reference by which a node leads nowhere; "" for one that is there."""
        for _ in range(_MOST_STEPS):
            reference = node.get("$ref") if isinstance(node, dict) else None
            if not isinstance(reference, str):
                return ""
            node = self.at(reference)
            if node is None:
                return reference
        return reference or ""

    def is_broken(self, node: Any) -> bool:
        """Whether a node is known by its text, which breaks the standard; what a lost reference names is not."""
        return self.lost(node).startswith(f"#/{UNREAD}")

    def lost_references(self) -> Iterator[str]:
        """Those that lead to what is not there: of that nothing is known, not even that it is the same."""
        for each in {target["$ref"] for target in referring(self.value)} if self.problems else ():
            if not each.startswith(f"#/{UNREAD}/") and self.at(each) is None:
                yield each

    def at(self, reference: str) -> Any:
        """What a reference leads to; None when that is nowhere."""
        return self._references.at(reference)

    def schema(self, node: Any) -> Schema:
        """A schema as it is written here, in the dialect of 2020-12."""
        made = normal(node, self.version)
        return guard_schema(made, self.at) if self.guards and self.problems else made

    def kept(self, node: Any) -> Schema:
        """The same, made once for a node that is asked for again and again."""
        found = self._kept.get(id(node))
        if found is None:
            found = self._kept[id(node)] = node, self.schema(node)
        return found[1]

    def named(self, reference: str) -> Schema | None:
        """The schema that a reference leads to, in the dialect of 2020-12."""
        if reference not in self._normal:
            target = self.at(reference)
            is_lost = bool(self.problems) and target is None
            self._normal[reference] = self._lost_schema(reference) if is_lost else self.schema(target)
        return self._normal[reference]

    def _lost_schema(self, reference: str) -> Schema:
        return unreadable_schema(reference) if self.guards else {UNREAD: {"": {"$ref": reference}}}

    def guarded(self) -> Document:
        """The same for holding values against its schemas: what cannot be read is a fault that says so."""
        return self if self.guards or not self.problems else replace(self, guards=True, **_fresh())

    def unread(self, schema: Schema) -> frozenset[str]:
        """The keywords of a schema, its parts folded, that cannot be read; "" for all of it."""
        lost = schema.get(UNREAD) if isinstance(schema, dict) and self.problems else None
        return frozenset(lost) if isinstance(lost, dict) else frozenset()

    def is_unread_in(self, value: Any) -> bool:
        """Whether something in a part of a schema, near or far, cannot be read."""
        return bool(self.problems) and unread_within(value, self.at) is not None

    def followed(self, schema: Schema) -> tuple[Schema, str]:
        """A schema with its reference followed, and the last reference ("" for none)."""
        last = ""
        for _ in range(_MOST_STEPS):
            if not isinstance(schema, dict) or not isinstance(schema.get("$ref"), str):
                break
            last = schema["$ref"]
            beside = {key: item for key, item in schema.items() if key != "$ref"}
            target = self.named(last)
            if target is None or beside:
                return _join_siblings(target, beside), last
            schema = target
        return schema, last

    def whole(self, schema: Schema, direction: Direction, *, extensible: bool = False) -> Schema:
        """A schema as a validator takes it; raises TooLarge."""
        if any(self._is_large(each) for each in references_in(schema)):
            raise TooLarge
        key = direction, extensible
        if key not in self._assemblies:
            self._assemblies[key] = Assembly(self.named, direction, extensible=extensible)
        return self._assemblies[key].whole(schema)

    def _is_large(self, reference: str) -> bool:
        """Whether what a reference leads to, and all beyond it, is more than can be looked at together."""
        if reference not in self._large:
            met, waiting, size = {reference}, [reference], 0
            while waiting and size <= _MOST_PARTS:
                each = waiting.pop()
                if self._large.get(each):
                    size = _MOST_PARTS + 1
                    break
                own, further = self._size(each)
                size += own
                waiting += further - met
                met |= further
            self._large[reference] = size > _MOST_PARTS
        return self._large[reference]

    def _size(self, reference: str) -> tuple[int, frozenset[str]]:
        if reference not in self._sizes:
            target = self.named(reference)
            self._sizes[reference] = _parts(target), frozenset(references_in(target))
        return self._sizes[reference]


def _fresh() -> dict[str, Any]:
    """What is kept of a document that is seen in another way: nothing."""
    names = ("_normal", "_sizes", "_large", "_kept", "_assemblies", "kinds")
    return {name: {} for name in names}


def _parts(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_parts, inner))


def _join_siblings(target: Schema | None, beside: dict[str, Any]) -> Schema:
    if not isinstance(target, dict):
        return beside if target is None or target is True else False
    shared = target.keys() & beside.keys()
    return {**beside, "allOf": [target]} if shared else {**target, **beside}


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


# --- what is the same on both sides ------------------------------------------------------------------------------

_UNITS_2 = ("definitions", "parameters", "responses", "securityDefinitions")


def unit(reference: str) -> str:
    """The named part of a document in which a reference ends: `#/components/schemas/Order`."""
    steps = reference.split("/")
    return "/".join(steps[:4] if steps[1:2] == ["components"] else steps[:3])


@dataclass(frozen=True, slots=True)
class Sameness:
    """Which named parts differ between two documents, by themselves or in what they refer to."""

    changed: frozenset[str]
    comparable: bool  # one dialect: equal text means equal meaning

    def same(self, old: Any, new: Any) -> bool:
        """Whether two nodes are equal in everything that they are and refer to."""
        if not self.comparable or not equal(old, new):
            return False
        return not self.changed or not any(unit(each) in self.changed for each in references_in(old))


def equal(old: Any, new: Any) -> bool:
    """Equal as JSON: `1` and `true` differ, the order of keys does not matter."""
    from json import dumps

    if old != new:
        return False
    # As Python sees it `1`, `1.0` and `true` are equal; written out they differ.
    return repr(old) == repr(new) or dumps(old, sort_keys=True) == dumps(new, sort_keys=True)


def sameness(old: Document, new: Document) -> Sameness:
    """Compare the named parts of two documents once."""
    ours, theirs = _units(old), _units(new)
    changed = {name for name in ours.keys() | theirs.keys() if not equal(ours.get(name), theirs.get(name))}
    changed |= {unit(each) for document in (old, new) for each in document.lost_references()}
    if not changed:
        return Sameness(changed=frozenset(), comparable=old.version == new.version)
    users: dict[str, set[str]] = {}
    for parts in (ours, theirs):
        for name, part in parts.items():
            for reference in references_in(part):
                users.setdefault(unit(reference), set()).add(name)
    waiting = list(changed)
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in changed:
                changed.add(user)
                waiting.append(user)
    return Sameness(changed=frozenset(changed), comparable=old.version == new.version)


def _units(document: Document) -> dict[str, Any]:
    from harness.contracts.openapi_source import escape_pointer_step

    units: dict[str, Any] = {}
    for kind, parts in document.part("components").items():
        units |= {
            f"#/components/{kind}/{escape_pointer_step(name)}": part for name, part in mapping(parts).items()
        }
    for kind in (*_UNITS_2, KEY, "paths"):
        units |= {f"#/{kind}/{escape_pointer_step(name)}": part for name, part in document.part(kind).items()}
    return units
