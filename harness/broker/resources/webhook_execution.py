"""Trying a webhook out: at once, and with its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.broker.events import latest_happening
from harness.broker.http import schemas as s
from harness.broker.http.answers import Answer, ok
from harness.broker.http.hal import link
from harness.broker.http.routing import Routes
from harness.broker.resources.webhooks import WEBHOOK_TO_KEEP, the_webhook
from harness.broker.webhooks.composing import message
from harness.broker.webhooks.delivery import courier, headers_of
from harness.broker.webhooks.happenings import context_of
from harness.broker.webhooks.reading import read_webhook
from harness.broker.webhooks.redaction import shown_headers, without

if TYPE_CHECKING:
    from harness.broker.http.call import Call
    from harness.broker.store.webhooks import Webhook
    from harness.broker.webhooks.delivery import Message, Outcome

routes = Routes("webhook-execution")

EXECUTION = s.Schema(
    "WebhookExecution",
    s.record(
        {"request": s.OBJECT, "logs": s.text(), "success": s.truth(), "_links": s.LINKS},
        response=s.OBJECT,
        error=s.record({"message": s.text()}),
    ),
)


# Both only read: a writer would keep everybody else waiting for as long as somebody else's server takes.
@routes.post("/webhooks/{uuid}/execute", answers={200: EXECUTION}, reads=True, role="admin")
def execute(call: Call) -> Answer:
    """Send a webhook what it would be told of the latest pact, now."""
    call.document(empty=True)
    webhook = the_webhook(call)
    here = call.to("webhooks", webhook.uuid)
    links = {"webhook": link(here), "try-again": link(f"{here}/execute", title="Execute the webhook again")}
    return _execute(call, webhook, links)


@routes.post("/webhooks/execute", answers={200: EXECUTION}, body=WEBHOOK_TO_KEEP, reads=True, role="admin")
def execute_unsaved(call: Call) -> Answer:
    """Send a webhook that is not kept what it would be told of the latest pact, now."""
    again = link(call.here(), title="Execute the webhook again")
    return _execute(call, read_webhook(call), {"try-again": again})


def _execute(call: Call, webhook: Webhook, links: dict[str, Any]) -> Answer:
    happened = latest_happening(call, webhook)
    composed = message(call.db, webhook, context_of(call.db, happened))
    outcome = courier(call.settings).send(composed)
    return ok({**_told(composed, outcome), "_links": links})


def _told(composed: Message, outcome: Outcome) -> dict[str, Any]:
    split = urlsplit(composed.url)
    hidden = (composed.password, *composed.secrets)
    url = split.path + (f"?{split.query}" if split.query else "")
    told: dict[str, Any] = {
        "request": {
            "headers": {
                name: without(value, hidden) for name, value in shown_headers(headers_of(composed)).items()
            },
            "body": _read(without(composed.body, hidden)),
            "url": without(url, hidden),
        },
        "logs": outcome.log,
        "success": outcome.success,
    }
    if outcome.status:
        answered = shown_headers(outcome.headers)
        told["response"] = {"status": outcome.status, "headers": answered, "body": _read(outcome.body)}
    if outcome.error:
        told["error"] = {"message": outcome.error}
    return told


def _read(text: str) -> Any:
    """A body that is JSON as JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
