"""A webhook as a client describes it, and everything that is wrong with the description."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.broker.http.forms import Form
from harness.broker.http.problems import ABSENT
from harness.broker.webhooks.redaction import STARS
from harness.broker.webhooks.targets import method_problems, url_problems
from harness.ledger.db.versions import exists
from harness.ledger.db.webhooks import Party, Webhook

if TYPE_CHECKING:
    from harness.broker.http.request import Request

EVENTS = (
    "contract_published",
    "contract_content_changed",
    "provider_verification_published",
    "provider_verification_succeeded",
    "provider_verification_failed",
    "contract_requiring_verification_published",
)
_DEFAULT = ("contract_content_changed",)
_UUID = re.compile(r"^[A-Za-z0-9_-]{16,}$")
_UUID_TEXT = "The UUID can only contain the characters A-Z, a-z, 0-9, _ and -, and must be 16 or more characters."


def read_webhook(
    request: Request,
    there: Webhook | None = None,
    *,
    uuid: str = "",
    consumer: str | None = None,
    provider: str | None = None,
) -> Webhook:
    """The webhook that the body describes; `there` is the one that it replaces. Raises Invalid."""
    form = Form(request.document())
    if uuid and there is None and not _UUID.match(uuid):
        form.wrong("uuid", _UUID_TEXT)
    about_consumer = Party(name=consumer) if consumer is not None else _party(request, form, "consumer")
    about_provider = Party(name=provider) if provider is not None else _party(request, form, "provider")
    for field, name in (("consumer", consumer), ("provider", provider)):
        if name is not None and not exists(request.db, name):
            form.wrong(f"{field}.name", "does not match an existing pacticipant")
    sent = _request(request, form, there)
    events = _events(form)
    enabled = form.truth("enabled")
    description = form.text("description", blank=True)
    team = form.text("teamUuid", blank=True)
    form.done()
    return Webhook(
        uuid=uuid,
        description=description or None,
        enabled=True if enabled is None else enabled,
        events=events,
        team=team or None,
        consumer=about_consumer,
        provider=about_provider,
        **sent,
    )


def _party(request: Request, form: Form, field: str) -> Party:
    inside = form.nested(field)
    if inside is None:
        return Party()
    name, label = inside.text("name"), inside.text("label")
    if name is not None and label is not None:
        inside.wrong("label", "cannot be used together with name")
    if name is None and label is None and not form.errors:
        inside.wrong("name", ABSENT)
    if name is not None and not exists(request.db, name):
        inside.wrong("name", "does not match an existing pacticipant")
    return Party(name=name, label=label)


def _request(request: Request, form: Form, there: Webhook | None) -> dict[str, Any]:
    inside = form.nested("request", required=True)
    if inside is None:
        return {}
    method = inside.text("method", required=True)
    url = inside.text("url", required=True)
    if method is not None:
        for text in method_problems(method, request.settings):
            inside.wrong("method", text)
    if url is not None:
        for text in url_problems(url, request.settings):
            inside.wrong("url", text)
    return {
        "method": (method or "").upper(),
        "url": url or "",
        "headers": _headers(inside, there),
        "body": inside.body.get("body"),
        "username": inside.text("username", blank=True) or None,
        "password": _password(inside, there),
    }


def _headers(sent: Form, there: Webhook | None) -> dict[str, str]:
    given = sent.nested("headers")
    found: dict[str, str] = {}
    for name in given.body if given else ():
        value = given.body[name] if given else ""
        if not isinstance(value, str | int | float | bool):
            sent.wrong("headers", f"{name} must be a string")
            continue
        text = str(value)
        if re.search(r"[\r\n\0:]", name) or not name or re.search(r"[\r\n\0]", text):
            sent.wrong("headers", f"{name!r} cannot be sent as a header")
        kept = there.headers.get(name.lower(), "") if there and text == STARS else text
        found[name.lower()] = kept
    return found


def _password(sent: Form, there: Webhook | None) -> str | None:
    told = sent.text("password", blank=True) or None
    if told is not None and set(told) == {"*"} and there is not None:
        return there.password  # somebody sends back what they were shown
    return told


def _events(form: Form) -> tuple[str, ...]:
    given = form.array("events")
    if given is None:
        return _DEFAULT
    names = []
    for position, each in enumerate(given):
        name = each.get("name") if isinstance(each, dict) else None
        if name is None:
            form.wrong("events", f"name is missing (at index {position})")
        elif name not in EVENTS:
            form.wrong("events", f"name must be one of: {', '.join(EVENTS)} (at index {position})")
        else:
            names.append(name)
    if not given:
        form.wrong("events", "must be filled")
    return tuple(dict.fromkeys(names))
