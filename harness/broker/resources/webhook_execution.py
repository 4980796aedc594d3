"""Trying a webhook out: at once, and with its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.broker.events import latest_happening
from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, ok
from harness.broker.http.hal import link
from harness.broker.http.routing import Routes
from harness.broker.resources.webhooks import WEBHOOK_TO_KEEP, the_webhook
from harness.broker.webhooks.composing import message
from harness.broker.webhooks.delivery import courier, headers_of, hidden_texts
from harness.broker.webhooks.reading import read_webhook
from harness.broker.webhooks.redaction import shown_headers, without
from harness.broker.webhooks.webhook_events import context_of
from harness.ledger.db import webhooks as kept

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.broker.webhooks.delivery import DeliveryOutcome, WebhookMessage
    from harness.ledger.db.webhooks import Webhook

routes = Routes("webhook-execution")

EXECUTION = s.Schema(
    "WebhookExecution",
    s.record(
        {"request": s.OBJECT, "logs": s.text(), "success": s.truth(), "_links": s.LINKS},
        response=s.OBJECT,
        error=s.record({"message": s.text()}),
    ),
)


TRYING = s.Schema("WebhookToTry", {"anyOf": [WEBHOOK_TO_KEEP, {"type": "object", "maxProperties": 0}]})
TRIED = s.Schema(
    "WebhooksTried",
    s.record(
        {"logs": s.text(), "success": s.truth(), "_embedded": s.record({"executions": s.many(EXECUTION)})},
        error=s.record({"message": s.text()}),
        _links=s.LINKS,
    ),
)


# Both only read: a writer would keep everybody else waiting for as long as somebody else's server takes.
@routes.post("/webhooks/{uuid}/execute", answers={200: EXECUTION}, reads=True, role="admin")
def execute(request: Request) -> Response:
    """Send a webhook what it would be told of the latest pact, now."""
    request.document(empty=True)
    webhook = the_webhook(request)
    here = request.to("webhooks", webhook.uuid)
    links = {"webhook": link(here), "try-again": link(f"{here}/execute", title="Execute the webhook again")}
    return ok({**_execution(request, webhook), "_links": links})


@routes.post(
    "/webhooks/execute",
    answers={200: s.Schema("WebhooksExecuted", {"anyOf": [EXECUTION, TRIED]})},
    body=TRYING,
    reads=True,
    role="admin",
)
def execute_unsaved(request: Request) -> Response:
    """Send a webhook that is not kept, or for `{}` every enabled one, what the latest pact would tell it."""
    again = {"try-again": link(request.here(), title="Execute the webhook again")}
    if request.document() == {}:
        return ok({**_all_told(request), "_links": again})
    return ok({**_execution(request, read_webhook(request)), "_links": again})


def _all_told(request: Request) -> dict[str, Any]:
    """What became of every enabled webhook; none is no success, for nothing was shown to work."""
    found = []
    for each in kept.all_webhooks(request.db):
        if each.enabled:
            again = link(f"{request.to('webhooks', each.uuid)}/execute", title="Execute the webhook again")
            found.append({**_execution(request, each), "_links": {"try-again": again}})
    told: dict[str, Any] = {
        "success": bool(found) and all(each["success"] for each in found),
        "logs": "".join(each["logs"] for each in found),
        "_embedded": {"executions": found},
    }
    return told if found else {**told, "error": {"message": "there is no enabled webhook: POST /webhooks"}}


def _execution(request: Request, webhook: Webhook) -> dict[str, Any]:
    happened = latest_happening(request, webhook)
    composed = message(request.db, webhook, context_of(request.db, happened))
    return _outcome_document(composed, courier(request.settings).send(composed))


def _outcome_document(composed: WebhookMessage, outcome: DeliveryOutcome) -> dict[str, Any]:
    split = urlsplit(composed.url)
    never = hidden_texts(composed)
    url = split.path + (f"?{split.query}" if split.query else "")
    told: dict[str, Any] = {
        "request": {
            "headers": {
                name: without(value, never) for name, value in shown_headers(headers_of(composed)).items()
            },
            "body": _json_or_text(without(composed.body, never)),
            "url": without(url, never),
        },
        "logs": outcome.log,
        "success": outcome.success,
    }
    if outcome.status:
        answered = shown_headers(outcome.headers)
        told["response"] = {"status": outcome.status, "headers": answered, "body": _json_or_text(outcome.body)}
    if outcome.error:
        told["error"] = {"message": outcome.error}
    return told


def _json_or_text(text: str) -> Any:
    """A body that is JSON as JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
