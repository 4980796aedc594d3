"""What must be true of every decision, order and way back; and the cases where another broker said yes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_systems import FAILED, PASSED, PLACE, UNKNOWN, Small, seen, small_system

from harness.errors import UnknownName, UsageError
from harness.evidence import DeploymentRecord, Evidence, EvidenceKind, Facts, Known, Live
from harness.evidence.facts import Objection
from harness.gate import (
    Decision,
    DeploymentPlan,
    Rollback,
    Step,
    can_i_deploy,
    can_i_deploy_everywhere,
    commands,
    deployment_plan,
    rollback_targets,
    suppose,
)
from harness.gate.placing import everywhere
from harness.gate.target_state import MeetingPair
from harness.identity import Version
from harness.verdicts import Cause, Deleted, Verdict

systems = st.integers(0, 10**6).map(small_system)


def plan_of(small: Small) -> DeploymentPlan:
    return deployment_plan(
        small.candidates, PLACE, small.facts, rolling=small.rolling, per_instance=small.per_instance
    )


# --- laws ----------------------------------------------------------------------------------------------------


@given(systems, st.data())
def test_a_failed_or_missing_verification_on_a_needed_live_pair_is_never_a_yes(
    small: Small, data: st.DataObject
) -> None:
    considered = can_i_deploy(small.candidates, PLACE, small.facts).considered
    if not considered:
        return
    pair: MeetingPair = data.draw(st.sampled_from(considered))
    others = tuple(e for e in small.facts.evidence if (e.contract, e.provider) != (pair.contract, pair.provider))
    missing = replace(small.facts, evidence=others)
    failed = replace(small.facts, evidence=(*others, seen(pair.provider, pair.contract, FAILED)))
    assert can_i_deploy(small.candidates, PLACE, missing).verdict is not PASSED
    assert can_i_deploy(small.candidates, PLACE, failed).verdict is FAILED


@given(systems, st.data(), st.sampled_from([PASSED, UNKNOWN, FAILED]))
def test_what_a_run_recorded_in_a_consumers_place_counts_where_it_is_broken_and_only_there(
    small: Small, data: st.DataObject, verdict: Verdict
) -> None:
    before = can_i_deploy(small.candidates, PLACE, small.facts)
    if not before.considered:
        return
    pair: MeetingPair = data.draw(st.sampled_from(before.considered))
    changed = Version(pair.consumer.pacticipant, f"{pair.consumer.number}+changed.1")
    anew = Known(version=changed, artifacts=frozenset(["anew"]), pacts={pair.provider.pacticipant: "anew"})
    facts = replace(
        small.facts,
        versions={**small.facts.versions, changed: anew},
        evidence=(*small.facts.evidence, seen(pair.provider, "anew", verdict)),
    )
    decision = can_i_deploy(small.candidates, PLACE, facts)
    if verdict is not FAILED:
        assert decision.verdict is before.verdict
        assert decision.considered == before.considered
        return
    told = next(each for each in decision.reasons if each.consumer == changed)
    assert (decision.verdict, told.verdict, told.provider) == (FAILED, FAILED, pair.provider)
    assert f"{changed} is {pair.consumer} with other contracts" in told.text


@given(systems, st.data())
def test_one_more_live_instance_never_turns_a_no_into_a_yes(small: Small, data: st.DataObject) -> None:
    before = can_i_deploy(small.candidates, PLACE, small.facts)
    version = data.draw(st.sampled_from(list(small.facts.versions)))
    released = data.draw(st.booleans())
    another = Live(environment=PLACE, version=version, instance="" if released else "one more", released=released)
    more = replace(small.facts, live=(*small.facts.live, another))
    if before.verdict is FAILED:
        assert can_i_deploy(small.candidates, PLACE, more).verdict is FAILED


@given(systems, st.data())
def test_one_more_passing_result_never_turns_a_yes_into_a_no(small: Small, data: st.DataObject) -> None:
    providers = list(small.facts.versions)
    keys = sorted({key for known in small.facts.versions.values() for key in known.pacts.values()} | {"other"})
    passing = seen(data.draw(st.sampled_from(providers)), data.draw(st.sampled_from(keys)), PASSED)
    more = replace(small.facts, evidence=(*small.facts.evidence, passing))
    before, after = (can_i_deploy(small.candidates, PLACE, facts).verdict for facts in (small.facts, more))
    assert before is not PASSED or after is PASSED


def states(small: Small, steps: Sequence[Step]) -> list[tuple[Step, Facts]]:
    """The facts after each step; while it rolls, what it replaces counts as supported beside it."""
    live = list(small.facts.live)
    result = []
    for step in steps:
        move = step.move
        gone = [
            each
            for each in live
            if not each.released
            and each.version.pacticipant == move.service
            and (move.instance is None or each.instance == move.instance)
        ]
        slots = [each.instance for each in gone] or [""]
        live = [each for each in live if each not in gone]
        live += [Live(environment=PLACE, version=move.new, instance=slot) for slot in slots]
        beside = [Live(environment=PLACE, version=each.version, released=True) for each in gone]
        result.append((step, replace(small.facts, live=(*live, *(beside if small.rolling else [])))))
    return result


@given(systems)
def test_every_state_of_a_plan_passes_the_gate(small: Small) -> None:
    if small.per_instance:
        return  # the gate's own question replaces all instances; the oracle walks those plans
    for step, facts in states(small, plan_of(small).steps):
        assert can_i_deploy([step.move.new], PLACE, facts).verdict is PASSED


@given(systems)
def test_what_a_plan_says_can_still_be_gone_back_to_passes_the_gate_after_that_step(small: Small) -> None:
    whole = replace(small, per_instance=False, rolling=False)
    for step, facts in states(whole, plan_of(whole).steps):
        for version in step.back:
            assert can_i_deploy([version], PLACE, facts).verdict is PASSED


@given(systems)
def test_every_rollback_that_is_offered_passes_the_gate(small: Small) -> None:
    if small.named:
        rollback = rollback_targets(small.named, PLACE, small.facts)
        if rollback.verdict is PASSED:
            # A service goes back on all its instances.
            there = everywhere(rollback.together, small.facts.live)
            assert can_i_deploy(rollback.together, PLACE, small.facts, instances=there).verdict is PASSED


@given(systems)
def test_every_no_and_every_unknown_has_a_cause_and_a_command(small: Small) -> None:
    plan, decision = plan_of(small), can_i_deploy(small.candidates, PLACE, small.facts)
    rollbacks = [rollback_targets(small.named, PLACE, small.facts)] if small.named else []
    answers: list[DeploymentPlan | Decision | Rollback] = [plan, decision, *rollbacks]
    for answer in answers:
        bad = [reason for reason in answer.reasons if reason.verdict is not PASSED]
        assert bool(bad) == (answer.verdict is not PASSED)
        assert all(reason.cause and reason.command for reason in bad)


@given(systems)
def test_no_block_that_is_told_holds_another(small: Small) -> None:
    told = [set(block.positions) for block in plan_of(small).blocks]
    assert not any(one < other for one in told for other in told)


@given(systems)
def test_a_block_is_of_steps_of_candidates_and_each_of_its_links_has_a_reason(small: Small) -> None:
    for block in plan_of(small).blocks:
        assert {move.new for move in block.moves} <= set(small.candidates)
        assert len(block.moves) == len(block.positions)
        assert all(link.reasons for link in block.links)


def test_two_new_versions_that_do_not_fit_each_other_are_a_block_of_both() -> None:
    evidence = [
        seen(Version("orders", n), f"w{m}", FAILED if n == m == "2" else PASSED) for n in "12" for m in "12"
    ]
    knowns = [made("web", n, orders=f"w{n}") for n in "12"] + [made("orders", n) for n in "12"]
    facts = world(*knowns, evidence=evidence, live=[there("web", "1"), there("orders", "1")])
    (block,) = deployment_plan([PROVIDER, Version("web", "2")], PLACE, facts).blocks
    assert block.kind.value == "misfit"
    assert [move.new for move in block.moves] == [PROVIDER, Version("web", "2")]


def test_what_was_deleted_is_published_again_by_whoever_published_it() -> None:
    """The command names the consumer whose pact was lost, and the verdict is never a yes."""
    web = replace(made("web", "1"), lost={"orders": Deleted(at="2026-11-23", who="somebody")})
    facts = world(web, made("orders", "1"), live=[there("orders", "1")])
    decision = can_i_deploy([web.version], PLACE, facts)
    (reason,) = decision.reasons
    assert (decision.verdict, reason.cause) == (UNKNOWN, Cause.DELETED)
    assert reason.command == commands.publish(web.version)


def test_what_a_remote_broker_has_against_a_yes_is_no_yes_for_its_own_candidates_only() -> None:
    facts = world(made("web", "1", orders="k"), made("orders", "1"),
                  evidence=[seen(Version("orders", "1"), "k", PASSED)], live=[there("orders", "1")])  # fmt: skip
    web = Version("web", "1")
    assert can_i_deploy([web], PLACE, facts).verdict is PASSED
    for about, environment, verdict in (
        ({web}, PLACE, UNKNOWN), ({web}, "test", PASSED), ({web, PROVIDER}, PLACE, PASSED),
    ):  # fmt: skip
        against = Objection(candidates=frozenset(about), environment=environment, text="no")
        assert can_i_deploy([web], PLACE, replace(facts, objections=(against,))).verdict is verdict


RENAMED = {"a": "zeta", "b": "yota", "c": "xi", "d": "w", "e": "v"}  # in the opposite alphabetic order


def renamed(version: Version) -> Version:
    return Version(RENAMED[version.pacticipant], version.number)


def with_other_names(small: Small) -> Small:
    facts = small.facts
    knowns = {
        renamed(v): replace(k, version=renamed(v), pacts={RENAMED[p]: key for p, key in k.pacts.items()})
        for v, k in facts.versions.items()
    }
    return replace(
        small,
        facts=Facts(
            versions=knowns,
            evidence=tuple(replace(e, provider=renamed(e.provider)) for e in facts.evidence),
            live=tuple(replace(e, version=renamed(e.version)) for e in facts.live),
            environments=facts.environments,
            history=tuple(replace(e, version=renamed(e.version)) for e in facts.history),
        ),
        candidates=tuple(map(renamed, small.candidates)),
        named=tuple(RENAMED[name] for name in small.named),
    )


@given(systems)
def test_renaming_services_changes_nothing_but_names_and_the_order_of_ties(small: Small) -> None:
    other = with_other_names(small)
    one, two = (can_i_deploy(s.candidates, PLACE, s.facts) for s in (small, other))
    assert (one.verdict, len(one.reasons)) == (two.verdict, len(two.reasons))
    one_plan, two_plan = plan_of(small), plan_of(other)
    assert one_plan.verdict is two_plan.verdict
    assert [(s.wave, renamed(s.move.new)) for s in one_plan.steps] == [
        (s.wave, s.move.new) for s in two_plan.steps
    ]
    assert [len(b.positions) for b in one_plan.blocks] == [len(b.positions) for b in two_plan.blocks]
    if small.named:
        backs = [rollback_targets(s.named, PLACE, s.facts) for s in (small, other)]
        assert backs[0].verdict is backs[1].verdict
        assert len(backs[0].together) == len(backs[1].together)


# --- where another broker said yes ---------------------------------------------------------------------------


def world(*knowns: Known, evidence: Sequence[Evidence] = (), live: Sequence[Live] = ()) -> Facts:
    return Facts(
        versions={known.version: known for known in knowns},
        evidence=tuple(evidence),
        live=tuple(live),
        environments={PLACE: ("pacts",), "test": ("pacts",)},
    )


def made(name: str, number: str, **pacts: str) -> Known:
    version = Version(name, number)
    return Known(version=version, artifacts=frozenset([f"artifact of {version}"]), pacts=pacts)


def there(name: str, number: str, instance: str = "", environment: str = PLACE) -> Live:
    return Live(environment=environment, version=Version(name, number), instance=instance)


PROVIDER = Version("orders", "2")


def test_however_many_consumers_are_live_the_one_that_is_broken_is_a_no() -> None:
    consumers = [made(f"consumer-{n:03}", "1", orders=f"k{n}") for n in range(120)]
    evidence = [seen(PROVIDER, f"k{n}", FAILED if n == 0 else PASSED) for n in range(120)]
    live = [there(known.version.pacticipant, "1") for known in consumers]
    facts = world(made("orders", "2"), *consumers, evidence=evidence, live=live)
    decision = can_i_deploy([PROVIDER], PLACE, facts)
    assert decision.verdict is FAILED
    assert len(decision.considered) == 120
    assert str(decision.reasons[0].consumer) == "consumer-000 1"


@pytest.mark.parametrize(("second", "verdict"), [(None, UNKNOWN), (FAILED, FAILED), (PASSED, PASSED)])
def test_of_two_live_versions_of_a_provider_both_must_be_verified(second: object, verdict: object) -> None:
    web = Version("web", "1")
    evidence = [seen(Version("orders", "10"), "k", PASSED)]
    if second is not None:
        evidence.append(seen(Version("orders", "11"), "k", second))  # type: ignore[arg-type]  # a verdict
    facts = world(
        made("web", "1", orders="k"),
        made("orders", "10"),
        made("orders", "11"),
        evidence=evidence,
        live=[there("orders", "10", "blue"), there("orders", "11", "green")],
    )
    assert can_i_deploy([web], PLACE, facts).verdict is verdict


def test_a_pass_of_some_interactions_of_a_pact_is_not_a_pass_of_the_pact() -> None:
    half = replace(seen(PROVIDER, "k", PASSED), promised=2, exercised=1)
    facts = world(made("web", "1", orders="k"), made("orders", "2"), evidence=[half], live=[there("web", "1")])
    assert can_i_deploy([PROVIDER], PLACE, facts).verdict is UNKNOWN


# --- sets, environments, what if -----------------------------------------------------------------------------


def broken_pair() -> Facts:
    """web 1 and orders 1 are live; 1 fits 1 and 2 fits 2, and nothing else does."""
    evidence = [
        seen(Version("orders", "1"), "w1", PASSED),
        seen(Version("orders", "2"), "w2", PASSED),
        seen(Version("orders", "1"), "w2", FAILED),
        seen(Version("orders", "2"), "w1", FAILED),
    ]
    knowns = [made("web", n, orders=f"w{n}") for n in "12"] + [made("orders", n) for n in "12"]
    live = [there("web", "1"), there("orders", "1"), there("web", "2", environment="test")]
    return world(*knowns, evidence=evidence, live=live)


def test_a_no_names_the_larger_set_that_would_be_a_yes() -> None:
    decision = can_i_deploy([PROVIDER], PLACE, broken_pair())
    assert decision.verdict is FAILED
    assert decision.together == (PROVIDER, Version("web", "2"))
    assert decision.reasons[0].command == "harness can-i-deploy orders=2 web=2 --to production"
    assert can_i_deploy(decision.together, PLACE, broken_pair()).verdict is PASSED


def test_the_larger_set_takes_the_newest_version_that_fits_not_the_newest() -> None:
    facts = broken_pair()
    newest = made("web", "3", orders="w3")
    broken = seen(PROVIDER, "w3", FAILED)
    facts = replace(
        facts,
        versions={**facts.versions, newest.version: newest},
        evidence=(*facts.evidence, broken),
    )
    assert can_i_deploy([PROVIDER], PLACE, facts).together == (PROVIDER, Version("web", "2"))


def test_every_instance_of_what_is_replaced_has_to_fit() -> None:
    facts = broken_pair()
    more = seen(PROVIDER, "w0", PASSED)
    zero = made("web", "0", orders="w0")
    facts = replace(
        facts,
        versions={**facts.versions, zero.version: zero},
        evidence=(*facts.evidence, more),
        live=(there("web", "0", "blue"), there("web", "1", "green"), there("orders", "1")),
    )
    plan = deployment_plan([PROVIDER, Version("web", "2")], PLACE, facts)
    assert (plan.verdict, len(plan.blocks)) == (FAILED, 1)


def test_each_environment_is_answered_by_itself() -> None:
    decisions = can_i_deploy_everywhere([PROVIDER], ["test", PLACE, "test"], broken_pair())
    assert [(d.environment, d.verdict) for d in decisions] == [("test", PASSED), (PLACE, FAILED)]


def test_what_if_is_answered_and_nothing_is_changed() -> None:
    facts = broken_pair()
    supposed = suppose(facts, PLACE, deployed=[Version("web", "2")])
    assert can_i_deploy([PROVIDER], PLACE, supposed).verdict is PASSED
    assert can_i_deploy([PROVIDER], PLACE, facts).verdict is FAILED
    without = suppose(facts, PLACE, gone=["web"])
    assert "meets nobody" in can_i_deploy([PROVIDER], PLACE, without).reasons[0].text
    with pytest.raises(UnknownName, match="did you mean 'web'"):
        suppose(facts, PLACE, gone=["webb"])
    with pytest.raises(UnknownName, match="no version 9"):
        suppose(facts, PLACE, deployed=[Version("web", "9")])


def test_two_that_break_each_other_are_a_circle_with_both_reasons() -> None:
    plan = deployment_plan([PROVIDER, Version("web", "2")], PLACE, broken_pair())
    assert plan.verdict is FAILED
    (block,) = plan.blocks
    assert (block.kind.value, {move.service for move in block.moves}) == ("circle", {"orders", "web"})
    assert [reason.cause for reason in plan.reasons] == [Cause.BROKEN_PROMISE] * 2
    assert plan.steps == ()


def test_a_service_that_was_never_there_in_another_version_cannot_be_rolled_back() -> None:
    facts = broken_pair()
    facts = replace(facts, history=(DeploymentRecord(environment=PLACE, version=Version("web", "1"), since="1"),))
    rollback = rollback_targets(["web"], PLACE, facts)
    assert (rollback.verdict, rollback.together) == (UNKNOWN, ())
    assert rollback.reasons[0].cause is Cause.NOTHING_DEPLOYED


def test_beyond_its_bound_a_search_cannot_tell() -> None:
    stays = [
        DeploymentRecord(environment=PLACE, version=Version(n, "2"), since="1", until="2")
        for n in ("web", "orders")
    ]
    rollback = rollback_targets(["web"], PLACE, replace(broken_pair(), history=tuple(stays)), bound=1)
    assert rollback.verdict is UNKNOWN
    assert rollback.reasons[0].cause is Cause.TOO_MANY
    assert rollback_targets(["web"], PLACE, replace(broken_pair(), history=tuple(stays))).verdict is PASSED


@pytest.mark.parametrize("middle", ["c", "b"])
def test_of_equally_cheap_ways_back_the_first_services_go_back_least(middle: str) -> None:
    """Version 3 is there; `a` goes back to 2, so the middle has to move, and with it the end."""
    end = "b" if middle == "c" else "c"
    fits = {("3", "3"), ("2", "1"), ("1", "2")}  # which middle with which end
    knowns = [made("a", n, **{middle: f"a{n}"}) for n in "23"]
    knowns += [made(middle, n, **{end: f"m{n}"}) for n in "123"] + [made(end, n) for n in "123"]
    evidence = [
        seen(Version(middle, m), f"a{a}", PASSED if (a == "3") == (m == "3") else FAILED)
        for a in "23"
        for m in "123"
    ]
    evidence += [
        seen(Version(end, e), f"m{m}", PASSED if (m, e) in fits else FAILED) for m in "123" for e in "123"
    ]
    moved = [known.version for known in knowns]
    facts = world(*knowns, evidence=evidence, live=[there(name, "3") for name in "abc"])
    stays = [
        DeploymentRecord(environment=PLACE, version=v, since=v.number)
        for v in sorted(moved, key=lambda v: v.number)
    ]
    rollback = rollback_targets(["a"], PLACE, replace(facts, history=tuple(stays)))
    assert rollback.verdict is PASSED
    assert rollback.together == (Version("a", "2"), Version("b", "2"), Version("c", "1"))


@pytest.mark.parametrize(
    ("services", "environment", "error", "hint"),
    [
        ([], PLACE, UsageError, "SERVICE"),
        (["web", "web"], PLACE, UsageError, "once"),
        (["wep"], PLACE, UnknownName, "did you mean 'web'?"),
        (["orders"], "test", UnknownName, "known are: web"),
        (["web"], "nowhere", UnknownName, "known are: production, test"),
    ],
)
def test_a_rollback_of_a_name_that_is_not_there_is_an_error(
    services: list[str], environment: str, error: type[Exception], hint: str
) -> None:
    with pytest.raises(error) as caught:
        rollback_targets(services, environment, broken_pair())
    assert hint in str(caught.value)


# --- versions that mean something ----------------------------------------------------------------------------


def test_a_live_consumer_of_which_only_the_number_is_known_is_not_overlooked() -> None:
    facts = broken_pair()
    empty = Version("web", "3")
    facts = replace(facts, versions={**facts.versions, empty: Known(version=empty)}, live=(there("web", "3"),))
    decision = can_i_deploy([PROVIDER], PLACE, facts)
    assert (decision.verdict, decision.reasons[0].cause) == (UNKNOWN, Cause.NOT_PUBLISHED)
    assert decision.reasons[0].command == "harness publish --pacticipant web --version 3"
    assert can_i_deploy([empty], PLACE, facts).reasons[0].cause is Cause.NOT_PUBLISHED


def test_a_raised_number_without_a_change_is_verified_at_once_and_says_by_whose_evidence() -> None:
    facts = broken_pair()
    web, orders = Version("web", "2.0.1"), Version("orders", "2.0.1")
    same = {
        web: made("web", "2.0.1", orders="w2"),
        orders: Known(version=orders, artifacts=facts.versions[PROVIDER].artifacts),
    }
    decision = can_i_deploy([web, orders], PLACE, replace(facts, versions={**facts.versions, **same}))
    assert decision.verdict is PASSED
    assert "orders 2.0.1 is the same build as orders 2" in decision.reasons[0].text
    assert "web 2.0.1 promises the same as web 2" in decision.reasons[0].text


def test_a_suite_s_evidence_is_shared_by_equal_builds_too() -> None:
    bumped = Version("orders", "2.0.1")
    knowns = [made("orders", "2"), Known(version=bumped, artifacts=frozenset(["artifact of orders 2"]))]
    facts = world(*knowns, evidence=[seen(PROVIDER, "suite", PASSED, kind=EvidenceKind.INTEGRATION)])
    assert can_i_deploy([bumped], PLACE, facts, require=["integration"]).verdict is PASSED


def test_a_command_can_be_pasted_whatever_a_version_is_called() -> None:
    web, orders = Version("web", "1; rm -rf ~"), Version("orders", "$(reboot) 2")
    facts = world(
        Known(version=web, pacts={"orders": "k"}),
        Known(version=orders, artifacts=frozenset("a")),
        live=[Live(environment=PLACE, version=orders)],
    )
    (reason,) = can_i_deploy([web], PLACE, facts).reasons
    assert shlex.split(reason.command) == [
        "harness",
        "verify",
        "orders=$(reboot) 2",
        "--against",
        "web=1; rm -rf ~",
    ]
    assert reason.command == "harness verify 'orders=$(reboot) 2' --against 'web=1; rm -rf ~'"
