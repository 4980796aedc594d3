"""Provider contracts beside consumer contracts: what each promises, and whether they fit."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, ok
from harness.broker.http.hal import link, omit_absent
from harness.broker.http.pact_shape import name_of, version_url
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import pacts, shown_versions
from harness.ledger.db import provider_contracts as kept
from harness.ledger.db.times import moment
from harness.ledger.static_comparisons import (
    Backing,
    StaticComparison,
    backing_of,
    compare_with_document,
    problems_of,
)

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.pacts import StoredPact
    from harness.ledger.db.provider_contracts import ProviderClaim, ProviderDocument

routes = Routes("bi-directional")

_PROVIDER = "/contracts/bi-directional/provider/{provider}/version/{version}"
_CONSUMER = f"{_PROVIDER}/consumer/{{consumer}}/version/{{consumer_version}}"
RESULT = s.Schema(
    "BiDirectionalResult",
    s.record(
        {"verificationStatus": s.text(), "_actions": s.many(s.OBJECT), "_embedded": s.OBJECT, "_links": s.LINKS}
    ),
)


@routes.get(f"{_PROVIDER}/provider-contract", answers={200: RESULT})
@routes.get(f"{_CONSUMER}/provider-contract", answers={200: RESULT})
def show_document(request: Request) -> Response:
    """The document of a provider's version."""
    version, document = _the_document(request)
    told = {"providerContract": _document(document)} if document else {}
    return _status_response(request, _claim_status(kept.claim_of(request.db, version)), told)


@routes.get(f"{_PROVIDER}/provider-contract-verification-results", answers={200: RESULT})
@routes.get(f"{_CONSUMER}/provider-contract-verification-results", answers={200: RESULT})
def show_claim(request: Request) -> Response:
    """What a provider's version says of itself."""
    version, _ = _the_document(request)
    claim = kept.claim_of(request.db, version)
    told = {"selfVerificationResults": _claim(claim)} if claim else {}
    return _status_response(request, _claim_status(claim), told)


@routes.get(f"{_PROVIDER}/consumer-contract", answers={200: RESULT})
@routes.get(f"{_CONSUMER}/consumer-contract", answers={200: RESULT})
def show_pacts(request: Request) -> Response:
    """The pacts that are held against a provider's version."""
    found = _pacts(request)
    links = [link(version_url(request, pact), title="Pact", name=name_of(pact)) for pact in found]
    contracts = [{"consumer": p.consumer, "version": p.number, "sha": p.sha} for p in found]
    return _status_response(request, "unknown", {"consumerContracts": contracts}, **{"pb:pacts": links})


@routes.get(f"{_PROVIDER}/consumer-contract-verification-results", answers={200: RESULT})
@routes.get(f"{_CONSUMER}/consumer-contract-verification-results", answers={200: RESULT})
@routes.get(f"{_PROVIDER}/cross-contract-verification-results", answers={200: RESULT})
@routes.get(f"{_CONSUMER}/cross-contract-verification-results", answers={200: RESULT})
def show_comparisons(request: Request) -> Response:
    """Whether the pacts fit the document of a provider's version."""
    version, document = _the_document(request)
    claim = kept.claim_of(request.db, version)
    backing = backing_of(request.db, document, trusted=request.settings.trust_claims)
    results = [(pact, _compare(request, pact, document, backing)) for pact in _pacts(request)]
    statuses = [result.verdict for _, result in results]
    if claim is not None and claim.success is False:
        statuses.append("failed")  # what a provider says against itself is believed
    worst = max(statuses, key=_BADNESS.index, default="unknown")
    told = [
        {
            "consumer": {"name": pact.consumer, "version": {"number": pact.number}},
            "verificationStatus": result.verdict,
            "because": result.because,
            "claimed": result.claimed,
            "findings": [dict(each) for each in result.findings],
        }
        for pact, result in results
    ]
    return _status_response(request, worst if results else "unknown", {"comparisons": told})


_BADNESS = ("success", "unknown", "failed")


def _the_document(request: Request) -> tuple[int, ProviderDocument | None]:
    row = shown_versions.find(request.db, request.path["provider"], request.path["version"])
    if row is None:
        raise NotHere
    return row, kept.document_of(request.db, row)


def _pacts(request: Request) -> list[StoredPact]:
    _the_document(request)
    provider = request.path["provider"]
    if "consumer" in request.path:
        pair = pacts.of_pair(request.path["consumer"], provider)
        found = pacts.find_pacts(request.db, [*pair, pacts.of_number(request.path["consumer_version"])])
        if not found:
            raise NotHere
        return found
    return pacts.latest_of_each(request.db, pacts.of_provider(provider))


def _compare(
    request: Request, pact: StoredPact, document: ProviderDocument | None, backing: Backing
) -> StaticComparison:
    found = pacts.newest(request.db, [pacts.of_versions([pact.version]), *pacts.of_provider(pact.provider)])
    return compare_with_document(found.served if found else "", document, backing)


def _claim_status(claim: ProviderClaim | None) -> str:
    """A provider's own word is told as that; on its own it is no evidence."""
    if claim is None or claim.success is None:
        return "unknown"
    return "success" if claim.success else "failed"


def _document(document: ProviderDocument) -> dict[str, Any]:
    return {
        "content": base64.b64encode(document.source).decode(),
        "contentType": document.source_type,
        "specification": "oas",
        "key": document.key,
        "createdAt": moment(document.published_at),
        "problems": [each.sentence for each in problems_of(document)],
    }


def _claim(claim: ProviderClaim) -> dict[str, Any]:
    return omit_absent(
        success=claim.success,
        content=None if claim.content is None else base64.b64encode(claim.content).decode(),
        contentType=claim.content_type,
        format=claim.format,
        verifier=claim.verifier,
        verifierVersion=claim.verifier_version,
        createdAt=moment(claim.at),
    )


def _status_response(request: Request, status: str, embedded: dict[str, Any], **links: Any) -> Response:
    body = {"verificationStatus": status, "_actions": [], "_embedded": embedded}
    return ok({**body, "_links": {"self": link(request.here()), **links}})
