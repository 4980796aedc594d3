"""What the original answers where clients read it: lists, deletions, results, notices, names, a page."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from broker_client import Client, Reply
from broker_histories import pact

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.contracts.pact_reader import pact_key
from harness.ledger.db.database import Database
from harness.web.pages import Pages

PAIR = "/pacts/provider/p/consumer/c"
RESULTS = f"{PAIR}/pact-version/{pact_key(pact('c', 'p', 0))}/verification-results"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


def publish(client: Client, number: str, *, merge: bool = False, **told: Any) -> Reply:
    contract = {
        "consumerName": "c",
        "providerName": "p",
        "content": base64.b64encode(json.dumps(pact("c", "p", 0)).encode()).decode(),
        "contentType": "application/json",
        "specification": "pact",
        **({"onConflict": "merge"} if merge else {}),
    }
    body = {"pacticipantName": "c", "pacticipantVersionNumber": number, "contracts": [contract], **told}
    return client.post("/contracts/publish", body)


@pytest.fixture
def told(client: Client) -> Client:
    """Two versions with one content, the first tagged; three results of provider version 9."""
    publish(client, "1", branch="main", tags=["dev"])
    publish(client, "2", branch="feat")
    for success in (True, False, True):
        client.post(RESULTS, {"success": success, "providerApplicationVersion": "9"})
    return client


def successes(reply: Reply) -> list[bool | None]:
    results = [row["verificationResult"] for row in reply.json["matrix"]]
    return [result and result["success"] for result in results]


@pytest.mark.parametrize(
    "path", ["/matrix?q[][pacticipant]=c&q[][pacticipant]=p", "/matrix/provider/p/consumer/c"]
)
def test_without_latestby_every_result_is_listed_newest_first(told: Client, path: str) -> None:
    assert successes(told.get(path)) == [True, False, True, True, False, True]
    more = "&" if "?" in path else "?"
    assert successes(told.get(f"{path}{more}latestby=cvpv")) == [True, True]
    assert successes(told.get(f"{path}{more}limit=3")) == [True, False, True]
    assert successes(told.get(f"{path}{more}success[]=false")) == [False, False]
    # What is listed decides nothing.
    assert told.get(path).json["summary"]["deployable"] is True


def test_a_matrix_is_a_page_for_people(told: Client, database: Database) -> None:
    settings = BrokerSettings()
    browser = Client(app=broker(database, settings, pages=Pages(database=database, settings=settings)))
    asked = "/matrix?q[][pacticipant]=c&q[][version]=1&q[][pacticipant]=p&latestby=cvp"
    page = browser.get(asked, accept=BROWSER)
    assert (page.status, page.headers["content-type"]) == (200, "text/html;charset=utf-8")
    assert "c 1" in page.text
    assert "passed" in page.text
    assert told.get(asked).json["summary"]["deployable"] is True
    refused = browser.get("/matrix?q[][pacticipant]=%3Cb%3E", accept=BROWSER)
    assert (refused.status, "&lt;b&gt;" in refused.text) == (200, True)
    assert browser.get("/matrix", accept=BROWSER).status == 200


@pytest.mark.parametrize("which", ["latest", "latest/dev", "version/1", "version/2"])
def test_a_result_is_named_after_the_newest_version_with_its_content(told: Client, which: str) -> None:
    shown = told.get(f"{PAIR}/{which}/verification-results/latest").json
    assert shown["_links"]["self"]["name"].endswith("for Pact between c (2) and p")


def test_the_list_of_all_versions_has_the_relations_of_the_original(told: Client) -> None:
    links = told.get(f"{PAIR}/versions").json["_links"]
    assert links.keys() == {"self", "consumer", "provider", "pact-versions", "pb:pacts"}
    assert (links["consumer"]["title"], links["provider"]["title"]) == ("c", "p")
    assert [each["title"].partition(" - ")[0] for each in links["pact-versions"]] == ["Version 2", "Version 1"]
    assert {"pb:consumer", "pb:provider", "pb:pact-versions"} <= told.get(f"{PAIR}/tag/dev").json["_links"].keys()


@pytest.mark.parametrize("what", ["tag/dev", "branch/main", "branch/versions", "branch/feat/latest/versions"])
def test_deleting_many_says_where_to_go_on(told: Client, what: str) -> None:
    gone = told.delete(f"{PAIR}/{what}")
    assert gone.status == 200
    assert gone.json["_links"]["index"]["href"] == "http://broker.test"
    assert gone.json["_links"]["pb:latest-pact-version"]["href"].endswith(f"{PAIR}/latest")
    assert told.delete(f"{PAIR}/versions").status == 204


def test_the_head_of_a_branch_may_be_another_a_moment_later(told: Client) -> None:
    told.post("/environments", {"name": "prod", "displayName": "Prod", "production": True})
    where = "/pacticipants/c/branches/main/latest-version/can-i-deploy/to-environment/prod"
    notices = told.get(where).json["notices"]
    assert notices[0]["type"] == "warning"
    assert "specify the version number" in notices[0]["text"]


def test_who_merges_is_told_of_a_merge(told: Client) -> None:
    texts = [each["text"] for each in publish(told, "1", merge=True).json["notices"]]
    assert "Pact content merged with existing content for c version 1 and provider p" in texts
    assert any("no content changes" in each["text"] for each in publish(told, "1").json["notices"])


@pytest.mark.parametrize("field", ["branch", "buildUrl", "tags"])
@pytest.mark.parametrize("sign", ["\n", "\r"])
def test_what_has_several_lines_is_refused_before_anything_is_kept(client: Client, field: str, sign: str) -> None:
    text = f"http://a{sign}b"
    told: dict[str, Any] = {field: [text] if field == "tags" else text}
    refused = publish(client, "1", **told)
    assert refused.status == 400
    assert "cannot contain multiple lines" in refused.json["errors"][field][0]
    assert publish(client, f"1{sign}2").status == 400
    assert client.get("/pacticipants/c").status == 404


def test_a_version_of_blanks_is_refused(client: Client) -> None:
    refused = client.put(f"{PAIR}/version/%20", pact("c", "p", 0))
    assert (refused.status, "is blank" in refused.text) == (400, True)


def test_what_nobody_knows_leaves_its_rows_open(told: Client) -> None:
    uuid = told.post("/environments", {"name": "prod", "displayName": "P", "production": True}).json["uuid"]
    told.post(f"/pacticipants/c/versions/1/deployed-versions/environment/{uuid}", {})
    summary = told.get("/can-i-deploy?pacticipant=p&version=12&environment=prod").json["summary"]
    assert (summary["deployable"], summary["unknown"]) == (False, 1)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "[1, 2e999]"])
def test_a_number_that_could_not_be_given_back_is_refused(client: Client, number: str) -> None:
    text = json.dumps(pact("c", "p", 0)).replace('"status": 200', f'"status": 200, "body": {number}')
    assert number in text
    refused = client.send("PUT", f"{PAIR}/version/1", text.encode(), media="application/json")
    assert (refused.status, "larger than any" in refused.text) == (400, True)
    kept = text.replace(number, "1e300")
    assert client.send("PUT", f"{PAIR}/version/1", kept.encode(), media="application/json").status == 201


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_another_site_can_send_unasked_tells_nobody(client: Client, media: str) -> None:
    hook = {
        "events": [{"name": "contract_published"}],
        "request": {"method": "POST", "url": "https://example.org/x"},
    }
    refused = client.send("POST", "/webhooks/execute", json.dumps(hook).encode(), media=media)
    assert (refused.status, refused.content) == (415, b"")
    # Told of the type before anything is looked at: a body that is wrong would be told first, had it been read.
    assert client.send("POST", "/webhooks/execute", b"{", media=media).status == 415
