"""A yes of the matrix without evidence would be the worst answer: each way to one that was found is shut here."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from broker_client import Client
from broker_histories import pact

from harness.contracts.pact_reader import pact_key, read_pact
from harness.evidence import Evidence, EvidenceKind, Known
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause, Verdict

AT = "2026-01-01T00:00:00.000+00:00"
SEEN = Evidence(
    kind=EvidenceKind.PACTS,
    contract=pact_key(pact("c", "p", 0)),
    consumer="c",
    provider=Version("p", "1"),
    artifact="",
    identity="",
    verdict=Verdict.PASSED,
    promised=1,
    exercised=1,
    complete=True,
    run="r",
    at=AT,
)


@pytest.fixture
def ledger(client: Client, database: Database) -> SqlLedger:
    """Consumer c 1 and provider p 1 are verified, live in prod, and tagged prod; c 2 was only mentioned."""
    ledger = SqlLedger(database, now=lambda: AT)
    ledger.declare_environment("prod", [])
    ledger.publish(Version("c", "1"), [read_pact(json.dumps(pact("c", "p", 0)), "a pact").contract()])
    ledger.record_evidence(SEEN)
    for name, number in (("c", "1"), ("p", "1")):
        ledger.record_deployment("prod", Version(name, number))
        assert client.put(f"/pacticipants/{name}/versions/{number}/tags/rc", {}).status == 201
        assert client.put(f"/pacticipants/{name}/branches/main/versions/{number}", {}).status in (200, 201)
    assert client.put("/pacticipants/c/branches/main/versions/2", {}).status == 201
    return ledger


def says(client: Client, query: str) -> Any:
    told = client.get(query)
    assert told.status == 200, told.text
    return told.json["summary"]["deployable"]


CONSUMER_2 = "q[][pacticipant]=c&q[][version]=2"
CONSUMER_HEAD = "q[][pacticipant]=c&q[][branch]=main&q[][latest]=true"


@pytest.mark.parametrize(
    "query",
    [
        "/can-i-deploy?pacticipant=c&version=2&environment=prod",
        "/can-i-deploy?pacticipant=c&version=2&to=rc",
        f"/matrix?{CONSUMER_2}&tag=rc&latest=true&latestby=cvp",
        f"/matrix?{CONSUMER_2}&mainBranch=true&latest=true&latestby=cvp",
        f"/matrix?{CONSUMER_2}&latest=true&latestby=cvp",
        f"/matrix?{CONSUMER_2}&latestby=cvpv",
        f"/matrix?{CONSUMER_HEAD}&environment=prod&latestby=cvpv",
        f"/matrix?{CONSUMER_HEAD}&tag=rc&latest=true",
        "/matrix?q[][pacticipant]=p&q[][version]=1&mainBranch=true&latest=true",
        f"/matrix?{CONSUMER_2}&environment=prod&ignore[][pacticipant]=somebody",
    ],
)
@pytest.mark.usefixtures("ledger")
def test_what_a_version_needs_that_published_nothing_is_unknown(client: Client, query: str) -> None:
    assert says(client, query) is None
    told = client.get(query).json
    assert told["summary"]["unknown"] > 0
    assert {each["type"] for each in told["notices"]} <= {"error", "warning"}


@pytest.mark.usefixtures("ledger")
def test_what_is_to_be_ignored_is_no_reason(client: Client) -> None:
    for ignored in ("ignore[][pacticipant]=c", "ignore[][pacticipant]=c&ignore[][version]=2"):
        assert says(client, f"/matrix?{CONSUMER_2}&tag=rc&latest=true&{ignored}") is True
        assert says(client, f"/matrix?{CONSUMER_2}&environment=prod&{ignored}") is True


@pytest.mark.parametrize(
    "named",
    [
        "q[][version]=1",
        "q[][latest]=true",
        "q[][branch]=main",
        "q[][branch]=main&q[][latest]=true",
        "q[][tag]=rc",
        "q[][environment]=prod",
        "q[][version]=1&ignore[][pacticipant]=somebody",
    ],
)
def test_what_an_environment_demands_is_demanded_however_a_version_is_named(
    client: Client, ledger: SqlLedger, named: str
) -> None:
    query = f"/matrix?q[][pacticipant]=p&{named}&environment=prod&latestby=cvpv"
    assert says(client, query) is True
    ledger.declare_environment("prod", ["integration"])
    assert says(client, query) is None


def test_more_versions_than_the_gate_is_asked_about_are_no_yes(client: Client, ledger: SqlLedger) -> None:
    ledger.declare_environment("prod", ["integration"])
    for number in range(70):
        assert client.put(f"/pacticipants/q/branches/main/versions/{number}", {}).status == 201
    query = "/matrix?q[][pacticipant]=q&q[][branch]=main&environment=prod"
    assert says(client, query) is None
    assert "name them" in client.get(query).json["summary"]["reason"]


def test_what_is_released_stays_beside_what_is_deployed_together(client: Client, ledger: SqlLedger) -> None:
    """c 1 stays supported in prod when c 3 comes with p 2: p 2 must work for both."""
    ledger.publish(Version("c", "3"), [read_pact(json.dumps(pact("c", "p", 1)), "a pact").contract()])
    ledger.record_release("prod", Version("c", "1"))
    ledger.record_evidence(replace(SEEN, provider=Version("p", "2"), contract=pact_key(pact("c", "p", 1))))
    both = "/matrix?q[][pacticipant]=c&q[][version]=3&q[][pacticipant]=p&q[][version]=2&environment=prod"
    assert says(client, both) is None
    ledger.record_evidence(
        replace(SEEN, provider=Version("p", "2"), verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE)
    )
    assert says(client, both) is False


def test_a_failure_of_the_same_build_counts_under_whatever_number_it_was_seen(
    client: Client, ledger: SqlLedger
) -> None:
    """Nobody recorded what p 2 is, but what ran under that number was the build that is p 3."""
    ran = replace(SEEN, provider=Version("p", "2"), artifact="built", identity="ran")
    ledger.record_evidence(replace(ran, verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE))
    known = Known(version=Version("p", "3"), artifacts=frozenset(["built"]))
    ledger.record_version(known, runtime="docker")
    ledger.record_evidence(replace(SEEN, provider=Version("p", "3")))
    pair = "/matrix?q[][pacticipant]=c&q[][version]=1&q[][pacticipant]=p&q[][version]=3&latestby=cvpv"
    assert says(client, pair) is False
    assert says(client, "/can-i-deploy?pacticipant=p&version=3&environment=prod") is False


def test_no_picture_summary_or_event_makes_a_success_of_one_that_left_something_out(client: Client) -> None:
    document = pact("c", "p", 0)
    document["interactions"].append({**document["interactions"][0], "description": "writes"})
    assert client.put("/pacts/provider/p/consumer/c/version/1", document).status == 201
    hook = {
        "description": "told",
        "events": [{"name": "provider_verification_succeeded"}],
        "request": {"method": "POST", "url": "https://hook.test/"},
    }
    assert client.post("/webhooks", hook).status == 201
    read = client.get("/pacts/provider/p/consumer/c/version/1").json
    ids = [each["_id"] for each in read["interactions"]]
    where = read["_links"]["pb:publish-verification-results"]["href"]

    def verified(results: list[Any]) -> tuple[bool, str, int]:
        body = {"success": True, "providerApplicationVersion": "7", "testResults": results}
        made = client.post(where, body)
        assert made.status == 201
        triggered = client.get(made.links["pb:triggered-webhooks"]["href"]).json
        told = client.get("/verification-results/consumer/c/version/1/latest").json
        badge = client.get("/pacts/provider/p/consumer/c/latest/badge", accept="image/svg+xml").text
        assert ("verified" in badge.replace("unverified", "")) == told["success"]
        (summed,) = [name for name, providers in told["providerSummary"].items() if providers == ["p"]]
        return told["success"], summed, len(triggered["_embedded"]["triggeredWebhooks"])

    assert verified([{"interactionId": ids[0], "success": True}]) == (False, "unknown", 0)
    assert verified([{"success": True}, {"success": False}]) == (False, "unknown", 0)
    assert verified([{"interactionId": each, "success": True} for each in ids]) == (True, "successful", 1)
