"""The environments of the API: BROKER-API 3.4 and 4.8."""

from __future__ import annotations

import pytest
from broker_client import Client


def make(client: Client, name: str = "prod", **more: object) -> str:
    made = client.post("/environments", {"name": name, "production": True, **more})
    assert made.status == 201, made.text
    return str(made.headers["location"])


def test_an_environment_is_made_and_found(client: Client) -> None:
    where = make(client, "prod", displayName="Prod!", contacts=[{"name": "ops", "details": {"mail": "x"}}])
    found = client.get(where).json
    assert (found["name"], found["displayName"], found["production"]) == ("prod", "Prod!", True)
    assert found["contacts"] == [{"name": "ops", "details": {"mail": "x"}}]
    assert "updatedAt" not in found
    listed = client.get("/environments").json
    assert [each["uuid"] for each in listed["_embedded"]["environments"]] == [found["uuid"]]
    assert listed["_links"]["pb:environments"][0]["name"] == "prod"


def test_the_environments_that_everybody_has_are_not_listed_until_they_are_used(client: Client) -> None:
    assert client.get("/environments").json["_embedded"]["environments"] == []
    client.put("/pacticipants/a/branches/main/versions/1", {})
    asked = "pacticipant=a&version=1&environment=production"
    selected = "q[][pacticipant]=a&q[][version]=1&environment=production"
    urls = (f"/can-i-deploy?{asked}", f"/matrix?{selected}", f"/matrix?{selected}&latestby=cvp")
    assert [client.get(url).status for url in urls] == [400] * 3
    make(client, "production")
    assert [client.get(url).status for url in urls] == [200] * 3
    assert [e["name"] for e in client.get("/environments").json["_embedded"]["environments"]] == ["production"]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"name": ["is missing"], "production": ["is missing"]}),
        ({"name": "a b", "production": True}, {"name": ["cannot contain spaces"]}),
        ({"name": "a\nb", "production": True}, {"name": ["cannot contain multiple lines"]}),
        ({"name": "", "production": True}, {"name": ["must be filled"]}),
        ({"name": "a", "production": "yes"}, {"production": ["must be one of: true, false"]}),
        ({"name": "a", "production": True, "contacts": "x"}, {"contacts": ["must be an array"]}),
        ({"name": "a", "production": True, "contacts": [{}]}, {"contacts": ["name is missing (at index 0)"]}),
        ({"name": "a", "production": True, "contacts": [3]}, {"contacts": ["must be a hash (at index 0)"]}),
        ({"name": "a\0b", "production": True}, {"name": ["holds a character that is none"]}),
    ],
)
def test_what_cannot_be_an_environment_is_told_field_by_field(
    client: Client, body: object, errors: object
) -> None:
    refused = client.post("/environments", body)
    assert (refused.status, refused.json) == (400, {"errors": errors})


def test_a_name_is_given_once(client: Client) -> None:
    make(client, "prod")
    refused = client.post("/environments", {"name": "prod", "production": False})
    assert refused.json == {"errors": {"name": ["name 'prod' is already used by an existing environment."]}}


def test_an_environment_is_described_anew_under_its_own_name(client: Client) -> None:
    where = make(client, "prod", contacts=[{"name": "ops"}])
    changed = client.put(where, {"name": "prod", "production": False})
    assert (changed.status, changed.json["production"]) == (200, False)
    assert "contacts" not in changed.json
    assert "updatedAt" in changed.json


def test_a_deleted_environment_is_gone(client: Client) -> None:
    where = make(client)
    assert client.delete(where).status == 204
    assert client.get(where).status == 404
    assert client.delete(where).status == 404
