"""What the original gets wrong (BROKER-API 17 and 23), each with a test that is named after it."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from broker_client import Client
from broker_histories import pact

from harness.broker.app import broker
from harness.contracts.pact_reader import pact_key, read_pact
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.sql_ledger import SqlLedger


def publish(client: Client, consumer: str, number: str, content: int) -> str:
    """Where the results of the pact go."""
    document = pact(consumer, "p", content)
    put = client.put(f"/pacts/provider/p/consumer/{consumer}/version/{number}", document)
    assert put.status in (200, 201), put.text
    return f"/pacts/provider/p/consumer/{consumer}/pact-version/{pact_key(document)}/verification-results"


def verify(client: Client, where: str, number: str, *, success: bool = True) -> None:
    assert client.post(where, {"success": success, "providerApplicationVersion": number}).status == 201


def place(client: Client) -> str:
    return str(client.post("/environments", {"name": "prod", "production": True}).json["uuid"])


def deploy(client: Client, uuid: str, whose: str, number: str, slot: str | None = None) -> None:
    where = f"/pacticipants/{whose}/versions/{number}/deployed-versions/environment/{uuid}"
    assert client.post(where, {"applicationInstance": slot} if slot else {}).status == 201


def summary(client: Client, query: str) -> Any:
    return client.get(query).json["summary"]


@pytest.mark.slow
def test_d1_no_limit_cuts_a_verdict(client: Client, database: Database) -> None:
    uuid, ledger = place(client), SqlLedger(database)
    for number in range(101):
        name = f"c{number}"
        ledger.publish(Version(name, "1"), [read_pact(json.dumps(pact(name, "p", 0)), name).contract()])
        ledger.record_deployment("prod", Version(name, "1"))
        where = f"/pacts/provider/p/consumer/{name}/pact-version/{pact_key(pact(name, 'p', 0))}"
        verify(client, f"{where}/verification-results", "7", success=number != 0)
    deploy(client, uuid, "p", "7")
    for query in (
        "/matrix?q[][pacticipant]=p&q[][version]=7&latestby=cvpv&environment=prod",
        "/matrix?q[][pacticipant]=p&q[][version]=7&latestby=cvpv&environment=prod&limit=1",
        "/can-i-deploy?pacticipant=p&version=7&environment=prod",
    ):
        assert (summary(client, query)["deployable"], summary(client, query)["failed"]) == (False, 1), query


def test_d2_every_live_version_of_a_provider_counts(client: Client) -> None:
    uuid, where = place(client), publish(client, "c", "1", 0)
    verify(client, where, "10")
    client.put("/pacticipants/p/versions/11", {})
    deploy(client, uuid, "p", "10", "blue")
    deploy(client, uuid, "p", "11", "green")
    asked = "pacticipant=c&version=1&environment=prod"
    cli = "q[][pacticipant]=c&q[][version]=1&environment=prod"
    for query in (f"/can-i-deploy?{asked}", f"/matrix?{cli}&latestby=cvpv", f"/matrix?{cli}&latestby=cvp"):
        assert summary(client, query)["deployable"] is None, query
    verify(client, where, "11", success=False)
    assert summary(client, f"/matrix?{cli}&latestby=cvp")["deployable"] is False


def test_d3_merged_content_is_not_verified_by_what_its_last_part_was_verified_by(client: Client) -> None:
    verify(client, publish(client, "c", "1", 1), "7")
    publish(client, "c", "2", 0)
    here = "/pacts/provider/p/consumer/c/version/2"
    assert client.patch(here, pact("c", "p", 1), media="application/json").status in (200, 201)
    assert [each["description"] for each in client.get(here).json["interactions"]] == ["reads 0", "reads 1"]
    both = "/matrix?q[][pacticipant]=c&q[][version]={}&q[][pacticipant]=p&q[][version]=7"
    assert summary(client, both.format(1))["deployable"] is True
    assert summary(client, both.format(2))["deployable"] is None
    publish(client, "c", "3", 1)
    alone = client.get("/pacts/provider/p/consumer/c/version/3").json["interactions"]
    assert [each["description"] for each in alone] == ["reads 1"], "the part is what it was"


def contract(content: int, **more: Any) -> dict[str, Any]:
    text = base64.b64encode(json.dumps(pact("c", "p", content)).encode()).decode()
    about = {"consumerName": "c", "providerName": "p", "specification": "pact", "contentType": "application/json"}
    return {**about, "content": text, **more}


def test_d4_parallel_builds_publish_parts_of_one_pact(client: Client) -> None:
    for content in (0, 1):
        body = {"pacticipantName": "c", "pacticipantVersionNumber": "1"}
        told = client.post("/contracts/publish", {**body, "contracts": [contract(content, onConflict="merge")]})
        assert told.status == 200, told.text
    merged = client.get("/pacts/provider/p/consumer/c/version/1").json["interactions"]
    assert len(merged) == 2


def hook(client: Client) -> None:
    body = {
        "events": [{"name": "contract_content_changed"}],
        "request": {"method": "POST", "url": "https://hook.test/"},
        "description": "told",
    }
    assert client.post("/webhooks", body).status == 201


def triggered(client: Client, number: str) -> int:
    listed = client.get(f"/pacts/provider/p/consumer/c/version/{number}/triggered-webhooks").json
    return len(listed["_embedded"]["triggeredWebhooks"])


def on_branch(client: Client, number: str, branch: str, content: int) -> int:
    client.put(f"/pacticipants/c/branches/{branch}/versions/{number}", {})
    publish(client, "c", number, content)
    return triggered(client, number)


def test_d8_another_branch_does_not_make_an_unchanged_one_look_changed(client: Client) -> None:
    hook(client)
    told = [on_branch(client, *each) for each in (("1", "main", 0), ("2", "feat", 1), ("3", "main", 0))]
    assert told == [1, 1, 0]


def test_d9_what_is_to_be_told_outlives_the_process(client: Client, database: Database) -> None:
    hook(client)
    publish(client, "c", "1", 0)
    assert triggered(Client(app=broker(database)), "1") == 1


def test_23_1_a_second_branch_of_a_version_is_of_that_version(client: Client) -> None:
    for number, branch in (("1", "main"), ("2", "main"), ("2", "feat")):
        assert client.put(f"/pacticipants/c/branches/{branch}/versions/{number}", {}).status in (200, 201)
    assert client.get("/pacticipants/c/branches/feat/latest-version").json["number"] == "2"
    assert [b["name"] for b in client.get("/pacticipants/c/versions/1").json["_embedded"]["branchVersions"]] == [
        "main"
    ]


def test_23_2_publishers_at_the_same_time_wait_for_each_other(client: Client) -> None:
    def published(number: int) -> int:
        body = {
            "pacticipantName": "c",
            "pacticipantVersionNumber": str(number),
            "contracts": [contract(number % 3)],
        }
        return client.post("/contracts/publish", body).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(published, range(40))) == {200}
    assert len(client.get("/pacticipants/c/versions").json["_embedded"]["versions"]) == 40


def test_23_3_names_need_not_be_ascii(client: Client) -> None:
    name = quote("ça-ß-東")
    document = pact("ça-ß-東", "p", 0)
    assert client.put(f"/pacts/provider/p/consumer/{name}/version/1", document).status == 201
    assert client.get(f"/pacticipants/{name}").json["name"] == "ça-ß-東"
    for asked, pairs in (("ÇA", 1), ("ç%", 0)):
        found = client.get(f"/integrations?q={quote(asked)}").json["_embedded"]["integrations"]
        assert len(found) == pairs, asked


def test_23_4_what_cannot_be_meant_is_the_clients_mistake(client: Client) -> None:
    nothing = {"pacticipantName": "c", "pacticipantVersionNumber": "1", "contracts": []}
    assert client.post("/contracts/publish", nothing).status == 400
    for path in ("/contracts/publish", "/environments", "/webhooks", "/pacticipants"):
        for body in ("[]", "[{}]", ""):
            assert client.send("POST", path, body.encode()).status in (400, 422), (path, body)
    publish(client, "c", "1", 0)
    told = client.get("/matrix?q[][pacticipant]=c&latestby=newest")
    assert (told.status, told.json) == (400, {"errors": ["latestby must be one of cvpv, cvp, cp."]})
    problem = client.send("POST", "/environments", b"{", accept="application/problem+json")
    assert (problem.status, problem.json["status"]) == (400, 400)


def test_23_5_the_states_of_what_is_deployed_are_listed(client: Client) -> None:
    uuid, document = place(client), pact("c", "p", 0)
    document["interactions"][0]["providerState"] = "there is one"
    assert client.put("/pacts/provider/p/consumer/c/version/1", document).status == 201
    deploy(client, uuid, "c", "1")
    for where in (uuid, "prod"):
        told = client.get(f"/pacts/provider/p/provider-states/environment/{where}").json
        assert [each["name"] for each in told["providerStates"]] == ["there is one"]


def test_23_6_a_pact_of_an_environment_is_told_in_words(client: Client) -> None:
    uuid = place(client)
    publish(client, "c", "1", 0)
    deploy(client, uuid, "c", "1")
    asked = {"consumerVersionSelectors": [{"environment": "prod"}]}
    told = client.post("/pacts/provider/p/for-verification", asked).json["_embedded"]["pacts"]
    assert [each["shortDescription"] for each in told] == ["deployed to prod"]


def test_23_7_several_processes_may_serve_one_store(client: Client, database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        with database.reading() as db:
            assert db.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    beside = Client(app=broker(database))
    publish(client, "c", "1", 0)
    publish(beside, "c", "2", 1)
    listed = client.get("/pacticipants/c/versions").json["_embedded"]["versions"]
    assert [each["number"] for each in listed] == ["2", "1"]


def test_results_of_two_verifiers_at_the_same_moment_are_both_kept(client: Client) -> None:
    where = publish(client, "c", "1", 0)
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(
                lambda number: client.post(
                    where, {"success": number % 2 == 0, "providerApplicationVersion": str(number)}
                ),
                range(16),
            )
        )
    assert [each.status for each in made] == [201] * 16
    assert len({each.links["self"]["href"] for each in made}) == 16
    told = {each.json["providerApplicationVersion"]: each.json["success"] for each in made}
    assert told == {str(number): number % 2 == 0 for number in range(16)}
    for number in range(16):
        asked = f"/matrix?q[][pacticipant]=c&q[][version]=1&q[][pacticipant]=p&q[][version]={number}"
        assert summary(client, asked)["deployable"] is (number % 2 == 0)
