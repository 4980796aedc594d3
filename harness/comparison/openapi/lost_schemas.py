"""Schemas that refer to what is not there: no value is a yes to them, and none a no."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.dialects import LIST, NAMED, ONE
from harness.contracts.openapi_source import UNREAD

if TYPE_CHECKING:
    from harness.comparison.openapi.dialects import Schema
    from harness.comparison.openapi.document import Document

UNREADABLE = "x-unreadable-expression"
# What is left open inside of these may turn into a yes: `not` of what nobody can read, one branch of two.
_TURNING = frozenset({"not", "if", "contains", "propertyNames", "oneOf", "anyOf"})
_BESIDE = {"if": ("then", "else"), "contains": ("minContains", "maxContains")}


def unreadable_schema(reference: str) -> dict[str, Any]:
    """A schema that no value keeps, and whose fault says what cannot be read."""
    return {"const": {UNREADABLE: reference}}


def _in_words(unread: Any) -> str:
    """What cannot be read: the reference, or each keyword with its value."""
    if not isinstance(unread, dict):
        return "a part of the document"
    if isinstance(unread.get(""), dict) and isinstance(unread[""].get("$ref"), str):
        return str(unread[""]["$ref"])
    return ", ".join(f"{key}: {_short(value)}" if key else _short(value) for key, value in unread.items())


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"


def guarded(schema: Schema, document: Document) -> Schema:
    """The same, where what leads nowhere can turn no answer into a yes; references are kept."""
    if not isinstance(schema, dict):
        return schema
    if "" in schema.get(UNREAD, {}):
        return unreadable_schema(_in_words(schema[UNREAD]))
    made = {key: _inside(key, value, document) for key, value in schema.items() if key != UNREAD}
    if UNREAD in schema:
        made["allOf"] = [*made.get("allOf", ()), unreadable_schema(_in_words(schema[UNREAD]))]
    for key in _TURNING & made.keys():
        lost = lost_in(made[key], document)
        if lost:
            for gone in (key, *_BESIDE.get(key, ())):
                made.pop(gone, None)
            made["allOf"] = [*made.get("allOf", ()), unreadable_schema(lost)]
    return made


def _inside(key: str, value: Any, document: Document) -> Any:
    if key in ONE:
        return guarded(value, document)
    if key in LIST:
        return [guarded(each, document) for each in value]
    if key in NAMED:
        return {name: guarded(each, document) for name, each in value.items()}
    return value


def lost_in(value: Any, document: Document) -> str:
    """A reference in a part of a schema, near or far, that leads nowhere; "" where all lead somewhere."""
    met: set[str] = set()
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            if UNREADABLE in part:
                return str(part[UNREADABLE])
            if UNREAD in part:
                return _in_words(part[UNREAD])
            reference = part.get("$ref")
            if isinstance(reference, str) and reference not in met:
                met.add(reference)
                target = document.at(reference)
                if target is None:
                    return reference
                waiting.append(target)
            waiting += part.values()
    return ""
