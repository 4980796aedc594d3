"""Arrays, conditions and the rarer keywords that hold schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.containment import Containment
from harness.comparison.diff.sides import ITEMS, Edge, Found, Place, SchemaChange, of_judgement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.diff.sides import Sides

Keywords = dict[str, Any]


def structures(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[Found]:
    """What changed in the parts of a schema that are schemas, properties and alternatives left out."""
    yield from _items(sides, old, new, place)
    yield from _prefix_items(sides, old, new, place)
    for keyword, word in _PRESENT:
        yield from _present(sides, keyword, word, (old, new), place)
    yield from _conditions(sides, old, new, place)
    yield from _not(sides, old, new, place)
    yield from _by_name(sides, "patternProperties", "pattern-property", (old, new), place)
    yield from _by_name(sides, "dependentSchemas", "dependent-schema", (old, new), place)
    yield from _discriminator(old, new, place)


def _items(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[Found]:
    if "items" not in old and "items" not in new:
        return
    before, after = old.get("items", True), new.get("items", True)
    if before is False or after is False:
        if before is not after:
            answer = sides.judged({"items": before}, {"items": after})
            text = "no further items are allowed now" if after is False else "further items are allowed now"
            kind = "{}-items-closed" if after is False else "{}-items-opened"
            yield SchemaChange(place=place, kind=kind, text=text, **of_judgement(answer))
        return
    yield Edge((*place, ITEMS), before, after)


def _prefix_items(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[Found]:
    before, after = old.get("prefixItems", []), new.get("prefixItems", [])
    for number, (was, now) in enumerate(zip(before, after, strict=False)):
        yield Edge((*place, str(number)), was, now)
    if len(before) == len(after):
        return
    # A position more or less is another tuple: whoever reads by position is told, also where nothing is refused.
    pair = sides.whole(_tuple(old), _tuple(new))
    gone = len(before) - len(after)
    text = f"{gone} positions of the tuple are gone" if gone > 0 else f"the tuple has {-gone} positions more"
    narrower = gone < 0
    breaks = narrower is sides.sent or not (pair and sides.harmless(pair))
    kind = "{}-prefix-items-added" if narrower else "{}-prefix-items-removed"
    yield SchemaChange(place=place, kind=kind, text=text, breaks=breaks, pair=pair)


def _tuple(side: Keywords) -> Keywords:
    return {key: side[key] for key in ("prefixItems", "items") if key in side}


_PRESENT = (
    ("contains", "contains"),
    ("propertyNames", "property-names"),
    ("unevaluatedItems", "unevaluated-items"),
    ("unevaluatedProperties", "unevaluated-properties"),
    ("contentSchema", "content-schema"),
)
_DECODED = "contentSchema"  # what a text holds once it is decoded: no validator looks at it


def _present(
    sides: Sides, keyword: str, word: str, both: tuple[Keywords, Keywords], place: Place
) -> Iterator[Found]:
    """A keyword that narrows by being there."""
    old, new = both
    had, has = _limits(keyword, old), _limits(keyword, new)
    if had and has:
        if keyword in ("contains", "propertyNames", "contentSchema"):
            # Narrower within is narrower as a whole, so the parts may be compared.
            yield Edge((*place, f"({keyword})"), old[keyword], new[keyword])
        elif not sides.same(old[keyword], new[keyword]):
            answer = sides.judged({keyword: old[keyword]}, {keyword: new[keyword]})
            text = f"{keyword} changed"
            yield SchemaChange(place=place, kind=f"{{}}-{word}-changed", text=text, **of_judgement(answer))
    elif has:
        pair = None if keyword == _DECODED else sides.whole(_without(keyword, new), new)
        text = f"{keyword} limits it now"
        yield SchemaChange(place=place, kind=f"{{}}-{word}-added", text=text, breaks=not sides.sent, pair=pair)
    elif had:
        pair = None if keyword == _DECODED else sides.whole(old, _without(keyword, old))
        text = f"{keyword} limits it no longer"
        yield SchemaChange(place=place, kind=f"{{}}-{word}-removed", text=text, breaks=sides.sent, pair=pair)


def _limits(keyword: str, keywords: Keywords) -> bool:
    return keywords.get(keyword, True) not in (True, {}) or (keyword == "contains" and keyword in keywords)


def _without(keyword: str, keywords: Keywords) -> Keywords:
    return {key: item for key, item in keywords.items() if key != keyword}


_CONDITION = ("if", "then", "else")


def _conditions(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[SchemaChange]:
    before, after = ({key: side[key] for key in _CONDITION if key in side} for side in (old, new))
    if before.keys() == after.keys():
        if before and not sides.same(before, after):
            answer = sides.judged(before, after)
            text = "what holds under a condition (if, then, else) changed"
            yield SchemaChange(
                place=place,
                kind="{}-condition-changed",
                text=text,
                pair=sides.whole(before, after),
                **of_judgement(answer),
            )
        return
    pair = sides.whole(before, after)
    proven = sides.judged(before, after, pair=pair) is Containment.YES and len({*before} ^ {*after}) > 0
    for keyword in _CONDITION:
        if (keyword in before) != (keyword in after):
            word = "added" if keyword in after else "removed"
            narrower = keyword in after
            breaks = (narrower is not sides.sent) and not (proven and _plainly(before, after))
            text = f"`{keyword}` was {word}"
            yield SchemaChange(place=place, kind=f"{{}}-{keyword}-{word}", text=text, breaks=breaks, pair=pair)


def _plainly(before: Keywords, after: Keywords) -> bool:
    """Whether a whole condition came or went, so that a proof speaks of all of it."""
    return not before or not after


def _not(sides: Sides, old: Keywords, new: Keywords, place: Place) -> Iterator[SchemaChange]:
    if "not" not in old and "not" not in new:
        return
    before, after = ({"not": side["not"]} if "not" in side else {} for side in (old, new))
    if sides.same(before, after):
        return
    word = "changed" if before and after else "added" if after else "removed"
    answer = sides.judged(before, after)
    text = f"what is not allowed (`not`) was {word}"
    yield SchemaChange(
        place=place, kind=f"{{}}-not-{word}", text=text, pair=sides.whole(before, after), **of_judgement(answer)
    )


def _by_name(
    sides: Sides, keyword: str, word: str, both: tuple[Keywords, Keywords], place: Place
) -> Iterator[Found]:
    """Schemas that go for properties by a pattern, or when another property is there."""
    before, after = (side.get(keyword, {}) for side in both)
    for name in dict.fromkeys((*before, *after)):
        here = (*place, f"({name})")
        if name in before and name in after:
            yield Edge(here, before[name], after[name])
        elif name in after:
            pair = sides.whole({}, {keyword: {name: after[name]}})
            text = f"the rule for `{name}` ({keyword}) is new"
            yield SchemaChange(place=place, kind=f"{{}}-{word}-added", text=text, breaks=not sides.sent, pair=pair)
        else:
            pair = sides.whole({keyword: {name: before[name]}}, {})
            text = f"the rule for `{name}` ({keyword}) is gone"
            yield SchemaChange(place=place, kind=f"{{}}-{word}-removed", text=text, breaks=sides.sent, pair=pair)


def _discriminator(old: Keywords, new: Keywords, place: Place) -> Iterator[SchemaChange]:
    before, after = (_property(side.get("discriminator")) for side in (old, new))
    if before != after:
        word = "changed" if before and after else "added" if after else "removed"
        text = f"the discriminator was {word}: {before or 'none'} → {after or 'none'}"
        yield SchemaChange(place=place, kind=f"{{}}-discriminator-{word}", text=text, breaks=False)


def _property(discriminator: Any) -> str:
    """The property that tells which alternative it is; OpenAPI 2.0 writes nothing but its name."""
    if isinstance(discriminator, dict):
        return str(discriminator.get("propertyName", ""))
    return discriminator if isinstance(discriminator, str) else ""
