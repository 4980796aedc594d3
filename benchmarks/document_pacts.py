"""A pact made from an OpenAPI document: some of its operations, with values that its schemas allow."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.comparison.containment.samples import UNDECLARED, samples
from harness.comparison.openapi.dialects import Direction, TooLarge, reference_of
from harness.comparison.openapi.document import listing, mapping
from harness.comparison.openapi.operations import bases, operations, server_paths, shape
from harness.comparison.pact_fit.validators import Undecidable, compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.comparison.diff import Document
    from harness.comparison.openapi.operations import OperationObject, ParameterObject

Json = dict[str, Any]
MOST = 30  # interactions of one pact
CANDIDATES = 12
IMPLIED = {("header", name) for name in ("accept", "content-type", "authorization")}
_TEMPLATE = re.compile(r"\{[^{}/]*\}")
_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_FRACTION = re.compile(r"\d\.\d")
_JSON = re.compile(r"application/json|[^/]+/([^;]+\+)?json")


class Unmade(Exception):
    """No value was found that a schema allows."""


def pact_of(document: Document) -> Json:
    """A pact with up to 30 operations, evenly chosen of those for which values were found."""
    every = _unambiguous(operations(document).values())
    chosen = every[:: max(len(every) // MOST, 1)]
    return {
        "consumer": {"name": "web"},
        "provider": {"name": "api"},
        "interactions": list(islice(_interactions(document, chosen), MOST)),
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }


def _unambiguous(every: Iterable[OperationObject]) -> list[OperationObject]:
    """Those that no other operation can be taken for, and whose parameters can be told apart."""
    shapes = Counter((each.method, shape(each.path)) for each in every)
    alone = [each for each in every if shapes[each.method, shape(each.path)] == 1]
    return [each for each in alone if not any(odd in each.path for odd in ("}{", "?"))]


def _interactions(document: Document, chosen: list[OperationObject]) -> Iterator[Json]:
    for operation in chosen:
        try:
            exchange = {"request": request(document, operation), "response": response(document, operation)}
        except (Unmade, TooLarge, RecursionError):
            continue
        yield {"description": operation.label, **exchange}


# --- values ------------------------------------------------------------------------------------------------------


def value_for(document: Document, schema: Any, direction: Direction) -> Any:
    """The longest of some values that a schema allows; raises Unmade."""
    normal = document.schema(True if schema is None else schema)
    whole, open_too = (document.whole(normal, direction, closed=closed) for closed in (True, False))
    try:
        judges = [compiled(each) for each in (whole, open_too)]
    except Undecidable as error:
        raise Unmade(str(error)) from None
    if _discriminates(schema) or any(
        _discriminates(document.at(reference_of(name))) for name in mapping(mapping(whole).get("$defs"))
    ):
        raise Unmade  # its values say which branch they are, which no sample does
    if direction is Direction.RESPONSE and set(_listed(whole, "required")) - set(_listed(whole, "properties")):
        raise Unmade  # what is required and not declared is not promised
    made = [each for each in samples(whole, {}, CANDIDATES) if all(judge.is_valid(each) for judge in judges)]
    # Of a response a consumer may rely on what is declared, not on what else may be there.
    fitting = [each for each in made if direction is Direction.REQUEST or UNDECLARED not in json.dumps(each)]
    if not fitting:
        raise Unmade
    # A number whose format is that of a whole one is whole, whatever its type is said to be.
    return max(fitting, key=lambda each: (not _FRACTION.search(json.dumps(each)), len(json.dumps(each))))


def _listed(value: Any, keyword: str) -> Iterator[str]:
    """All names under a keyword, anywhere in a schema."""
    parts: Iterable[Any] = value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield from (each for each in value.get(keyword) or () if isinstance(each, str))
        parts = value.values()
    for part in parts:
        yield from _listed(part, keyword)


def _discriminates(value: Any) -> bool:
    if isinstance(value, dict):
        return "discriminator" in value or any(map(_discriminates, value.values()))
    return isinstance(value, list) and any(map(_discriminates, value))


def text_for(document: Document, parameter: ParameterObject) -> str:
    """A plain value as it is written in a path, a query or a header."""
    value = value_for(document, parameter.schema, Direction.REQUEST)
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, (dict, list)) or value is None or value == "":
        raise Unmade
    return json.dumps(value) if isinstance(value, (bool, int, float)) else str(value)


# --- messages ----------------------------------------------------------------------------------------------------


def request(document: Document, operation: OperationObject) -> Json:
    """What is required, and a JSON body."""
    headers, query = credentials(document, operation)
    path = base_of(document, operation) + operation.path
    if not path.startswith("/"):
        raise Unmade  # no path that can be asked for
    for (location, key), parameter in operation.parameters().items():
        if not parameter.required or (location, key) in IMPLIED or location == "cookie":
            continue
        text = text_for(document, parameter)
        if location == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(text, safe="")) if key.isdigit() else path
        elif location == "query":
            query[parameter.name] = [text]
        elif _TOKEN.fullmatch(parameter.name):
            headers[parameter.name] = text
    sent, media = body(document, operation)
    headers |= {"Content-Type": media} if media else {}
    return {
        "method": operation.method,
        "path": _TEMPLATE.sub("x", path),
        "headers": headers,
        "query": query,
        **sent,
    }


def body(document: Document, operation: OperationObject) -> tuple[Json, str]:
    """A JSON body where one is taken, and its media type."""
    taken = operation.body()
    media = next((each for each in taken.content if _JSON.fullmatch(each)), "") if taken else ""
    if taken and taken.required and not media:
        raise Unmade
    return (
        {"body": value_for(document, taken.content[media], Direction.REQUEST)} if taken and media else {}
    ), media


def base_of(document: Document, operation: OperationObject) -> str:
    """The path of a server."""
    own = server_paths(operation.written) or server_paths(operation.item) or bases(document)
    return min(own)


def credentials(document: Document, operation: OperationObject) -> tuple[Json, Json]:
    """What the first requirement asks for: headers and query."""
    found: dict[tuple[str, str], str] = {}
    known = mapping(document.part("components").get("securitySchemes")) or document.part("securityDefinitions")
    for name in next((each for each in listing(operation.security) if isinstance(each, dict)), {}):
        place, text = credential(document.meant(known.get(name)))
        if place in found:
            raise Unmade  # two at once in one header
        found[place] = text
    headers = {name: text for (location, name), text in found.items() if location == "header"}
    return headers, {name: [text] for (location, name), text in found.items() if location == "query"}


def credential(scheme: Json) -> tuple[tuple[str, str], str]:
    """Where the credential of a scheme is, and what it may be."""
    kind, word = scheme.get("type"), str(scheme.get("scheme", "basic")).lower()
    if kind != "apiKey":
        return ("header", "Authorization"), f"{word if kind in ('basic', 'http') else 'Bearer'} abc"
    name = str(scheme.get("name"))
    if scheme.get("in") == "header" and not _TOKEN.fullmatch(name):
        raise Unmade
    return (str(scheme.get("in")), name), "key"


def response(document: Document, operation: OperationObject) -> Json:
    """The first success that is declared, with its JSON body."""
    declared = operation.responses()
    status = next((each for each in declared if each.startswith("2")), None)
    if status is None:
        raise Unmade
    made: Json = {"status": int(status.replace("X", "0")) if status[1:].replace("X", "0").isdigit() else 200}
    content = declared[status].content
    media = next((each for each in content if _JSON.fullmatch(each)), None)
    if media is None or content[media] is None:
        return made
    headers = {"Content-Type": media}
    return {**made, "headers": headers, "body": value_for(document, content[media], Direction.RESPONSE)}
