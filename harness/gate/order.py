"""In which order a set can be deployed, so that every state on the way is compatible."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.gate import reasons as why
from harness.gate.blocks import Block, Link, blocks_of
from harness.gate.constraints import Constraints, Move, constraints_of, moves_of
from harness.gate.decision import decide_candidates, policy_of, resolve
from harness.gate.placing import UNNAMED, Instances, everywhere
from harness.gate.step_rollback import ways_back
from harness.gate.target_state import TargetState, scene
from harness.graph import reachable, successors, waves
from harness.identity import Version
from harness.verdicts import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.evidence import Facts

__all__ = ["Block", "DeploymentPlan", "Link", "Move", "Step", "deployment_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move at its place in the order; steps of one wave may run in parallel."""

    number: int
    wave: int
    move: Move
    waits: tuple[Link, ...]  # which earlier steps it needs, and why
    back: tuple[Version, ...]  # what can still be gone back to after this step, each by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPlan:
    """An order in which every state is compatible, or why there is none."""

    verdict: Verdict
    candidates: tuple[Version, ...]
    environment: str
    require: tuple[str, ...]
    rolling: bool  # old and new of a service stand side by side while it is replaced
    steps: tuple[Step, ...]  # when the verdict is not PASSED: what can be done all the same
    unchanged: tuple[Version, ...]  # candidates that are there already
    blocks: tuple[Block, ...]  # worst and smallest first
    waiting: tuple[Move, ...]  # what cannot be done because of the blocks
    broken_already: tuple[Reason, ...]  # pairs that are live now and not a yes; no step is judged by them
    at_once: Verdict  # the gate's answer for all of them in the same moment, without any state between
    instances: Instances = field(default_factory=dict)  # where candidates go

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What keeps it from being a yes, worst first."""
        told = (reason for block in self.blocks for link in block.links for reason in link.reasons)
        return why.worst_first(dict.fromkeys(told))


def deployment_plan(  # noqa: PLR0913 - one argument per part of the question
    candidates: Sequence[Version],
    environment: str,
    facts: Facts,
    *,
    instances: Instances = UNNAMED,
    rolling: bool = True,
    per_instance: bool = False,
    require: Sequence[str] | None = None,
) -> DeploymentPlan:
    """Find an order of single-service steps in which every state passes the gate, or the smallest block.

    A candidate goes to the instances that are named for it, else to all of its service.
    FAILED: no order exists, whatever the missing evidence may say. UNKNOWN: none is proven, and one may exist.
    Raises UnknownName, UsageError as `can_i_deploy` does.
    """
    resolve(candidates, environment, facts, instances)
    policy = policy_of(environment, facts, require)
    live = [each for each in facts.live if each.environment == environment]
    moves, fixed = moves_of(candidates, live, instances, per_instance=per_instance)
    at_once = {**everywhere(candidates, live), **instances}
    found = constraints_of(moves, fixed, environment, facts, policy, rolling=rolling)
    verdict, blocks = blocks_of(found)
    order = _order(found, blocks)
    now = scene(facts, environment, [each.version for each in live], also=[move.new for move in moves])
    done = {position for wave in order for position in wave}
    return DeploymentPlan(
        verdict=verdict,
        candidates=tuple(candidates),
        environment=environment,
        require=policy,
        rolling=rolling,
        steps=tuple(_steps(order, found, ways_back(order, moves, now, policy, fixed))),
        unchanged=tuple(c for c in candidates if not any(move.new == c for move in moves)),
        blocks=blocks,
        waiting=tuple(move for position, move in enumerate(moves) if position not in done),
        broken_already=tuple(_broken_already(moves, now)),
        at_once=decide_candidates(candidates, environment, facts, policy, instances=at_once).verdict,
        instances=at_once,
    )


def _order(found: Constraints, blocks: Sequence[Block]) -> list[list[int]]:
    """Waves of positions: everything, but for what is blocked and what would have to come after it."""
    everything = range(len(found.moves))
    after = successors(everything, found.before)
    blocked = {position for block in blocks for position in block.positions}
    lost = reachable(blocked, after)
    possible = [position for position in everything if position not in lost]
    # Circles that share no member with a told block are gone with what is behind them: waves never reach them.
    return waves(possible, found.before)


def _steps(order: list[list[int]], found: Constraints, back: Sequence[tuple[Version, ...]]) -> Iterator[Step]:
    waits: dict[int, list[Link]] = {}
    for (first, then), told in sorted(found.before.items()):
        waits.setdefault(then, []).append(Link(first=found.moves[first], then=found.moves[then], reasons=told))
    places = [(wave, position) for wave, positions in enumerate(order, start=1) for position in positions]
    for number, (wave, position) in enumerate(places, start=1):
        yield Step(
            number=number,
            wave=wave,
            move=found.moves[position],
            waits=tuple(waits.get(position, ())),
            back=back[number - 1],
        )


def _broken_already(moves: Iterable[Move], now: TargetState) -> Iterator[Reason]:
    pairs = (pair for move in moves for version in move.old for pair in now.pairs(version))
    for pair in dict.fromkeys(pairs):
        reason = why.of_pair(pair, now.facts)
        if reason.verdict is not Verdict.PASSED:
            yield reason
