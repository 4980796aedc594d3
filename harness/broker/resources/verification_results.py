"""Verification results: what verifiers publish, and what became of a pact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.events import announce_result
from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, no_content, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import link
from harness.broker.http.metadata import Metadata, decode
from harness.broker.http.problems import ABSENT, NotHere
from harness.broker.http.result_shape import RESULT, result_resource, url_of
from harness.broker.http.routing import Routes
from harness.broker.resources.triggered_webhooks import TRIGGERED_LIST, trigger_resources
from harness.ledger.db import deleting, outbox, pacts, results
from harness.ledger.db import shown_versions as versions
from harness.ledger.db.tables import publications
from harness.ledger.db.traces import By
from harness.ledger.refusals import check_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from harness.broker.http.request import Request
    from harness.ledger.db.pacts import StoredPact
    from harness.ledger.db.results import VerificationResult

routes = Routes("verification-results")

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_CONTENT = f"{_PAIR}/pact-version/{{sha}}"
_REMEMBERED = f"{_CONTENT}/metadata/{{metadata}}"
TO_PUBLISH = s.Schema(
    "VerificationResultToPublish",
    s.record(
        {"success": s.truth(), "providerApplicationVersion": s.non_blank()},
        build=s.maybe(s.text()),
        buildUrl=s.maybe(s.text()),
        testResults=s.ANYTHING,
        verifiedBy=s.maybe(s.OBJECT),
    ),
)
SUMMARY = s.Schema(
    "VerificationSummary",
    s.record(
        {"success": s.truth(), "providerSummary": s.OBJECT, "_links": s.LINKS},
        _embedded=s.record({"verificationResults": s.many(RESULT)}),
    ),
)


@routes.post(f"{_CONTENT}/verification-results", answers={201: RESULT}, body=TO_PUBLISH)
def publish(request: Request) -> Response:
    """Publish what the verification of a content came to."""
    return _publish(request, Metadata())


@routes.post(f"{_REMEMBERED}/verification-results", answers={201: RESULT}, body=TO_PUBLISH)
def publish_remembered(request: Request) -> Response:
    """Publish what the verification of a content came to that was given for a reason."""
    return _publish(request, decode(request.path["metadata"]))


@routes.get(f"{_PAIR}/version/{{version}}/verification-results/latest", answers={200: RESULT})
def show_latest_of_version(request: Request) -> Response:
    """The newest result of the pact of a consumer's version."""
    return _latest_of(request, [pacts.of_number(request.path["version"])])


@routes.delete(f"{_PAIR}/version/{{version}}/verification-results/latest", answers={204: None}, role="admin")
def delete_latest_of_version(request: Request) -> Response:
    """Forget the newest result of the pact of a consumer's version."""
    return _delete(request, _newest(request, [pacts.of_number(request.path["version"])])[1])


@routes.get(f"{_CONTENT}/verification-results/latest", answers={200: RESULT})
def show_latest(request: Request) -> Response:
    """The newest result of a content."""
    return _result_response(request, results.latest(request.db, _pair(request), request.path["sha"]))


@routes.delete(f"{_CONTENT}/verification-results/latest", answers={204: None}, role="admin")
def delete_latest(request: Request) -> Response:
    """Forget the newest result of a content."""
    return _delete(request, results.latest(request.db, _pair(request), request.path["sha"]))


@routes.get(f"{_CONTENT}/verification-results/{{number}}", answers={200: RESULT})
@routes.get(f"{_REMEMBERED}/verification-results/{{number}}", answers={200: RESULT})
def show(request: Request) -> Response:
    """One result."""
    return _result_response(request, _the_result(request))


@routes.delete(f"{_CONTENT}/verification-results/{{number}}", answers={204: None}, role="admin")
@routes.delete(f"{_REMEMBERED}/verification-results/{{number}}", answers={204: None}, role="admin")
def delete(request: Request) -> Response:
    """Forget a result."""
    return _delete(request, _the_result(request))


@routes.get(f"{_CONTENT}/verification-results/{{number}}/triggered-webhooks", answers={200: TRIGGERED_LIST})
def show_triggered(request: Request) -> Response:
    """What the publication of a result has triggered."""
    found = _the_result(request)
    if found is None:
        raise NotHere
    title = f"Webhooks triggered by the publication of verification result {found.id}"
    triggered = trigger_resources(request, outbox.of_verification(request.db, found.id))
    links = {"self": link(f"{url_of(request, found)}/triggered-webhooks", title=title)}
    return ok({"_embedded": {"triggeredWebhooks": triggered}, "_links": links})


@routes.get(f"{_PAIR}/latest/verification-results/latest", answers={200: RESULT})
def show_latest_of_latest(request: Request) -> Response:
    """The newest result of the latest pact."""
    return _latest_of(request, [])


@routes.delete(f"{_PAIR}/latest/verification-results/latest", answers={204: None}, role="admin")
def delete_latest_of_latest(request: Request) -> Response:
    """Forget the newest result of the latest pact."""
    return _delete(request, _newest(request, [])[1])


@routes.get(f"{_PAIR}/latest/{{tag}}/verification-results/latest", answers={200: RESULT})
def show_latest_of_tag(request: Request) -> Response:
    """The newest result of the latest pact with a tag."""
    return _latest_of(request, [pacts.with_tag(request.path["tag"])])


@routes.delete(f"{_PAIR}/latest/{{tag}}/verification-results/latest", answers={204: None}, role="admin")
def delete_latest_of_tag(request: Request) -> Response:
    """Forget the newest result of the latest pact with a tag."""
    return _delete(request, _newest(request, [pacts.with_tag(request.path["tag"])])[1])


@routes.get("/verification-results/consumer/{consumer}/version/{version}/latest", answers={200: SUMMARY})
def summarise(request: Request) -> Response:
    """The newest result of each pact of a consumer's version, by provider."""
    row = versions.find(request.db, request.path["consumer"], request.path["version"])
    if row is None:
        raise NotHere
    found = pacts.find_pacts(request.db, [publications.c.version_id == row])
    known = results.latest_of_contracts(request.db, [pact.contract for pact in found])
    stands = {pact.provider: known.get(pact.contract) for pact in found}
    summary = {
        "successful": sorted(name for name, each in stands.items() if _holds(each)),
        "failed": sorted(name for name, each in stands.items() if each and not each.success),
        "unknown": sorted(name for name, each in stands.items() if each is None or each.partial),
    }
    told_results = [result_resource(request, each, request.path["version"]) for each in known.values()]
    title = (
        f"Latest verification results for consumer {request.path['consumer']} version {request.path['version']}"
    )
    return ok(
        {
            "success": bool(stands) and all(map(_holds, stands.values())),
            "providerSummary": summary,
            "_embedded": {"verificationResults": told_results},
            "_links": {"self": link(request.here(), title=title)},
        }
    )


def _holds(result: VerificationResult | None) -> bool:
    """Whether a yes may rest on it: a success that left no interaction out."""
    return result is not None and result.success and not result.partial


def _publish(request: Request, remembered: Metadata) -> Response:
    given = _parse_result(request, remembered)
    contract = results.contract_row(request.db, _pair(request), request.path["sha"])
    if contract is None:
        raise NotHere
    number = results.record(request.db, contract, given, request.now)
    made = results.by_number(request.db, _pair(request), request.path["sha"], number)
    assert made is not None
    announce_result(request, made, remembered)
    return created(result_resource(request, made, _consumer_number(request, contract)), url_of(request, made))


def _parse_result(request: Request, remembered: Metadata) -> results.ResultToRecord:
    form = Form(request.document())
    success = form.body.get("success")
    if "success" not in form.body:
        form.wrong("success", ABSENT)
    elif not isinstance(success, bool):
        form.wrong("success", "must be boolean")
    number = form.text("providerApplicationVersion", required=True)
    build_url = form.text("buildUrl", blank=True)
    build = form.text("build", blank=True) or ""
    check_name("the build", build, empty=True)
    verified_by = form.nested("verifiedBy")
    form.done()
    return results.ResultToRecord(
        success=success is True,
        number=number or "",
        build_url=build_url or None,
        build=build,
        results=form.body.get("testResults"),
        verified_by=verified_by.body if verified_by else None,
        wip=remembered.wip,
        consumer_number=remembered.number or None,
    )


def _pair(request: Request) -> tuple[str, str]:
    return request.path["consumer"], request.path["provider"]


def _the_result(request: Request) -> VerificationResult | None:
    number = request.path["number"]
    if not (number.isascii() and number.isdecimal() and len(number) < 16):
        raise NotHere
    return results.by_number(request.db, _pair(request), request.path["sha"], int(number))


def _consumer_number(request: Request, contract: int) -> str:
    numbers: Sequence[str] = pacts.numbers_with(request.db, contract)
    return numbers[0] if numbers else ""


def _result_response(request: Request, found: VerificationResult | None) -> Response:
    """A result, by the newest version with its content, whichever it was looked for by."""
    if found is None:
        raise NotHere
    body: dict[str, Any] = result_resource(request, found, _consumer_number(request, found.contract))
    return ok(body)


def _newest(
    request: Request, where: Sequence[sa.ColumnElement[bool]]
) -> tuple[StoredPact, VerificationResult | None]:
    pact = pacts.newest(request.db, [*pacts.of_pair(*_pair(request)), *where])
    if pact is None:
        raise NotHere
    return pact, results.latest(request.db, _pair(request), pact.sha)


def _latest_of(request: Request, where: Sequence[sa.ColumnElement[bool]]) -> Response:
    return _result_response(request, _newest(request, where)[1])


def _delete(request: Request, found: VerificationResult | None) -> Response:
    if found is None:
        raise NotHere
    deleting.result(request.db, found.id, By(who=request.who.name, at=request.now))
    return no_content()
