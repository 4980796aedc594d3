"""What may be forgotten, and what never is."""

from __future__ import annotations

import base64
import json

from broker_client import Client

from harness.ledger.db import pruning
from harness.ledger.db.database import Database

LATER = "2999-01-01T00:00:00.000+00:00"


def publish(client: Client, number: str, branch: str = "main", path: str = "/", tag: str = "") -> str:
    asked = {"description": path, "request": {"method": "GET", "path": path}, "response": {"status": 200}}
    document = {"consumer": {"name": "web"}, "provider": {"name": "orders"}, "interactions": [asked]}
    contract = {
        "consumerName": "web",
        "providerName": "orders",
        "content": base64.b64encode(json.dumps(document).encode()).decode(),
        "contentType": "application/json",
        "specification": "pact",
    }
    body = {
        "pacticipantName": "web",
        "pacticipantVersionNumber": number,
        "branch": branch,
        "contracts": [contract],
    }
    made = client.post("/contracts/publish", {**body, "tags": [tag]} if tag else body)
    assert made.status == 200, made.text
    pact = client.get(f"/pacts/provider/orders/consumer/web/version/{number}")
    return str(pact.links["pb:publish-verification-results"]["href"])


def verify(client: Client, results: str, number: str) -> None:
    assert client.post(results, {"success": True, "providerApplicationVersion": number}).status == 201


def candidates(database: Database) -> list[tuple[str, str]]:
    with database.reading() as db:
        return [(each.pacticipant, each.number) for each in pruning.candidates(db, LATER)]


def test_old_versions_that_nothing_keeps_go_and_no_others(client: Client, database: Database) -> None:
    first = publish(client, "1", path="/old")
    verify(client, first, "9")
    publish(client, "2", tag="prod")
    publish(client, "3", branch="feat/x")
    publish(client, "4")
    head = publish(client, "5", path="/new")
    verify(client, head, "10")
    verify(client, head, "11")
    assert candidates(database) == [("web", "1"), ("orders", "9"), ("web", "4"), ("orders", "10")]


def test_what_is_or_was_deployed_or_released_is_never_forgotten(client: Client, database: Database) -> None:
    place = client.post("/environments", {"name": "prod", "production": True}).json["uuid"]
    for number in ("1", "2", "3", "4"):
        publish(client, number)
    for number in ("1", "2"):
        client.post(f"/pacticipants/web/versions/{number}/deployed-versions/environment/{place}", {})
    client.post(f"/pacticipants/web/versions/3/released-versions/environment/{place}", {})
    assert candidates(database) == []


def test_the_result_that_a_live_version_rests_on_is_never_forgotten(client: Client, database: Database) -> None:
    place = client.post("/environments", {"name": "prod", "production": True}).json["uuid"]
    results = publish(client, "1")
    verify(client, results, "9")
    client.put("/pacticipants/orders/versions/10", {})
    client.post(f"/pacticipants/web/versions/1/deployed-versions/environment/{place}", {})
    assert ("orders", "9") not in candidates(database)


def test_pruning_leaves_everything_else_as_it_was(client: Client, database: Database) -> None:
    publish(client, "1", path="/old")
    head = publish(client, "2", path="/new")
    verify(client, head, "9")
    before = client.get("/can-i-deploy?pacticipant=web&version=2&to=none").json["summary"]
    with database.writing() as db:
        pruning.prune(db, pruning.candidates(db, LATER), LATER, LATER)
    assert client.get("/pacticipants/web/versions/1").status == 404
    assert client.get("/pacts/provider/orders/consumer/web/version/2").status == 200
    assert client.get("/can-i-deploy?pacticipant=web&version=2&to=none").json["summary"] == before


def test_only_what_is_old_enough_goes(client: Client, database: Database) -> None:
    publish(client, "1")
    publish(client, "2")
    with database.reading() as db:
        assert pruning.candidates(db, "2020-01-01T00:00:00.000+00:00") == []
