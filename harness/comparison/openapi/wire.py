"""Texts of paths, queries and headers as the values that they stand for, by the style of their parameter."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.comparison.openapi.dialects import Schema
    from harness.comparison.openapi.document import Document

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_SEPARATORS = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|", "tab": "\t"}
_DEEPEST = 12

Style = tuple[str, bool]


def value_of(texts: Sequence[str], schema: Schema, style: Style, document: Document, name: str = "") -> Any:
    """What the texts of one parameter stand for, as near to its schema as they can be read."""
    kinds = kinds_of(schema, document)
    if "array" in kinds:
        return [plain_value(text, items_of(schema, document), document) for text in parts_of(texts, style, name)]
    if "object" in kinds and not kinds & {"string"}:
        return _object(parts_of(texts, style, name), style, schema, document)
    return plain_value(_prefixless(texts[0] if texts else "", style, name), schema, document)


def kinds_of(schema: Schema, document: Document, depth: int = 0) -> frozenset[str]:
    """The types that a schema speaks of, in itself and in its branches; none when it does not say."""
    if depth > _DEEPEST:
        return frozenset()
    known = document.kinds.get(id(schema))
    if known is None:
        known = schema, _kinds_of(schema, document, depth)
        if depth == 0:  # deeper down something may have been left out
            document.kinds[id(schema)] = known
    return known[1]


def _kinds_of(schema: Schema, document: Document, depth: int) -> frozenset[str]:
    schema, _ = document.followed(schema)
    if not isinstance(schema, dict):
        return frozenset()
    kinds = schema.get("type")
    found = set(kinds if isinstance(kinds, list) else [kinds] if isinstance(kinds, str) else _enum_types(schema))
    for word in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(word, ()):
            found |= kinds_of(branch, document, depth + 1)
    return frozenset(found)


def _enum_types(schema: dict[str, Any]) -> set[str]:
    """The types of values that are enumerated without a type; as text, when one of them is a text."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    kinds = {_KINDS.get(type(each), "string") for each in values}
    return set() if "string" in kinds else kinds


_KINDS = {bool: "boolean", int: "integer", float: "number", type(None): "null"}


def items_of(schema: Schema, document: Document, depth: int = 0) -> Schema:
    """The schema of the items of a list, in itself or in its branches; True where it does not say."""
    schema, _ = document.followed(schema)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return True
    if "items" in schema:
        found: Schema = schema["items"]
        return found
    branches = [branch for word in ("allOf", "anyOf", "oneOf") for branch in schema.get(word, ())]
    return next((each for each in (items_of(b, document, depth + 1) for b in branches) if each is not True), True)


def parts_of(texts: Sequence[str], style: Style, name: str) -> list[str]:
    """The texts of the items of a list."""
    kind, explode = style
    if kind in ("label", "matrix"):
        text = _prefixless(texts[0] if texts else "", style, name)
        separator = ("." if kind == "label" else f";{name}=") if explode else ","
        return text.split(separator)
    if kind == "form" and explode:
        return list(texts)
    separator = _SEPARATORS.get(kind, ",")
    return [part for text in texts for part in text.split(separator)]


def _prefixless(text: str, style: Style, name: str) -> str:
    if style[0] == "label":
        return text.removeprefix(".")
    return text.removeprefix(f";{name}=") if style[0] == "matrix" else text


def _object(parts: Sequence[str], style: Style, schema: Schema, document: Document) -> dict[str, Any]:
    if style[1]:
        pairs = [part.partition("=")[::2] for part in parts]
    else:
        pairs = list(zip(parts[::2], parts[1::2], strict=False))
    return with_properties(pairs, schema, document)


def with_properties(pairs: Iterable[tuple[str, str]], schema: Schema, document: Document) -> dict[str, Any]:
    """An object from names and texts, each read as its property says."""
    properties = properties_of(schema, document)
    return {name: plain_value(text, properties.get(name, True), document) for name, text in pairs}


def properties_of(schema: Schema, document: Document, depth: int = 0) -> Mapping[str, Schema]:
    """The properties that a schema names, in itself and in its branches."""
    schema, _ = document.followed(schema)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {}
    found: dict[str, Schema] = dict(schema.get("properties", {}))
    for word in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(word, ()):
            found = {**properties_of(branch, document, depth + 1), **found}
    return found


def plain_value(text: str, schema: Schema, document: Document) -> Any:
    """A text as the number, the truth value or null that its schema speaks of; else as it is."""
    kinds = kinds_of(schema, document)
    if kinds & {"integer", "number"} and _NUMBER.fullmatch(text):
        number = _number(text)
        if isinstance(number, int) or "number" in kinds or "string" not in kinds:
            return number  # `1.5` is a text where only whole numbers are numbers
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    if "null" in kinds and text in ("null", "") and "string" not in kinds:
        return None
    return text


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        number = float(text)
        return int(number) if number.is_integer() and "e" not in text.lower() else number


def read_json(text: str) -> tuple[Any] | None:
    """The value of a text that is JSON; None for one that is none."""
    try:
        return (json.loads(text),)
    except (ValueError, RecursionError):
        return None
