"""Documents of providers held against pacts, where both are published; the same on both stores."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from broker_client import Client
from remote_ledgers import own_ledger

from harness.broker.settings import BrokerSettings
from harness.contracts.openapi_reader import read_openapi
from harness.evidence import Evidence, EvidenceKind
from harness.gate import Decision, can_i_deploy
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.remote.results import row_of, statement_of_row
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause, Covered, Exercised, Verdict

ORDER = {"type": "object", "properties": {"id": {"type": "integer"}, "total": {"type": "number"}}}


def document(schema: Any = ORDER) -> str:
    answer = {"200": {"description": "an order", "content": {"application/json": {"schema": schema}}}}
    paths = {"/orders": {"get": {"responses": answer}}}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "orders", "version": "1"}, "paths": paths})


def publish_document(
    client: Client, number: str = "1", text: str = "", claim: bool | None = None, branch: str = "main"
) -> list[str]:
    """The notices of a publication, but for those of the publication itself."""
    contract: dict[str, Any] = {
        "content": base64.b64encode((text or document()).encode()).decode(),
        "contentType": "application/json",
        "specification": "oas",
    }
    if claim is not None:
        contract["selfVerificationResults"] = {"success": claim, "verifier": "schemathesis"}
    body = {"pacticipantVersionNumber": number, "branch": branch, "contract": contract}
    reply = client.post("/provider-contracts/provider/orders/publish", body)
    assert reply.status == 200, reply.text
    return [each["text"] for each in reply.json["notices"][2:]]


def publish_pact(client: Client, body: Any, number: str = "1", consumer: str = "web") -> list[str]:
    interaction = {
        "description": "an order",
        "request": {"method": "GET", "path": "/orders"},
        "response": {"status": 200, "body": body},
    }
    pact = {"consumer": {"name": consumer}, "provider": {"name": "orders"}, "interactions": [interaction]}
    contract = {
        "consumerName": consumer,
        "providerName": "orders",
        "specification": "pact",
        "contentType": "application/json",
        "content": base64.b64encode(json.dumps(pact).encode()).decode(),
    }
    told = {
        "pacticipantName": consumer,
        "pacticipantVersionNumber": number,
        "branch": "main",
        "contracts": [contract],
    }
    reply = client.post("/contracts/publish", told)
    assert reply.status == 200, reply.text
    assert [each["message"] for each in reply.json["logs"]] == [each["text"] for each in reply.json["notices"]]
    return [each["text"] for each in reply.json["notices"] if "document of" in each["text"]]


def result(client: Client, kind: str = "cross-contract-verification-results", consumer: str = "") -> Any:
    below = f"/consumer/{consumer}/version/1" if consumer else ""
    reply = client.get(f"/contracts/bi-directional/provider/orders/version/1{below}/{kind}")
    assert reply.status == 200, reply.text
    return reply.json


def test_a_pact_that_does_not_fit_is_a_no_with_its_findings(client: Client) -> None:
    publish_document(client)
    publish_pact(client, {"total": "12.50"})
    told = result(client)
    assert told["verificationStatus"] == "failed"
    (comparison,) = told["_embedded"]["comparisons"]
    assert comparison["consumer"] == {"name": "web", "version": {"number": "1"}}
    assert '"12.50" is not of type "number"' in comparison["because"]
    (finding,) = comparison["findings"]
    assert (finding["code"], finding["severity"]) == ("response.body.incompatible", "error")
    assert finding["path"] == "#/interactions/0/response/body/total"
    assert result(client, consumer="web")["verificationStatus"] == "failed"


def test_a_pact_that_fits_is_no_yes_before_anything_was_exercised(client: Client) -> None:
    publish_document(client, claim=True)
    publish_pact(client, {"total": 12.5})
    told = result(client)
    assert told["verificationStatus"] == "unknown"
    assert told["_embedded"]["comparisons"][0]["because"] == "it fits the document; not exercised: GET /orders 200"


def seen(
    fields: tuple[str, ...], status: int = 200, verdict: Verdict = Verdict.PASSED, number: str = "1"
) -> Evidence:
    """What a property run saw of a version."""
    cause, because = (None, "") if verdict is Verdict.PASSED else (Cause.BROKEN_PROMISE, "it is broken")
    covered = Covered(operation="GET /orders", status=status, media_type="application/json", fields=fields)
    return Evidence(
        kind=EvidenceKind.PROPERTIES,
        contract="k",
        provider=Version("orders", number),
        artifact="",
        identity="",
        verdict=verdict,
        promised=1,
        exercised=1,
        complete=True,
        run="r",
        at="2026-01-01T00:00:00Z",
        cause=cause,
        because=because,
        results=(
            Exercised(subject="GET /orders", verdict=verdict, cause=cause, because=because, covered=(covered,)),
        ),
    )


@pytest.mark.parametrize(
    ("evidence", "because"),
    [
        (seen(("/total", "/id")), ""),
        (seen(("/id",)), "not exercised: GET /orders 200 /total"),
        (seen(("/total",), status=500), "not exercised: GET /orders 200"),
        (seen(("/total",), verdict=Verdict.FAILED), "not exercised: GET /orders 200"),
        (seen(("/total",), number="2"), "not exercised: GET /orders 200"),
    ],
)
def test_a_yes_needs_everything_that_is_relied_on_to_have_been_exercised(
    client: Client, database: Database, evidence: Evidence, because: str
) -> None:
    publish_document(client)
    publish_pact(client, {"total": 12.5})
    SqlLedger(database).record_evidence(evidence)
    told = result(client)
    (comparison,) = told["_embedded"]["comparisons"]
    assert told["verificationStatus"] == ("unknown" if because else "success")
    assert comparison["because"].endswith(because or "all that it relies on was exercised")
    assert comparison["claimed"] is False


def test_what_a_provider_says_against_itself_is_believed(client: Client) -> None:
    publish_document(client, claim=False)
    publish_pact(client, {"total": 12.5})
    assert result(client)["verificationStatus"] == "failed"


def test_one_consumer_that_does_not_fit_leaves_the_other_as_it_is(client: Client) -> None:
    publish_document(client)
    publish_pact(client, {"total": 1})
    publish_pact(client, {"price": 1}, consumer="billing")
    assert result(client)["verificationStatus"] == "failed"
    assert result(client, consumer="web")["verificationStatus"] == "unknown"
    assert result(client, consumer="billing")["verificationStatus"] == "failed"


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ('{"openapi": "9.9"}', "9.9"),
        ('{"openapi": "3.1.0", "paths": {"/orders": {"$ref": "#/nowhere"}}}', "leads nowhere"),
        ('{"asyncapi": "3.0.0"}', "names no version"),
        ("[]", "is an object"),
    ],
)
def test_a_document_that_cannot_be_compared_is_kept_and_nothing_is_known(
    client: Client, text: str, because: str
) -> None:
    publish_document(client, text=text)
    assert publish_pact(client, {"total": 1}) == []
    told = result(client)
    assert told["verificationStatus"] == "unknown"
    assert because in told["_embedded"]["comparisons"][0]["because"]


def test_whoever_publishes_hears_whom_it_does_not_fit(client: Client) -> None:
    assert publish_document(client) == []
    (told,) = publish_pact(client, {"total": "1"})
    assert told.startswith("This pact does not fit the document of orders version 1: 'an order': response body")
    publish_pact(client, {"total": 1}, consumer="billing")
    strings = {**ORDER, "properties": {"total": {"type": "string"}}}
    first, second = publish_document(client, "2", document(strings))
    assert first.startswith("billing version 1 does not fit this document:")
    assert second == "web version 1 fits this document"


def test_only_what_is_live_or_the_head_of_the_main_branch_is_held_against(client: Client) -> None:
    publish_document(client)
    publish_pact(client, {"total": "1"})
    publish_pact(client, {"total": 1}, "2")  # the head of the main branch now
    assert publish_document(client, "2") == ["web version 2 fits this document"]
    assert publish_pact(client, {"price": 1}, "3", "other")[0].startswith("This pact does not fit the document of")


class TestWhereClaimsAreTrusted:
    @pytest.fixture
    def settings(self) -> BrokerSettings:
        return BrokerSettings(trust_claims=True)

    @pytest.mark.parametrize(("claim", "status"), [(True, "success"), (False, "failed"), (None, "unknown")])
    def test_a_claim_makes_a_yes_of_what_fits(self, client: Client, claim: bool | None, status: str) -> None:
        publish_document(client, claim=claim)
        publish_pact(client, {"total": 1})
        told = result(client)
        assert told["verificationStatus"] == status
        if claim:
            assert "claims" in told["_embedded"]["comparisons"][0]["because"]

    def test_a_claim_does_not_mend_what_does_not_fit(self, client: Client) -> None:
        publish_document(client, claim=True)
        publish_pact(client, {"price": 1})
        assert result(client)["verificationStatus"] == "failed"


def live(client: Client, ledger: SqlLedger) -> None:
    """The provider's version 1 is in production, where nothing but pacts is demanded."""
    ledger.declare_environment("production", [])
    ledger.record_deployment("production", Version("orders", "1"))


def gate(client: Client, ledger: SqlLedger) -> Decision:
    """What the gate says of the consumer there; the broker's own answer is the same."""
    decision = can_i_deploy([Version("web", "1")], "production", ledger.facts_about([WEB], ["production"]))
    told = client.get("/can-i-deploy?pacticipant=web&version=1&environment=production").json
    assert told["summary"]["deployable"] is WORDS[decision.verdict]
    assert {each["verificationType"] for each in told["matrix"]} == {"BDCT"}
    return decision


WEB = Version("web", "1")
WORDS = {Verdict.PASSED: True, Verdict.FAILED: False, Verdict.UNKNOWN: None}


def test_the_gate_says_yes_only_to_what_was_exercised(client: Client, database: Database) -> None:
    ledger = SqlLedger(database)
    publish_document(client, claim=True)
    publish_pact(client, {"total": 12.5})
    live(client, ledger)
    first = gate(client, ledger)
    assert first.verdict is Verdict.UNKNOWN
    assert first.reasons[0].cause is Cause.NOT_EXERCISED
    because = "it fits the document; not exercised: GET /orders 200"
    assert first.reasons[0].text == f"web 1 is not verified on orders 1 ({because})"
    assert first.reasons[0].command == "harness verify orders=1 --against web=1"
    ledger.record_evidence(seen(("/total",)))
    then = gate(client, ledger)
    assert then.verdict is Verdict.PASSED
    because = "it fits the document, and all that it relies on was exercised"
    assert then.reasons[0].text == f"web 1 fits the document of orders 1 ({because})"


@pytest.mark.parametrize(
    ("body", "claim", "because"),
    [
        ({"total": "12.50"}, True, '"12.50" is not of type "number"'),
        ({"total": 12.5}, False, "the provider's own tests did not hold it to its document"),
    ],
)
def test_the_gate_says_no_to_what_the_document_breaks(
    client: Client, database: Database, body: Any, claim: bool, because: str
) -> None:
    ledger = SqlLedger(database)
    publish_document(client, claim=claim)
    publish_pact(client, body)
    live(client, ledger)
    ledger.record_evidence(seen(("/total",)))
    decision = gate(client, ledger)
    assert decision.verdict is Verdict.FAILED
    assert decision.reasons[0].text.startswith("web 1 does not fit the document of orders 1 (")
    assert because in decision.reasons[0].text


def test_what_was_run_counts_more_than_what_is_written(client: Client, database: Database) -> None:
    ledger = SqlLedger(database)
    publish_document(client)
    publish_pact(client, {"total": "12.50"})
    live(client, ledger)
    assert gate(client, ledger).verdict is Verdict.FAILED
    pact = client.get("/pacts/provider/orders/consumer/web/version/1").json
    results = pact["_links"]["pb:publish-verification-results"]["href"]
    assert client.post(results, {"success": True, "providerApplicationVersion": "1"}).status == 201
    facts = ledger.facts_about([WEB], ["production"])
    assert can_i_deploy([WEB], "production", facts).verdict is Verdict.PASSED
    told = client.get("/can-i-deploy?pacticipant=web&version=1&environment=production").json
    assert told["summary"]["deployable"] is True
    assert "verificationType" not in told["matrix"][0]  # nobody's row is of a document


def test_a_provider_of_which_pacts_are_verified_is_not_held_to_its_document(
    client: Client, database: Database
) -> None:
    ledger = SqlLedger(database)
    document_of_a_run = read_openapi(document().encode(), "orders", "a document").contract()
    ledger.publish(Version("orders", "1"), [document_of_a_run])
    publish_pact(client, {"total": 12.5})
    live(client, ledger)
    ledger.record_evidence(seen(("/total",)))
    decision = can_i_deploy([WEB], "production", ledger.facts_about([WEB], ["production"]))
    assert (decision.verdict, decision.reasons[0].cause) == (Verdict.UNKNOWN, Cause.NOT_VERIFIED)
    assert (
        client.get("/can-i-deploy?pacticipant=web&version=1&environment=production").json["summary"]["deployable"]
        is None
    )


def test_a_claim_counts_only_where_it_is_trusted_and_is_marked(client: Client, database: Database) -> None:
    ledger = SqlLedger(database)
    publish_document(client, claim=True)
    publish_pact(client, {"total": 12.5})
    publish_document(client)  # once more, without a word: nothing is taken back
    live(client, ledger)
    assert gate(client, ledger).verdict is Verdict.UNKNOWN
    facts = replace(ledger, trust_claims=True).facts_about([WEB], ["production"])
    decision = can_i_deploy([WEB], "production", facts)
    assert decision.verdict is Verdict.PASSED
    assert "the provider claims that it keeps it" in decision.reasons[0].text


def test_a_remote_gate_reads_what_the_broker_says_of_a_document(
    client: Client, database: Database, tmp_path: Path
) -> None:
    ledger = SqlLedger(database)
    publish_document(client, claim=True)
    publish_pact(client, {"total": 12.5})
    live(client, ledger)
    remote = own_ledger(client.app, tmp_path / "beside.db")
    first = can_i_deploy([WEB], "production", remote.facts_about([WEB], ["production"])).reasons[0]
    assert (first.verdict, first.cause) == (Verdict.UNKNOWN, Cause.NOT_EXERCISED)
    assert "not exercised: GET /orders 200" in first.text
    ledger.record_evidence(seen(("/total",)))
    then = can_i_deploy([WEB], "production", remote.facts_about([WEB], ["production"])).reasons[0]
    remote.close()
    assert (then.verdict, then.text.partition(" (")[0]) == (Verdict.PASSED, "web 1 fits the document of orders 1")


@pytest.mark.parametrize(("trusted", "verdict"), [(False, Verdict.UNKNOWN), (True, Verdict.PASSED)])
def test_a_yes_of_a_foreign_broker_about_a_document_is_a_claim(trusted: bool, verdict: Verdict) -> None:
    """A broker that does not say on what its yes rests means the provider's own word."""
    row = {
        "consumer": {"name": "web", "version": {"number": "1"}},
        "provider": {"name": "orders", "version": {"number": "1"}},
        "verificationResult": {"success": True, "verifiedAt": "2026-01-01T00:00:00+00:00"},
        "verificationType": "BDCT",
    }
    read = row_of(row, "the matrix")
    assert read is not None
    told = statement_of_row(read, trusted=trusted)
    assert (told.verdict, told.claimed) == (verdict, verdict is Verdict.PASSED)


def test_what_a_run_elsewhere_saw_is_told_to_the_broker_and_decides(
    client: Client, database: Database, tmp_path: Path
) -> None:
    ledger = SqlLedger(database)
    publish_document(client)
    publish_pact(client, {"total": 12.5})
    live(client, ledger)
    here, there = (own_ledger(client.app, tmp_path / name) for name in ("here.db", "there.db"))
    assert gate(client, ledger).verdict is Verdict.UNKNOWN
    here.record_evidence(seen(("/total",)))
    assert gate(client, ledger).verdict is Verdict.PASSED
    assert there.coverage(Version("orders", "1")) == here.coverage(Version("orders", "1"))
    (covered,) = there.coverage(Version("orders", "1")).seen
    assert (covered.operation, covered.fields) == ("GET /orders", ("/total",))
    here.record_evidence(seen(("/secret",), verdict=Verdict.FAILED))
    assert there.coverage(Version("orders", "1")).seen == (covered,)
    for each in (here, there):
        each.close()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"seen": []}, "run"),
        ({"run": "r", "seen": {}}, "must be an array"),
        ({"run": "r", "seen": ["GET /"]}, "seen[0]"),
        ({"run": "r", "seen": [{"operation": "GET /", "status": 99}]}, "100 to 599"),
        ({"run": "r", "seen": [{"operation": " ", "status": 200}]}, "needs an operation"),
        ({"run": "r", "seen": [{"operation": "GET /", "status": 200, "fields": [1]}]}, "lists of texts"),
        ({"run": "r", "seen": [{"operation": "GET /", "status": 200, "fields": ["/a"] * 2001}]}, "more than 2000"),
        ({"run": "r", "seen": [{"operation": "GET /", "status": 200, "mediaType": 1}]}, "mediaType"),
    ],
)
def test_a_coverage_that_is_none_is_refused_and_nothing_is_kept(client: Client, body: Any, problem: str) -> None:
    publish_document(client)
    place = "/contracts/bi-directional/provider/orders/version/1/coverage"
    reply = client.post(place, body)
    assert (reply.status, problem in reply.text) == (400, True), reply.text
    assert client.get(place).json["seen"] == []
    assert client.get(place.replace("version/1", "version/9")).status == 404


def test_a_coverage_alone_makes_no_version_known(client: Client, database: Database) -> None:
    ledger = SqlLedger(database)
    publish_pact(client, {"total": 1})
    ledger.declare_environment("production", [])
    seen_of_web = {"run": "r", "seen": [{"operation": "GET /", "status": 200}]}
    assert client.post("/contracts/bi-directional/provider/web/version/2/coverage", seen_of_web).status == 201
    for facts in (ledger.facts(), ledger.facts_about([Version("web", "2")], ["production"])):
        decision = can_i_deploy([Version("web", "2")], "production", facts)
        assert (decision.verdict, decision.reasons[0].cause) == (Verdict.UNKNOWN, Cause.NOT_PUBLISHED)
    told = client.get("/can-i-deploy?pacticipant=web&version=2&environment=production").json
    assert told["summary"]["deployable"] is None
