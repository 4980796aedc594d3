"""What of a provider was really exercised: operations, parameters, statuses, media types, response fields."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from harness.comparison.bodies.media import bare, is_form, is_multipart, is_xml
from harness.comparison.bodies.multipart import parts_of
from harness.comparison.bodies.xml_trees import read_xml
from harness.contracts.openapi_source import escape_pointer_step
from harness.identity import content_key
from harness.verdicts import Covered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.comparison.bodies.xml_trees import Element
    from harness.contracts.openapi_routing import RouteTable
    from harness.verdicts import Exchange

DEEPEST = 32  # steps into a body; what lies deeper counts as not seen
MOST = 2000  # fields of one kind of answer; what is beyond counts as not seen
_USUAL = frozenset(  # headers that every client sends
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"}
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every kind of answer that was seen, one entry for each operation, status and media type, sorted."""

    seen: tuple[Covered, ...] = ()

    @classmethod
    def of(cls, covered: Iterable[Covered]) -> Coverage:
        """All of it together, of one service; what was seen twice is there once."""
        fields: dict[tuple[str, int, str], set[str]] = defaultdict(set)
        parameters: dict[tuple[str, int, str], set[str]] = defaultdict(set)
        for each in covered:
            kind = (each.operation, each.status, each.media_type)
            fields[kind].update(each.fields)
            parameters[kind].update(each.parameters)
        return cls(
            tuple(
                Covered(
                    operation=kind[0],
                    status=kind[1],
                    media_type=kind[2],
                    fields=tuple(sorted(fields[kind])),
                    parameters=tuple(sorted(parameters[kind])),
                )
                for kind in sorted(fields)
            )
        )

    def __or__(self, other: Coverage) -> Coverage:
        """What either saw."""
        return Coverage.of((*self.seen, *other.seen))

    @property
    def key(self) -> str:
        """Its content key: equal coverage has equal keys."""
        return content_key(self.document())

    def document(self) -> list[dict[str, Any]]:
        """As JSON keeps it."""
        return [
            {
                "operation": each.operation,
                "status": each.status,
                "mediaType": each.media_type,
                "fields": list(each.fields),
                "parameters": list(each.parameters),
            }
            for each in self.seen
        ]

    def within(self, routes: RouteTable) -> Coverage:
        """The same by the operations of a document: `GET /orders/7` is `GET /orders/{id}` there.

        What meets none of them stays as it was seen; what meets several equally counts for none.
        """
        meant = {each.operation: routes.meanings(each.operation) or (each.operation,) for each in self.seen}
        one = {told: labels[0] for told, labels in meant.items() if len(labels) == 1}
        return Coverage.of(replace(e, operation=one[e.operation]) for e in self.seen if e.operation in one)

    def of_operation(self, operation: str) -> tuple[Covered, ...]:
        """What was seen of one operation."""
        return tuple(each for each in self.seen if each.operation == operation)


def covered_by(exchange: Exchange, operation: str = "") -> Covered | None:
    """What one exchange shows; None when no answer came. Of a body that was cut no field counts."""
    if not exchange.status:
        return None
    asked = urlsplit(exchange.url)
    media = media_of(exchange)
    return Covered(
        operation=operation or f"{exchange.method} {_encode_braces(asked.path) or '/'}",
        status=exchange.status,
        media_type=bare(media),
        fields=fields_of(exchange.response_body, media),
        parameters=parameters_of(exchange),
    )


def _encode_braces(path: str) -> str:
    """A path as requests write it: braces in it would make it the template of a document."""
    return path.replace("{", "%7B").replace("}", "%7D")


def parameters_of(exchange: Exchange) -> tuple[str, ...]:
    """Where a request carried something, by name; never what."""
    query = {f"query {name}" for name, _ in parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)}
    headers = {name.lower() for name, _ in exchange.request_headers} - _USUAL
    body = {"body"} if exchange.request_size else set()
    return tuple(sorted(query | {f"header {name}" for name in headers} | body))


def fields_of(body: str | bytes, media: str = "application/json") -> tuple[str, ...]:
    """The places of a body as it is written; none of one that cannot be read.

    `/items/[]/total` of JSON, `/order/@id` of XML, whatever a schema makes of it, `/name` of a form or a part.
    """
    found: set[str] = set()
    for place in _of_media(body, media):
        found.add(place)
        if len(found) == MOST:
            break
    return tuple(sorted(found))


def _of_media(body: str | bytes, media: str) -> Iterator[str]:
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    try:
        if is_json(media):
            yield from _places(json.loads(body))
        elif is_xml(media):
            yield from _elements(read_xml(content))
        elif is_form(media):
            named = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST)
            yield from (f"/{escape_pointer_step(_NUMBER.sub('[]', name))}" for name, _ in named)
        elif is_multipart(media):
            yield from (f"/{escape_pointer_step(part.name)}" for part in parts_of(content, media))
    except (ValueError, RecursionError):
        return


_NUMBER = re.compile(r"\[\d+\]")  # one item of a list is like another


def _elements(element: Element, place: str = "", depth: int = 0) -> Iterator[str]:
    """Of an element its name, without namespace, and its attributes."""
    here = f"{place}/{element.name}"
    yield here
    yield from (f"{here}/@{name}" for _, name in element.attributes)
    for child in element.children if depth + 1 < DEEPEST else ():
        yield from _elements(child, here, depth + 1)


def _places(value: Any, place: str = "", depth: int = 0) -> Iterator[str]:
    if depth >= DEEPEST:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "[]":
                continue  # would be taken for the items of an array
            here = f"{place}/{escape_pointer_step(name)}"
            yield here
            yield from _places(item, here, depth + 1)
    elif isinstance(value, list) and value:
        yield f"{place}/[]"
        for item in value:
            yield from _places(item, f"{place}/[]", depth + 1)


def media_of(exchange: Exchange) -> str:
    """The media type of an answer, with its parameters."""
    headers = exchange.response_headers
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def is_json(media: str) -> bool:
    """Whether bodies of this media type are JSON."""
    return bare(media).endswith(("/json", "+json"))
