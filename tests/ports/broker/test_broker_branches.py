"""The branches and tags of the API: BROKER-API 3.3, 4.7, 7.2, 7.3, 24."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from broker_client import Client

from harness.broker.settings import BrokerSettings
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.sql_ledger import SqlLedger

C = "/pacticipants/C"


def on_branch(client: Client, branch: str, *numbers: str, owner: str = "C") -> None:
    for number in numbers:
        put = client.put(f"/pacticipants/{owner}/branches/{branch}/versions/{number}", {})
        assert put.status in (200, 201), put.text


def tag(client: Client, number: str, name: str) -> Any:
    return client.put(f"{C}/versions/{number}/tags/{name}", {})


def head(client: Client, branch: str) -> str:
    return str(client.get(f"{C}/branches/{branch}/latest-version").json["number"])


def branches_of(client: Client, number: str) -> dict[str, bool]:
    found = client.get(f"{C}/versions/{number}").json["_embedded"]["branchVersions"]
    return {each["name"]: each["latest"] for each in found}


def in_harness(database: Database, number: str) -> str:
    return SqlLedger(database).facts().versions[Version("C", number)].branch


def test_a_version_comes_to_a_branch_once(client: Client) -> None:
    made = client.put(f"{C}/branches/feat%2Fa/versions/1", {"buildUrl": "x"})
    assert (made.status, made.headers["location"]) == (201, f"http://broker.test{C}/branches/feat%2Fa/versions/1")
    again = client.put(f"{C}/branches/feat%2Fa/versions/1", {})
    assert (again.status, again.json) == (200, made.json)
    assert client.get(made.headers["location"]).json == made.json
    assert made.links["pb:branch"]["name"] == "feat/a"


def test_the_head_is_the_version_that_was_added_last_not_the_newest(client: Client) -> None:
    on_branch(client, "main", "1", "2", "1")
    assert head(client, "main") == "2", "one that is there already does not move it"
    on_branch(client, "other", "2", "1")
    assert head(client, "other") == "1"
    assert branches_of(client, "2") == {"main": True, "other": False}


def test_when_the_head_leaves_a_branch_the_newest_one_left_is_the_head(client: Client, database: Database) -> None:
    on_branch(client, "x", "1", "2", "3")
    on_branch(client, "b", "3", "1", "2")
    assert client.delete(f"{C}/branches/b/versions/2").status == 204
    assert head(client, "b") == "3"
    assert client.delete(f"{C}/versions/3").status == 204
    assert head(client, "b") == "1"
    assert client.delete(f"{C}/branches/b/versions/1").status == 204
    assert client.get(f"{C}/branches/b").status == 200
    assert client.get(f"{C}/branches/b/latest-version").status == 404
    assert in_harness(database, "1") == "x", "the harness does not call it a version of a branch that it left"
    assert client.delete(f"{C}/branches/b/versions/1").status == 404


def test_deleting_a_branch_keeps_its_versions_and_the_main_branch(client: Client, database: Database) -> None:
    on_branch(client, "main", "1")
    on_branch(client, "feat", "1")
    assert client.delete(f"{C}/branches/feat").status == 204
    assert client.delete(f"{C}/branches/feat").status == 404
    assert branches_of(client, "1") == {"main": True}
    assert in_harness(database, "1") == "main"
    assert client.delete(f"{C}/branches/main").status == 204
    assert client.get(C).json["mainBranch"] == "main"
    assert in_harness(database, "1") == ""


def test_all_branches_but_those_excluded_go_at_once(client: Client, database: Database) -> None:
    for name in ("main", "b", "a", "c"):
        on_branch(client, name, "1", "2")
    gone = client.delete(f"{C}/branches?exclude[]=b&exclude[]=absent")
    assert gone.status == 202
    text = "Scheduled deletion of 2 branches for pacticipant C. Remaining branches are: b, main"
    assert gone.json == {"notices": [{"type": "success", "text": text}]}
    listed = client.get(f"{C}/branches").json["_embedded"]["branches"]
    assert [each["name"] for each in listed] == ["b", "main"]
    assert in_harness(database, "2") == "b"


@pytest.mark.parametrize("query", ["exclude[a]=b", "exclude[][a]=b", "exclude[]=a&exclude[][b]=c"])
def test_what_is_to_stay_must_be_readable_or_nothing_goes(client: Client, query: str) -> None:
    on_branch(client, "b", "1")
    assert client.delete(f"{C}/branches?{query}").status == 400
    assert head(client, "b") == "1"


def test_branches_are_listed_in_pages_those_made_last_first(client: Client) -> None:
    for number in range(103):
        on_branch(client, f"b{number}", "1")
    found = client.get(f"{C}/branches").json
    assert found["page"] == {"number": 1, "size": 100, "totalElements": 103, "totalPages": 2}
    assert [each["name"] for each in found["_embedded"]["branches"]][:2] == ["b102", "b101"]
    second = client.get(found["_links"]["next"]["href"]).json
    assert [each["name"] for each in second["_links"]["pb:branches"]] == ["b2", "b1", "b0"]


@pytest.mark.parametrize(
    ("asked", "found"), [("FEAT", ["feat_ä", "feat%"]), ("_", ["feat_ä"]), ("%C3%84", ["feat_ä"])]
)
def test_branches_are_searched_for_as_they_are_written(client: Client, asked: str, found: list[str]) -> None:
    for name in ("main", "feat%25", "feat_%C3%A4"):
        on_branch(client, name, "1")
    page = client.get(f"{C}/branches?q={asked}&size=5").json
    assert [each["name"] for each in page["_embedded"]["branches"]] == found
    assert page["page"]["totalElements"] == len(found)


@pytest.mark.parametrize("name", ["develop", "main", "master"])
def test_a_first_branch_with_the_usual_name_is_the_main_branch(client: Client, name: str) -> None:
    on_branch(client, "feat", "0")
    assert "mainBranch" not in client.get(C).json
    on_branch(client, name, "1")
    on_branch(client, "main", "2")
    assert client.get(C).json["mainBranch"] == name


def test_a_tag_with_the_usual_name_tells_the_main_branch_too(client: Client) -> None:
    on_branch(client, "feat", "1")
    tag(client, "1", "master")
    assert client.get(C).json["mainBranch"] == "master"
    assert branches_of(client, "1") == {"feat": True}


def test_tagging_makes_what_is_not_known_and_is_told_once(client: Client) -> None:
    made = tag(client, "1", "prod%2Fx")
    assert (made.status, made.json["name"]) == (201, "prod/x")
    again = tag(client, "1", "prod%2Fx")
    assert (again.status, again.json) == (200, made.json)
    assert client.get(made.headers["location"]).json == made.json


def test_d6_a_tag_may_hold_quotes_and_sql_and_is_deleted_alone(client: Client) -> None:
    for number in ("1", "2"):
        for name in ("o'brien", "x' OR '1'='1", 'say "no"; DROP TABLE tags'):
            encoded = name.replace("'", "%27").replace(" ", "%20").replace('"', "%22").replace(";", "%3B")
            assert tag(client, number, encoded).status == 201
    assert client.delete(f"{C}/versions/1/tags/o'brien").status == 204
    assert client.delete(f"{C}/versions/1/tags/x'%20OR%20'1'%3D'1").status == 204
    tags = [[t["name"] for t in client.get(f"{C}/versions/{n}").json["_embedded"]["tags"]] for n in "12"]
    assert [len(each) for each in tags] == [1, 3]
    assert client.delete(f"{C}/versions/1/tags/o'brien").status == 404


def test_the_first_tag_of_a_new_version_is_its_branch_and_the_second_is_not(client: Client) -> None:
    tag(client, "1", "dev")
    tag(client, "1", "test")
    assert branches_of(client, "1") == {"dev": True}
    on_branch(client, "main", "2")
    tag(client, "2", "dev")
    assert branches_of(client, "2") == {"main": True}


def test_a_further_tag_is_no_branch_even_where_the_branch_is_gone(client: Client) -> None:
    tag(client, "1", "dev")
    client.delete(f"{C}/branches/dev")
    tag(client, "1", "test")
    assert branches_of(client, "1") == {}


def test_a_tag_for_a_version_older_than_ten_seconds_is_only_a_tag(client: Client, database: Database) -> None:
    client.put(f"{C}/versions/1", {})
    with database.writing() as db:
        db.execute(sa.text("UPDATE versions SET created_at = '2026-01-01T00:00:00.000+00:00'"))
    tag(client, "1", "dev")
    assert branches_of(client, "1") == {}


@pytest.mark.parametrize(
    "settings",
    [BrokerSettings(use_first_tag_as_branch=False, detect_main_branch=False, deployments_for_tags=False)],
)
def test_what_tags_do_besides_can_be_switched_off(client: Client) -> None:
    place = client.post("/environments", {"name": "main", "production": True}).json["uuid"]
    tag(client, "1", "main")
    on_branch(client, "main", "2")
    assert branches_of(client, "1") == {}
    assert "mainBranch" not in client.get(C).json
    assert deployed(client, place) == []


def deployed(client: Client, place: str, query: str = "") -> list[tuple[str, str | None]]:
    found = client.get(f"/environments/{place}/deployed-versions/currently-deployed{query}").json
    return [
        (each["_embedded"]["version"]["number"], each.get("applicationInstance"))
        for each in found["_embedded"]["deployedVersions"]
    ]


def test_a_tag_called_like_an_environment_records_a_deployment_there(client: Client) -> None:
    place = client.post("/environments", {"name": "prod", "production": True}).json["uuid"]
    tag(client, "1", "prod")
    assert deployed(client, place) == [("1", None)]
    tag(client, "2", "prod")
    assert deployed(client, place) == [("2", None)]
    tag(client, "1", "prod")
    assert deployed(client, place) == [("1", None)], "saying it again deploys again"
    client.delete(f"{C}/versions/1/tags/prod")
    assert deployed(client, place) == [("1", None)]


def test_a_tag_deploys_no_version_that_is_there_already_on_some_instance(client: Client) -> None:
    place = client.post("/environments", {"name": "prod", "production": True}).json["uuid"]
    client.put(f"{C}/versions/1", {})
    client.post(f"{C}/versions/1/deployed-versions/environment/{place}", {"applicationInstance": "blue"})
    tag(client, "1", "prod")
    assert deployed(client, place) == [("1", "blue")]


def test_a_tag_called_like_an_environment_that_nobody_made_deploys_nothing(client: Client) -> None:
    tag(client, "1", "production")
    assert client.get("/environments").json["_embedded"]["environments"] == []
    assert client.get(f"{C}/versions/1").links["pb:deployed-environments"] == []
