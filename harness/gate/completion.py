"""A larger set that would be a yes: what else has to go along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.gate.reasons import verdict_of
from harness.gate.scene import Scene, between, scene
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.evidence import Facts
    from harness.identity import Version

ROUNDS = 25  # how many services may be added before the search gives up


def completed(candidates: Sequence[Version], environment: str, facts: Facts) -> tuple[Version, ...]:
    """The candidates and, for each live service that they break or lack, its newest version that fits; () if none.

    Each added version fits all that were there before it; it is the caller who decides about the whole.
    """
    chosen = tuple(candidates)
    for _ in range(ROUNDS):
        staged = _after(chosen, environment, facts)
        wanted = next(_misfits(chosen, staged), None)
        if wanted is None:
            return chosen if len(chosen) > len(candidates) else ()
        fitting = _newest_fitting(wanted, chosen, facts)
        if fitting is None:
            return ()
        chosen = (*chosen, fitting)
    return ()


def _after(chosen: Sequence[Version], environment: str, facts: Facts) -> Scene:
    names = {version.pacticipant for version in chosen}
    here = (live for live in facts.live if live.environment == environment)
    staying = (live.version for live in here if live.released or live.version.pacticipant not in names)
    return scene(facts, environment, (*chosen, *staying))


def _misfits(chosen: Sequence[Version], staged: Scene) -> Iterator[str]:
    """The services that would have to change, or to come."""
    names = {version.pacticipant for version in chosen}
    for version in chosen:
        for pair in staged.pairs(version):
            other = pair.provider if pair.consumer == version else pair.consumer
            if other.pacticipant not in names and verdict_of(pair, staged.facts) is Verdict.FAILED:
                yield other.pacticipant
        yield from staged.missing(version)


def _newest_fitting(name: str, chosen: Sequence[Version], facts: Facts) -> Version | None:
    for version in reversed(facts.index.numbers(name)):
        pairs = (pair for other in chosen for pair in between(version, other, facts))
        if all(verdict_of(pair, facts) is Verdict.PASSED for pair in pairs):
            return version
    return None
