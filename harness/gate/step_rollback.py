"""What can still be gone back to after each step of an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.gate import reasons as why
from harness.gate.decision import of_itself_and_missing
from harness.gate.target_state import TargetState, between
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.gate.constraints import Move
    from harness.identity import Version


def ways_back(
    order: Sequence[Sequence[int]],
    moves: Sequence[Move],
    now: TargetState,
    policy: Sequence[str],
    staying: Sequence[Version],
) -> list[tuple[Version, ...]]:
    """After each step: the versions that a step so far has replaced and that would pass the gate again."""
    done: dict[int, bool] = {}  # position to whether its old versions still fit
    staged = now
    result = []
    for position in (p for wave in order for p in wave):
        done[position] = True
        staged = staged.changed(
            {moves[position].service: _there(moves[position].service, moves, done, now, staying)}
        )
        near = _near(moves[position], now)
        for other in done:
            if other == position or moves[other].service in near:
                done[other] = _fits(moves[other], staged, policy)
        result.append(tuple(v for p, fits in done.items() if fits for v in moves[p].old))
    return result


def _there(
    service: str, moves: Sequence[Move], done: dict[int, bool], now: TargetState, staying: Sequence[Version]
) -> tuple[Version, ...]:
    """The versions of a service after the steps so far."""
    open_ones = {v for p, move in enumerate(moves) if move.service == service and p not in done for v in move.old}
    replaced = {v for p in done if moves[p].service == service for v in moves[p].old}
    new = [moves[p].new for p in done if moves[p].service == service]
    kept = [v for v in now.there.get(service, ()) if v not in replaced or v in open_ones or v in staying]
    return tuple(dict.fromkeys((*kept, *new)))


def _near(move: Move, now: TargetState) -> set[str]:
    return {name for version in (move.new, *move.old) for name in now.neighbours(version)} | {move.service}


def _fits(move: Move, staged: TargetState, policy: Sequence[str]) -> bool:
    """Whether every version that the move replaced would pass the gate in its place, also beside the new one."""
    facts = staged.facts
    for version in move.old:
        told = [*of_itself_and_missing(version, staged, policy)]
        told += [why.of_pair(pair, facts) for pair in staged.pairs(version)]
        told += [why.of_pair(pair, facts) for pair in between(version, move.new, facts)]
        told += [why.of_pair(pair, facts) for pair in between(version, version, facts)]
        if any(reason.verdict is not Verdict.PASSED for reason in told):
            return False
    return True
