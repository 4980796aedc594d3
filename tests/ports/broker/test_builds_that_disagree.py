"""Two builds of one version that disagree: whoever shows the pair says no, and where there is room, why."""

from __future__ import annotations

import re

import pytest
from broker_client import Client
from broker_histories import pact

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.contracts.pact_reader import pact_key
from harness.gate import deployment_plan
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause, Verdict
from harness.web.pages import Pages

KEPT, BROKE = "a" * 64, "b" * 64
BROWSER = "text/html"


@pytest.fixture
def client(database: Database) -> Client:
    """A broker where c 1 is on main, p 7 is live, and two builds of p 7 disagree about the pact; pages too."""
    settings = BrokerSettings()
    made = Client(app=broker(database, settings, pages=Pages(database=database, settings=settings)))
    document = pact("c", "p", 0)
    assert made.put("/pacticipants/c/branches/main/versions/1", {}).status in (200, 201)
    assert made.put("/pacts/provider/p/consumer/c/version/1", document).status == 201
    results = f"/pacts/provider/p/consumer/c/pact-version/{pact_key(document)}/verification-results"
    for build, success in ((BROKE, False), (KEPT, True)):
        body = {"success": success, "providerApplicationVersion": "7", "build": build}
        assert made.post(results, body).status == 201
    place = made.post("/environments", {"name": "prod", "production": True}).json["uuid"]
    there = f"/pacticipants/p/versions/7/deployed-versions/environment/{place}"
    assert made.post(there, {}).status == 201
    return made


def test_a_plan_says_that_results_disagree(client: Client, database: Database) -> None:
    wanted = [Version("c", "1")]
    facts = SqlLedger(database).facts_about(wanted, ["prod"])
    plan = deployment_plan(wanted, "prod", facts)
    (reason,) = [each for each in plan.reasons if each.verdict is Verdict.FAILED]
    assert (plan.verdict, reason.cause) == (Verdict.FAILED, Cause.DISAGREEING)
    for build in (KEPT, BROKE):
        assert build[:12] in reason.text


def test_pages_and_tables_say_no_and_why(client: Client) -> None:
    asked = "q[][pacticipant]=c&q[][version]=1&latestby=cvpv&environment=prod"
    table = client.get(f"/matrix?{asked}", accept="text/plain").text
    assert "results of two builds disagree" in table
    assert "failed" in client.get("/matrix/provider/p/consumer/c", accept=BROWSER).text
    assert "failed on 7" in client.get("/", accept=BROWSER).text
    told = client.get("/can-i-deploy?pacticipant=c&version=1&environment=prod").json["summary"]
    assert told["deployable"] is False
    for build in (KEPT, BROKE):
        assert build[:12] in told["reason"]


@pytest.mark.parametrize(
    "place",
    [
        "/pacts/provider/p/consumer/c/latest/badge",
        "/pacticipants/c/branches/main/latest-version/can-i-deploy/to-environment/prod/badge",
    ],
)
def test_no_badge_shows_the_yes_of_one_of_them(client: Client, place: str) -> None:
    reply = client.get(place, accept="image/svg+xml")
    told = reply.text + reply.headers.get("location", "")
    green = next(iter(re.findall('fill="(#[0-9a-f]+)"', told.replace("#555", ""))))
    assert (green, "verified" in told) == ("#e05d44", False)
