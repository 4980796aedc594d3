"""Two whole documents: which operations came, went and changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.comparison.openapi_diff.change import Change, Diff, Severity
from harness.comparison.openapi_diff.document import sameness
from harness.comparison.openapi_diff.notice import LEVELS, announcements, level, removal
from harness.comparison.openapi_diff.operations import bases, operations, webhooks
from harness.comparison.openapi_diff.traffic import Views, change, parameters, request_body, responses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.openapi_diff.document import Document
    from harness.comparison.openapi_diff.notice import Notice
    from harness.comparison.openapi_diff.operations import Operation

_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)


def diff(old: Document, new: Document, notice: Notice) -> Diff:
    """What changed, and whether it breaks those who keep to the old document; the worst comes first."""
    views = Views.of(old, new, sameness(old, new), notice)
    before, after = operations(old), operations(new)
    found = [*_operations(views, before, after), *_webhooks(old, new), *_servers(old, new)]
    found.sort(key=lambda each: _ORDER.index(each.severity))
    return Diff(changes=_each_once(found), operations=(len(before), len(after)))


def _each_once(found: list[Change]) -> tuple[Change, ...]:
    """The changes, each once: a schema that is reached on two ways is told at its first place."""
    kept: dict[tuple[object, ...], Change] = {}
    for each in found:
        kept.setdefault((each.id, each.operation, each.place, each.text), each)
    return tuple(kept.values())


def _operations(
    views: Views, before: dict[tuple[str, str], Operation], after: dict[tuple[str, str], Operation]
) -> Iterator[Change]:
    paths = {path for _, path in after}
    for key in dict.fromkeys((*before, *after)):
        if key not in after:
            found = _gone(before[key], views.notice, path_too=key[1] not in paths)
            yield replace(found, operation=before[key].label)
        elif key not in before:
            text = "the operation is new"
            yield replace(change("endpoint-added", text, breaks=False), operation=after[key].label)
        else:
            for found in _kept(views, before[key], after[key]):
                yield replace(found, operation=after[key].label)


def _gone(was: Operation, notice: Notice, *, path_too: bool) -> Change:
    noun = "api-path" if path_too else "api"
    rank = level(was.stability)
    if rank is not None and rank < LEVELS.index("beta"):
        return change(f"{noun}-removed-unstable", f"the operation, {was.stability} only, is gone", breaks=False)
    told = removal(was.written, notice.today)
    if told is None:
        return change(f"{noun}-removed-without-deprecation", "the operation is gone", breaks=True)
    if told.problem == "before-sunset":
        return change(f"{noun}-removed-before-sunset", f"the operation {told.text}", breaks=True)
    if told.problem:
        kind = "api-path-sunset-parse" if path_too else "api-deprecated-sunset-parse"
        return change(kind, f"the operation {told.text}", breaks=True)
    return change(f"{noun}-removed-with-deprecation", f"the operation {told.text}", breaks=False)


def _kept(views: Views, old: Operation, new: Operation) -> Iterator[Change]:
    yield from _stability(old, new)
    rank = level(old.stability)
    yield from _announced(views, old, new, rank)
    if rank is not None and rank < LEVELS.index("beta"):
        return  # what is not yet promised cannot break
    yield from parameters(views, old, new)
    yield from request_body(views, old, new)
    yield from responses(views, old, new)
    yield from _security(old, new)


def _stability(old: Operation, new: Operation) -> Iterator[Change]:
    had, has = level(old.stability), level(new.stability)
    for side, rank in ((old, had), (new, has)):
        if rank is None:
            text = f"x-stability-level is {side.stability!r}; known are {', '.join(LEVELS)}"
            yield change("api-invalid-stability-level", text, breaks=True)
            return
    if had is not None and has is not None and had != has and old.stability is not None:
        word = "decreased" if has < had else "increased"
        text = f"the stability {word} from {LEVELS[had]} to {LEVELS[has]}"
        yield change(f"api-stability-{word}", text, breaks=has < had)


_ANNOUNCED = {
    "sunset-parse": "api-deprecated-sunset-parse",
    "sunset-missing": "api-deprecated-sunset-missing",
    "sunset-date-too-small": "api-sunset-date-too-small",
    "sunset-date-changed-too-small": "api-sunset-date-changed-too-small",
    "sunset-deleted": "sunset-deleted",
    "deprecated": "endpoint-deprecated",
    "reactivated": "endpoint-reactivated",
}


def _announced(views: Views, old: Operation, new: Operation, rank: int | None) -> Iterator[Change]:
    days = views.notice.days(LEVELS.index("stable") if rank is None else rank)
    for each in announcements(old.written, new.written, views.notice, days):
        kind = _ANNOUNCED.get(each.problem, f"api-{each.problem}")
        yield change(kind, f"the operation {each.text}", breaks=each.breaks)


def _security(old: Operation, new: Operation) -> Iterator[Change]:
    """The reference tool tells it as information; whoever was let in without a token is warned here."""
    before, after = old.security or [], new.security or []
    if before == after:
        return
    locked_out = (not before or {} in before) and bool(after) and {} not in after
    text = "whoever calls needs credentials now" if locked_out else "the accepted credentials changed"
    made = change("api-security-changed", text, "security", breaks=False)
    yield replace(made, severity=Severity.WARNING) if locked_out else made


def _webhooks(old: Document, new: Document) -> Iterator[Change]:
    before, after = webhooks(old), webhooks(new)
    for key, was in before.items():
        if key not in after:
            made = change("webhook-removed", "the webhook is gone", breaks=True)
            yield replace(made, operation=was.label)
        elif was.written != after[key].written:
            text = "the webhook changed; what that breaks is not looked into"
            made = change("webhook-changed", text, breaks=False)
            yield replace(made, operation=was.label, severity=Severity.WARNING, undecided=True)


def _servers(old: Document, new: Document) -> Iterator[Change]:
    gone = sorted(bases(old) - bases(new))
    if gone:
        yield change(
            "api-server-path-removed", f"no server has the base path {', '.join(gone)!r} now", breaks=False
        )
