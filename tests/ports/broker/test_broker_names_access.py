"""Who may change pacticipants, versions, branches, tags, labels, deployments and releases."""

from __future__ import annotations

import pytest
from broker_client import Client

from harness.broker.access.guard import AccessRules, Guard
from harness.broker.app import broker
from harness.ledger.db import tokens
from harness.ledger.db.database import Database

C, D = "/pacticipants/C", "/pacticipants/D"


def client_of(database: Database, role: str, *pacticipants: str) -> Client:
    with database.writing() as db:
        secret = tokens.create(db, f"a {role}", role, pacticipants, "2026-01-01T00:00:00.000+00:00")[1]
    guarded = broker(database, access=Guard(database=database, rules=AccessRules()))
    return Client(app=guarded, headers={"authorization": f"Bearer {secret}"})


@pytest.fixture
def place(client: Client) -> str:
    """An environment, and a version of C and of D that is deployed and released there."""
    uuid = str(client.post("/environments", {"name": "prod", "production": True}).json["uuid"])
    for name in (C, D):
        client.put(f"{name}/branches/main/versions/1", {})
        client.post(f"{name}/versions/1/deployed-versions/environment/{uuid}", {})
        client.post(f"{name}/versions/1/released-versions/environment/{uuid}", {})
    return uuid


PUBLISHING = (
    ("PUT", "{owner}"),
    ("PATCH", "{owner}"),
    ("PUT", "{owner}/labels/l"),
    ("DELETE", "{owner}/labels/l"),
    ("PUT", "{owner}/versions/2"),
    ("PATCH", "{owner}/versions/2"),
    ("PUT", "{owner}/versions/2/tags/t"),
    ("DELETE", "{owner}/versions/2/tags/t"),
    ("PUT", "{owner}/branches/b/versions/2"),
    ("DELETE", "{owner}/branches/b/versions/2"),
    ("DELETE", "{owner}/branches/b"),
    ("DELETE", "{owner}/branches"),
)
DEPLOYING = (
    ("POST", "{owner}/versions/1/deployed-versions/environment/{place}"),
    ("POST", "{owner}/versions/1/released-versions/environment/{place}"),
)
ADMIN = (("DELETE", "{owner}/versions/1"), ("DELETE", "{owner}"))


def send(client: Client, method: str, path: str) -> int:
    media = "application/merge-patch+json" if method == "PATCH" else "application/json"
    return client.send(method, path, None if method == "DELETE" else {}, media=media).status


@pytest.mark.parametrize("role", ["read", "publish", "deploy", "admin"])
def test_each_role_may_what_is_its_own(database: Database, place: str, role: str) -> None:
    client, may = client_of(database, role), ["read", "publish", "deploy", "admin"].index(role)
    for needed, requests in ((1, PUBLISHING), (2, DEPLOYING), (3, ADMIN)):
        for method, path in requests:
            status = send(client, method, path.format(owner=C, place=place))
            assert (status == 403) == (may < needed), (role, method, path, status)
            assert status < 404, (role, method, path, status)


def test_a_token_for_one_pacticipant_changes_no_other(database: Database, place: str) -> None:
    client = client_of(database, "admin", "C")
    for method, path in (*PUBLISHING, *DEPLOYING, *ADMIN):
        assert send(client, method, path.format(owner=D, place=place)) == 403
        assert send(client, method, path.format(owner=C, place=place)) < 300


def test_a_stay_is_ended_by_those_whose_pacticipant_it_is(database: Database, place: str, client: Client) -> None:
    links = {name: client.get(f"{name}/versions/1").links for name in (C, D)}
    scoped = client_of(database, "deploy", "C")
    for relation, body in (
        ("pb:deployed-environments", {"currentlyDeployed": False}),
        ("pb:released-environments", {"currentlySupported": False}),
    ):
        assert scoped.patch(links[D][relation][0]["href"], body).status == 403
        assert scoped.patch(links[C][relation][0]["href"], body).status == 200
    assert client.get(f"{D}/versions/1").links["pb:deployed-environments"] != []


def test_a_pacticipant_is_made_by_those_who_may_change_it(database: Database) -> None:
    scoped = client_of(database, "publish", "C")
    assert scoped.post("/pacticipants", {"name": "D"}).status == 403
    assert scoped.post("/pacticipants", {"name": "C"}).status == 201
    assert scoped.get("/pacticipants").json["_embedded"]["pacticipants"][0]["name"] == "C"


def test_who_may_not_deploy_does_not_do_it_by_a_tag(database: Database, place: str) -> None:
    for role, deployed in (("publish", ["1"]), ("deploy", ["2"])):
        scoped = client_of(database, role)
        assert scoped.put(f"{C}/versions/2/tags/prod", {}).status in (200, 201)
        found = scoped.get(f"/environments/{place}/deployed-versions/currently-deployed?pacticipant=C").json
        listed = found["_embedded"]["deployedVersions"]
        assert [each["_embedded"]["version"]["number"] for each in listed] == deployed, role
