"""A larger set that would be a yes: what else has to go along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.gate.placing import Instances, is_replaced
from harness.gate.reasons import verdict_of
from harness.gate.target_state import between, scene
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.evidence import Facts
    from harness.identity import Version

ROUNDS = 25  # how many services may be added before the search gives up


def complete_set(
    candidates: Sequence[Version], environment: str, facts: Facts, instances: Instances
) -> tuple[tuple[Version, ...], Instances]:
    """The candidates and, where each live version that they break or lack runs, the newest version that fits.

    Nothing when there is none. Each added version fits all that was there before it; it is the caller who decides
    about the whole.
    """
    chosen, there = tuple(candidates), {each: tuple(instances.get(each, ("",))) for each in candidates}
    asked = dict(there)
    for _ in range(ROUNDS):
        wanted = next(_misfits(chosen, environment, facts, there), None)
        if wanted is None:
            return (chosen, there) if there != asked else ((), {})
        name, instance = wanted
        fitting = _newest_fitting(name, chosen, facts)
        if fitting is None:
            return (), {}
        chosen = tuple(dict.fromkeys((*chosen, fitting)))
        there[fitting] = (*there.get(fitting, ()), instance)
    return (), {}


def _misfits(
    chosen: Sequence[Version], environment: str, facts: Facts, instances: Instances
) -> Iterator[tuple[str, str]]:
    """The services that would have to change or to come, and on which instance."""
    here = [live for live in facts.live if live.environment == environment]
    staying = [live for live in here if not is_replaced(live, chosen, instances)]
    staged = scene(facts, environment, (*chosen, *(live.version for live in staying)))
    for version in chosen:
        for live in staying:
            # What is released stays whatever is deployed, so nothing could be done about it here.
            pairs = () if live.released or live.version in chosen else between(version, live.version, facts)
            if any(verdict_of(pair, facts) is Verdict.FAILED for pair in pairs):
                yield live.version.pacticipant, live.instance
        yield from ((name, "") for name in staged.missing(version))


def _newest_fitting(name: str, chosen: Sequence[Version], facts: Facts) -> Version | None:
    for version in reversed(facts.index.numbers(name)):
        pairs = (pair for other in (*chosen, version) for pair in between(version, other, facts))
        if all(verdict_of(pair, facts) is Verdict.PASSED for pair in pairs):
            return version
    return None
