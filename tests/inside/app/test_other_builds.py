"""A run that says yes of one build tells what another build of its number broke, from what it read already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from small_systems import FAILED, PASSED, UNKNOWN, seen

from harness.app.run_notices import other_builds_broke, with_a_run
from harness.evidence import Evidence, EvidenceKind, Facts, Known, KnownBuild
from harness.gate import can_i_deploy
from harness.identity import Version
from harness.services.system import Service, System
from harness.verdicts import Verdict

THINGS, READER = Version("things", "1"), Version("reader", "1")
SYSTEM = System(
    root=Path("/nowhere"),
    manifest=Path("/nowhere/harness.toml"),
    services=(Service(name="things", version="1"), Service(name="reader")),
)


def result(build: str, verdict: Verdict, run: str, kind: EvidenceKind = EvidenceKind.PACTS) -> Evidence:
    found = seen(THINGS, "the pact", verdict, kind)
    return replace(found, consumer="reader", artifact=build, identity=build, run=run, at=f"2026-01-0{run[-1]}")


def known(*builds: str) -> Known:
    return Known(
        version=THINGS, artifacts=frozenset(builds), builds=tuple(KnownBuild(artifact=each) for each in builds)
    )


RESULTS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([PASSED, FAILED, UNKNOWN])), max_size=4)


@given(RESULTS, st.sampled_from([PASSED, FAILED, UNKNOWN]))
def test_what_a_run_of_one_build_tells_of_others_is_what_the_gate_says(
    earlier: list[tuple[str, Verdict]], verdict: Verdict
) -> None:
    before = Facts(
        versions={THINGS: known(*{build for build, _ in earlier})},
        evidence=tuple(result(build, each, f"run {n}") for n, (build, each) in enumerate(earlier, 1)),
    )
    ran = [known("b"), Known(version=READER, pacts={"things": "the pact"})]
    now = result("b", verdict, "run 9")
    facts = with_a_run(before, ran, [now], "process")
    told = list(other_builds_broke(facts, [now], ran, SYSTEM))
    says_no = any(build == "a" and each is FAILED for build, each in earlier)
    policy = {"production": ("pacts",)}
    whole = replace(facts, versions={**facts.versions, READER: ran[1]}, environments=policy)
    refused = can_i_deploy([THINGS, READER], "production", whole).verdict is FAILED
    assert bool(told) == (verdict is PASSED and refused)
    assert not told or "results of two builds disagree" in told[0].text
    assert says_no or not told
    assert facts.evidence[-1] == now


def test_evidence_that_was_read_is_not_counted_twice() -> None:
    old = result("b", PASSED, "run 1")
    facts = with_a_run(Facts(versions={THINGS: known("b")}, evidence=(old,)), [known("b")], [old], "process")
    assert facts.evidence == (old,)
    assert facts.versions[THINGS] == known("b")
