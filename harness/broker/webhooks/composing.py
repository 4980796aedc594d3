"""The message of a webhook: its templates filled with what happened and with secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.broker.webhooks import templates
from harness.broker.webhooks.delivery import WebhookMessage
from harness.ledger.db import webhooks as kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sqlalchemy as sa

    from harness.ledger.db.webhooks import Webhook


def message(db: sa.Connection, webhook: Webhook, context: Mapping[str, Any], *, key: str = "") -> WebhookMessage:
    """What is sent; `context` has `values` for the templates and `told` for the log."""
    secrets = kept.secret_values(db, _parameter_names(webhook))
    values = {**context.get("values", {}), **{f"user.{name}": value for name, value in secrets.items()}}
    headers = {name: templates.in_header(value, values) for name, value in webhook.headers.items()}
    media = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return WebhookMessage(
        method=webhook.method,
        url=templates.in_url(webhook.url, values),
        headers=headers,
        body=templates.in_body(webhook.body, values, media),
        username=templates.in_header(webhook.username or "", values),
        password=templates.in_header(webhook.password or "", values),
        secrets=tuple(secrets.values()),
        key=key,
        context=context.get("told", {}),
    )


def _parameter_names(webhook: Webhook) -> set[str]:
    texts = [webhook.url, webhook.username or "", webhook.password or "", json.dumps(webhook.body)]
    return {name for text in (*texts, *webhook.headers.values()) for name in templates.names_in(text)}
