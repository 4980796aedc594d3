"""Whether the provider promises what a consumer needs back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.comparison.bodies.media import best_media_type, is_json
from harness.comparison.coverage import fields_of
from harness.comparison.openapi.dialects import Direction
from harness.comparison.openapi.document import mapping
from harness.comparison.openapi.operations import ResponseObject
from harness.comparison.openapi.wire import value_of
from harness.comparison.pact_fit.answer import Reliance
from harness.comparison.pact_fit.bodies import Held, hold
from harness.comparison.pact_fit.lost_parts import lost_header, lost_response, nowhere
from harness.comparison.pact_fit.registered import REGISTERED
from harness.comparison.pact_fit.requests import produced_media_types
from harness.comparison.pact_fit.rules import kind_of
from harness.comparison.pact_fit.values import Promised, compare_body
from harness.comparison.severity import Severity
from harness.contracts.openapi_source import escape_pointer_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.openapi.operations import OperationObject
    from harness.comparison.pact_fit.interaction_context import InteractionContext

_CLASSES = {"information": "1", "success": "2", "redirect": "3", "clientError": "4", "serverError": "5"}
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class DeclaredResponse:
    """The response that a document declares for a status."""

    declared: str  # "200", "2XX", "default"
    response: ResponseObject
    place: str
    written: Any  # the response object, or a reference to it


def check_response(meeting: InteractionContext, operation: OperationObject) -> Reliance:
    """Everything that a consumer needs of a response; what of the document it relies on."""
    answer = _answer(meeting, operation)
    media, body = "", meeting.response.body
    lost = lost_response(operation, answer.declared) if answer is not None else ""
    if lost:
        meeting.undecided("the response", f"{answer.declared if answer else ''} {nowhere(lost)}")
    elif answer is not None:
        media = _content_type(meeting, operation, answer) or ""
        _headers(meeting, answer)
        body = _body(meeting, answer, media)
    return Reliance(
        interaction=meeting.interaction.index,
        description=meeting.interaction.label,
        operation=operation.label,
        status=str(meeting.interaction.status),
        declared=answer.declared if answer else "",
        media_type=media,
        fields=tuple(sorted(fields(body[0]))) if body else (),
        written=_as_written(meeting, media) if body else None,
    )


def _as_written(meeting: InteractionContext, declared: str) -> tuple[str, ...] | None:
    """The places of a body that is no JSON, as every answer of its media type has them."""
    media = meeting.response.media or declared
    raw = None if is_json(media) else meeting.response.raw
    return None if raw is None else fields_of(raw, media)


def fields(value: Any) -> set[str]:
    """The places of a body that an example has: `/items/[]/total`."""
    found: set[str] = set()
    level = [("", value)]
    for _ in range(_DEEPEST + 1):
        inner: list[tuple[str, Any]] = []
        for place, holder in level:
            if isinstance(holder, dict):
                for name, item in holder.items():
                    here = place + step(name)
                    found.add(here)
                    if isinstance(item, _HOLDERS):
                        inner.append((here, item))
            elif isinstance(holder, list) and holder:
                here = f"{place}/[]"
                found.add(here)
                inner += [(here, item) for item in holder if isinstance(item, _HOLDERS)]
        level = inner
        if not level:
            break
    return found


_HOLDERS = (dict, list)


@lru_cache(maxsize=16_384)
def step(name: str) -> str:
    """A name as a step of a place; the same few names come again and again."""
    return f"/{escape_pointer_step(name)}"


# --- the status --------------------------------------------------------------------------------------------------


def _answer(meeting: InteractionContext, operation: OperationObject) -> DeclaredResponse | None:
    responses = operation.responses()
    for status in _statuses(meeting):
        for declared in (status, f"{status[0]}XX"):
            if declared in responses:
                return _make_answer(operation, declared, responses[declared])
    at, status = ("response", "status"), str(meeting.interaction.status)
    if "default" in responses:
        text = f"{operation.label} does not declare {status}, only what it answers by default"
        meeting.tell("response.status.default", text, severity=Severity.WARNING, at=at, actual=status)
        return _make_answer(operation, "default", responses["default"])
    meeting.tell(
        "response.status.unknown",
        f"{operation.label} does not answer {status}",
        at=at,
        place=f"{operation.pointer}/responses",
        expected=", ".join(responses) or "no response at all",
        actual=status,
        remedy="expect a status that the provider has, or declare this one in the document",
    )
    return None


def _make_answer(operation: OperationObject, declared: str, response: ResponseObject) -> DeclaredResponse:
    written = mapping(operation.written.get("responses")).get(declared)
    return DeclaredResponse(declared, response, f"{operation.pointer}/responses/{declared}", written)


def _statuses(meeting: InteractionContext) -> Iterator[str]:
    """The statuses that a consumer takes: its example first, then what its matcher allows."""
    yield str(meeting.interaction.status)
    for matcher in meeting.response.rules.at("status", ()):
        allowed = matcher.get("status")
        if kind_of(matcher) != "statusCode":
            continue
        if isinstance(allowed, list):
            yield from (str(each) for each in allowed if isinstance(each, int) and each >= 100)
        elif allowed in ("nonError", "error"):
            first = ("1", "2", "3") if allowed == "nonError" else ("4", "5")
            yield from _within(meeting, first)
        elif str(allowed) in _CLASSES:
            yield from _within(meeting, (_CLASSES[str(allowed)],))


def _within(meeting: InteractionContext, first: tuple[str, ...]) -> Iterator[str]:
    declared = meeting.operation.responses() if meeting.operation else {}
    yield from (status for status in declared if status[0] in first)


# --- what it is made of ------------------------------------------------------------------------------------------


def _content_type(meeting: InteractionContext, operation: OperationObject, answer: DeclaredResponse) -> str | None:
    """The declared media type that the consumer's example is of."""
    given = meeting.response.media
    declared = list(answer.response.content)
    if not given:
        return next((each for each in declared if is_json(each)), next(iter(declared), None))
    offered = produced_media_types(operation) if operation.document.old else declared
    if not offered:
        if operation.method != "HEAD" and (operation.document.old or meeting.response.has_body):
            text = f"the document names no media type of {answer.declared}"
            at = ("response", "headers", "Content-Type")
            meeting.tell(
                "response.content-type.unknown", text, severity=Severity.WARNING, at=at, place=answer.place
            )
        return next(iter(declared), None)
    found = best_media_type(given, offered)
    if found is None:
        meeting.tell(
            "response.content-type.incompatible",
            f"{operation.label} does not answer {answer.declared} as {given}",
            at=("response", "headers", "Content-Type"),
            place=answer.place,
            expected=", ".join(offered),
            actual=given,
            remedy="expect a media type that the provider sends, or declare this one",
        )
    return found


def _headers(meeting: InteractionContext, answer: DeclaredResponse) -> None:
    for name, texts in meeting.response.headers.items():
        header = answer.response.headers.get(name)
        lost = lost_header(meeting.document, answer.written, name)
        if lost:
            meeting.undecided(f"the response header {name}", f"it {nowhere(lost)}")
        elif header is not None:
            _header(meeting, answer, name, texts)
        elif name == "content-type":
            continue
        elif name in REGISTERED:
            text = f"the document does not declare the header `{name}`"
            at = ("response", "headers", name)
            meeting.tell("response.header.undefined", text, severity=Severity.WARNING, at=at, place=answer.place)
        else:
            meeting.tell(
                "response.header.unknown",
                f"{answer.declared} is not promised to have the header `{name}`",
                at=("response", "headers", name),
                place=answer.place,
                expected=", ".join(sorted(answer.response.headers)) or "no header at all",
                actual=name,
                remedy="do not rely on it, or declare it in the document",
            )


def _header(meeting: InteractionContext, answer: DeclaredResponse, name: str, texts: list[str]) -> None:
    header = answer.response.headers[name]
    if header.schema is None:
        return
    schema = meeting.document.kept(header.schema)
    value = value_of([", ".join(texts)] if len(texts) > 1 else texts, schema, ("simple", False), meeting.document)
    hold(
        meeting,
        Held(
            value=[each.strip() if isinstance(each, str) else each for each in value]
            if isinstance(value, list)
            else value,
            schema=header.schema,
            direction=Direction.RESPONSE,
            part="header",
            name=header.name,
            at=("response", "headers", name),
            place=f"{answer.place}/headers/{escape_pointer_step(header.name)}",
        ),
    )


def _body(meeting: InteractionContext, answer: DeclaredResponse, media: str) -> tuple[Any] | None:
    """Hold the body against its schema; its value where it has one."""
    response = meeting.response
    if not response.has_body or response.part["body"] is None:
        return None  # null: the consumer says that it needs none
    place = f"{answer.place}/content{step(media)}/schema" if media else answer.place
    schema = answer.response.content.get(media)
    if schema is None:
        if media in answer.response.content and response.part["body"] not in ({}, []):
            meeting.tell(
                "response.body.open",
                f"the document has no schema for the body of {answer.declared}, so that it may be anything",
                severity=Severity.INFO,
                at=("response", "body"),
                place=place.removesuffix("/schema"),
                remedy="declare its schema in the document, or let a verification show what comes",
            )
        elif _says_nothing(answer, media, meeting):
            meeting.tell(
                "response.body.unknown",
                f"the document does not say what the body of {answer.declared} is",
                at=("response", "body"),
                place=answer.place,
                expected="no body",
                remedy="do not rely on the body, or declare its schema in the document",
            )
        return response.body
    promised = Promised(media=media, schema=schema, written=answer.written, place=place)
    return compare_body(meeting, Direction.RESPONSE, promised)


def _says_nothing(answer: DeclaredResponse, media: str, meeting: InteractionContext) -> bool:
    """A media type that does not fit is told of itself; a body that is no JSON needs no schema."""
    if answer.response.content and not media:
        return False
    return meeting.response.body is not None and (not media or is_json(media))
