"""What webhooks were told, and what they answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import HAL, JSON, TEXT, Response, ok, text
from harness.broker.http.hal import link
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import outbox
from harness.ledger.db import webhooks as kept
from harness.ledger.db.publications import latest_version_with, version_with
from harness.ledger.db.times import moment
from harness.ledger.db.versions import exists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.broker.http.request import Request
    from harness.ledger.db.outbox import Trigger

routes = Routes("triggered-webhooks")

TRIGGERED = s.Schema(
    "TriggeredWebhook",
    s.record(
        {
            "name": s.text(),
            "status": s.text(enum=[outbox.NOT_RUN, outbox.RETRYING, outbox.SUCCESS, outbox.FAILURE]),
            "attemptsMade": s.whole(),
            "attemptsRemaining": s.whole(),
            "eventName": s.text(),
            "_links": s.LINKS,
        },
        triggerType=s.text(),
        triggeredAt=s.moment(),
    ),
)
TRIGGERED_LIST = s.paged_list("TriggeredWebhooks", "triggeredWebhooks", TRIGGERED)
STATUS = s.Schema(
    "WebhooksStatus",
    s.record(
        {
            "summary": s.OBJECT,
            "_embedded": s.record({"triggeredWebhooks": s.many(TRIGGERED)}),
            "_links": s.LINKS,
        }
    ),
)
LOG = s.Schema("WebhookLog", s.record({"logs": s.text()}))
PUBLICATION_EVENTS = (
    "contract_published",
    "contract_content_changed",
    "contract_requiring_verification_published",
)


@routes.get("/triggered-webhooks/{uuid}/logs", answers={200: LOG}, media=(TEXT, HAL, JSON))
def show_log(request: Request) -> Response:
    """The logs of every attempt, one after the other."""
    found = outbox.by_uuid(request.db, request.path["uuid"])
    if found is None:
        raise NotHere
    log = outbox.log_of(request.db, found)
    return text(log) if request.media == TEXT else ok({"logs": log})


@routes.get("/pacts/provider/{provider}/consumer/{consumer}/webhooks/status", answers={200: STATUS})
def show_status(request: Request) -> Response:
    """How the webhooks of two pacticipants fared, each with its latest event."""
    consumer, provider = request.path["consumer"], request.path["provider"]
    if not (exists(request.db, consumer) and exists(request.db, provider)):
        raise NotHere
    found = outbox.of_pair(request.db, consumer, provider)
    counted = {
        "successful": sum(each.status == outbox.SUCCESS for each in found),
        "failed": sum(each.status == outbox.FAILURE for each in found),
        "retrying": sum(each.status == outbox.RETRYING for each in found),
        "notRun": sum(each.status == outbox.NOT_RUN for each in found),
    }
    always = ("successful", "failed")
    summary = {name: count for name, count in counted.items() if count or name in always}
    embedded = {"triggeredWebhooks": trigger_resources(request, found)}
    return ok({"summary": summary, "_embedded": embedded, "_links": _status_links(request, found)})


@routes.get(
    "/pacts/provider/{provider}/consumer/{consumer}/version/{version}/triggered-webhooks",
    answers={200: TRIGGERED_LIST},
)
def show_of_publication(request: Request) -> Response:
    """What the publication of a pact has triggered."""
    consumer, provider, number = request.path["consumer"], request.path["provider"], request.path["version"]
    row = version_with(request.db, consumer, number, provider)
    if row is None:
        raise NotHere
    found = outbox.of_publication(request.db, row, provider, PUBLICATION_EVENTS)
    title = f"Webhooks triggered by the publication of the pact between {consumer} ({number}) and {provider}"
    links = {"self": link(request.here(), title=title)}
    return ok({"_embedded": {"triggeredWebhooks": trigger_resources(request, found)}, "_links": links})


def trigger_resources(request: Request, found: Sequence[Trigger]) -> list[dict[str, Any]]:
    """Triggered webhooks as the API tells them."""
    by_row = kept.by_ids(request.db, [each.webhook_id for each in found if each.webhook_id is not None])
    return [_trigger_resource(request, each, by_row) for each in found]


def _trigger_resource(request: Request, each: Trigger, by_row: dict[int, kept.Webhook]) -> dict[str, Any]:
    webhook = by_row.get(each.webhook_id or 0)
    name = f"{webhook.method} {webhook.host}" if webhook else "Deleted webhook"
    logs = request.to("triggered-webhooks", each.uuid, "logs")
    over = each.status in (outbox.SUCCESS, outbox.FAILURE)
    most = len(request.settings.webhook_retry_schedule) + 1
    links = {
        "pb:logs": link(logs, title="Webhook execution logs", name=name),
        "logs": link(logs, title="DEPRECATED - Use pb:logs", name=name),
    }
    if webhook:
        links["pb:webhook"] = link(request.to("webhooks", webhook.uuid), title="Webhook", name=name)
    return {
        "name": name,
        "status": each.status,
        "attemptsMade": each.attempts,
        "attemptsRemaining": 0 if over else most - each.attempts,
        "triggerType": "resource_creation",
        "eventName": each.event,
        "triggeredAt": moment(each.created_at),
        "_links": links,
    }


def _status_links(request: Request, found: Sequence[Trigger]) -> dict[str, Any]:
    consumer, provider = request.path["consumer"], request.path["provider"]
    pair = request.to("pacts", "provider", provider, "consumer", consumer)
    failed = [each for each in found if each.status == outbox.FAILURE]
    links: dict[str, Any] = {
        "self": link(f"{pair}/webhooks/status", title="Webhooks status"),
        "pb:error-logs": [
            link(request.to("triggered-webhooks", each.uuid, "logs"), title="Webhook execution logs")
            for each in failed
        ],
        "pb:pact-webhooks": link(
            f"{pair}/webhooks", title=f"Webhooks for the pact between {consumer} and {provider}"
        ),
        "pb:consumer": link(request.to("pacticipants", consumer), title="Consumer", name=consumer),
        "pb:provider": link(request.to("pacticipants", provider), title="Provider", name=provider),
    }
    latest = latest_version_with(request.db, consumer, provider)
    if latest is not None and found:
        name = f"Pact between {consumer} ({latest}) and {provider}"
        where = request.to("pacts", "provider", provider, "consumer", consumer, "version", latest)
        links["pb:pact-version"] = link(where, title="Pact", name=name)
    return links
