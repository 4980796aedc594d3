"""Whether the provider takes what a consumer sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.comparison.bodies.media import accepted, best_media_type, is_json, meet
from harness.comparison.openapi.dialects import Direction
from harness.comparison.openapi.document import listing
from harness.comparison.openapi.wire import kinds_of, properties_of, value_of, with_properties
from harness.comparison.pact_fit.bodies import Held, hold
from harness.comparison.pact_fit.fields import taken_deep
from harness.comparison.pact_fit.lost_parts import lost_responses, nowhere
from harness.comparison.pact_fit.registered import REGISTERED
from harness.comparison.pact_fit.security import check_security, key_names
from harness.comparison.pact_fit.values import Promised, compare_body
from harness.comparison.severity import Severity
from harness.contracts.openapi_source import escape_pointer_step

if TYPE_CHECKING:
    from harness.comparison.openapi.operations import OperationObject, ParameterObject
    from harness.comparison.pact_fit.interaction_context import InteractionContext

REFUSED = 400  # a consumer that expects an error may send what is wrong


def check_request(meeting: InteractionContext, operation: OperationObject) -> None:
    """Everything of a request that its operation speaks of."""
    check_accept(meeting, operation)
    check_content_type(meeting, operation)
    if meeting.interaction.status >= REFUSED:
        return
    check_query(meeting, operation)
    check_headers(meeting, operation)
    check_body(meeting, operation)
    check_security(meeting, operation)


# --- what it takes and gives back --------------------------------------------------------------------------------


def check_accept(meeting: InteractionContext, operation: OperationObject) -> None:
    """`Accept` names one of the media types that some response has."""
    asked = accepted(meeting.request.headers.get("accept", []))
    if not asked:
        return
    offered = produced_media_types(operation)
    at = ("request", "headers", "Accept")
    if not offered:
        text = "the document names no media type of any response"
        meeting.tell("request.accept.unknown", text, severity=Severity.WARNING, at=at, actual=", ".join(asked))
    elif any(meet(one, other) for one in asked for other in offered):
        return
    elif lost := lost_responses(operation):
        meeting.undecided("Accept", f"a response {nowhere(lost)}")
    else:
        meeting.tell(
            "request.accept.incompatible",
            f"Accept: {', '.join(asked)} asks for what no response is",
            at=at,
            expected=", ".join(offered),
            actual=", ".join(asked),
            remedy="accept what the provider sends",
        )


def produced_media_types(operation: OperationObject) -> list[str]:
    """The media types that responses are declared to have."""
    if operation.document.old:
        declared = operation.written.get("produces", operation.document.value.get("produces"))
        return [each for each in listing(declared) if isinstance(each, str)]
    return list(dict.fromkeys(media for each in operation.responses().values() for media in each.content))


def consumed_media_types(operation: OperationObject) -> list[str]:
    """The media types that bodies are declared to have."""
    if operation.document.old:
        declared = operation.written.get("consumes", operation.document.value.get("consumes"))
        return [each for each in listing(declared) if isinstance(each, str)]
    body = operation.body()
    return list(body.content) if body else []


def check_content_type(meeting: InteractionContext, operation: OperationObject) -> None:
    """The body is of a media type that the operation takes."""
    request, declared = meeting.request, consumed_media_types(operation)
    at = ("request", "headers", "Content-Type")
    if not request.media:
        if request.has_body and declared:
            text = "the request has a body and does not say of which media type"
            expected = ", ".join(declared)
            meeting.tell("request.content-type.missing", text, severity=Severity.WARNING, at=at, expected=expected)
        return
    if not declared:
        text = "the document names no media type of the body"
        meeting.tell("request.content-type.unknown", text, severity=Severity.WARNING, at=at, actual=request.media)
    elif best_media_type(request.media, declared) is None:
        meeting.tell(
            "request.content-type.incompatible",
            f"{operation.label} does not take {request.media}",
            at=at,
            expected=", ".join(declared),
            actual=request.media,
            remedy="send one of those, or declare it in the document",
        )


# --- parameters --------------------------------------------------------------------------------------------------


def check_query(meeting: InteractionContext, operation: OperationObject) -> None:
    """Each parameter of the query is declared and may have its value; none that is required is missing."""
    query = dict(meeting.request.query)
    keys = key_names(meeting.document, "query")
    for (location, name), parameter in operation.parameters().items():
        if location == "query":
            _parameter(meeting, operation, parameter, _texts_of(query, name, parameter, meeting))
    for name in query:
        if name not in keys:
            text = f"{operation.label} has no query parameter `{name}`"
            at = ("request", "query", name)
            meeting.tell("request.query.unknown", text, severity=Severity.WARNING, at=at, actual=name)


Texts = list[str] | dict[str, list[str]] | None


def _texts_of(
    query: dict[str, list[str]], name: str, parameter: ParameterObject, meeting: InteractionContext
) -> Texts:
    """What the request has for a parameter; it is taken out, so that what is left is declared by nobody."""
    if name in query:
        return query.pop(name)
    if parameter.style[0] == "deepObject":
        return taken_deep(query, name) or None
    if parameter.style == ("form", True) and parameter.schema is not None and not parameter.media:
        return _spread(query, parameter, meeting)
    return None


def _spread(query: dict[str, list[str]], parameter: ParameterObject, meeting: InteractionContext) -> Texts:
    """An object in the style `form` with `explode`: each of its properties is a parameter of the query."""
    schema = meeting.document.kept(parameter.schema)
    if "object" not in kinds_of(schema, meeting.document):
        return None
    own = (
        {name for location, name in meeting.operation.parameters() if location == "query"}
        if meeting.operation
        else ()
    )
    names = properties_of(schema, meeting.document).keys() - own  # what is a parameter itself is not meant
    found = {name: query.pop(name) for name in list(query) if name in names}
    return found or None


_APART = frozenset({"accept", "content-type", "authorization"})  # looked at by themselves


def check_headers(meeting: InteractionContext, operation: OperationObject) -> None:
    """Each header is declared, or is one of HTTP's own; none that is required is missing."""
    declared = {name: p for (location, name), p in operation.parameters().items() if location == "header"}
    for name, parameter in declared.items():
        if name not in _APART:
            _parameter(meeting, operation, parameter, meeting.request.headers.get(name))
    keys = key_names(meeting.document, "header")
    for name in meeting.request.headers:
        if not (name in declared or name in REGISTERED or name in keys):
            text = f"{operation.label} does not speak of the header `{name}`"
            at = ("request", "headers", name)
            meeting.tell("request.header.unknown", text, severity=Severity.WARNING, at=at, actual=name)


def _parameter(
    meeting: InteractionContext, operation: OperationObject, parameter: ParameterObject, texts: Texts
) -> None:
    part = "header" if parameter.location == "header" else "query"
    at = ("request", "headers" if part == "header" else "query", parameter.name)
    place = f"{operation.pointer}/parameters/{escape_pointer_step(parameter.name)}"
    if texts is None:
        if parameter.required:
            meeting.tell(
                f"request.{part}.incompatible",
                f"{operation.label} needs the {part} `{parameter.name}`",
                at=at[:2],
                place=place,
                expected=parameter.name,
                remedy="send it in the pact's request, or make it optional in the document",
            )
        return
    if parameter.schema is None or (parameter.media and not is_json(parameter.media)):
        return
    read = _written_as_json(texts) if parameter.media else _values(meeting, parameter, texts)
    if read is None:
        meeting.tell(  # the validators of the field let such a text pass: it is told, and fails nobody
            f"request.{part}.incompatible",
            f"request {part} {parameter.name} is no JSON and was not compared",
            severity=Severity.INFO,
            at=at,
            place=place,
            expected=parameter.media,
            actual=texts,
            remedy="write the value as JSON, or declare the parameter without `content`",
        )
        return
    for value in read:
        hold(
            meeting,
            Held(
                value=value,
                schema=parameter.schema,
                direction=Direction.REQUEST,
                part=part,
                name=parameter.name,
                at=at,
                place=place,
            ),
        )


def _written_as_json(texts: list[str] | dict[str, list[str]]) -> list[Any] | None:
    """What a parameter with `content` stands for; None where a text is no JSON."""
    try:
        return None if isinstance(texts, dict) else [json.loads(text) for text in texts]
    except (ValueError, RecursionError):
        return None


def _values(
    meeting: InteractionContext, parameter: ParameterObject, texts: list[str] | dict[str, list[str]]
) -> list[Any]:
    """One value; several where one that is no list is given several times."""
    schema, document = meeting.document.kept(parameter.schema), meeting.document
    if isinstance(texts, dict):
        pairs = [(name, each[0] if each else "") for name, each in texts.items()]
        return [with_properties(pairs, schema, document)]
    together = kinds_of(schema, document) & {"array", "object"}
    return [
        value_of(each, schema, parameter.style, document, parameter.name)
        for each in ([texts] if together else [[text] for text in texts])
    ]


# --- the body ----------------------------------------------------------------------------------------------------


def check_body(meeting: InteractionContext, operation: OperationObject) -> None:
    """The body is one that the operation takes."""
    body, request = operation.body(), meeting.request
    at = ("request", "body")
    if body is None:
        if request.has_body and request.part.get("body") not in (None, ""):
            text = f"{operation.label} does not speak of a body"
            meeting.tell("request.body.unknown", text, severity=Severity.WARNING, at=at)
        return
    place = f"{operation.pointer}/requestBody"
    if not request.has_body:
        if body.required:
            meeting.tell(
                "request.body.incompatible",
                f"{operation.label} needs a body",
                at=at[:1],
                place=place,
                expected="a body",
                remedy="send one in the pact's request, or make it optional in the document",
            )
        return
    media = best_media_type(request.media, body.content) if request.media else _usual(list(body.content))
    if media is None and not request.media and body.content:
        meeting.undecided("the request body", f"it may be any of {', '.join(body.content)}, and names none")
    schema = body.content[media] if media is not None else None
    if media is None or schema is None:
        return
    compare_body(
        meeting,
        Direction.REQUEST,
        Promised(
            media=media,
            schema=schema,
            written=operation.written.get("requestBody"),
            place=f"{place}/content/{escape_pointer_step(media)}/schema",
        ),
    )


def _usual(media: list[str]) -> str | None:
    """The media type of a body that names none: JSON where that is one of several."""
    return next((each for each in media if is_json(each)), media[0] if len(media) == 1 else None)
