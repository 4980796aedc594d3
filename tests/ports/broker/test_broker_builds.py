"""Builds over HTTP: our own clients say what ran, so that equal builds share results and others do not hide."""

from __future__ import annotations

from typing import Any

import pytest
from broker_client import Client
from broker_histories import pact
from test_broker_names_access import client_of

from harness.contracts.pact_reader import pact_key
from harness.ledger.db.database import Database

ONE, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def content(client: Client) -> str:
    """Where results of the pact between c 1 and p go."""
    document = pact("c", "p", 0)
    assert client.put("/pacts/provider/p/consumer/c/version/1", document).status == 201
    return f"/pacts/provider/p/consumer/c/pact-version/{pact_key(document)}/verification-results"


def built(client: Client, number: str, artifact: str, **more: Any) -> int:
    return client.post(f"/pacticipants/p/versions/{number}/builds", {"artifact": artifact, **more}).status


def verified(client: Client, content: str, number: str, *, success: bool = True, **more: Any) -> None:
    body = {"success": success, "providerApplicationVersion": number, **more}
    assert client.post(content, body).status == 201


def asked(client: Client, number: str, latestby: str = "") -> Any:
    pair = f"q[][pacticipant]=c&q[][version]=1&q[][pacticipant]=p&q[][version]={number}"
    return client.get(f"/matrix?{pair}&latestby={latestby}" if latestby else f"/matrix?{pair}").json


def test_an_unchanged_provider_is_verified_at_once(client: Client, content: str) -> None:
    """In a monorepo one commit makes a version of everybody; what did not change need not run again."""
    assert built(client, "7", ONE, runtime="docker", untraced=["dist/app.js"]) == 201
    assert built(client, "8", ONE, runtime="docker") == 201
    assert built(client, "9", OTHER) == 201
    verified(client, content, "7", build=ONE)
    assert [asked(client, number)["summary"]["deployable"] for number in "789"] == [True, True, None]
    (row,) = asked(client, "8")["matrix"]
    assert (
        client.get(row["verificationResult"]["_links"]["self"]["href"]).json["providerApplicationVersion"] == "7"
    )
    (shown,) = client.get("/pacticipants/p/versions/7/builds").json["builds"]
    assert (shown["artifact"], shown["runtime"], shown["untraced"]) == (ONE, "docker", ["dist/app.js"])


def test_what_a_foreign_client_tells_is_of_one_number(client: Client, content: str) -> None:
    built(client, "7", ONE)
    built(client, "8", ONE)
    verified(client, content, "7")
    assert asked(client, "8")["summary"]["deployable"] is None


@pytest.mark.parametrize("first", [True, False])
def test_two_builds_of_one_version_that_disagree_are_a_no_with_both(
    client: Client, content: str, first: bool
) -> None:
    verified(client, content, "7", success=first, build=ONE)
    verified(client, content, "7", success=not first, build=OTHER)
    told = asked(client, "7")
    assert told["summary"]["deployable"] is False
    assert sorted(row["verificationResult"]["success"] for row in told["matrix"]) == [False, True]
    (row,) = asked(client, "7", latestby="cvpv")["matrix"]
    assert row["verificationResult"]["success"] is False
    for text in (told["summary"]["reason"], row["disagreement"]):
        assert "results of two builds disagree" in text
        assert ONE[:12] in text
        assert OTHER[:12] in text


def test_who_may_publish_may_say_what_ran(client: Client, database: Database) -> None:
    built(client, "1", ONE)
    for role, names, status in (("read", (), 403), ("publish", ("c",), 403), ("publish", ("p",), 201)):
        assert built(client_of(database, role, *names), "7", ONE) == status, (role, names)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"artifact": ""}, {"artifact": 7}, {"artifact": "x" * 600}, {"artifact": ONE, "untraced": [7]}],
)
def test_a_build_that_is_none_is_refused(client: Client, wrong: dict[str, Any]) -> None:
    assert client.post("/pacticipants/p/versions/7/builds", wrong).status == 400
    assert client.get("/pacticipants/p/versions/7/builds").status == 404
