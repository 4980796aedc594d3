"""Whoever is asked, the answer is one: the gate on facts, the gate on a remote broker, the broker's own matrix."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from broker_client import Client
from broker_histories import CONSUMERS, HISTORIES, PLACES, PROVIDER, WITH_DOCUMENTS, Model, Player, Step, pact
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from law_examples import examples
from remote_ledgers import own_ledger

from harness.contracts.pact_reader import read_pact
from harness.evidence import Evidence, EvidenceKind, Facts, Known
from harness.gate import can_i_deploy
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause, Verdict

PASSED, FAILED, UNKNOWN = Verdict.PASSED, Verdict.FAILED, Verdict.UNKNOWN
WORDS = {True: PASSED, False: FAILED, None: UNKNOWN}


def expected(model: Model, whose: str, number: str, place: str) -> Verdict:
    """What a version may expect in a place: the worst of the pairs that it would make there."""
    if whose == PROVIDER:
        there = [each for each in live(model, place) if each[0] != PROVIDER]
        return worst([pair(model, *each, number) for each in there])
    if (whose, number) not in model.pacts:
        return UNKNOWN if any(owner == whose for owner, _ in model.pacts) else PASSED
    providers = [each[1] for each in live(model, place) if each[0] == PROVIDER]
    return worst([pair(model, whose, number, each) for each in providers] or [UNKNOWN])


def live(model: Model, place: str) -> list[tuple[str, str]]:
    return [(whose, number) for where, whose, number in (*model.deployed, *model.released) if where == place]


def pair(model: Model, consumer: str, number: str, provider: str) -> Verdict:
    if (consumer, number) not in model.pacts:
        return UNKNOWN if any(owner == consumer for owner, _ in model.pacts) else PASSED
    content = model.pacts[consumer, number]
    told = [r for r in model.results if (r.consumer, r.content, r.number) == (consumer, content, provider)]
    return (PASSED if told[-1].success else FAILED) if told else stated(model, content, provider)


def stated(model: Model, content: int, provider: str) -> Verdict:
    """What the provider's document says where nothing was run; a yes needs to have been seen."""
    promised, claim = model.documents.get(provider, (None, None))
    if promised is None:
        return UNKNOWN
    if claim is False or content not in promised:
        return FAILED
    return PASSED if (provider, content) in model.exercised else UNKNOWN


def worst(verdicts: list[Verdict]) -> Verdict:
    return max(verdicts, default=PASSED)


def by_http(client: Client, version: Version, place: str) -> Iterator[tuple[str, Any]]:
    one = f"pacticipant={version.pacticipant}&version={version.number}"
    many = f"q[][pacticipant]={version.pacticipant}&q[][version]={version.number}"
    for url in (
        f"/can-i-deploy?{one}&environment={place}",
        f"/matrix?{many}&latestby=cvpv&environment={place}",
        f"/matrix?{many}&latestby=cvp&environment={place}",
        f"/matrix?{many}&environment={place}&limit=1",
    ):
        yield url, WORDS[client.get(url).json["summary"]["deployable"]]


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(4),
    deadline=None,
)
@given(steps=HISTORIES | WITH_DOCUMENTS)
def test_one_answer_whoever_is_asked(client: Client, database: Database, steps: list[Step]) -> None:
    ledger = SqlLedger(database)
    model, player = Model(), Player(client, ledger)
    for step in steps:
        model.act(step)
        player.act(step)
    with TemporaryDirectory() as folder:
        remote = own_ledger(client.app, Path(folder) / "beside.db")
        for whose, number in model.created:
            version = Version(player.name(whose), number)
            for plain in PLACES:
                place, wanted = player.name(plain), expected(model, whose, number, plain)
                near = ledger.facts_about([version], [place])
                found = {
                    "gate": can_i_deploy([version], place, near).verdict,
                    **dict(by_http(client, version, place)),
                }
                far = remote.facts_about([version], [place])
                found["remote"] = can_i_deploy([version], place, far).verdict
                found["remote alone"] = can_i_deploy([version], place, replace(far, objections=())).verdict
                assert found == dict.fromkeys(found, wanted), (whose, number, plain)
        remote.close()


def told(client: Client, consumer: str) -> Any:
    """What the broker says of version 1 of a consumer beside version 7 of its provider, without a place."""
    asked = f"/matrix?q[][pacticipant]={consumer}&q[][version]=1&q[][pacticipant]=p&q[][version]=7&latestby=cvpv"
    return client.get(asked).json["summary"]["deployable"]


def equal_pacts(ledger: SqlLedger) -> Evidence:
    """Two consumers promise the same; what a run of ours saw of the pact of the first."""
    for consumer in CONSUMERS:
        contract = read_pact(json.dumps(pact(consumer, PROVIDER, 0)), "a pact").contract()
        ledger.publish(Version(consumer, "1"), [contract])
        ledger.record_deployment("production", Version(consumer, "1"))
    return Evidence(
        kind=EvidenceKind.PACTS,
        contract=contract.key,
        consumer="c",
        provider=Version("p", "7"),
        artifact="built",
        identity="ran",
        verdict=PASSED,
        promised=1,
        exercised=1,
        complete=True,
        run="r",
        at="2026-01-01T00:00:00+00:00",
    )


def gate(ledger: SqlLedger) -> Verdict:
    facts: Facts = ledger.facts_about([Version("p", "7")], ["production"])
    return can_i_deploy([Version("p", "7")], "production", facts).verdict


def test_a_result_of_a_known_build_speaks_for_every_consumer_with_that_content(
    client: Client, database: Database
) -> None:
    ledger = SqlLedger(database, now=lambda: "2026-01-01T00:00:00.000+00:00")
    seen = equal_pacts(ledger)
    ledger.record_version(Known(version=seen.provider, artifacts=frozenset(["built"])), runtime="docker")
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (UNKNOWN, None, None)
    ledger.record_evidence(seen)
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (PASSED, True, True)
    broken = replace(seen, verdict=FAILED, cause=Cause.BROKEN_PROMISE, consumer="d", run="r2")
    ledger.record_evidence(broken)
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (FAILED, False, False)


def test_a_result_of_a_foreign_verifier_speaks_for_its_own_consumer_alone(
    client: Client, database: Database
) -> None:
    ledger = SqlLedger(database, now=lambda: "2026-01-01T00:00:00.000+00:00")
    seen = replace(equal_pacts(ledger), artifact="", identity="")
    ledger.record_evidence(seen)
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (UNKNOWN, True, None)
    ledger.record_evidence(replace(seen, consumer="d"))
    assert (gate(ledger), told(client, "c"), told(client, "d")) == (PASSED, True, True)


def test_a_result_of_a_foreign_verifier_speaks_for_its_own_number_alone(
    client: Client, database: Database
) -> None:
    """Two numbers are one build; nobody knows on what the foreign verifier ran."""
    ledger = SqlLedger(database, now=lambda: "2026-01-01T00:00:00.000+00:00")
    seen = replace(equal_pacts(ledger), provider=Version("p", "6"))
    for number in ("6", "7"):
        known = Known(version=Version("p", number), artifacts=frozenset(["built"]))
        ledger.record_version(known, runtime="docker")
    for consumer in CONSUMERS:
        ledger.record_evidence(replace(seen, consumer=consumer, artifact="", identity=""))
    assert (gate(ledger), told(client, "c")) == (UNKNOWN, None)
    ledger.record_evidence(seen)
    assert (gate(ledger), told(client, "c")) == (PASSED, True)


def test_a_success_that_left_interactions_out_takes_nothing_back(client: Client, database: Database) -> None:
    ledger = SqlLedger(database, now=lambda: "2026-01-01T00:00:00.000+00:00")
    seen = equal_pacts(ledger)
    ledger.record_version(Known(version=seen.provider, artifacts=frozenset(["built"])), runtime="docker")
    ledger.record_evidence(replace(seen, exercised=0, complete=False))
    assert (gate(ledger), told(client, "c")) == (UNKNOWN, None)
    ledger.record_evidence(seen)
    ledger.record_evidence(replace(seen, exercised=0, complete=False))
    assert (gate(ledger), told(client, "c")) == (PASSED, True)
