"""What verifiers publish, and what they are given, held against BROKER-API 3.2, 4.4, 4.10, 8, 9, 17 and 24."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from broker_client import Client, Reply
from broker_histories import pact

from harness.broker.http.metadata import Metadata, encode
from harness.contracts.pact_reader import pact_key
from harness.ledger.db.database import Database
from harness.ledger.served_pact import interaction_id
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause, Verdict

PAIR = "/pacts/provider/p/consumer/c"


def two_interactions(consumer: str = "c") -> dict[str, Any]:
    document = pact(consumer, "p", 0)
    document["interactions"] += pact(consumer, "p", 1)["interactions"]
    document["interactions"][1]["providerState"] = "there is one"
    return document


def publish(client: Client, document: dict[str, Any], number: str = "1") -> str:
    """Where the content's results go."""
    who = document["consumer"]["name"]
    assert client.put(f"/pacts/provider/p/consumer/{who}/version/{number}", document).status in (200, 201)
    return f"/pacts/provider/p/consumer/{who}/pact-version/{pact_key(document)}"


def verify(client: Client, content: str, number: str = "7", **more: Any) -> Reply:
    body = {"success": True, "providerApplicationVersion": number, **more}
    return client.post(f"{content}/verification-results", body)


def ask(client: Client, body: dict[str, Any]) -> list[Any]:
    told = client.post("/pacts/provider/p/for-verification", body)
    assert told.status == 200, told.text
    return list(told.json["_embedded"]["pacts"])


def deployable(client: Client) -> Any:
    told = client.get("/matrix?q[][pacticipant]=c&q[][version]=1&q[][pacticipant]=p&q[][version]=7")
    return told.json["summary"]["deployable"]


def test_a_result_is_told_as_it_was_published(client: Client) -> None:
    content = publish(client, two_interactions())
    by = {
        "implementation": "V",
        "version": "1",
        "clientLanguage": {"name": "py", "testFramework": "t", "version": "2"},
    }
    made = verify(client, content, buildUrl="http://ci/1", testResults={"tests": [1]}, verifiedBy=by)
    assert made.status == 201
    where = made.links["self"]["href"]
    assert made.headers["location"] == where
    assert made.json["verifiedBy"] == {
        "implementation": "V",
        "version": "1",
        "client_implementation": "py",
        "client_test_framework": "t",
        "client_version": "2",
    }
    assert (made.json["buildUrl"], made.json["testResults"]) == ("http://ci/1", {"tests": [1]})
    for other in (
        where,
        f"{content}/verification-results/latest",
        f"{PAIR}/version/1/verification-results/latest",
    ):
        assert client.get(other).json == made.json


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"success": ["is missing"], "providerApplicationVersion": ["is missing"]}),
        ({"success": "yes", "providerApplicationVersion": "1"}, {"success": ["must be boolean"]}),
        ({"success": None, "providerApplicationVersion": "1"}, {"success": ["must be boolean"]}),
        ({"success": True, "providerApplicationVersion": 1}, {"providerApplicationVersion": ["must be a string"]}),
        (
            {"success": True, "providerApplicationVersion": "1", "verifiedBy": 1},
            {"verifiedBy": ["must be a hash"]},
        ),
    ],
)
def test_a_result_that_says_too_little_is_refused(client: Client, body: Any, errors: Any) -> None:
    content = publish(client, two_interactions())
    refused = client.post(f"{content}/verification-results", body)
    assert (refused.status, refused.json) == (400, {"errors": errors})
    assert client.get(f"{content}/verification-results/latest").status == 404


def test_nobody_verifies_what_nobody_published(client: Client) -> None:
    content = publish(client, two_interactions())
    assert verify(client, content[:-1] + "x").status == 404
    for number in ("0", "999999", "x", "-1", "9" * 40, "%C2%B2"):
        assert client.get(f"{content}/verification-results/{number}").status == 404


def test_a_result_is_not_found_under_another_content(client: Client) -> None:
    content, other = publish(client, two_interactions()), publish(client, pact("d", "p", 0))
    number = verify(client, content).links["self"]["href"].rpartition("/")[2]
    assert client.get(f"{other}/verification-results/{number}").status == 404
    assert client.delete(f"{other}/verification-results/{number}").status == 404
    assert client.get(f"{content}/verification-results/{number}").status == 200


def test_a_deleted_result_is_no_evidence_any_more(client: Client, database: Database) -> None:
    content = publish(client, two_interactions())
    made = verify(client, content)
    assert deployable(client) is True
    assert len(SqlLedger(database).facts().evidence) == 1
    assert client.delete(made.headers["location"]).status == 204
    assert deployable(client) is None
    (left,) = SqlLedger(database).facts().evidence  # that there was one: nothing that came before it comes back
    assert (left.verdict, left.cause, left.decisive) == (Verdict.UNKNOWN, Cause.DELETED, False)
    assert client.delete(made.headers["location"]).status == 404


def test_the_harness_sees_the_results_of_others(client: Client, database: Database) -> None:
    content = publish(client, two_interactions())
    verify(client, content, success=False)
    (seen,) = SqlLedger(database).facts().evidence
    assert (seen.consumer, seen.provider.pacticipant, seen.provider.number) == ("c", "p", "7")
    assert (seen.verdict, seen.promised, seen.exercised, seen.complete) == (Verdict.FAILED, 2, 2, True)


_IDS = [interaction_id(each) for each in two_interactions()["interactions"]]


@pytest.mark.parametrize(
    ("results", "yes"),
    [
        (None, True),
        ({"tests": []}, True),
        ("all fine", True),
        ([{"interactionId": each, "success": True} for each in _IDS], True),
        ([{"interactionId": _IDS[0], "success": True}], None),
        ([{"interactionId": each, "success": each == _IDS[0]} for each in _IDS], None),
        ([{"interactionId": "of another pact"}], None),
        ([], None),
        ([{"interactionDescription": "reads 0"}], None),
        (
            [
                {"interactionDescription": "reads 0", "interactionProviderState": None},
                {"interactionDescription": "reads 1", "interactionProviderState": "there is one"},
            ],
            True,
        ),
        ([{"interactionDescription": "reads 0"}, {"interactionDescription": "reads 1"}], None),
        ([{"success": True}], True),
    ],
)
def test_d12_no_yes_rests_on_a_success_that_leaves_interactions_out(
    client: Client, results: Any, yes: bool | None
) -> None:
    content = publish(client, two_interactions())
    told = {} if results is None else {"testResults": results}
    assert verify(client, content, **told).json["success"] is True
    assert deployable(client) is yes


def test_a_pact_is_still_pending_after_a_success_that_leaves_interactions_out(client: Client) -> None:
    content = publish(client, two_interactions())
    client.put("/pacticipants/p/branches/main/versions/7", {})
    body = {"providerVersionBranch": "main", "consumerVersionSelectors": [{"latest": True}]}
    verify(client, content, testResults=[{"interactionId": _IDS[0]}])
    assert ask(client, body)[0]["verificationProperties"]["pending"] is True
    verify(client, content, testResults=[{"interactionId": each} for each in _IDS])
    assert ask(client, body)[0]["verificationProperties"]["pending"] is False


def test_each_version_has_the_newest_result_of_each_of_its_pacts(client: Client) -> None:
    content = publish(client, two_interactions())
    other = pact("c", "q", 0)
    client.put("/pacts/provider/q/consumer/c/version/1", other)
    verify(client, content, success=False)
    told = client.get("/verification-results/consumer/c/version/1/latest").json
    assert told["success"] is False
    assert told["providerSummary"] == {"successful": [], "failed": ["p"], "unknown": ["q"]}
    verify(client, content)
    assert client.get("/verification-results/consumer/c/version/1/latest").json["success"] is False  # q is unknown
    client.post(
        f"/pacts/provider/q/consumer/c/pact-version/{pact_key(other)}/verification-results",
        {"success": True, "providerApplicationVersion": "1"},
    )
    told = client.get("/verification-results/consumer/c/version/1/latest").json
    assert (told["success"], told["providerSummary"]["successful"]) == (True, ["p", "q"])
    assert [each["providerName"] for each in told["_embedded"]["verificationResults"]] == ["p", "q"]
    assert client.get("/verification-results/consumer/c/version/x/latest").status == 404


def test_d5_each_consumer_without_a_pact_falls_back_for_itself(client: Client) -> None:
    for who, branch in (("c", "feat"), ("c", "main"), ("d", "main"), ("e", "other")):
        number = f"1-{branch}"
        publish(client, pact(who, "p", 0), number)
        client.put(f"/pacticipants/{who}/branches/{branch}/versions/{number}", {})
        client.put(f"/pacticipants/{who}/versions/{number}/tags/{branch}", {})
    by_branch = ask(client, {"consumerVersionSelectors": [{"branch": "feat", "fallbackBranch": "main"}]})
    by_tag = ask(client, {"consumerVersionSelectors": [{"tag": "feat", "latest": True, "fallbackTag": "main"}]})
    assert [each["shortDescription"] for each in by_branch] == [
        "latest from branch feat",
        "latest from branch main",
    ]
    assert [each["shortDescription"] for each in by_tag] == ["latest with tag feat", "latest with tag main"]
    (notice, *_) = by_branch[1]["verificationProperties"]["notices"]
    assert "(fallback branch used as no pact was found from branch 'feat')" in notice["text"]


def test_one_content_live_in_two_instances_is_told_once(client: Client) -> None:
    place = client.post("/environments", {"name": "prod", "production": True}).json["uuid"]
    for number, slot in (("1", "blue"), ("2", "green")):
        publish(client, pact("c", "p", 0), number)
        here = f"/pacticipants/c/versions/{number}/deployed-versions/environment/{place}"
        client.post(here, {"applicationInstance": slot})
    (told,) = ask(client, {"consumerVersionSelectors": [{"deployed": True}]})
    assert told["shortDescription"] == "deployed to prod"
    assert told["_links"]["self"]["name"] == "Pact between c (2) and p"
    text = told["verificationProperties"]["notices"][0]["text"]
    assert "currently deployed to prod (2) and prod (1)" in text or "prod (1) and prod (2)" in text


def test_a_name_with_a_comma_stays_one_reason(client: Client) -> None:
    publish(client, pact("c", "p", 0))
    client.put("/pacticipants/c/branches/x%2C%20x/versions/1", {})
    (told,) = ask(client, {"consumerVersionSelectors": [{"branch": "x, x"}]})
    assert told["shortDescription"] == "latest from branch x, x"


def test_a_result_of_work_in_progress_leaves_it_in_progress(client: Client) -> None:
    content = publish(client, pact("c", "p", 0))
    client.put("/pacticipants/c/branches/feat/versions/1", {})
    client.put("/pacticipants/p/branches/main/versions/7", {})
    only_wip = {
        "providerVersionBranch": "main",
        "includeWipPactsSince": "2020-01-01",
        "consumerVersionSelectors": [{"tag": "none", "latest": True}],
    }
    (told,) = ask(client, only_wip)
    assert (told["verificationProperties"]["wip"], told["shortDescription"]) == (True, "latest from branch feat")
    url = told["_links"]["self"]["href"]
    assert (
        client.post(f"{url}/verification-results", {"success": True, "providerApplicationVersion": "7"}).status
        == 201
    )
    assert len(ask(client, only_wip)) == 1
    (hidden,) = ask(client, {**only_wip, "includePendingStatus": False})
    assert "pending" not in hidden["verificationProperties"]  # 24.1
    verify(client, content)
    assert ask(client, only_wip) == []


def test_what_a_link_remembers_may_be_garbage(client: Client) -> None:
    content = publish(client, pact("c", "p", 0))
    for remembered in ("x", "%2F", "a" * 300, "_" * 7, encode(Metadata(number="никто", row=10**14))):
        body = {"success": True, "providerApplicationVersion": "7"}
        assert client.post(f"{content}/metadata/{remembered}/verification-results", body).status == 201


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({}, "must specify a value for environment or tag or branch, or specify mainBranch=true"),
        ({"tag": True}, "tag must be a string"),
        ({"branch": "b", "tag": "t"}, "cannot specify both a tag and a branch"),
        ({"mainBranch": True, "latest": False}, "cannot specify mainBranch=true with latest=false"),
        (
            {"mainBranch": True, "tag": "t"},
            "cannot specify mainBranch=true with any other criteria apart from consumer",
        ),
        (
            {"matchingBranch": True},
            "the providerVersionBranch must be specified when the selector matchingBranch=true",
        ),
        ({"fallbackTag": "t", "latest": True}, "a tag must be specified when a fallbackTag is specified"),
        ({"tag": "a", "fallbackTag": "t"}, "fallbackTag can only be set if latest is true"),
        ({"latest": True, "fallbackBranch": "t"}, "a branch must be specified when a fallbackBranch is specified"),
        ({"branch": "b", "latest": False}, "cannot specify a branch with latest=false"),
        ({"deployed": True, "released": True}, "cannot specify both deployed=true and released=true"),
        (
            {"tag": "t", "latest": True, "environment": "test"},
            "cannot specify the fields tag/latest with the field",
        ),
        ({"environment": "nowhere"}, "environment with name 'nowhere' does not exist"),
        ("all", "must be a hash"),
        ({"branch": ["x"]}, "branch must be a string"),
        ({"latest": "true"}, "latest must be one of: true, false"),
    ],
)
def test_what_is_wrong_with_a_selector_is_said_with_its_place(client: Client, selector: Any, text: str) -> None:
    publish(client, pact("c", "p", 0))
    client.post("/environments", {"name": "test", "production": False})
    refused = client.post(
        "/pacts/provider/p/for-verification", {"consumerVersionSelectors": [{"latest": True}, selector]}
    )
    assert refused.status == 400
    (told,) = refused.json["errors"]["consumerVersionSelectors"]
    assert told.startswith(text)
    assert told.endswith("(at index 1)")


@pytest.mark.parametrize(
    "body",
    [
        {"consumerVersionSelectors": {"latest": True}},
        {"providerVersionBranch": ["main"]},
        {"providerVersionTags": "main"},
        {"includePendingStatus": None},
        {"includePendingStatus": "true"},
        {"includeWipPactsSince": "soon"},
        {"includeWipPactsSince": ["2020-01-01"]},
        {"providerVersionBranch": ""},
    ],
)
def test_what_cannot_be_meant_is_refused(client: Client, body: Any) -> None:
    publish(client, pact("c", "p", 0))
    refused = client.post("/pacts/provider/p/for-verification", body)
    assert (refused.status, list(refused.json["errors"])) == (400, list(body))


def test_nothing_is_to_be_verified_by_a_provider_that_nobody_knows(client: Client) -> None:
    for told in (
        client.get("/pacts/provider/x/for-verification"),
        client.post("/pacts/provider/x/for-verification", {}),
    ):
        assert (told.status, told.json) == (404, {"error": "No provider with name 'x' found"})


def test_asking_for_pacts_takes_no_more_statements_for_many_consumers(client: Client, database: Database) -> None:
    asked: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    bodies: list[dict[str, Any]] = [
        {},
        {"consumerVersionSelectors": [{"mainBranch": True}, {"branch": True}, {"deployedOrReleased": True}]},
        {
            "consumerVersionSelectors": [{"tag": "x"}],
            "providerVersionBranch": "main",
            "includeWipPactsSince": "2020-01-01",
        },
    ]
    counted: list[list[int]] = []
    for names in (["c"], ["d", "e", "f", "g"]):
        for name in names:
            publish(client, pact(name, "p", 0))
            client.put(f"/pacticipants/{name}/branches/main/versions/1", {})
        counts = []
        for body in bodies:
            asked.clear()
            ask(client, body)
            counts.append(len(asked))
        counted.append(counts)
    assert counted[0] == counted[1]
