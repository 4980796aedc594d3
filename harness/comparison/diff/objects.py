"""Properties: which came, which went, which became required."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.containment import Containment
from harness.comparison.diff.flat import fold_all_of
from harness.comparison.diff.notice import LEVELS, announcements, level, removal
from harness.comparison.diff.sides import ENTRIES, Edge, Found, Place, SchemaChange, Sides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.diff.sides import Sides
    from harness.comparison.openapi.dialects import Schema
    from harness.comparison.openapi.document import Document


_STABLE = LEVELS.index("stable")

_PROPERTY_KINDS = {
    "sunset-parse": "{}-deprecated-sunset-invalid",
    "sunset-missing": "{}-deprecated-sunset-missing",
    "deprecated": "{}-deprecated",
    "reactivated": "{}-reactivated",
}


def _property_announcements(sides: Sides, old: Schema, new: Schema, place: Place) -> Iterator[SchemaChange]:
    """What became of announcements about a property that is still there."""
    before, after = (doc.followed(part)[0] for doc, part in ((sides.old, old), (sides.new, new)))
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    name = f"the property `{'/'.join(place)}`"
    for each in announcements(before, after, sides.notice, sides.notice.days(_STABLE)):
        kind = _PROPERTY_KINDS.get(each.problem, f"{{}}-{each.problem}")
        yield SchemaChange(place=place, kind=kind, text=f"{name} {each.text}", breaks=each.breaks)
    had, has = level(before.get("x-stability-level")), level(after.get("x-stability-level"))
    if had is not None and has is not None and had != has:
        word = "decreased" if has < had else "increased"
        text = f"the stability of {name} {word} from {LEVELS[had]} to {LEVELS[has]}"
        yield SchemaChange(place=place, kind=f"{{}}-stability-{word}", text=text, breaks=has < had)


def _announced_removal(sides: Sides, old: Schema, place: Place) -> SchemaChange | None:
    """What to say of the removal of a property that was deprecated; None when it was not."""
    before, _ = sides.old.followed(old)
    told = removal(before, sides.notice.today) if isinstance(before, dict) else None
    if told is None:
        return None
    kind = {"sunset-parse": "{}-deprecated-sunset-invalid", "before-sunset": "{}-removed-before-sunset"}.get(
        told.problem, "{}-removed-after-deprecation"
    )
    return SchemaChange(
        place=place, kind=kind, text=f"the property `{'/'.join(place)}` {told.text}", breaks=told.breaks
    )


Keywords = dict[str, Any]


def objects(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[Found]:
    """What changed in the properties of an object; both sides with `allOf` folded."""
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in dict.fromkeys((*before, *after)):
        here = (*place, name)
        if name in before and name in after:
            yield from _property_changes(sides, old, new, here)
        elif name in before:
            yield from _property_removal(sides, old, new, here)
        else:
            yield from _property_addition(sides, old, new, here)
    yield from _undeclared_required(sides, old, new, place)
    yield from _entries(sides, old, new, place)


def _is_required(keywords: Keywords, name: str) -> bool:
    return name in keywords.get("required", ())


def _is_hidden(sides: Sides, part: Schema, document: Document) -> bool:
    meant, _ = document.followed(part)
    return fold_all_of(meant, document).get(sides.hidden) is True


def _has_default(part: Schema, document: Document) -> bool:
    meant, _ = document.followed(part)
    return isinstance(meant, dict) and "default" in meant


# --- a property on both sides ------------------------------------------------------------------------------------


def _property_changes(sides: Sides, old: Keywords, new: Keywords, here: Place) -> Iterator[Found]:
    name = here[-1]
    before, after = old["properties"][name], new["properties"][name]
    was_hidden, is_hidden = _is_hidden(sides, before, sides.old), _is_hidden(sides, after, sides.new)
    if was_hidden != is_hidden:
        yield _travels(sides, here, now=was_hidden, required=_is_required(new if was_hidden else old, name))
        return
    if is_hidden:
        return
    yield from _requirement(sides, old, new, here)
    yield from _property_announcements(sides, before, after, here)
    yield Edge(here, before, after)


def _travels(sides: Sides, here: Place, *, now: bool, required: bool) -> SchemaChange:
    """A property that did not travel in this direction and now does, or the other way round."""
    word = "write-only" if sides.sent else "read-only"
    side = "response" if sides.sent else "request"
    became = f"not-{word}" if now else word
    what = "required" if required else "optional"
    # A client never sent it, and now must, or may no longer; a consumer always got it, and no longer does.
    breaks = (required and not now) if sides.sent else (required or not now)
    text = f"the {what} property {place_text(here)} is {'no longer' if now else 'now'} {word}"
    return SchemaChange(place=here, kind=f"{side}-{what}-property-became-{became}", text=text, breaks=breaks)


def _requirement(sides: Sides, old: Keywords, new: Keywords, here: Place) -> Iterator[SchemaChange]:
    name = here[-1]
    was, now = _is_required(old, name), _is_required(new, name)
    if was == now:
        return
    pair = _presence(name, was), _presence(name, now)
    if now:
        extra = "-with-default" if not sides.sent and _has_default(new["properties"][name], sides.new) else ""
        text = f"the property {place_text(here)} became required"
        kind = f"{{}}-became-required{extra}"
        yield SchemaChange(place=here, kind=kind, text=text, breaks=not sides.sent, pair=pair)
    else:
        text = f"the property {place_text(here)} became optional"
        yield SchemaChange(place=here, kind="{}-became-optional", text=text, breaks=sides.sent, pair=pair)


def _presence(name: str, required: bool) -> Schema:  # noqa: FBT001 - one of two schemas
    return {"type": "object", "required": [name]} if required else {"type": "object"}


def place_text(place: Place) -> str:
    """A place for people: `address/zip`."""
    return f"`{'/'.join(place)}`"


# --- a property on one side --------------------------------------------------------------------------------------


def _property_removal(sides: Sides, old: Keywords, new: Keywords, here: Place) -> Iterator[Found]:
    name = here[-1]
    part = old["properties"][name]
    if _is_hidden(sides, part, sides.old):
        return
    required = _is_required(old, name)
    if _by_entries(sides, part, new, old_part=True):
        text = f"the property {place_text(here)} is not named any more, but still allowed as one of its kind"
        yield SchemaChange(
            place=here, kind=f"{_side(sides)}-property-merged-into-entries", text=text, breaks=False
        )
        if required and sides.sent and not _is_required(new, name):
            yield from _requirement(sides, old, {**new, "properties": {name: part}}, here)
        return
    told_so = _announced_removal(sides, part, here)
    if told_so:
        yield told_so
    elif not sides.sent:
        yield SchemaChange(
            place=here, kind="{}-removed", text=f"the property {place_text(here)} is gone", breaks=True
        )
    else:
        what = "required" if required else "optional"
        text = f"the {what} property {place_text(here)} is gone"
        pair = _presence(name, required), _presence(name, required=False)
        yield SchemaChange(place=here, kind=f"response-{what}-property-removed", text=text, breaks=True, pair=pair)


def _side(sides: Sides) -> str:
    return "response" if sides.sent else "request"


def _by_entries(sides: Sides, part: Schema, keywords: Keywords, *, old_part: bool) -> bool:
    """Whether what the other side says of all further properties goes for this one as well."""
    entries = keywords.get("additionalProperties")
    if not isinstance(entries, dict) or not entries:
        return False
    pair = (part, entries) if old_part else (entries, part)
    return sides.judged(*pair) is Containment.YES


def _property_addition(sides: Sides, old: Keywords, new: Keywords, here: Place) -> Iterator[Found]:
    name = here[-1]
    part = new["properties"][name]
    if _is_hidden(sides, part, sides.new):
        if _is_required(new, name):
            word = "write-only" if sides.sent else "read-only"
            kind = f"{_side(sides)}-required-{word}-property-added"
            yield SchemaChange(
                place=here, kind=kind, text=f"the {word} property {place_text(here)} is new", breaks=False
            )
        return
    if sides.sent:
        what = "required" if _is_required(new, name) else "optional"
        text = f"the {what} property {place_text(here)} is new"
        yield SchemaChange(place=here, kind=f"response-{what}-property-added", text=text, breaks=False)
        return
    if _is_required(new, name):
        extra = "-with-default" if _has_default(part, sides.new) else ""
        text = f"the required property {place_text(here)} is new"
        pair = _presence(name, required=False), _presence(name, required=True)
        breaks = not _is_required(old, name)
        yield SchemaChange(place=here, kind=f"new-required-{{}}{extra}", text=text, breaks=breaks, pair=pair)
    else:
        text = f"the optional property {place_text(here)} is new"
        yield SchemaChange(place=here, kind="new-optional-{}", text=text, breaks=False)
    entries: Any = old.get("additionalProperties")
    if _says_something(sides, entries) and not _by_entries(sides, part, old, old_part=False):
        yield Edge(here, entries, part)  # until now it was one of the further properties


def _says_something(sides: Sides, entries: Any) -> bool:
    """Whether what is said of further properties limits them; a description does not."""
    if not isinstance(entries, dict):
        return False
    pair = sides.whole(entries, entries)
    return pair is None or pair[0] not in (True, {})


def _undeclared_required(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[SchemaChange]:
    """Required names that no property declares."""
    declared = {*old.get("properties", {}), *new.get("properties", {})}
    had, has = ({*map(str, keywords.get("required", ()))} - declared for keywords in (old, new))
    for name in sorted(had ^ has):
        now = name in has
        where = place_text((*place, name))
        text = f"the property {where}, not described, is {'now' if now else 'no longer'} required"
        yield SchemaChange(
            place=(*place, name),
            kind="{}-undeclared-required" if now else "{}-undeclared-optional",
            text=text,
            breaks=now is not sides.sent and now,
            pair=(_presence(name, not now), _presence(name, now)),
        )


# --- properties without a name of their own ----------------------------------------------------------------------


def _entries(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[Found]:
    before: Any = old.get("additionalProperties")
    after: Any = new.get("additionalProperties")
    had, has = _openness(before), _openness(after)
    if had == has == "described":
        yield Edge((*place, ENTRIES), before, after)
        return
    if had == has:
        return
    text = f"further properties of {place_text(place)} are {_WORDS[has]}; they were {_WORDS[had]}"
    narrower = _ORDER[has] < _ORDER[had] or (had, has) == ("open", "described")
    # What nobody declared, nobody is known to send; what was declared counts.
    declared = before is True or before == {} or had == "described"
    breaks = declared and (narrower if not sides.sent else had == "described")
    word = "narrowed" if narrower else "widened"
    pair = ({"type": "object", "additionalProperties": _as_schema(side)} for side in (before, after))
    whole = sides.whole(*pair)
    kind = f"{{}}-additional-properties-{word}"
    yield SchemaChange(place=place, kind=kind, text=text, breaks=breaks, pair=whole)


_WORDS = {"open": "open", "described": "described by a schema", "closed": "not allowed"}
_ORDER = {"closed": 0, "described": 1, "open": 2}


def _openness(entries: Any) -> str:
    if entries is False:
        return "closed"
    return "described" if isinstance(entries, dict) and entries else "open"


def _as_schema(entries: Any) -> Schema:
    return True if entries is None else entries
