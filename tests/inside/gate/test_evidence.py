"""Laws of the standing verdict: what evidence decides, and that nothing else does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence import Cell, Evidence, EvidenceKind, Facts, Known, judge
from harness.identity import Version
from harness.verdicts import Cause, Verdict

ORDERS1, ORDERS2 = Version("orders", "1"), Version("orders", "2")
PAYMENTS1 = Version("payments", "1")


def seen(verdict: Verdict = Verdict.PASSED, **changes: Any) -> Evidence:
    values: dict[str, Any] = {
        "kind": EvidenceKind.PACTS,
        "contract": "k",
        "consumer": "web",
        "provider": ORDERS1,
        "artifact": "a1",
        "identity": "i1",
        "verdict": verdict,
        "cause": None if verdict is Verdict.PASSED else Cause.BROKEN_PROMISE,
        "promised": 2,
        "exercised": 2,
        "complete": verdict is not Verdict.UNKNOWN,
        "run": "r",
        "at": "2026-01-01T00:00:00Z",
    }
    return Evidence(**{**values, **changes})


def known(*artifacts: str, version: Version = ORDERS1) -> dict[Version, Known]:
    return {version: Known(version=version, artifacts=frozenset(artifacts))}


def standing(*evidence: Evidence, versions: dict[Version, Known] | None = None) -> Cell:
    facts = Facts(versions=known("a1") if versions is None else versions, evidence=evidence)
    return judge(facts, EvidenceKind.PACTS, "k", ORDERS1, consumer="web")


anything = st.builds(
    seen,
    st.sampled_from(Verdict),
    kind=st.sampled_from([EvidenceKind.PACTS, EvidenceKind.PROPERTIES]),
    contract=st.sampled_from(["k", "other", ""]),
    provider=st.sampled_from([ORDERS1, ORDERS2, PAYMENTS1]),
    artifact=st.sampled_from(["a1", "a2", "a3", ""]),
    identity=st.sampled_from(["i1", "i2", ""]),
    promised=st.integers(0, 2),
    exercised=st.integers(0, 2),
    complete=st.booleans(),
)
near = st.builds(  # about the very thing that is asked for, with one or two things odd
    seen, st.sampled_from(Verdict), artifact=st.sampled_from(["a1", "a1", "a2", ""]), complete=st.booleans()
)
histories = st.lists(near | st.just(seen()) | anything, max_size=8)
knowledge = st.sampled_from([{}, known(), known("a1"), known("a1", "a2")])


def about_this(evidence: Evidence) -> bool:
    return (evidence.kind, evidence.contract) == (EvidenceKind.PACTS, "k")


# --- laws ----------------------------------------------------------------------------------------------------


@given(histories, knowledge)
def test_a_yes_always_rests_on_every_promise_kept_by_this_very_build(
    history: list[Evidence], versions: dict[Version, Known]
) -> None:
    cell = standing(*history, versions=versions)
    if cell.verdict is not Verdict.PASSED:
        return
    evidence = cell.evidence
    assert evidence is not None
    assert about_this(evidence)
    assert evidence.verdict is Verdict.PASSED
    assert evidence.complete
    assert evidence.promised <= evidence.exercised
    built = versions[ORDERS1].artifacts if ORDERS1 in versions else frozenset()
    assert evidence.provider == ORDERS1 or evidence.artifact in built


@given(histories, knowledge)
def test_without_evidence_about_it_nothing_is_known(
    history: list[Evidence], versions: dict[Version, Known]
) -> None:
    elsewhere = [e for e in history if not about_this(e) or e.provider.pacticipant != "orders"]
    assert standing(*elsewhere, versions=versions).verdict is Verdict.UNKNOWN


@given(histories, knowledge, st.booleans())
def test_a_failure_that_came_last_is_never_a_yes(
    history: list[Evidence], versions: dict[Version, Known], complete: bool
) -> None:
    broken = seen(Verdict.FAILED, complete=complete)
    assert standing(*history, broken, versions=versions).verdict is Verdict.FAILED


@given(histories, knowledge)
def test_an_unknown_never_changes_the_verdict(history: list[Evidence], versions: dict[Version, Known]) -> None:
    before = standing(*history, versions=versions)
    after = standing(*history, seen(Verdict.UNKNOWN, complete=True), versions=versions)
    assert (after.verdict, after.flaky) == (before.verdict, before.flaky)


@given(histories, st.randoms(use_true_random=False))
def test_evidence_about_other_things_does_not_matter_whenever_it_came(history: list[Evidence], dice: Any) -> None:
    mine = [e for e in history if about_this(e) and e.provider == ORDERS1]
    others = [e for e in history if not about_this(e) or e.provider == PAYMENTS1]
    mixed = list(mine)
    for other in others:
        mixed.insert(dice.randint(0, len(mixed)), other)
    assert standing(*mixed) == standing(*mine)


@given(histories, knowledge)
def test_everything_but_a_yes_has_a_cause(history: list[Evidence], versions: dict[Version, Known]) -> None:
    cell = standing(*history, versions=versions)
    assert (cell.cause is None) == (cell.verdict is Verdict.PASSED)


@given(histories, knowledge)
def test_no_content_means_no_knowledge(history: list[Evidence], versions: dict[Version, Known]) -> None:
    nameless = tuple(replace(e, contract="") for e in history)
    facts = Facts(versions=versions, evidence=nameless)
    assert judge(facts, EvidenceKind.PACTS, "", ORDERS1).verdict is Verdict.UNKNOWN


@given(histories, knowledge, st.booleans(), st.booleans())
def test_two_builds_of_one_version_that_disagree_are_told_whichever_came_first(
    history: list[Evidence], versions: dict[Version, Known], first: bool, changed: bool
) -> None:
    """The last word of each of two builds: a no, of which both are named."""
    under = Version("orders", "1+changed.abc") if changed else ORDERS1
    broke = seen(Verdict.FAILED, artifact="broken", provider=under, run="run-a")
    kept = seen(artifact="kept", run="run-b", at="2026-02-02T00:00:00Z")
    both = [broke, kept] if first else [kept, broke]
    built = {ORDERS1: Known(version=ORDERS1, artifacts=frozenset({"kept"} if changed else {"kept", "broken"}))}
    cell = standing(*both, versions=built)
    assert (cell.verdict, cell.cause, cell.evidence) == (Verdict.FAILED, Cause.DISAGREEING, broke)
    for word in ("broken", "run-a", under.number, "kept", "run-b", "2026-02-02"):
        assert word in cell.because
    assert standing(*history, *both, versions={**versions, **built}).verdict is Verdict.FAILED


@given(histories, knowledge)
def test_what_a_run_recorded_with_other_contracts_opens_nothing_and_hides_nothing(
    history: list[Evidence], versions: dict[Version, Known]
) -> None:
    changed = Version("orders", "1+changed.abc")
    before = standing(*history, versions=versions).verdict
    kept = standing(*history, seen(artifact="other", provider=changed), versions=versions).verdict
    broke = standing(*history, seen(Verdict.FAILED, artifact="other", provider=changed), versions=versions)
    assert kept is before
    assert broke.verdict is Verdict.FAILED


@given(histories)
def test_what_is_conclusive_decides(history: list[Evidence]) -> None:
    for evidence in history:
        assert evidence.decisive or not evidence.conclusive
        assert not (evidence.verdict is Verdict.UNKNOWN and evidence.decisive)


# --- cases ---------------------------------------------------------------------------------------------------


def test_the_latest_stands() -> None:
    passed, failed = seen(), seen(Verdict.FAILED)
    assert standing(failed, passed).verdict is Verdict.PASSED
    assert standing(passed, failed).verdict is Verdict.FAILED


def test_a_broken_promise_counts_even_when_the_rest_was_cut() -> None:
    cell = standing(seen(), seen(Verdict.FAILED, complete=False, exercised=1))
    assert (cell.verdict, cell.cause) == (Verdict.FAILED, Cause.BROKEN_PROMISE)


def test_a_broken_promise_is_healed_by_a_later_complete_pass() -> None:
    assert standing(seen(Verdict.FAILED, complete=False), seen()).verdict is Verdict.PASSED


def test_a_failure_survives_a_later_crash() -> None:
    assert (
        standing(seen(Verdict.FAILED), seen(Verdict.UNKNOWN, cause=Cause.TOOL_CRASHED)).verdict is Verdict.FAILED
    )


@pytest.mark.parametrize(
    "evidence",
    [seen(complete=False), seen(exercised=1), seen(promised=0, exercised=0, complete=False)],
    ids=["cut short", "one promise not tried", "cut short before anything was counted"],
)
def test_a_pass_that_did_not_try_everything_is_none(evidence: Evidence) -> None:
    cell = standing(evidence)
    assert (cell.verdict, cell.cause, cell.evidence) == (Verdict.UNKNOWN, Cause.NOT_VERIFIED, evidence)


def test_an_unknown_says_why() -> None:
    assert standing(seen(Verdict.UNKNOWN, cause=Cause.STATE_MISSING)).cause is Cause.STATE_MISSING
    assert standing().cause is Cause.NOT_VERIFIED


@pytest.mark.parametrize("first", [Verdict.PASSED, Verdict.FAILED])
def test_of_two_builds_under_one_number_the_worse_stands(first: Verdict) -> None:
    second = Verdict.FAILED if first is Verdict.PASSED else Verdict.PASSED
    both = known("docker", "process")
    cell = standing(seen(first, artifact="docker"), seen(second, artifact="process"), versions=both)
    assert cell.verdict is Verdict.FAILED


def test_equal_builds_share_their_evidence_across_version_numbers() -> None:
    versions = {**known("a1"), **known("a1", version=ORDERS2)}
    assert standing(seen(provider=ORDERS2), versions=versions).verdict is Verdict.PASSED


def test_another_service_s_equal_build_proves_nothing() -> None:
    assert standing(seen(provider=PAYMENTS1)).verdict is Verdict.UNKNOWN


def test_another_build_that_once_had_the_number_opens_no_gate_but_its_failure_counts() -> None:
    assert standing(seen(artifact="old")).verdict is Verdict.UNKNOWN
    assert standing(seen(), seen(Verdict.FAILED, artifact="old")).verdict is Verdict.FAILED


def test_evidence_by_name_counts_where_nobody_knows_the_build() -> None:
    foreign = seen(artifact="", identity="")
    assert standing(foreign, versions={}).verdict is Verdict.PASSED
    assert standing(seen(), versions=known()).verdict is Verdict.PASSED
    assert standing(replace(foreign, provider=ORDERS2)).verdict is Verdict.UNKNOWN


def test_results_that_disagree_for_one_identity_are_flaky() -> None:
    assert standing(seen(Verdict.FAILED), seen()).flaky
    assert not standing(seen(Verdict.FAILED, identity="i0"), seen()).flaky
    assert not standing(seen(), seen()).flaky
    assert not standing(seen(Verdict.FAILED, complete=False), seen()).flaky
    assert not standing(seen(Verdict.FAILED, identity=""), seen(identity="")).flaky


def test_a_pact_that_promises_nothing_is_kept_by_whoever_looked_at_it() -> None:
    """A pact without promises is a text; of other kinds nothing promised means that nothing was looked at."""
    empty = seen(promised=0, exercised=0)
    assert standing(empty).verdict is Verdict.PASSED
    assert not replace(empty, kind=EvidenceKind.PROPERTIES).conclusive
