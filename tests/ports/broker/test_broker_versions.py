"""The versions of the API: BROKER-API 3.3, 4.6, 7.1."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from broker_client import Client

from harness.broker.app import broker
from harness.ledger.db.database import Database

V = "/pacticipants/C/versions"


def put(client: Client, number: str, **more: object) -> Any:
    made = client.put(f"{V}/{number}", more)
    assert made.status in (200, 201), made.text
    return made.json


def numbers(client: Client, where: str = V) -> list[str]:
    found = client.get(where).json
    return [each["number"] for each in found["_embedded"]["versions"]]


def test_a_version_is_made_with_its_pacticipant(client: Client) -> None:
    made = client.put(f"{V}/1%2F0", {"buildUrl": "http://ci/1", "tags": [{"name": "dev"}], "branch": "main"})
    assert made.status == 201
    assert made.json["number"] == "1/0"
    assert made.json["buildUrl"] == "http://ci/1"
    assert [tag["name"] for tag in made.json["_embedded"]["tags"]] == ["dev"]
    assert made.json["_embedded"]["branchVersions"] == [], "branches are told elsewhere"
    assert made.json == client.get(made.links["self"]["href"]).json
    assert client.get("/pacticipants/C").status == 200


def test_replacing_clears_the_build_and_keeps_the_tags(client: Client) -> None:
    put(client, "1", buildUrl="http://ci/1", tags=[{"name": "dev"}])
    again = client.put(f"{V}/1", {})
    assert (again.status, "buildUrl" in again.json, "updatedAt" in again.json) == (200, False, True)
    assert [tag["name"] for tag in again.json["_embedded"]["tags"]] == ["dev"]


def test_changing_keeps_what_is_left_out(client: Client) -> None:
    put(client, "1", buildUrl="http://ci/1")
    assert client.patch(f"{V}/1", {"tags": [{"name": "x"}, {"name": "y"}]}).json["buildUrl"] == "http://ci/1"
    changed = client.patch(f"{V}/1", {"buildUrl": None})
    assert (changed.status, "buildUrl" in changed.json) == (200, False)
    assert client.patch(f"{V}/2", {}).status == 201
    assert client.patch(f"{V}/2", {}, media="application/json").status == 415


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"buildUrl": 3}, {"buildUrl": ["must be a string"]}),
        ({"tags": "dev"}, {"tags": ["must be an array"]}),
        ({"tags": [{"name": ""}]}, {"tags": ["name must be filled (at index 0)"]}),
        ({"tags": [{"name": "a"}, {}]}, {"tags": ["name must be filled (at index 1)"]}),
    ],
)
def test_what_cannot_be_said_of_a_version_is_told(client: Client, body: object, errors: object) -> None:
    refused = client.put(f"{V}/1", body)
    assert (refused.status, refused.json) == (400, {"errors": errors})
    assert client.get(f"{V}/1").status == 404


def test_versions_are_listed_newest_first_never_by_number(client: Client) -> None:
    for number in ("1.0.0", "2.0.0", "0.1.0"):
        put(client, number)
    assert numbers(client) == ["0.1.0", "2.0.0", "1.0.0"]
    assert numbers(client, f"{V}?q=ignored") == ["0.1.0", "2.0.0", "1.0.0"]
    page = client.get(f"{V}?pageSize=1&pageNumber=2").json
    assert [each["number"] for each in page["_embedded"]["versions"]] == ["2.0.0"]
    assert page["page"] == {"number": 2, "size": 1, "totalElements": 3, "totalPages": 3}
    assert page["_links"]["next"]["href"].endswith("?size=1&page=3")
    assert page["_links"]["previous"]["href"].endswith("?size=1&page=1")
    assert client.get("/pacticipants/C/latest-version").json["number"] == "0.1.0"


def test_the_latest_version_calls_itself_as_it_was_asked_for(client: Client) -> None:
    put(client, "1", tags=[{"name": "dev"}])
    for where in ("latest-version", "latest-version/dev"):
        found = client.get(f"/pacticipants/C/{where}")
        assert found.links["self"]["href"] == f"http://broker.test/pacticipants/C/{where}"
    assert client.get("/pacticipants/C/latest-version/other").status == 404


def test_more_versions_than_fit_into_one_question_are_all_listed(client: Client, database: Database) -> None:
    put(client, "0")
    with database.writing() as db:
        db.execute(
            sa.text(
                'INSERT INTO versions (pacticipant_id, number, branch, "commit", build_url, created_at)'
                " VALUES (1, :number, '', '', '', '2026-01-02T03:04:05.000+00:00')"
            ),
            [{"number": str(number)} for number in range(1, 1203)],
        )
    found = client.get(V).json
    assert len(found["_embedded"]["versions"]) == 1203
    assert found["_links"]["pb:versions"][0]["title"] == "Version 1202 - 02/01/2026"


def test_lists_of_versions_take_a_few_queries_however_many_they_are(client: Client, database: Database) -> None:
    asked: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    counts = []
    for upto in (2, 20):
        for number in range(upto):
            client.put(f"/pacticipants/C/branches/main/versions/{number}", {})
            client.put(f"{V}/{number}/tags/dev", {})
        asked.clear()
        assert len(numbers(client)) == upto
        counts.append(len(asked))
    assert counts[0] == counts[1] < 12


def test_a_version_tells_where_it_is_and_where_it_may_be_recorded(client: Client) -> None:
    put(client, "1")
    client.post("/environments", {"name": "zeta", "displayName": "Last", "production": False})
    place = client.post("/environments", {"name": "prod", "production": True}).headers["location"]
    uuid = place.rpartition("/")[2]
    client.post(f"{V}/1/deployed-versions/environment/{uuid}", {"applicationInstance": "blue"})
    client.post(f"{V}/1/released-versions/environment/{uuid}", {})
    links = client.get(f"{V}/1").links
    assert [each["name"] for each in links["pb:record-deployment"]] == ["prod", "zeta"]
    assert links["pb:record-release"][1]["title"] == "Record release to Last"
    deployed, released = links["pb:deployed-environments"][0], links["pb:released-environments"][0]
    assert (deployed["name"], deployed["currently_deployed"], deployed["application_instance"]) == (
        "Prod",
        True,
        "blue",
    )
    assert (released["title"], released["currently_supported"]) == ("Version released to Prod", True)
    assert client.get(released["href"]).json["_embedded"]["version"]["number"] == "1"
    owner = client.get("/pacticipants/C").links["pb:deployed-environments"]
    assert [each["href"] for each in owner] == [deployed["href"]]
    assert "application_instance" not in owner[0]
    assert not [rel for rel in client.get(V).json["_embedded"]["versions"][0]["_links"] if "environments" in rel]


def test_the_versions_in_an_environment_are_those_deployed_and_those_supported(client: Client) -> None:
    place = client.post("/environments", {"name": "prod", "production": True}).json["uuid"]
    for number in ("1", "2", "3", "4"):
        put(client, number)
    client.put("/pacticipants/Other/versions/1", {})
    client.post(f"/pacticipants/Other/versions/1/deployed-versions/environment/{place}", {})
    client.post(f"{V}/1/released-versions/environment/{place}", {})
    for number in ("2", "3"):
        client.post(f"{V}/{number}/deployed-versions/environment/{place}", {})
    assert numbers(client, f"/pacticipants/C/environments/{place}/versions") == ["3", "1"]
    assert client.get("/pacticipants/C/environments/none/versions").status == 404


def test_tags_of_others_do_not_count(client: Client) -> None:
    for name in ("C", "D"):
        client.put(f"/pacticipants/{name}/versions/1/tags/dev", {})
    client.put("/pacticipants/C/versions/2", {})
    client.put("/pacticipants/D/versions/2/tags/dev", {})
    assert numbers(client, "/pacticipants/C/tags/dev/versions") == ["1"]
    assert client.get("/pacticipants/C/latest-version/dev").json["number"] == "1"


def test_names_of_any_kind_stay_in_their_segments(client: Client) -> None:
    number = "%2Fpacticipants%2FX%3Fa%3Db%23c%25%20%F0%9F%98%80'%22%3Cb%3E"
    assert client.put(f"{V}/{number}", {}).status == 201
    found = client.get(f"{V}/{number}")
    assert found.json["number"] == "/pacticipants/X?a=b#c% 😀'\"<b>"
    assert client.get(found.links["self"]["href"]).json == found.json


def test_the_methods_of_a_version_are_told_in_the_order_of_the_original(database: Database) -> None:
    client = Client(app=broker(database))
    for where, methods in (
        ("/pacticipants", "GET, POST"),
        ("/pacticipants/C", "GET, PUT, PATCH, DELETE"),
        (f"{V}/1", "GET, PUT, PATCH, DELETE"),
        (f"{V}/1/tags/t", "GET, PUT, DELETE"),
        ("/pacticipants/C/labels/l", "GET, PUT, DELETE"),
        ("/pacticipants/C/branches", "GET, DELETE"),
        ("/pacticipants/C/branches/b", "GET, DELETE"),
        ("/pacticipants/C/branches/b/versions/1", "GET, PUT, DELETE"),
        (f"{V}/1/deployed-versions/environment/u", "GET, POST"),
        (f"{V}/1/released-versions/environment/u", "GET, POST"),
        ("/deployed-versions/u", "GET, PATCH"),
        ("/released-versions/u", "GET, PATCH"),
        ("/labels", "GET"),
    ):
        told = client.send("OPTIONS", where).headers["access-control-allow-methods"]
        assert told == f"{methods}, OPTIONS", where
