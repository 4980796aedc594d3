"""Objects that say nothing but what their properties are, decided property by property.

The canonical forms decide whole schemas, and need minutes for an object with two hundred properties of which half
were narrowed. Where nothing else is said, each property is a question of its own, and the answer is the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.dialects import references_in

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any] | bool

_PREFIX = "#/$defs/"
_PLAIN = frozenset({"type", "properties", "required", "additionalProperties", "$defs"})
_REFERS = frozenset({"$ref", "$defs"})
_NEVER: tuple[Schema, Schema] = (True, False)
_MOST_STEPS = 50  # references that refer to references


def property_by_property(small: Schema, large: Schema) -> list[tuple[Schema, Schema]] | None:
    """Pairs, each of which has to be contained for the whole to be; None for what is more than plain objects."""
    inner, outer = _follow_reference(small), _follow_reference(large)
    if not (_is_plain(inner) and _is_plain(outer)):
        return None
    assert isinstance(inner, dict)
    assert isinstance(outer, dict)
    if not _kinds(inner) <= _kinds(outer):
        return None
    if not set(outer.get("required", ())) <= set(inner.get("required", ())):
        return [_NEVER]
    return list(_differing(inner, outer))


def widest(value: Any) -> int:
    """How many properties the widest object in a schema has."""
    most, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            properties = part.get("properties")
            most = max(most, len(properties) if isinstance(properties, dict) else 0)
            waiting += [each for each in part.values() if isinstance(each, (dict, list))]
        elif isinstance(part, list):
            waiting += [each for each in part if isinstance(each, (dict, list))]
    return most


def _follow_reference(schema: Schema) -> Schema:
    for _ in range(_MOST_STEPS):
        if not isinstance(schema, dict) or "$ref" not in schema or schema.keys() - _REFERS:
            break
        definitions = schema.get("$defs", {})
        schema = with_definitions(definitions.get(schema["$ref"].removeprefix(_PREFIX), True), definitions)
    return schema


def _is_plain(schema: Schema) -> bool:
    return isinstance(schema, dict) and not schema.keys() - _PLAIN and "object" in _kinds(schema)


def _kinds(schema: dict[str, Any]) -> set[str]:
    kinds = schema.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _differing(small: dict[str, Any], large: dict[str, Any]) -> Iterator[tuple[Schema, Schema]]:
    ours, theirs = small.get("$defs", {}), large.get("$defs", {})
    is_shared = _text(ours) == _text(theirs)
    for inner, outer in _parts(small, large):
        if outer in (True, {}) or inner is False:
            continue
        if _text(inner) == _text(outer) and (is_shared or not _refers(inner)):
            continue
        yield with_definitions(inner, ours), with_definitions(outer, theirs)


def _parts(small: dict[str, Any], large: dict[str, Any]) -> Iterator[tuple[Schema, Schema]]:
    ours, theirs = small.get("properties", {}), large.get("properties", {})
    others = small.get("additionalProperties", True), large.get("additionalProperties", True)
    yield others
    for name in {**ours, **theirs}:
        yield ours.get(name, others[0]), theirs.get(name, others[1])


def with_definitions(schema: Schema, definitions: dict[str, Any]) -> Schema:
    """A part of a schema with those of the definitions that it needs."""
    if not isinstance(schema, dict):
        return schema
    needed: dict[str, Any] = {}
    waiting = _names(schema)
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in needed:
            needed[name] = definitions[name]
            waiting += _names(needed[name])
    return {**schema, "$defs": needed} if needed else schema


def _refers(schema: Schema) -> bool:
    return bool(_names(schema))


def _names(schema: Schema) -> list[str]:
    """The definitions that a schema refers to itself."""
    itself = {key: each for key, each in schema.items() if key != "$defs"} if isinstance(schema, dict) else schema
    return [reference.removeprefix(_PREFIX) for reference in references_in(itself)]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
