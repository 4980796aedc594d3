"""Properties that are deprecated, come to their end, or change their level of stability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.comparison.diff.notice import LEVELS, announcements, level, removal
from harness.comparison.diff.sides import Place, SchemaChange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.diff.sides import Sides
    from harness.comparison.openapi.dialects import Schema

_STABLE = LEVELS.index("stable")

_PROPERTY = {
    "sunset-parse": "{}-deprecated-sunset-invalid",
    "sunset-missing": "{}-deprecated-sunset-missing",
    "deprecated": "{}-deprecated",
    "reactivated": "{}-reactivated",
}


def of_property(sides: Sides, old: Schema, new: Schema, place: Place) -> Iterator[SchemaChange]:
    """What became of announcements about a property that is still there."""
    before, after = (doc.followed(part)[0] for doc, part in ((sides.old, old), (sides.new, new)))
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    name = f"the property `{'/'.join(place)}`"
    for each in announcements(before, after, sides.notice, sides.notice.days(_STABLE)):
        kind = _PROPERTY.get(each.problem, f"{{}}-{each.problem}")
        yield SchemaChange(place=place, kind=kind, text=f"{name} {each.text}", breaks=each.breaks)
    had, has = level(before.get("x-stability-level")), level(after.get("x-stability-level"))
    if had is not None and has is not None and had != has:
        word = "decreased" if has < had else "increased"
        text = f"the stability of {name} {word} from {LEVELS[had]} to {LEVELS[has]}"
        yield SchemaChange(place=place, kind=f"{{}}-stability-{word}", text=text, breaks=has < had)


def removal_of_property(sides: Sides, old: Schema, place: Place) -> SchemaChange | None:
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
