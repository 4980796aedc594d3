"""The client of a remote broker reads what the original was recorded to answer.

The recordings are not part of the repository: `HARNESS_SHARED=FOLDER` names where they are.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from remote_ledgers import QUICK

from harness.contracts.pact_reader import read_pact
from harness.evidence import Live
from harness.identity import Version
from harness.ledger.remote import hal, reading, results, selected
from harness.ledger.remote.site import Site, open_site
from harness.transfer.from_http import Copying
from harness.transfer.records import ArchivedWebhook
from harness.verdicts import Verdict

SHARED = os.environ.get("HARNESS_SHARED", "")
pytestmark = pytest.mark.skipif(not SHARED, reason="HARNESS_SHARED names the folder with the recordings")
SAMPLES = Path(SHARED) / "broker-samples"
BASE = "http://127.0.0.1:9320"
CONSUMER, PROVIDER = Version("Sample Con", "1.0"), Version("Sample Prov", "9")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def answer(name: str) -> Any:
    return sample(name)["response"]["body"]


@pytest.fixture
def site() -> Site:
    """Answers each address with what was recorded there, whatever the query."""
    recorded = {
        "/": "index",
        "/matrix": "matrix",
        "/environments": "environments",
        "/webhooks": "webhooks",
        "/pacticipants/Sample%20Prov/versions/9": "version",
    }
    told = {path: answer(name) for path, name in recorded.items()}
    for name in ("pact", "pact_version", "verification_get", "currently_deployed", "currently_supported"):
        path = sample(name)["request"]["path"].partition("?")[0]
        told[path.replace(BASE, "")] = answer(name)
    webhook = answer("webhook_post")
    told[f"/webhooks/{webhook['uuid']}"] = webhook
    told["/webhooks/00000000-0000-4000-8000-000000000001"] = {**webhook, "uuid": "1"}
    told["/pacts/provider/Sample%20Prov/for-verification"] = answer("for_verification_post")
    told["/pacticipants/Sample%20Prov"] = answer("pacticipant")

    def answered(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        document = told.get(path)
        if document is None and "/verification-results/" in path:
            document = answer("verification_get")
        elif document is None and "/pact-version/" in path:
            document = answer("pact_version")
        return httpx.Response(404 if document is None else 200, json=document)

    return open_site(BASE, {}, patience=QUICK, transport=httpx.MockTransport(answered))


def test_the_index_and_its_templates(site: Site) -> None:
    assert site.link("pb:environments") == f"{BASE}/environments"
    assert site.link("pb:pacticipant-branch-version", pacticipant="a/b", branch="feat/x", version="1") == (
        f"{BASE}/pacticipants/a%2Fb/branches/feat%2Fx/versions/1"
    )


def test_a_pact_is_read_with_the_key_that_the_original_gave_it(site: Site) -> None:
    pact = reading.fetch_pact(site, answer("pact")["_links"]["self"]["href"])
    assert pact.contract.key == pact.sha == "b5eef0f8f001ce10fddcadb8732c841072b084f9"
    assert (pact.contract.owner, pact.contract.counterpart, pact.promised) == ("Sample Con", "Sample Prov", 1)
    assert "_id" not in pact.contract.text
    assert read_pact(pact.contract.text, "").interactions[0].description == "a"


def test_a_version_and_its_records(site: Site) -> None:
    found = reading.find_version(site, PROVIDER)
    assert found is not None
    assert (found.branch, found.pacts) == ("main", ())
    places = [link["name"] for link in hal.links(found.document, "pb:record-deployment")]
    assert places == ["production", "rt", "test"]


def test_environments_and_what_is_live(site: Site) -> None:
    environments = reading.environments(site)
    assert list(environments) == ["production", "rt", "test"]
    live = reading.live(site, "rt", environments["rt"])
    assert Live(environment="rt", version=PROVIDER, instance="blue") in live
    assert Live(environment="rt", version=PROVIDER, released=True) in live


def test_a_row_of_the_matrix_is_evidence(site: Site) -> None:
    pact = reading.fetch_pact(site, answer("pact")["_links"]["self"]["href"])
    (row,) = results.rows_between(site, CONSUMER, {"Sample Prov": ("9",)})
    assert (row.consumer, row.provider, row.success) == (CONSUMER, PROVIDER, True)
    evidence = results.evidence(site, row, pact)
    assert evidence is not None
    assert evidence.run == "http://ci/9"
    # The recorded success names an interaction that this pact does not have: it is no yes about those that it has.
    assert (evidence.verdict, bool(evidence.because)) == (Verdict.UNKNOWN, True)
    assert results.objection(site, [CONSUMER], "rt") == ""


def test_an_answer_that_cannot_tell_is_an_objection(site: Site) -> None:
    told = answer("matrix_unknown")["summary"]
    assert told["deployable"] is None
    assert told["reason"]


def test_pacts_for_verification(site: Site) -> None:
    chosen = selected.choose(site, "Sample Prov", selected.PactSelection())
    assert chosen
    assert all(each.why and each.notices for each in chosen)
    assert all(each.published.results.endswith("/verification-results") for each in chosen)


def test_webhooks_lose_their_secrets(site: Site, tmp_path: Path) -> None:
    from harness.transfer.archive import Archive

    copying = Copying(site, Archive(path=tmp_path / "x", origin=BASE), lambda _what, _done, _all: None)
    found = [each for each in copying._webhooks() if isinstance(each, ArchivedWebhook)]
    assert found[0].secrets == ("authorization", "password")
    assert "*" not in json.dumps(dict(found[0].headers))


@pytest.mark.parametrize("name", ["publish_contracts_409", "verification_post_400", "webhook_post_400"])
def test_refusals_are_told_in_the_originals_words(name: str) -> None:
    from harness.ledger.remote.refused import said_by

    assert all(len(line) > 5 for line in said_by(answer(name)))
    assert said_by(answer(name))


def test_every_pact_of_the_recordings_has_the_key_that_the_original_gave_it_unless_it_was_merged() -> None:
    """The original keeps merged content under the name of the last part (D3); we go by the content."""
    same, different = 0, set()
    for file in sorted((Path(SHARED) / "broker-transcripts").glob("*.json")):
        for step in json.loads(file.read_text())["steps"]:
            body = step["response"].get("body")
            if isinstance(body, dict) and "pb:pact-version" in body.get("_links", {}) and "consumer" in body:
                sha = body["_links"]["pb:pact-version"].get("name", "")
                if len(sha) == 40 and reading.parse_pact(body, file.name).contract.key == sha:
                    same += 1
                elif len(sha) == 40:
                    different.add(file.name)
    assert same > 15
    assert different <= {"15-merge-patch.json"}
