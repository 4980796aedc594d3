"""What cannot be read on one side: whether it changed for anybody is not decided, and nothing is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.diff.change import Change, Side
from harness.comparison.openapi.document import equal, listing, mapping
from harness.comparison.severity import Severity
from harness.contracts.openapi_source import UNREAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.openapi.document import Document
    from harness.comparison.openapi.operations import OperationObject


def undecided_change(kind: str, what: str, *place: str, side: Side = Side.NONE) -> Change:
    """That something cannot be compared, since it is not what the standard says, or not there."""
    text = f"{what} cannot be read"
    return Change(id=kind, severity=Severity.WARNING, side=side, place=place, text=text, undecided=True)


def of_documents(old: Document, new: Document) -> Iterator[Change]:
    """What the documents say of all operations and that cannot be read, where it is not the same on both sides."""
    before, after = _unread(old.value), _unread(new.value)
    for part in ("paths", "components"):
        before, after = {**before, **_unread(old.part(part))}, {**after, **_unread(new.part(part))}
    for key in _differing(before, after):
        what = f"the document's `{key}`" if key else "a part of the document"
        yield undecided_change("document-unreadable", what, *filter(None, [key]))


def of_operations(old: OperationObject, new: OperationObject) -> Iterator[Change]:
    """The same of what an operation and its path say themselves."""
    before = {**_unread(old.item), **_unread(old.written)}
    after = {**_unread(new.item), **_unread(new.written)}
    for key in _differing(before, after):
        if key not in _BY_THEMSELVES:
            yield undecided_change("operation-unreadable", f"the operation's `{key}`", key)


_BY_THEMSELVES = frozenset({"parameters", "responses"})  # told where they are compared


def has_lost_parameters(operation: OperationObject) -> list[Any]:
    """The parameters that lead nowhere or cannot be read, as they are written."""
    lists = (*listing(operation.item.get("parameters")), *listing(operation.written.get("parameters")))
    return [each for each in lists if operation.document.lost(each)]


def lost_on_one_side(old: tuple[Document, Any], new: tuple[Document, Any]) -> bool:
    """Whether one of two parts leads nowhere, and they are not the same broken text."""
    lost = [document.lost(node) for document, node in (old, new)]
    return any(lost) and not (all(each.startswith(f"#/{UNREAD}") for each in lost) and equal(old[1], new[1]))


def _unread(holder: Any) -> dict[str, Any]:
    return mapping(mapping(holder).get(UNREAD))


def _differing(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    missing = object()
    for key in dict.fromkeys((*before, *after)):
        was, now = before.get(key, missing), after.get(key, missing)
        if was is missing or now is missing or not equal(was, now):
            yield key
