"""Parts of an operation that the document only refers to, and that are not there: what needs them is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.document import listing, mapping
from harness.comparison.pact_fit.security import schemes
from harness.contracts.openapi_source import UNREAD
from harness.contracts.openapi_templates import PathTemplate, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.openapi.document import Document
    from harness.comparison.openapi.operations import OperationObject
    from harness.comparison.pact_fit.interaction_context import InteractionContext


def nowhere(lost: str) -> str:
    """What is to be said of a part whose reference leads nowhere, or that breaks the standard."""
    unread = f"#/{UNREAD}"
    if lost.startswith(unread):
        return f"cannot be read: it is not what the standard says (#{lost.removeprefix(unread)})"
    return f"is `{lost}`, which leads nowhere"


def lost_path(document: Document, bases: tuple[str, ...], target: str) -> str:
    """The reference of a path that a request may mean and that leads nowhere; "" for none."""
    steps = steps_of(target) if document.problems else None
    for path, item in document.part("paths").items() if steps is not None else ():
        lost = document.lost(item) or _unread_servers(item)
        if lost and any(_takes(base + path, steps) for base in ("", *bases)):
            return lost
    return ""


def _unread_servers(item: Any) -> str:
    """Where a path is served is not known."""
    return f"#/{UNREAD}/servers" if "servers" in mapping(mapping(item).get(UNREAD)) else ""


_DECIDING = ("paths", "servers", "basePath", "")  # of the document: where an operation is


def unread_everywhere(document: Document) -> str:
    """What of the document itself cannot be read, so that no request can be told to meet nothing; "" for none."""
    if not document.problems:
        return ""
    unread = {**mapping(document.value.get(UNREAD)), **mapping(document.part("paths").get(UNREAD))}
    return next((key or "paths" for key in unread if key in _DECIDING), "")


def _takes(path: str, steps: Any) -> bool:
    return PathTemplate.of(path).takes(steps)


def tell_lost_request(meeting: InteractionContext, operation: OperationObject, *, refused: bool) -> None:
    """Leave undecided what of a request the document only refers to, with a reference that leads nowhere."""
    if not meeting.document.problems:
        return
    for what, lost in _of_request(operation, refused=refused):
        meeting.undecided("the request", f"{what} {nowhere(lost)}")


def _of_request(operation: OperationObject, *, refused: bool) -> Iterator[tuple[str, str]]:
    document, written = operation.document, operation.written
    for key in mapping(document.value.get(UNREAD)).keys() & {"security", "consumes", "parameters"}:
        yield f"the document's `{key}`", f"#/{UNREAD}/{key}"
    body = document.lost(written.get("requestBody"))
    if body:
        yield "its body", body
    if refused:
        return  # a consumer that expects an error may send what is wrong
    for each in (*listing(operation.item.get("parameters")), *listing(written.get("parameters"))):
        lost = document.lost(each)
        if lost:
            yield "a parameter", lost
    yield from _of_schemes(operation)


def _of_schemes(operation: OperationObject) -> Iterator[tuple[str, str]]:
    document = operation.document
    known = schemes(document)
    for requirement in listing(operation.security):
        for name in mapping(requirement):
            lost = document.lost(known.get(name))
            if lost:
                yield f"the security scheme `{name}`", lost


def lost_response(operation: OperationObject, declared: str) -> str:
    """The reference of a response that leads nowhere; "" for one that is there."""
    document = operation.document
    return document.lost(mapping(operation.written.get("responses")).get(declared)) if document.problems else ""


def lost_responses(operation: OperationObject) -> str:
    """The same for any of its responses."""
    declared = mapping(operation.written.get("responses"))
    return next(filter(None, (lost_response(operation, status) for status in declared)), "")


def lost_header(document: Document, response: Any, name: str) -> str:
    """The reference of a header of a response that leads nowhere; "" for one that is there."""
    if not document.problems:
        return ""
    headers = mapping(document.meant(response).get("headers"))
    return next((document.lost(each) for key, each in headers.items() if key.lower() == name), "")
