"""What is wrong with a value, whichever way its alternatives are chosen, told once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.pact_fit.faults import OPEN, UNDECLARED, Fault
from harness.identity import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.comparison.pact_fit.alternatives import Alternatives
    from harness.comparison.pact_fit.faults import Place

Faults = tuple[Fault, ...]
_SHOWN = 100


def fold_ways(alternatives: Alternatives | None, told: list[Faults], value: Any, place: Place) -> list[Fault]:
    """What is wrong, whichever way the alternatives are chosen, and what is wrong with each of them beside."""
    ways = [[each for each in way if each.keyword != OPEN] for way in told]
    ways = [way for way in ways if not _is_of_other_type(way, place)] or ways
    if len(ways) == 1 or alternatives is None:
        return ways[0]
    shared = set.intersection(*({_key(each) for each in way} for way in ways))
    common = [each for each in ways[0] if _key(each) in shared]
    rests = list({tuple(map(_key, rest)): rest for rest in (_without(way, shared) for way in ways)}.values())
    if not all(rests):
        return common
    if len(rests) == 1:
        return [*common, *rests[0]]
    text = f"{short(value)} is not valid under any of the schemas listed in the '{alternatives.keyword}' keyword"
    within = (*alternatives.owner.where, alternatives.keyword)
    branches = tuple(map(tuple, rests))
    fault = Fault(keyword=alternatives.keyword, place=place, within=within, text=text, branches=branches)
    return [*common, fault.shortened()]


def _is_of_other_type(faults: Iterable[Fault], place: Place) -> bool:
    return any(each.keyword == "type" and each.place == place for each in faults)


def _without(faults: Iterable[Fault], keys: set[tuple[Any, ...]]) -> list[Fault]:
    return [each for each in faults if _key(each) not in keys]


def once(faults: Iterable[Fault]) -> Faults:
    """Each but once, though several schemas say the same."""
    return tuple({_key(each): each for each in faults}.values())


def _key(fault: Fault) -> tuple[Any, ...]:
    return fault.place, fault.keyword in UNDECLARED or fault.keyword, fault.text


def short(value: Any) -> str:
    """A value as people are shown it."""
    text = canonical_json(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
