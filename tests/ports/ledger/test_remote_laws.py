"""From a remote broker the answers are those of a ledger of our own, and never a yes that it would not give."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_original import Original
from law_examples import examples
from new_ledgers import new_ledger
from remote_ledgers import document, own_ledger, remote_ledger
from small_systems import PLACE, Small, small_system

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_reader import read_pact
from harness.evidence import DeploymentRecord, EvidenceKind, Facts, Known
from harness.gate import can_i_deploy, deployment_plan, rollback_targets
from harness.identity import Version
from harness.ledger.db.database import open_database
from harness.ledger.remote.ledger import RemoteLedger
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Verdict

pytestmark = pytest.mark.slow
SYSTEMS = examples(3)  # of each part
AnyLedger = SqlLedger | RemoteLedger


def pact_called(name: str) -> Contract:
    """`a-b-1` of the small system as a real pact between a and b."""
    consumer, provider, _ = name.split("-")
    return read_pact(json.dumps(document(consumer, provider, f"/{name}")), name).contract()


def fill(ledger: AnyLedger, small: Small) -> None:
    """The small system, written through the port."""
    facts = small.facts
    ledger.declare_environment(PLACE, facts.environments[PLACE])
    for version, known in facts.versions.items():
        ledger.record_version(Known(version=version, artifacts=known.artifacts))
        contracts = [pact_called(name) for name in known.pacts.values()]
        if known.openapi:
            owner = version.pacticipant
            contracts.append(Contract(kind=ContractKind.OPENAPI, owner=owner, key=known.openapi, text="{}"))
        ledger.publish(version, contracts)
    for number, each in enumerate(facts.evidence):
        evidence = replace(
            each, at=f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}+00:00"
        )
        if each.kind is EvidenceKind.PACTS:
            pact = pact_called(each.contract)
            evidence = replace(evidence, contract=pact.key, consumer=pact.owner, promised=1, exercised=1)
        ledger.record_evidence(replace(evidence, run=f"run {number}"))
    for stay in sorted(facts.history, key=_since):
        ledger.record_deployment(PLACE, stay.version, instance=stay.instance)
    for live in (each for each in facts.live if each.released):
        ledger.record_release(PLACE, live.version)


def _read(ledger: AnyLedger, versions: Sequence[Version]) -> Facts:
    """What a broker says by itself may be less than what is read: it does not know what is kept beside it."""
    return replace(ledger.facts_about(versions, [PLACE]), objections=())


def _since(stay: DeploymentRecord) -> str:
    return stay.since


def answers(ledger: AnyLedger, small: Small) -> dict[str, Any]:
    """What people would ask, answered from the parts of the facts that the commands read."""
    some, everything = _read(ledger, small.candidates), replace(ledger.facts(), objections=())
    past = ledger.facts_of([PLACE])
    decision = can_i_deploy(small.candidates, PLACE, some)
    order = deployment_plan(small.candidates, PLACE, some, rolling=small.rolling, per_instance=small.per_instance)
    back = rollback_targets(small.named, PLACE, past) if small.named else None
    return {
        "decision": decision.verdict,
        "reasons": sorted(
            (r.verdict.value, str(r.consumer), str(r.provider), str(r.cause)) for r in decision.reasons
        ),
        "from everything": can_i_deploy(small.candidates, PLACE, everything).verdict,
        "order": order.verdict,
        "back": back and (back.verdict, back.together),
        "each alone": [can_i_deploy([v], PLACE, _read(ledger, [v])).verdict for v in small.candidates],
    }


def original(folder: Path, _number: int) -> tuple[RemoteLedger, Callable[[], None]]:
    """The fake original; and how to let go of it."""
    return remote_ledger(Original(), folder / "beside.db"), lambda: None


def served(folder: Path, number: int) -> tuple[RemoteLedger, Callable[[], None]]:
    """Our own broker; and how to let go of its database."""
    database = open_database(str(folder / f"served-{number}.db"))
    return own_ledger(broker(database, BrokerSettings()), folder / f"{number}-beside.db"), database.close


@pytest.mark.parametrize("part", range(6))
@pytest.mark.parametrize("kind", [original, served])
def test_a_remote_broker_gives_the_answers_of_a_ledger_of_our_own(
    tmp_path: Path, part: int, kind: Callable[[Path, int], tuple[RemoteLedger, Callable[[], None]]]
) -> None:
    yes = 0
    for number in range(part * SYSTEMS, (part + 1) * SYSTEMS):
        small = small_system(number)
        own = new_ledger(tmp_path / f"{number}.db")
        folder = tmp_path / f"{number}"
        folder.mkdir()
        remote, let_go = kind(folder, number)
        for ledger in (own, remote):
            fill(ledger, small)
        expected, found = answers(own, small), answers(remote, small)
        own.close()
        remote.close()
        let_go()
        if kind is served:  # deployments within one second have no order there
            found["back"], expected["back"] = (each and each[0] for each in (found["back"], expected["back"]))
        assert found == expected, number
        yes += found["decision"] is Verdict.PASSED
    assert yes or part


def test_what_another_machine_reads_is_never_more_of_a_yes(tmp_path: Path) -> None:
    """Without what this machine keeps beside the broker: builds, documents, evidence that a broker cannot keep."""
    compared = 0
    for number in range(3 * SYSTEMS):
        small = small_system(number)
        original = Original()
        here = remote_ledger(original, tmp_path / f"{number}-here.db")
        fill(here, small)
        there = remote_ledger(original, tmp_path / f"{number}-there.db", policies=small.facts.environments)
        for candidate in small.candidates:
            verdicts = [
                can_i_deploy([candidate], PLACE, ledger.facts_about([candidate], [PLACE])).verdict
                for ledger in (here, there)
            ]
            compared += 1
            assert verdicts[1] is not Verdict.PASSED or verdicts[0] is Verdict.PASSED, (number, candidate)
        here.close()
        there.close()
    assert compared > 3 * SYSTEMS
