"""Schemas that refer to what is not there: no value is a yes to them, and none a no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.dialects import LIST, NAMED, ONE

if TYPE_CHECKING:
    from harness.comparison.dialects import Schema
    from harness.comparison.openapi_diff.document import Document

UNREADABLE = "x-unreadable-expression"
# What is left open inside of these may turn into a yes: `not` of what nobody can read, one branch of two.
_TURNING = frozenset({"not", "if", "contains", "propertyNames", "oneOf", "anyOf"})
_BESIDE = {"if": ("then", "else"), "contains": ("minContains", "maxContains")}


def unreadable_schema(reference: str) -> dict[str, Any]:
    """A schema that no value keeps, and whose fault says what cannot be read."""
    return {"const": {UNREADABLE: reference}}


def guarded(schema: Schema, document: Document) -> Schema:
    """The same, where what leads nowhere can turn no answer into a yes; references are kept."""
    if not isinstance(schema, dict):
        return schema
    made = {key: _inside(key, value, document) for key, value in schema.items()}
    for key in _TURNING & made.keys():
        lost = _lost_in(made[key], document)
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


def _lost_in(value: Any, document: Document) -> str:
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
            reference = part.get("$ref")
            if isinstance(reference, str) and reference not in met:
                met.add(reference)
                target = document.at(reference)
                if target is None:
                    return reference
                waiting.append(target)
            waiting += part.values()
    return ""
