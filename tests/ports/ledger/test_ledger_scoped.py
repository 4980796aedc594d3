"""The part of the facts that a decision reads from the database gives the same answers as all of the facts."""

from __future__ import annotations

from pathlib import Path

import pytest
from new_ledgers import new_ledger
from small_systems import PLACE, Small, small_system

from harness.contracts.document import Contract, ContractKind
from harness.evidence import Known
from harness.gate import can_i_deploy, deployment_plan, rollback_targets
from harness.gate.decision import completable
from harness.identity import Version
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause, Verdict

PARTS = (0, *(pytest.param(number, marks=pytest.mark.slow) for number in (1, 2, 3)))


def ledger_of(small: Small, path: Path) -> SqlLedger:
    """The small system, written through the ledger."""
    ledger = new_ledger(path)
    facts = small.facts
    ledger.declare_environment(PLACE, facts.environments[PLACE])
    for version, known in facts.versions.items():
        ledger.record_version(Known(version=version, artifacts=known.artifacts))
        contracts = [
            Contract(kind=ContractKind.PACT, owner=version.pacticipant, counterpart=provider, key=key, text="{}")
            for provider, key in known.pacts.items()
        ]
        if known.openapi:
            contracts.append(
                Contract(kind=ContractKind.OPENAPI, owner=version.pacticipant, key=known.openapi, text="{}")
            )
        ledger.publish(version, contracts)
    for evidence in facts.evidence:
        ledger.record_evidence(evidence)
    for live in facts.live:
        if live.released:
            ledger.record_release(PLACE, live.version)
        else:
            ledger.record_deployment(PLACE, live.version, instance=live.instance)
    return ledger


@pytest.mark.parametrize("part", PARTS)
def test_a_decision_and_an_order_are_the_same_from_a_part_of_the_facts_as_from_all(
    tmp_path: Path, part: int
) -> None:
    compared = 0
    for number in range(part * 5, part * 5 + 5):
        small = small_system(number)
        ledger = ledger_of(small, tmp_path / f"{number}.db")
        everything = ledger.facts()
        some = ledger.facts_about(small.candidates, [PLACE])
        ledger.close()
        assert some.live == tuple(each for each in everything.live if each.environment == PLACE)
        plans = [
            deployment_plan(small.candidates, PLACE, facts, rolling=small.rolling, per_instance=small.per_instance)
            for facts in (some, everything)
        ]
        decisions = [can_i_deploy(small.candidates, PLACE, facts) for facts in (some, everything)]
        assert [d.verdict for d in decisions] == [decisions[1].verdict] * 2
        assert [r.text for r in decisions[0].reasons] == [r.text for r in decisions[1].reasons]
        assert [p.verdict for p in plans] == [plans[1].verdict] * 2
        if not completable(decisions[1].reasons) and not completable(plans[1].reasons):
            assert decisions[0] == decisions[1], number
            assert plans[0] == plans[1], number
            compared += 1
    assert compared >= 1


def test_a_version_that_is_not_known_is_looked_for_among_everything(tmp_path: Path) -> None:
    small = small_system(1)
    ledger = ledger_of(small, tmp_path / "ledger.db")
    assert ledger.facts_about([Version("nobody", "1")], [PLACE]).versions == ledger.facts().versions
    ledger.close()


def test_what_only_other_versions_know_is_read_as_well(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path / "ledger.db")
    pact = Contract(kind=ContractKind.PACT, owner="web", counterpart="orders", key="k", text="{}")
    for number in "12":
        ledger.publish(Version("web", number), [pact])
    ledger.record_version(Known(version=Version("web", "3")))  # nothing is known of it
    ledger.record_version(Known(version=Version("orders", "1"), artifacts=frozenset(["a"])))
    ledger.record_deployment("production", Version("web", "3"))
    decision = can_i_deploy(
        [Version("orders", "1")], "production", ledger.facts_about([Version("orders", "1")], ["production"])
    )
    assert (decision.verdict, decision.reasons[0].cause) == (Verdict.UNKNOWN, Cause.NOT_PUBLISHED)
    assert "web 2 needs orders" in decision.reasons[0].text
    ledger.close()


@pytest.mark.parametrize("part", PARTS)
def test_ways_back_are_the_same_from_a_part_of_the_facts_as_from_all(tmp_path: Path, part: int) -> None:
    compared = 0
    for number in range(part * 5, part * 5 + 5):
        ledger = ledger_of(small_system(number), tmp_path / f"{number}.db")
        now = [each for each in ledger.facts().live if each.environment == PLACE and not each.released]
        for each in now:  # everything was there once, and what is there now came last
            for version in ledger.facts().versions:
                if version.pacticipant == each.version.pacticipant:
                    ledger.record_deployment(PLACE, version, instance=each.instance)
            ledger.record_deployment(PLACE, each.version, instance=each.instance)
        services = sorted({each.version.pacticipant for each in now})[:2]
        if services:
            some, everything = (
                rollback_targets(services, PLACE, facts) for facts in (ledger.facts_of([PLACE]), ledger.facts())
            )
            assert some.targets, number
            assert (some.verdict, some.together, some.dragged) == (
                everything.verdict,
                everything.together,
                everything.dragged,
            )
            verdicts = [[(t.version, t.decision.verdict) for t in each.targets] for each in (some, everything)]
            assert verdicts[0] == verdicts[1]
            compared += 1
        ledger.close()
    assert compared >= 1
