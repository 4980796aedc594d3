"""A no names the promise that was broken, whoever is asked and whoever told it."""

from __future__ import annotations

from pathlib import Path

import pytest
from broker_client import Client
from broker_histories import pact
from remote_ledgers import own_ledger

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.contracts.pact_reader import pact_key
from harness.evidence import Evidence, EvidenceKind
from harness.gate import can_i_deploy
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.sql_ledger import SqlLedger
from harness.ports import Ledger
from harness.verdicts import BrokenPromise, Cause, Exchange, Exercised, Finding, Verdict
from harness.web.pages import Pages

C, P = Version("c", "1"), Version("p", "9")
PAIR = "/pacts/provider/p/consumer/c"
CONTENT = pact("c", "p", 0)
SEEN = Finding(
    code="response.status.mismatch",
    subject="reads 0",
    expected="status 200",
    actual="status 500",
    consumer="c",
    exchange=Exchange(method="GET", url="http://127.0.0.1:1/0?a=b"),
)


def told_by_a_run(ledger: Ledger) -> None:
    broke = Exercised(
        subject="reads 0", verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE, because="another status"
    )
    ledger.record_evidence(
        Evidence(
            kind=EvidenceKind.PACTS,
            contract=pact_key(CONTENT),
            consumer="c",
            provider=P,
            artifact="",
            identity="",
            verdict=Verdict.FAILED,
            cause=Cause.BROKEN_PROMISE,
            promised=1,
            exercised=1,
            complete=True,
            run="r1",
            at="2026-01-01T00:00:00.000+00:00",
            results=(broke,),
            findings=(SEEN,),
        )
    )


def told_by_a_verifier(client: Client) -> None:
    name = client.get(f"{PAIR}/version/1").json["interactions"][0]["_id"]
    told = {"attribute": "status", "expected": "status 200", "actual": "status 500"}
    body = {
        "success": False,
        "providerApplicationVersion": "9",
        "testResults": [{"interactionId": name, "success": False, "mismatches": [told]}],
    }
    assert client.post(f"{PAIR}/pact-version/{pact_key(CONTENT)}/verification-results", body).status == 201


@pytest.fixture
def ledger(client: Client, database: Database) -> SqlLedger:
    assert client.put(f"{PAIR}/version/1", CONTENT).status == 201
    made = SqlLedger(database)
    made.declare_environment("prod", [])
    return made


@pytest.mark.parametrize("who", ["a run", "a run elsewhere", "a verifier"])
def test_everybody_who_is_asked_names_the_broken_promise(
    client: Client, ledger: SqlLedger, database: Database, tmp_path: Path, who: str
) -> None:
    far = own_ledger(client.app, tmp_path / "beside.db")
    if who == "a verifier":
        told_by_a_verifier(client)
    else:
        told_by_a_run(ledger if who == "a run" else far)
    ledger.record_deployment("prod", P)
    asked = "GET /0?a=b" if who == "a run" else "GET /0"
    expected = BrokenPromise(request=f"reads 0: {asked}", expected="status 200", came="status 500")
    for facts in (ledger.facts(), ledger.facts_about([C], ["prod"]), ledger.facts_of(["prod"])):
        if C in facts.versions:
            assert can_i_deploy([C], "prod", facts).reasons[0].broken == (expected,)
    (row,) = client.get("/can-i-deploy?pacticipant=c&version=1&environment=prod").json["matrix"]
    assert row["broken"] == [{"request": expected.request, "expected": "status 200", "came": "status 500"}]
    settings = BrokerSettings()
    browser = Client(app=broker(database, settings, pages=Pages(database=database, settings=settings)))
    assert str(expected) in browser.get("/matrix/provider/p/consumer/c", accept="text/html").text
    (elsewhere,) = can_i_deploy([C], "prod", far.facts_about([C], ["prod"])).reasons[0].broken
    assert (elsewhere.expected, elsewhere.came) == (expected.expected, expected.came)
    far.close()


def test_a_failure_that_says_nothing_more_names_nothing(client: Client, ledger: SqlLedger) -> None:
    results = f"{PAIR}/pact-version/{pact_key(CONTENT)}/verification-results"
    client.post(results, {"success": False, "providerApplicationVersion": "9"})
    ledger.record_deployment("prod", P)
    assert can_i_deploy([C], "prod", ledger.facts()).reasons[0].broken == ()
    (row,) = client.get("/can-i-deploy?pacticipant=c&version=1&environment=prod").json["matrix"]
    assert "broken" not in row


def test_results_that_contradict_each_other_are_told_over_http_too(client: Client, ledger: SqlLedger) -> None:
    for number, verdict in enumerate((Verdict.FAILED, Verdict.PASSED)):
        ledger.record_evidence(
            Evidence(
                kind=EvidenceKind.PACTS,
                contract=pact_key(CONTENT),
                consumer="c",
                provider=P,
                artifact="built",
                identity="all of it",
                verdict=verdict,
                cause=Cause.BROKEN_PROMISE if verdict is Verdict.FAILED else None,
                promised=1,
                exercised=1,
                complete=True,
                run=f"r{number}",
                at=f"2026-01-0{number + 1}T00:00:00.000+00:00",
            )
        )
    ledger.record_deployment("prod", P)
    told = client.get("/can-i-deploy?pacticipant=c&version=1&environment=prod").json
    assert told["summary"]["deployable"] is True
    assert any(each["type"] == "warning" and "flaky" in each["text"] for each in told["notices"])
