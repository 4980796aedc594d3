"""The body of a message as a value that a schema can be held against, whatever media type it is written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.comparison.bodies.media import bare, is_form, is_json, is_multipart, is_xml
from harness.comparison.openapi.dialects import Direction
from harness.comparison.openapi.document import mapping
from harness.comparison.openapi.wire import kinds_of, plain_value
from harness.comparison.pact_fit.bodies import Held, hold
from harness.comparison.pact_fit.fields import Fields, Misfit, NotRead
from harness.comparison.pact_fit.xml_values import XmlReading
from harness.comparison.severity import Severity

if TYPE_CHECKING:
    from harness.comparison.openapi.document import Document
    from harness.comparison.pact_fit.exchange import PactMessage
    from harness.comparison.pact_fit.interaction_context import InteractionContext

_HOLDERS = frozenset({"object", "array"})
_PLAIN = frozenset({"", "identity"})  # codings of a body that are none


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What the document says of a body of one media type."""

    media: str  # as declared
    schema: Any  # as written
    written: Any  # the request body or the response that has it
    place: str


def compare_body(meeting: InteractionContext, side: Direction, promised: Promised) -> tuple[Any] | None:
    """Tell in what a body is not as its schema says; its value, or None for one that cannot be compared."""
    message = meeting.request if side is Direction.REQUEST else meeting.response
    try:
        value, misfits = _value(meeting, message, promised)
    except NotRead as error:
        _not_compared(meeting, side, promised, str(error))
        return None
    at = (str(side), "body")
    for each in misfits:
        meeting.tell(
            f"{side}.body.incompatible",
            f"{side} body: {each.text}",
            at=(*at, *each.at),
            place=promised.place,
            expected=each.expected,
            actual=each.actual,
            remedy="make the pact or the document say what is really sent",
        )
    schema, place = promised.schema, promised.place
    hold(meeting, Held(value=value, schema=schema, direction=side, part="body", name="", at=at, place=place))
    return (value,)


def _value(meeting: InteractionContext, message: PactMessage, promised: Promised) -> tuple[Any, list[Misfit]]:
    coding = ", ".join(message.headers.get("content-encoding", ())).strip().lower()
    if coding not in _PLAIN:
        raise NotRead(f"it is sent in the coding {coding}")
    media = message.media or promised.media
    if is_json(media):
        if message.body is None:
            raise NotRead(f"it is said to be {bare(media)}, and is none")
        return message.body[0], []
    raw = message.raw
    if raw is None:
        raise NotRead(f"it is {bare(media)}, and not written as a text")
    return _of_raw(meeting, message, media, promised)


def _of_raw(
    meeting: InteractionContext, message: PactMessage, media: str, promised: Promised
) -> tuple[Any, list[Misfit]]:
    raw, document = message.raw or b"", meeting.document
    schema = document.kept(promised.schema)
    fields = Fields(
        schema=schema, document=document, encoding=_encoding_of(document, promised.written, promised.media)
    )
    if is_form(media):
        return fields.of_form(raw.decode("utf-8", "replace"))
    if is_multipart(media):
        return fields.of_parts(raw, media)
    if is_xml(media):
        reading = XmlReading(document)
        value = reading.body(raw, schema)
        meeting.replace_rules(message, reading.rules(message.rules))
        return value, reading.misfits
    if kinds_of(schema, document) & _HOLDERS:
        raise NotRead(f"nothing here reads {bare(media)}")
    return plain_value(raw.decode("utf-8" if _is_text(raw) else "latin-1"), schema, document), []


def _encoding_of(document: Document, body: Any, media: str) -> dict[str, Any]:
    """How the fields of a body of that media type are written, by the name of their property."""
    content = mapping(document.meant(body).get("content"))
    return mapping(document.meant(content.get(media)).get("encoding"))


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _not_compared(meeting: InteractionContext, side: Direction, promised: Promised, why: str) -> None:
    meeting.tell(
        f"{side}.body.uncompared",
        f"the body was not compared: {why}",
        severity=Severity.INFO,
        at=(str(side), "body"),
        place=promised.place,
        remedy="let a verification show whether it is taken, or came",
    )
    meeting.undecided(f"the {side} body", why)
