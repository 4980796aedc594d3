"""Webhooks and callbacks: requests that the provider sends, so what they hold may only get narrower."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.comparison.diff.change import Change, Side
from harness.comparison.diff.content import contents, schema_changes
from harness.comparison.diff.severities import change
from harness.comparison.openapi.operations import callbacks
from harness.comparison.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.diff.views import Views
    from harness.comparison.openapi.operations import OperationObject, ParameterObject

_TOLD = ("webhook-body", "webhook-property")
_ANSWERED = ("webhook-reply-body", "webhook-reply-property")
Sent = dict[tuple[str, str], "OperationObject"]


def webhook_changes(views: Views, before: Sent, after: Sent) -> Iterator[Change]:
    """What changed in the webhooks of two documents."""
    for key, was in before.items():
        if key not in after:
            yield replace(change("webhook-removed", "the webhook is gone", breaks=True), operation=label(was))
        else:
            for found in _operation_changes(views, was, after[key]):
                yield replace(found, operation=label(was))
    for key, now in after.items():
        if key not in before:
            yield replace(change("webhook-added", "the webhook is new", breaks=False), operation=label(now))


def label(webhook: OperationObject) -> str:
    """How a webhook is told apart from an operation."""
    return f"webhook {webhook.label}"


def callback_changes(views: Views, old: OperationObject, new: OperationObject) -> Iterator[Change]:
    """What changed in what an operation makes the provider send later on."""
    before, after = callbacks(old), callbacks(new)
    for key in dict.fromkeys((*before, *after)):
        place = ("callbacks", *key)
        if key not in after:
            yield change("callback-removed", f"the callback {key[0]} is gone", *place, breaks=True)
        elif key not in before:
            yield change("callback-added", f"the callback {key[0]} is new", *place, breaks=False)
        else:
            for found in _operation_changes(views, before[key], after[key]):
                yield replace(found, place=(*place, *found.place))


def _operation_changes(views: Views, old: OperationObject, new: OperationObject) -> Iterator[Change]:
    yield from _body(views, old, new)
    yield from _parameters(views, old, new)
    yield from _replies(views, old, new)


def _body(views: Views, old: OperationObject, new: OperationObject) -> Iterator[Change]:
    before, after = old.body(), new.body()
    place = ("requestBody",)
    if before is None:
        if after is not None:
            yield change("webhook-body-added", "it has a body now", *place, breaks=False, side=Side.RESPONSE)
    elif after is None:
        text = "it has no body any more"
        yield change("webhook-body-removed", text, *place, breaks=True, side=Side.RESPONSE)
    else:
        if before.required and not after.required:
            text = "its body may be left out now"
            yield change("webhook-body-became-optional", text, *place, breaks=True, side=Side.RESPONSE)
        yield from contents(views.sent, before.content, after.content, place, _TOLD)


def _parameters(views: Views, old: OperationObject, new: OperationObject) -> Iterator[Change]:
    before, after = old.parameters(), new.parameters()
    for key in dict.fromkeys((*before, *after)):
        if key in before:
            yield from _parameter(views, before[key], after.get(key))
        else:
            name = after[key].name
            yield change(
                "webhook-parameter-added", f"`{name}` is sent now", *_place(after[key]), breaks=False,
                side=Side.RESPONSE,
            )  # fmt: skip


def _parameter(views: Views, was: ParameterObject, now: ParameterObject | None) -> Iterator[Change]:
    place, name = _place(was), f"the {was.location} parameter `{was.name}`"
    if now is None:
        text, kind = f"{name} is not sent any more", "webhook-parameter-removed"
        yield change(kind, text, *place, breaks=True, side=Side.RESPONSE)
        return
    if was.required and not now.required:
        text, kind = f"{name} may be left out now", "webhook-parameter-became-optional"
        yield change(kind, text, *place, breaks=True, side=Side.RESPONSE)
    if was.schema is not None and now.schema is not None:
        view = views.sent if was.media else views.sent.written(was.style, now.style)
        yield from schema_changes(view, was.schema, now.schema, "webhook-parameter", place)


def _place(parameter: ParameterObject) -> tuple[str, ...]:
    return ("parameters", parameter.location, parameter.name)


def _replies(views: Views, old: OperationObject, new: OperationObject) -> Iterator[Change]:
    """What the receiver may answer: it keeps to the old document, so nothing of that may be refused now."""
    before, after = old.responses(), new.responses()
    for status, was in before.items():
        place = ("responses", status)
        now = after.get(status, after.get(f"{status[0]}XX", after.get("default")))
        if now is None:
            text, kind = f"the answer {status} is not named any more", "webhook-status-removed"
            made = change(kind, text, *place, breaks=True, side=Side.REQUEST)
            yield replace(made, severity=Severity.WARNING)
        else:
            yield from contents(views.accepted, was.content, now.content, place, _ANSWERED)
