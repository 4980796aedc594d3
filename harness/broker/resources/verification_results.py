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

    from harness.broker.http.call import Request
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
def publish(call: Request) -> Response:
    """Publish what the verification of a content came to."""
    return _publish(call, Metadata())


@routes.post(f"{_REMEMBERED}/verification-results", answers={201: RESULT}, body=TO_PUBLISH)
def publish_remembered(call: Request) -> Response:
    """Publish what the verification of a content came to that was given for a reason."""
    return _publish(call, decode(call.path["metadata"]))


@routes.get(f"{_PAIR}/version/{{version}}/verification-results/latest", answers={200: RESULT})
def show_latest_of_version(call: Request) -> Response:
    """The newest result of the pact of a consumer's version."""
    return _latest_of(call, [pacts.of_number(call.path["version"])])


@routes.delete(f"{_PAIR}/version/{{version}}/verification-results/latest", answers={204: None}, role="admin")
def delete_latest_of_version(call: Request) -> Response:
    """Forget the newest result of the pact of a consumer's version."""
    return _delete(call, _newest(call, [pacts.of_number(call.path["version"])])[1])


@routes.get(f"{_CONTENT}/verification-results/latest", answers={200: RESULT})
def show_latest(call: Request) -> Response:
    """The newest result of a content."""
    return _result_response(call, results.latest(call.db, _pair(call), call.path["sha"]))


@routes.delete(f"{_CONTENT}/verification-results/latest", answers={204: None}, role="admin")
def delete_latest(call: Request) -> Response:
    """Forget the newest result of a content."""
    return _delete(call, results.latest(call.db, _pair(call), call.path["sha"]))


@routes.get(f"{_CONTENT}/verification-results/{{number}}", answers={200: RESULT})
@routes.get(f"{_REMEMBERED}/verification-results/{{number}}", answers={200: RESULT})
def show(call: Request) -> Response:
    """One result."""
    return _result_response(call, _the_result(call))


@routes.delete(f"{_CONTENT}/verification-results/{{number}}", answers={204: None}, role="admin")
@routes.delete(f"{_REMEMBERED}/verification-results/{{number}}", answers={204: None}, role="admin")
def delete(call: Request) -> Response:
    """Forget a result."""
    return _delete(call, _the_result(call))


@routes.get(f"{_CONTENT}/verification-results/{{number}}/triggered-webhooks", answers={200: TRIGGERED_LIST})
def show_triggered(call: Request) -> Response:
    """What the publication of a result has triggered."""
    found = _the_result(call)
    if found is None:
        raise NotHere
    title = f"Webhooks triggered by the publication of verification result {found.id}"
    triggered = trigger_resources(call, outbox.of_verification(call.db, found.id))
    links = {"self": link(f"{url_of(call, found)}/triggered-webhooks", title=title)}
    return ok({"_embedded": {"triggeredWebhooks": triggered}, "_links": links})


@routes.get(f"{_PAIR}/latest/verification-results/latest", answers={200: RESULT})
def show_latest_of_latest(call: Request) -> Response:
    """The newest result of the latest pact."""
    return _latest_of(call, [])


@routes.delete(f"{_PAIR}/latest/verification-results/latest", answers={204: None}, role="admin")
def delete_latest_of_latest(call: Request) -> Response:
    """Forget the newest result of the latest pact."""
    return _delete(call, _newest(call, [])[1])


@routes.get(f"{_PAIR}/latest/{{tag}}/verification-results/latest", answers={200: RESULT})
def show_latest_of_tag(call: Request) -> Response:
    """The newest result of the latest pact with a tag."""
    return _latest_of(call, [pacts.with_tag(call.path["tag"])])


@routes.delete(f"{_PAIR}/latest/{{tag}}/verification-results/latest", answers={204: None}, role="admin")
def delete_latest_of_tag(call: Request) -> Response:
    """Forget the newest result of the latest pact with a tag."""
    return _delete(call, _newest(call, [pacts.with_tag(call.path["tag"])])[1])


@routes.get("/verification-results/consumer/{consumer}/version/{version}/latest", answers={200: SUMMARY})
def summarise(call: Request) -> Response:
    """The newest result of each pact of a consumer's version, by provider."""
    row = versions.find(call.db, call.path["consumer"], call.path["version"])
    if row is None:
        raise NotHere
    found = pacts.find_pacts(call.db, [publications.c.version_id == row])
    known = results.latest_of_contracts(call.db, [pact.contract for pact in found])
    stands = {pact.provider: known.get(pact.contract) for pact in found}
    summary = {
        "successful": sorted(name for name, each in stands.items() if _holds(each)),
        "failed": sorted(name for name, each in stands.items() if each and not each.success),
        "unknown": sorted(name for name, each in stands.items() if each is None or each.partial),
    }
    told_results = [result_resource(call, each, call.path["version"]) for each in known.values()]
    title = f"Latest verification results for consumer {call.path['consumer']} version {call.path['version']}"
    return ok(
        {
            "success": bool(stands) and all(map(_holds, stands.values())),
            "providerSummary": summary,
            "_embedded": {"verificationResults": told_results},
            "_links": {"self": link(call.here(), title=title)},
        }
    )


def _holds(result: VerificationResult | None) -> bool:
    """Whether a yes may rest on it: a success that left no interaction out."""
    return result is not None and result.success and not result.partial


def _publish(call: Request, remembered: Metadata) -> Response:
    given = _parse_result(call, remembered)
    contract = results.contract_row(call.db, _pair(call), call.path["sha"])
    if contract is None:
        raise NotHere
    number = results.record(call.db, contract, given, call.now)
    made = results.by_number(call.db, _pair(call), call.path["sha"], number)
    assert made is not None
    announce_result(call, made, remembered)
    return created(result_resource(call, made, _consumer_number(call, contract)), url_of(call, made))


def _parse_result(call: Request, remembered: Metadata) -> results.ResultToRecord:
    form = Form(call.document())
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


def _pair(call: Request) -> tuple[str, str]:
    return call.path["consumer"], call.path["provider"]


def _the_result(call: Request) -> VerificationResult | None:
    number = call.path["number"]
    if not (number.isascii() and number.isdecimal() and len(number) < 16):
        raise NotHere
    return results.by_number(call.db, _pair(call), call.path["sha"], int(number))


def _consumer_number(call: Request, contract: int) -> str:
    numbers: Sequence[str] = pacts.numbers_with(call.db, contract)
    return numbers[0] if numbers else ""


def _result_response(call: Request, found: VerificationResult | None) -> Response:
    """A result, by the newest version with its content, whichever it was looked for by."""
    if found is None:
        raise NotHere
    body: dict[str, Any] = result_resource(call, found, _consumer_number(call, found.contract))
    return ok(body)


def _newest(
    call: Request, where: Sequence[sa.ColumnElement[bool]]
) -> tuple[StoredPact, VerificationResult | None]:
    pact = pacts.newest(call.db, [*pacts.of_pair(*_pair(call)), *where])
    if pact is None:
        raise NotHere
    return pact, results.latest(call.db, _pair(call), pact.sha)


def _latest_of(call: Request, where: Sequence[sa.ColumnElement[bool]]) -> Response:
    return _result_response(call, _newest(call, where)[1])


def _delete(call: Request, found: VerificationResult | None) -> Response:
    if found is None:
        raise NotHere
    deleting.result(call.db, found.id, By(who=call.who.name, at=call.now))
    return no_content()
