"""Two whole documents: which operations came, went and changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.comparison.diff import access
from harness.comparison.diff.change import Change, Diff
from harness.comparison.diff.notice import LEVELS, announcements, level, removal
from harness.comparison.diff.severities import change
from harness.comparison.diff.traffic import parameters, request_body, responses
from harness.comparison.diff.unreadable import of_documents, of_operations, undecided_change
from harness.comparison.diff.views import Views
from harness.comparison.diff.webhooks import callback_changes, webhook_changes
from harness.comparison.openapi.document import mapping, sameness
from harness.comparison.openapi.operations import OperationObject, bases, operations, shape, webhooks
from harness.comparison.severity import Severity
from harness.contracts.openapi_source import UNREAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.comparison.diff.change import Change
    from harness.comparison.diff.notice import Notice
    from harness.comparison.openapi.document import Document


_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)


def diff(old: Document, new: Document, notice: Notice) -> Diff:
    """What changed, and whether it breaks those who keep to the old document; the worst comes first."""
    views = Views.of(old, new, sameness(old, new), notice)
    before, after = operations(old), operations(new)
    found = [
        *of_documents(old, new),
        *_operations(views, before, after, _moved_operations(old, new, before, after)),
        *webhook_changes(views, webhooks(old), webhooks(new)),
        *access.servers(old, new),
    ]
    told = together(found)
    return Diff(
        changes=tuple(sorted(told, key=lambda each: _ORDER.index(each.severity))),
        operations=(len(before), len(after)),
        problems=tuple(dict.fromkeys((*old.problems, *new.problems))),
        remarks=tuple(dict.fromkeys((*old.remarks, *new.remarks))),
    )


Operations = dict[tuple[str, str], OperationObject]


def _operations(views: Views, before: Operations, after: Operations, moved: Pairs) -> Iterator[Change]:
    pairs = _pairs(before, after, moved)
    paths = {path for _, path in after} | {was for (_, was), (_, now) in pairs.items() if was != now}
    for key, was in before.items():
        if key in pairs:
            now = after[pairs[key]]
            for found in _operation_changes(views, was, now):
                yield replace(found, operation=now.label)
        elif _is_lost_path(views.accepted.sides.new, was):
            yield replace(undecided_change("operation-unreadable", "its path"), operation=was.label)
        else:
            yield replace(_operation_removal(was, views.notice, path_too=key[1] not in paths), operation=was.label)
    for key in sorted(after.keys() - set(pairs.values())):
        if _is_lost_path(views.accepted.sides.old, after[key]):
            yield replace(undecided_change("operation-unreadable", "its path"), operation=after[key].label)
            continue
        yield replace(change("endpoint-added", "the operation is new", breaks=False), operation=after[key].label)


def _is_lost_path(document: Document, operation: OperationObject) -> bool:
    """Whether a document has the operation's path, or may have, and it cannot be read."""
    if not document.problems:
        return False
    paths = document.part("paths")
    if UNREAD in paths or "paths" in mapping(document.value.get(UNREAD)):
        return True
    return any(shape(path) == shape(operation.path) and bool(document.lost(item)) for path, item in paths.items())


Pairs = dict[tuple[str, str], tuple[str, str]]


def _moved_operations(old: Document, new: Document, before: Operations, after: Operations) -> Pairs:
    """Operations at their old address below another base path: `/v1` moved into the paths, or back."""
    if len(bases(old)) != 1 or len(bases(new)) != 1 or bases(old) == bases(new):
        return {}
    (was,), (now,) = bases(old), bases(new)
    found = {(method, shape(now + path)): (method, path) for method, path in after}
    whole = {(method, path): (method, shape(was + path)) for method, path in before}
    return {key: found[address] for key, address in whole.items() if address in found}


def _pairs(before: Operations, after: Operations, moved: Pairs) -> Pairs:
    """Which operation is which: by its path as written, else by its shape, the names of parameters left out."""
    taken = set(moved.values())
    pairs = {**{key: key for key in before if key in after and key not in taken}, **moved}
    taken |= set(pairs.values())
    free = {(method, shape(path)): (method, path) for method, path in after if (method, path) not in taken}
    for method, path in before:
        if (method, path) not in pairs and (found := free.pop((method, shape(path)), None)):
            pairs[method, path] = found
    return pairs


def _operation_removal(was: OperationObject, notice: Notice, *, path_too: bool) -> Change:
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


def _operation_changes(views: Views, old: OperationObject, new: OperationObject) -> Iterator[Change]:
    yield from _stability(old, new)
    rank = level(old.stability)
    yield from _lifecycle_changes(views, old, new, rank)
    if rank is not None and rank < LEVELS.index("beta"):
        return  # what is not yet promised cannot break
    yield from of_operations(old, new)
    yield from parameters(views, old, new)
    yield from request_body(views, old, new)
    yield from responses(views, old, new)
    yield from access.security(old, new)
    yield from callback_changes(views, old, new)


def _stability(old: OperationObject, new: OperationObject) -> Iterator[Change]:
    if old.stability == new.stability:
        return
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


def _lifecycle_changes(
    views: Views, old: OperationObject, new: OperationObject, rank: int | None
) -> Iterator[Change]:
    days = views.notice.days(LEVELS.index("stable") if rank is None else rank)
    for each in announcements(old.written, new.written, views.notice, days):
        kind = _ANNOUNCED.get(each.problem, f"api-{each.problem}")
        yield change(kind, f"the operation {each.text}", breaks=each.breaks)


def together(found: Iterable[Change]) -> list[Change]:
    """The changes, each once, at its first place, with every operation that it reaches."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for each in found:
        groups.setdefault(_what(each), []).append(each)
    return [_one(group) for group in groups.values()]


def _what(each: Change) -> tuple[object, ...]:
    """What was edited: a place in a named schema, else the same place of several operations."""
    # Without a place it is of a whole operation: these came, went or were announced one by one.
    alone = "" if each.place or each.origin else each.operation
    return (each.id, each.severity, each.undecided, each.text, each.origin or each.place, alone)


def _one(group: list[Change]) -> Change:
    reached = dict.fromkeys((each.operation, each.place) for each in group)
    shown = next((each.witness for each in group if each.witness is not None), None)
    return replace(group[0], reached=tuple(reached), witness=shown)
