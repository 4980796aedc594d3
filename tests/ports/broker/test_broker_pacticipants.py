"""The pacticipants of the API and their labels: BROKER-API 3.3 and 4.5."""

from __future__ import annotations

from typing import Any

import pytest
from broker_client import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from law_examples import examples

from harness.broker.http.hal import path


def make(client: Client, name: str, **more: object) -> Any:
    made = client.post("/pacticipants", {"name": name, **more})
    assert made.status == 201, made.text
    return made.json


def names(client: Client, query: str = "") -> list[str]:
    found = client.get(f"/pacticipants{query}").json
    listed = [each["name"] for each in found["_embedded"]["pacticipants"]]
    assert [each["name"] for each in found["pacticipants"]] == listed, "old clients read the other list"
    assert [each["name"] for each in found["_links"]["pb:pacticipants"]] == listed
    return listed


DETAILS = {
    "displayName": "The Foo",
    "mainBranch": "trunk",
    "repositoryUrl": "http://git/foo",
    "repositoryName": "foo",
    "repositoryNamespace": "org",
}


def test_a_pacticipant_is_made_with_what_is_said_of_it(client: Client) -> None:
    made = make(client, "Foo", **DETAILS)
    found = client.get("/pacticipants/Foo").json
    assert {name: found[name] for name in DETAILS} == DETAILS
    assert {**made["_links"], "pb:deployed-environments": []} == found["_links"]
    assert "updatedAt" not in found


def test_d7_the_place_of_a_new_pacticipant_is_spelled_right(client: Client) -> None:
    made = client.post("/pacticipants", {"name": "a/b ü"})
    assert made.headers["location"] == "http://broker.test/pacticipants/a%2Fb%20%C3%BC"
    assert client.get(made.headers["location"]).json["name"] == "a/b ü"


def test_d7_pages_keep_what_was_searched_for(client: Client) -> None:
    for name in ("Foo 1", "Foo 2", "Bar"):
        make(client, name)
    first = client.get("/pacticipants?q=foo&pageSize=1")
    following = first.links["next"]["href"]
    assert following.startswith("http://broker.test/pacticipants?")
    second = client.get(following).json
    assert [each["name"] for each in second["_embedded"]["pacticipants"]] == ["Foo 2"]
    assert second["page"] == {"number": 2, "size": 1, "totalElements": 2, "totalPages": 2}
    assert "next" not in second["_links"]


@pytest.mark.parametrize("body", [[], "x", 3, None])
def test_d7_a_body_that_is_no_object_is_told_so(client: Client, body: object) -> None:
    for send, where in ((client.post, "/pacticipants"), (client.put, "/pacticipants/Foo")):
        refused = send(where, b"null" if body is None else body)
        assert refused.status == 400
        assert "error" in refused.json


def test_one_that_is_known_stays_as_it_is_when_it_is_made_again(client: Client) -> None:
    make(client, "Foo", **DETAILS)
    again = make(client, "Foo")
    assert {name: again[name] for name in DETAILS} == DETAILS
    assert "updatedAt" not in again


def test_describing_anew_clears_what_is_left_out(client: Client) -> None:
    make(client, "my-cool_APIService v2", **DETAILS)
    changed = client.put("/pacticipants/my-cool_APIService%20v2", {"repositoryUrl": "http://git/2"}).json
    assert changed["displayName"] == "My Cool API Service V2"
    assert changed["repositoryUrl"] == "http://git/2"
    assert not {"mainBranch", "repositoryName", "repositoryNamespace"} & set(changed)
    assert "updatedAt" in changed


def test_changing_keeps_what_is_left_out_and_clears_what_is_null(client: Client) -> None:
    make(client, "Foo", **DETAILS)
    for media in ("application/json", "application/merge-patch+json"):
        changed = client.patch("/pacticipants/Foo", {"mainBranch": None, "other": 1}, media=media)
        assert changed.status == 200
        assert "mainBranch" not in changed.json
        assert changed.json["displayName"] == "The Foo"


def test_changing_one_that_is_not_known_makes_it_and_replacing_does_not(client: Client) -> None:
    refused = client.put("/pacticipants/New", {"displayName": "N"})
    assert (refused.status, refused.json) == (404, {"error": "No pacticipant with name 'New' found"})
    made = client.patch("/pacticipants/New", {"displayName": "N"})
    assert (made.status, made.headers["location"]) == (201, "http://broker.test/pacticipants/New")
    assert client.get("/pacticipants/New").json["displayName"] == "N"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"name": ["is missing"]}),
        ({"name": None}, {"name": ["must be filled"]}),
        ({"name": " "}, {"name": ["must be filled"]}),
        ({"name": 3}, {"name": ["must be a string"]}),
        ({"name": "a\nb"}, {"name": ["cannot contain multiple lines"]}),
        ({"name": "a\0b"}, {"name": ["holds a character that is none"]}),
        ({"name": "a", "mainBranch": "has space"}, {"mainBranch": ["cannot contain spaces"]}),
        ({"name": "a", "displayName": ["x"]}, {"displayName": ["must be a string"]}),
        ({"name": "a", "repositoryUrl": "\ud800"}, {"repositoryUrl": ["holds a character that is none"]}),
    ],
)
def test_what_cannot_be_a_pacticipant_is_told_field_by_field(client: Client, body: object, errors: object) -> None:
    refused = client.post("/pacticipants", body)
    assert (refused.status, refused.json) == (400, {"errors": errors})
    assert names(client) == []


def test_a_name_of_501_characters_is_refused_and_one_of_500_is_kept(client: Client) -> None:
    assert client.post("/pacticipants", {"name": "n" * 501}).status == 400
    assert client.patch(f"/pacticipants/{'n' * 501}", {}).status == 422
    make(client, "n" * 500)
    assert client.get(f"/pacticipants/{'n' * 500}").status == 200


def test_pacticipants_are_listed_by_name_whatever_the_case_and_the_alphabet(client: Client) -> None:
    for name in ("b", "Éa", "C-1", "a b", "C 2", "ab", "A", "éb"):
        make(client, name)
    assert names(client) == ["A", "a b", "ab", "b", "C 2", "C-1", "Éa", "éb"]
    assert names(client, "?page=2&size=3") == ["b", "C 2", "C-1"]
    assert names(client, "?pageNumber=9&pageSize=3") == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("FOO", ["foo_1", "fooÄ"]),
        ("_", ["foo_1"]),
        ("%25", ["50%"]),
        ("%C3%A4", ["fooÄ"]),
        ("'", ["o'brien"]),
        ("%5C", ["back\\slash"]),
        ("", ["50%", "back\\slash", "fooÄ", "foo_1", "o'brien"]),
        ("nothing", []),
    ],
)
def test_names_are_searched_for_as_they_are_written(client: Client, asked: str, found: list[str]) -> None:
    for name in ("foo_1", "50%", "fooÄ", "o'brien", "back\\slash"):
        make(client, name)
    assert sorted(names(client, f"?q={asked}")) == sorted(found)


@pytest.mark.parametrize("query", ["page=0", "size=0", "pageNumber=x", "pageSize=-1", "page=1.5"])
def test_a_page_that_is_none_is_refused(client: Client, query: str) -> None:
    for where in ("/pacticipants", "/labels", "/pacticipants/label/x"):
        refused = client.get(f"{where}?{query}")
        assert refused.status == 400
        assert list(refused.json["errors"]) == [query.partition("=")[0]]


def test_a_pacticipant_tells_its_newest_version(client: Client) -> None:
    for number in ("2", "1"):
        client.put(f"/pacticipants/Foo/versions/{number}", {})
    found = client.get("/pacticipants/Foo").json["_embedded"]
    assert found["latestVersion"]["number"] == "1"
    assert found["latest-version"]["number"] == "1"
    assert client.get("/pacticipants").json["pacticipants"][0]["_embedded"] == found


def test_labels_are_given_found_and_taken_away(client: Client) -> None:
    make(client, "Foo")
    assert client.put("/pacticipants/Foo/labels/ios", {}).status == 201
    assert client.put("/pacticipants/Foo/labels/ios", {}).status == 200
    made = client.put("/pacticipants/New/labels/a%2Fb", {})
    assert (made.status, made.json["name"]) == (201, "a/b")
    assert client.get(made.headers["location"]).json == made.json
    assert [each["name"] for each in client.get("/labels").json["_embedded"]["labels"]] == ["a/b", "ios"]
    labelled = client.get("/pacticipants/label/ios").json
    assert [each["name"] for each in labelled["_embedded"]["pacticipants"]] == ["Foo"]
    assert "pacticipants" not in labelled
    assert client.delete("/pacticipants/Foo/labels/ios").status == 204
    assert client.delete("/pacticipants/Foo/labels/ios").status == 404
    assert client.get("/pacticipants/label/ios").json["_embedded"]["pacticipants"] == []


def test_labels_come_in_pages_when_asked(client: Client) -> None:
    for label in ("c", "B", "a"):
        client.put(f"/pacticipants/Foo/labels/{label}", {})
    found = client.get("/labels?size=2").json
    assert [each["name"] for each in found["_embedded"]["labels"]] == ["B", "a"]
    assert found["page"]["totalElements"] == 3
    assert found["_links"]["next"]["href"] == "http://broker.test/labels?size=2&page=2"


def test_what_is_missing_is_404(client: Client) -> None:
    make(client, "Foo")
    named = "No pacticipant with name 'Nope' found"
    for where in ("", "/versions", "/branches", "/tags/x/versions"):
        assert client.get(f"/pacticipants/Nope{where}").json == {"error": named}
    for where in (
        "labels/x",
        "versions/1",
        "branches/b",
        "latest-version",
        "latest-version/t",
        "branches/b/versions",
    ):
        assert client.get(f"/pacticipants/Foo/{where}").status == 404
        assert client.get(f"/pacticipants/Nope/{where}").status == 404
    assert client.delete("/pacticipants/Nope").json == {"error": named}


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(12), deadline=None
)
@given(name=st.text(min_size=1, max_size=40))
def test_any_name_comes_back_as_it_was_given_or_is_refused(client: Client, name: str) -> None:
    where = path("pacticipants", name) if not any("\ud800" <= c <= "\udfff" for c in name) else ""
    made = client.post("/pacticipants", {"name": name})
    assert made.status in (201, 400)
    if made.status == 201 and not set("\n\r\t\0") & set(name):
        assert client.get(made.headers["location"]).json["name"] == name
        assert made.headers["location"].endswith(where)
        label = client.put(f"{where}/labels{path(name)}", {})
        assert label.json["name"] == name
