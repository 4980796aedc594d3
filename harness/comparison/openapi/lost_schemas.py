"""Schemas that refer to what is not there: no value is a yes to them, and none a no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.dialects import LIST, NAMED, ONE
from harness.contracts.openapi_source import UNREAD
from harness.contracts.openapi_unread import unread_part, unread_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.comparison.openapi.dialects import Schema

UNREADABLE = "x-unreadable-expression"
# What is left open inside of these may turn into a yes: `not` of what nobody can read, one branch of two.
_TURNING = frozenset({"not", "if", "contains", "propertyNames", "oneOf", "anyOf"})
_BESIDE = {"if": ("then", "else"), "contains": ("minContains", "maxContains")}


def unreadable_schema(reference: str) -> dict[str, Any]:
    """A schema that no value keeps, and whose fault says what cannot be read."""
    return {"const": {UNREADABLE: reference}}


def guard_schema(schema: Schema, at: Callable[[str], Any]) -> Schema:
    """The same, where what leads nowhere can turn no answer into a yes; references are kept."""
    if not isinstance(schema, dict):
        return schema
    if "" in schema.get(UNREAD, {}):
        return unreadable_schema(unread_part(schema).what)
    made = {key: _inside(key, value, at) for key, value in schema.items() if key != UNREAD}
    if UNREAD in schema:
        made["allOf"] = [*made.get("allOf", ()), unreadable_schema(unread_part(schema).what)]
    for key in _TURNING & made.keys():
        lost = unread_within(schema[key], at)
        if lost:
            for gone in (key, *_BESIDE.get(key, ())):
                made.pop(gone, None)
            made["allOf"] = [*made.get("allOf", ()), unreadable_schema(lost.what)]
    return made


def _inside(key: str, value: Any, at: Callable[[str], Any]) -> Any:
    if key in ONE:
        return guard_schema(value, at)
    if key in LIST:
        return [guard_schema(each, at) for each in value]
    if key in NAMED:
        return {name: guard_schema(each, at) for name, each in value.items()}
    return value
