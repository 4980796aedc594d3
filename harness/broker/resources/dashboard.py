"""`/dashboard`: the newest pacts of everybody and how their verification stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, ok
from harness.broker.http.hal import link, path
from harness.broker.http.pact_shape import pair_of, version_url
from harness.broker.http.paging import asked_page
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import dashboard as kept
from harness.ledger.db import pacts, shown_versions
from harness.ledger.db.times import moment
from harness.ledger.db.versions import exists

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa

    from harness.broker.http.request import Request
    from harness.ledger.db.dashboard import Item
    from harness.ledger.db.shown_versions import ShownVersion

routes = Routes("dashboard")

DASHBOARD = s.Schema("Dashboard", s.record({"items": s.many(s.OBJECT)}, page=s.PAGE, _links=s.LINKS))


@routes.get("/dashboard", answers={200: DASHBOARD}, query=s.PAGES)
def show(request: Request) -> Response:
    """The newest pacts of everybody."""
    return _dashboard_response(request, [])


@routes.get("/dashboard/provider/{provider}/consumer/{consumer}", answers={200: DASHBOARD}, query=s.PAGES)
def show_pair(request: Request) -> Response:
    """The newest pacts of two pacticipants."""
    consumer, provider = request.path["consumer"], request.path["provider"]
    if not (exists(request.db, consumer) and exists(request.db, provider)):
        raise NotHere
    return _dashboard_response(request, pacts.of_pair(consumer, provider))


def _dashboard_response(request: Request, where: Sequence[sa.ColumnElement[bool]]) -> Response:
    page = asked_page(request)
    found, _ = kept.items(request.db, where, page)
    ids = {each.pact.version for each in found} | {each.result.version for each in found if each.result}
    versions = {each.id: each for each in shown_versions.versions_of_rows(request.db, sorted(ids))}
    return ok({"items": [_item(request, each, versions) for each in found]})


def _item(request: Request, item: Item, versions: Mapping[int, ShownVersion]) -> dict[str, Any]:
    pact, result = item.pact, item.result
    version = versions[pact.version]
    verified = versions[result.version] if result else None
    pair = pair_of(request, pact)
    status = link(f"{pair}/webhooks/status", title=f"Status of webhooks for {pact.consumer}/{pact.provider} pact")
    return {
        "consumer": {
            "name": pact.consumer,
            "version": {**_version(version), "_links": {"self": {"href": _at(request, version)}}},
            "_links": {"self": {"href": request.to("pacticipants", pact.consumer)}},
        },
        "provider": {
            "name": pact.provider,
            "version": None if verified is None else _version(verified),
            "_links": {"self": {"href": request.to("pacticipants", pact.provider)}},
        },
        "pact": {"createdAt": moment(pact.published_at), "_links": {"self": {"href": version_url(request, pact)}}},
        "pactTags": _tags(request, version),
        "latestVerificationResult": None
        if result is None
        else {
            "success": result.success,
            "verifiedAt": moment(result.at),
            "_links": {"self": {"href": f"{version_url(request, pact)}/verification-results/latest"}},
        },
        "latestVerificationResultTags": [] if verified is None else _tags(request, verified),
        "verificationStatus": item.status,
        "webhookStatus": item.webhooks,
        "latestWebhookExecution": None,
        "_links": {"pb:webhook-status": status},
    }


def _version(version: ShownVersion) -> dict[str, Any]:
    heads = [each.name for each in version.branches if each.head]
    return {"number": version.number, "branch": heads[0] if heads else None, "headBranchNames": heads}


def _at(request: Request, version: ShownVersion) -> str:
    return request.to("pacticipants", version.pacticipant, "versions", version.number)


def _tags(request: Request, version: ShownVersion) -> list[dict[str, Any]]:
    here = _at(request, version)
    return [
        {"name": each.name, "latest": each.head, "_links": {"self": {"href": here + path("tags", each.name)}}}
        for each in version.tags
        if each.head
    ]
