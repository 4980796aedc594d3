"""Deployed and released versions of the API: BROKER-API 3.4, 4.8, 7.4."""

from __future__ import annotations

from typing import Any

import pytest
from broker_client import Client

from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.sql_ledger import SqlLedger


@pytest.fixture
def place(client: Client) -> str:
    return str(client.post("/environments", {"name": "prod", "production": True}).json["uuid"])


def version(client: Client, number: str, name: str = "P") -> str:
    where = f"/pacticipants/{name}/versions/{number}"
    client.put(where, {})
    return where


def deploy(client: Client, place: str, number: str, instance: str | None = None, name: str = "P") -> Any:
    body = {} if instance is None else {"applicationInstance": instance, "target": instance}
    made = client.post(f"{version(client, number, name)}/deployed-versions/environment/{place}", body)
    assert made.status == 201, made.text
    assert made.headers["location"] == made.links["self"]["href"]
    return made.json


def release(client: Client, place: str, number: str) -> Any:
    return client.post(f"{version(client, number)}/released-versions/environment/{place}", {})


def current(client: Client, place: str, query: str = "") -> list[tuple[str, str, str]]:
    found = client.get(f"/environments/{place}/deployed-versions/currently-deployed{query}").json
    return [_told(each) for each in found["_embedded"]["deployedVersions"]]


def _told(each: Any) -> tuple[str, str, str]:
    embedded = each["_embedded"]
    return embedded["pacticipant"]["name"], embedded["version"]["number"], each.get("applicationInstance", "")


def test_a_deployment_is_told_with_all_that_it_concerns(client: Client, place: str) -> None:
    made = deploy(client, place, "1", "blue")
    assert (made["currentlyDeployed"], made["target"], made["applicationInstance"]) == (True, "blue", "blue")
    assert made["_embedded"]["environment"]["name"] == "prod"
    assert client.get(f"/deployed-versions/{made['uuid']}").json == made


def test_recording_what_is_there_already_changes_nothing(client: Client, place: str) -> None:
    assert deploy(client, place, "1") == deploy(client, place, "1")


def test_each_instance_holds_one_version(client: Client, place: str) -> None:
    first = deploy(client, place, "1")
    deploy(client, place, "1", "blue")
    deploy(client, place, "2", "blue")
    deploy(client, place, "2")
    deploy(client, place, "7", name="Q")
    assert current(client, place) == [("P", "2", "blue"), ("P", "2", ""), ("Q", "7", "")]
    gone = client.get(f"/deployed-versions/{first['uuid']}").json
    assert gone["currentlyDeployed"] is False
    assert "undeployedAt" in gone


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?pacticipant=P", [("P", "1", "blue"), ("P", "2", "")]),
        ("?pacticipant=Q", [("Q", "7", "")]),
        ("?pacticipant=None", []),
        ("?pacticipant=", [("P", "1", "blue"), ("P", "2", ""), ("Q", "7", "")]),
        ("?applicationInstance=blue", [("P", "1", "blue")]),
        ("?target=blue", [("P", "1", "blue")]),
        ("?applicationInstance=", [("P", "2", ""), ("Q", "7", "")]),
        ("?pacticipant=P&target=", [("P", "2", "")]),
    ],
)
def test_what_is_deployed_is_asked_for_by_pacticipant_and_instance(
    client: Client, place: str, query: str, found: object
) -> None:
    deploy(client, place, "1", "blue")
    deploy(client, place, "2")
    deploy(client, place, "7", name="Q")
    assert current(client, place, query) == found
    told = client.get(f"/environments/{place}/deployed-versions/currently-deployed{query}")
    assert told.links["self"]["href"].endswith(query)


def test_a_deployment_ends_once_and_never_begins_again(client: Client, place: str) -> None:
    where = f"/deployed-versions/{deploy(client, place, '1')['uuid']}"
    ended = client.patch(where, {"currentlyDeployed": False})
    assert (ended.status, ended.json["currentlyDeployed"]) == (200, False)
    assert client.patch(where, {"currentlyDeployed": False}).json == ended.json
    refused = client.patch(where, {"currentlyDeployed": True})
    text = "The currentlyDeployed property cannot be set back to true. Please record a new deployment."
    assert (refused.status, refused.json) == (422, {"errors": {"currentlyDeployed": [text]}})
    assert client.patch(where, {"currentlyDeployed": "no"}).status == 400
    assert client.patch(where, {}).json == ended.json
    assert client.patch(where, {"currentlyDeployed": False}, media="application/json").status == 415
    assert current(client, place) == []


def test_a_version_tells_when_it_was_in_an_environment(client: Client, place: str) -> None:
    deploy(client, place, "1")
    deploy(client, place, "2")
    deploy(client, place, "1")
    found = client.get(f"/pacticipants/P/versions/1/deployed-versions/environment/{place}").json
    listed = found["_embedded"]["deployedVersions"]
    assert [each["currentlyDeployed"] for each in listed] == [False, True]
    assert "_embedded" not in listed[0]
    assert found["_links"]["self"]["title"] == "Deployed versions for P version 1 in Prod"


def test_d11_an_environment_tells_everything_that_was_deployed_there(client: Client, place: str) -> None:
    for number, instance in (("1", None), ("2", None), ("2", "blue"), ("1", None)):
        deploy(client, place, number, instance)
    deploy(client, place, "7", name="Q")
    client.patch(
        f"/deployed-versions/{deploy(client, place, '7', name='Q')['uuid']}", {"currentlyDeployed": False}
    )
    found = client.get(f"/environments/{place}/deployed-versions").json["_embedded"]["deployedVersions"]
    told = [(*_told(each), each["currentlyDeployed"], "until" in each) for each in found]
    assert told == [
        ("P", "1", "", False, True),
        ("P", "2", "", False, True),
        ("P", "2", "blue", True, False),
        ("P", "1", "", True, False),
        ("Q", "7", "", False, True),
    ]
    slot = [found[0], found[1], found[3]]
    assert [each["until"] for each in slot[:2]] == [each["since"] for each in slot[1:]], "one follows the other"
    of_slot = client.get(f"/environments/{place}/deployed-versions?pacticipant=P&applicationInstance=").json
    assert [_told(each)[1] for each in of_slot["_embedded"]["deployedVersions"]] == ["1", "2", "1"]
    page = client.get(f"/environments/{place}/deployed-versions?size=2&page=3").json
    assert [_told(each)[0] for each in page["_embedded"]["deployedVersions"]] == ["Q"]
    assert page["page"]["totalElements"] == 5


def test_what_is_not_known_cannot_be_deployed_or_released(client: Client, place: str) -> None:
    version(client, "1")
    for kind in ("deployed-versions", "released-versions"):
        for where in (
            f"P/versions/9/{kind}/environment/{place}",
            f"X/versions/1/{kind}/environment/{place}",
            f"P/versions/1/{kind}/environment/none",
        ):
            assert client.post(f"/pacticipants/{where}", {}).status == 404
            assert client.get(f"/pacticipants/{where}").status == 404
        assert client.get(f"/{kind}/none").status == 404
        assert client.patch(f"/{kind}/none", {}).status == 404
    assert client.get("/pacticipants/X").status == 404


@pytest.mark.parametrize(
    "body", [{"applicationInstance": 3}, {"target": []}, {"applicationInstance": "x" * 501}, []]
)
def test_what_cannot_be_an_instance_is_refused(client: Client, place: str, body: object) -> None:
    where = f"{version(client, '1')}/deployed-versions/environment/{place}"
    assert client.post(where, body).status == 400
    assert current(client, place) == []


def test_a_blank_instance_is_none(client: Client, place: str) -> None:
    made = client.post(
        f"{version(client, '1')}/deployed-versions/environment/{place}",
        {"applicationInstance": "", "target": None},
    ).json
    assert "applicationInstance" not in made
    assert current(client, place, "?applicationInstance=") == [("P", "1", "")]


def test_releases_stand_beside_each_other(client: Client, place: str) -> None:
    made, other = release(client, place, "1"), release(client, place, "2")
    again = release(client, place, "1")
    assert [made.status, other.status, again.status] == [201, 201, 200]
    assert again.json == made.json
    assert again.headers["location"] == made.headers["location"]
    found = client.get(f"/environments/{place}/released-versions/currently-supported").json
    assert [each["_embedded"]["version"]["number"] for each in found["_embedded"]["releasedVersions"]] == [
        "1",
        "2",
    ]
    only = client.get(f"/environments/{place}/released-versions/currently-supported?pacticipant=P&version=2").json
    assert [each["uuid"] for each in only["_embedded"]["releasedVersions"]] == [other.json["uuid"]]


def test_a_release_whose_support_ended_can_be_supported_again(
    client: Client, place: str, database: Database
) -> None:
    made = release(client, place, "1")
    where = made.headers["location"]
    ended = client.patch(where, {"currentlySupported": False}).json
    assert (ended["currentlySupported"], "supportEndedAt" in ended) == (False, True)
    assert client.patch(where, {"currentlySupported": True}).status == 422
    again = release(client, place, "1")
    assert (again.status, again.headers["location"]) == (200, where), "it is the same release"
    assert (again.json["currentlySupported"], "supportEndedAt" in again.json) == (True, False)
    listed = client.get(f"/pacticipants/P/versions/1/released-versions/environment/{place}").json
    assert [each["uuid"] for each in listed["_embedded"]["releasedVersions"]] == [made.json["uuid"]]
    told = [(stay.until != "") for stay in SqlLedger(database).facts().history]
    assert told == [True, False], "the time in which it was not supported is not forgotten"


def test_the_command_line_and_the_api_keep_one_truth(client: Client, place: str, database: Database) -> None:
    ledger = SqlLedger(database)
    deploy(client, place, "1")
    release(client, place, "3")
    version(client, "2")
    ledger.record_deployment("prod", Version("P", "2"))
    assert current(client, place) == [("P", "2", "")]
    ledger.record_support_ended("prod", Version("P", "3"))
    ledger.record_release("prod", Version("P", "3"))
    assert release(client, place, "3").status == 200
    assert {(live.version.number, live.released) for live in ledger.facts().live} == {("2", False), ("3", True)}
