"""Recursive schemas, decided by the hypothesis that what bears the same name on both sides is contained.

`Node` holds `Node`, and so on for ever: canonical forms do not end there. If the bodies are contained whatever set
stands for the recursive name on both sides, then the names are contained as well. It is tried with two sets, one
that holds a single value and one that holds all but that value, so that a proof can rest on nothing but the name.
That is sound where the set can only widen what the whole allows, so not under `not`, `if` and the like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.graph import strong_components

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any] | bool

_PREFIX = "#/$defs/"
_NOT_MONOTONE = frozenset(
    {"not", "oneOf", "if", "then", "else", "contains", "maxContains", "unevaluatedProperties"}
)
_NOT_MONOTONE_EITHER = frozenset({"unevaluatedItems", "uniqueItems", "dependentSchemas"})
_VALUES = frozenset({"const", "enum", "default", "example", "examples"})


class Unfoldable(Exception):
    """The recursion is of a kind for which no proof is known."""


def unfold_schemas(small: Schema, large: Schema) -> Iterator[tuple[Schema, Schema]]:
    """Pairs without recursion, each of which has to be contained; the first may raise Unfoldable."""
    inner, outer = _recursive(small), _recursive(large)
    if not inner and not outer:
        yield small, large
        return
    if any(
        keyword in _NOT_MONOTONE | _NOT_MONOTONE_EITHER for side in (small, large) for keyword in _keywords(side)
    ):
        raise Unfoldable
    shared = inner & outer  # a name that is recursive on one side alone is unfolded on neither
    if inner - shared or outer - shared:
        raise Unfoldable
    assert isinstance(small, dict)
    assert isinstance(large, dict)
    for stand_in in (_one_value, _all_but_one_value):
        markers = {name: stand_in(name) for name in sorted(shared)}
        yield from zip(_without_recursion(small, markers), _without_recursion(large, markers), strict=True)


Markers = dict[str, dict[str, Any]]


def _one_value(name: str) -> dict[str, Any]:
    return {"const": f"any {name}"}


def _all_but_one_value(name: str) -> dict[str, Any]:
    return {"not": {"const": f"any {name}"}}


def _without_recursion(schema: dict[str, Any], markers: Markers) -> Iterator[Schema]:
    """The schema, and what bears each marked name, with the markers in the place of every reference to them."""
    definitions = schema.get("$defs", {})
    kept = {name: _mark_references(each, markers) for name, each in definitions.items() if name not in markers}
    beside = {"$defs": kept} if kept else {}
    for each in (schema, *(definitions[name] for name in markers)):
        if isinstance(each, dict):
            own = {key: item for key, item in each.items() if key != "$defs"}
            yield {**_mark_references(own, markers), **beside}
        else:
            yield bool(each)


def _mark_references(value: Any, markers: Markers) -> Any:
    if isinstance(value, list):
        return [_mark_references(item, markers) for item in value]
    if not isinstance(value, dict):
        return value
    name = _name(value)
    if name in markers:
        others = {key: _mark_references(item, markers) for key, item in value.items() if key != "$ref"}
        return {"allOf": [markers[name], others]} if others else markers[name]
    return {key: item if key in _VALUES else _mark_references(item, markers) for key, item in value.items()}


def _recursive(schema: Schema) -> frozenset[str]:
    """The names from which references lead back to themselves."""
    if not isinstance(schema, dict):
        return frozenset()
    definitions = schema.get("$defs", {})
    direct = {
        name: sorted(definitions.keys() & frozenset(_names(each))) for name, each in sorted(definitions.items())
    }
    themselves = (name for name, names in direct.items() if name in names)
    return frozenset((*themselves, *(name for component in strong_components(direct) for name in component)))


def _name(value: dict[str, Any]) -> str:
    reference = value.get("$ref")
    return reference.removeprefix(_PREFIX) if isinstance(reference, str) and reference.startswith(_PREFIX) else ""


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if name := _name(value):
            yield name
        for key, item in value.items():
            if key not in _VALUES:
                yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)


def _keywords(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key not in _VALUES:
                yield from _keywords(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keywords(item)
