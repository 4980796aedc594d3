"""The gate against counting everything, on small systems: 150 here, 15,000 with `tox run -e oracle`."""

from __future__ import annotations

from dataclasses import replace

import pytest
import small_systems as oracle
from law_examples import examples
from small_systems import FAILED, PASSED, PLACE, UNKNOWN, Small, small_system

from harness.evidence import Facts, Live
from harness.gate import Decision, can_i_deploy, deployment_plan, rollback_targets

SYSTEMS = examples(300)
PARTS = 5  # so that pytest-xdist can share the work


def systems(part: int) -> list[tuple[int, Small]]:
    return [(number, small_system(number)) for number in range(part, SYSTEMS, PARTS)]


def recorded(decision: Decision, facts: Facts) -> Facts:
    """The facts once everything that was advised is deployed where it was advised."""
    gone = {(v.pacticipant, i) for v in decision.together for i in decision.together_on.get(v, ("",))}
    kept = [e for e in facts.live if e.released or (e.version.pacticipant, e.instance) not in gone]
    new = [
        Live(environment=PLACE, version=v, instance=i)
        for v in decision.together
        for i in decision.together_on.get(v, ("",))
    ]
    return replace(facts, live=tuple(sorted((*kept, *new))))


@pytest.mark.parametrize("part", range(PARTS))
def test_the_decision_is_the_one_that_counting_gives(part: int) -> None:
    for number, small in systems(part):
        decision = can_i_deploy(small.candidates, PLACE, small.facts)
        assert decision.verdict is oracle.decision(small.candidates, small.facts), number
        if decision.together:
            then, where = recorded(decision, small.facts), decision.together_on
            assert can_i_deploy(decision.together, PLACE, then, instances=where).verdict is PASSED, number
            assert can_i_deploy(small.candidates, PLACE, then).verdict is PASSED, number


@pytest.mark.parametrize("part", range(PARTS))
def test_an_order_exists_when_trying_every_order_finds_one_and_the_smallest_block_is_the_smallest(
    part: int,
) -> None:
    for number, small in systems(part):
        plan = deployment_plan(
            small.candidates, PLACE, small.facts, rolling=small.rolling, per_instance=small.per_instance
        )
        assert plan.verdict is oracle.best_order(small), number
        smallest = min((len(block.positions) for block in plan.blocks if block.verdict is plan.verdict), default=0)
        assert smallest == (0 if plan.verdict is PASSED else oracle.smallest_block(small, plan.verdict)), number
        assert len(plan.steps) + len(plan.waiting) == len(oracle.moves(small)), number
        assert (plan.verdict is PASSED) == (not plan.waiting), number


@pytest.mark.parametrize("part", range(PARTS))
def test_the_way_back_is_the_one_that_trying_every_combination_finds(part: int) -> None:
    for number, small in systems(part):
        if not small.named:
            continue
        rollback = rollback_targets(small.named, PLACE, small.facts)
        proven, open_still = (oracle.best_rollback(small, level) for level in (PASSED, UNKNOWN))
        nothing = any(not oracle.options(small)[name] for name in small.named)
        expected = PASSED if proven else UNKNOWN if open_still else FAILED
        assert rollback.verdict is (UNKNOWN if nothing else expected), number
        assert rollback.together == (proven or open_still), number
        for target in rollback.targets:
            alone = oracle.decision([target.version], small.facts, everywhere=True)
            assert target.decision.verdict is alone, number


def test_the_systems_hold_every_kind_of_answer() -> None:
    small = [small_system(number) for number in range(300)]
    plans = [
        deployment_plan(s.candidates, PLACE, s.facts, rolling=s.rolling, per_instance=s.per_instance)
        for s in small
    ]
    assert {plan.verdict for plan in plans} == {PASSED, UNKNOWN, FAILED}
    assert {(b.kind.value, len(b.positions)) for p in plans for b in p.blocks} >= {
        ("impossible", 1),
        ("misfit", 2),
        ("circle", 2),
        ("circle", 3),
    }
    assert max(step.wave for plan in plans for step in plan.steps) >= 3
    rollbacks = [rollback_targets(s.named, PLACE, s.facts) for s in small if s.named]
    assert {rollback.verdict for rollback in rollbacks} == {PASSED, UNKNOWN, FAILED}
    assert max(len(rollback.dragged) for rollback in rollbacks) >= 1
