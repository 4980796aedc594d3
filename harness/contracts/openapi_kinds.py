"""What may stand where in an OpenAPI document: the kinds of its objects, and which kinds they hold."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.contracts.openapi_source import escape_pointer_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class DocumentPart(NamedTuple):
    """One object inside of another, where it is, and what it should be."""

    key: str  # of the object around it
    at: str  # a pointer from there
    kind: str
    value: Any


METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")

# A kind alone is that object, in brackets a list of them, in braces a map of them; "*" is any key.
_OF_PATHS = {"parameters": "[parameter]"}
_HOLDS: dict[str, dict[str, str]] = {
    "document": {
        "paths": "paths",
        "webhooks": "{path-item}",
        "components": "components",
        "definitions": "{schema}",
        "parameters": "{parameter}",
        "responses": "{response}",
        "securityDefinitions": "{security-scheme}",
    },
    "components": {
        "schemas": "{schema}",
        "responses": "{response}",
        "parameters": "{parameter}",
        "requestBodies": "{request-body}",
        "headers": "{header}",
        "securitySchemes": "{security-scheme}",
        "callbacks": "{callback}",
        "pathItems": "{path-item}",
        "mediaTypes": "{media-type}",
    },
    "paths": {"*": "path-item"},
    "path-item": {**dict.fromkeys(METHODS, "operation"), **_OF_PATHS, "additionalOperations": "{operation}"},
    "operation": {
        **_OF_PATHS,
        "requestBody": "request-body",
        "responses": "responses",
        "callbacks": "{callback}",
    },
    "responses": {"*": "response"},
    "response": {"schema": "schema", "headers": "{header}", "content": "{media-type}"},
    "parameter": {"schema": "schema", "content": "{media-type}"},
    "header": {"schema": "schema", "content": "{media-type}"},
    "request-body": {"content": "{media-type}"},
    "media-type": {"schema": "schema", "itemSchema": "schema", "encoding": "{encoding}"},
    "encoding": {"headers": "{header}"},
    "callback": {"*": "path-item"},
    "schema": {
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "[schema]"),
        **dict.fromkeys(("properties", "patternProperties", "dependentSchemas", "$defs"), "{schema}"),
        **dict.fromkeys(("items", "additionalProperties", "not", "if", "then", "else", "contains"), "schema"),
        **dict.fromkeys(("propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema"), "schema"),
    },
    "security-scheme": {},
}
# In place of these a reference may stand by the standards; anywhere else by the habit of bundlers.
REFERRED = frozenset(
    {"path-item", "response", "parameter", "header", "request-body", "media-type", "callback", "schema"}
    | {"security-scheme", "encoding"}
)
EXTENSION = "x-"
_BRACKETS = re.compile(r"[\[\]{}]")


@lru_cache(maxsize=65_536)
def kind_of_key(kind: str, key: str) -> str:
    """What a key of a kind holds, as it is written above; "" for what is no object of its own."""
    holds = _HOLDS.get(kind, {})
    if key in holds:
        return holds[key]
    found = holds.get("*", "")
    open_ended = not found or key.startswith(EXTENSION) or (kind == "paths" and not key.startswith("/"))
    return "" if open_ended else found


def kind_held(written: str) -> str:
    """The kind in it: `parameter` in `[parameter]`."""
    return _BRACKETS.sub("", written)


def parts(kind: str, value: Mapping[str, Any]) -> Iterator[DocumentPart]:
    """The objects that an object of a kind holds; a list or map of them that is none is not entered."""
    for key, item in value.items():
        written = kind_of_key(kind, key)
        if not written or (key == "additionalProperties" and isinstance(item, bool)):
            continue
        inner, at = kind_held(written), f"/{escape_pointer_step(key)}"
        if written[0] == "{":
            named = item.items() if isinstance(item, dict) else ()
            yield from (
                DocumentPart(key, f"{at}/{escape_pointer_step(str(name))}", inner, each) for name, each in named
            )
        elif written[0] == "[":
            listed = item if isinstance(item, list) else ()
            yield from (DocumentPart(key, f"{at}/{number}", inner, each) for number, each in enumerate(listed))
        else:
            yield DocumentPart(key, at, inner, item)
