"""A verification result as the API tells it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import raw
from harness.broker.http.hal import link, omit_absent, path
from harness.broker.http.metadata import Metadata, encode
from harness.ledger.db.times import moment

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.results import VerificationResult

RESULT = s.Schema(
    "VerificationResult",
    s.record(
        {
            "providerName": s.text(),
            "providerApplicationVersion": s.text(),
            "success": s.truth(),
            "verificationDate": s.moment(),
            "verifiedBy": s.OBJECT,
            "_links": s.LINKS,
        },
        buildUrl=s.text(),
        testResults=s.ANYTHING,
    ),
)


def url_of(request: Request, result: VerificationResult) -> str:
    """Where a result is."""
    content = request.to(
        "pacts", "provider", result.provider, "consumer", result.consumer, "pact-version", result.sha
    )
    return content + path("verification-results", str(result.id))


def result_resource(request: Request, result: VerificationResult, consumer_number: str) -> dict[str, Any]:
    """A result; the number is that of the consumer's version whose pact it is told with."""
    here = url_of(request, result)
    name = f"Pact between {result.consumer} ({consumer_number}) and {result.provider}"
    content = request.to(
        "pacts", "provider", result.provider, "consumer", result.consumer, "pact-version", result.sha
    )
    metadata = encode(Metadata(number=consumer_number))
    attributes = omit_absent(
        providerName=result.provider,
        providerApplicationVersion=result.number,
        success=result.success,
        verificationDate=moment(result.at),
        buildUrl=result.build_url,
        testResults=None if result.results is None else raw(result.results),
        verifiedBy=_verified_by(result.verified_by),
    )
    links = {
        "self": link(here, title="Verification result", name=f"Verification result {result.id} for {name}"),
        "pb:pact-version": link(f"{content}/metadata/{metadata}", title="Pact", name=name),
        "pb:triggered-webhooks": link(
            f"{here}/triggered-webhooks", title="Webhooks triggered by the publication of this verification result"
        ),
    }
    return {**attributes, "_links": links}


def _verified_by(kept: str | None) -> dict[str, Any]:
    """Written in camel case, told in snake case: clients read it so."""
    told = json.loads(kept) if kept else {}
    language = told.get("clientLanguage")
    client = language if isinstance(language, dict) else {}
    return omit_absent(
        implementation=told.get("implementation"),
        version=told.get("version"),
        client_implementation=client.get("name"),
        client_test_framework=client.get("testFramework"),
        client_version=client.get("version"),
    )
