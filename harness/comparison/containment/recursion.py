"""Recursive schemas, decided by the hypothesis that what bears the same name on both sides is contained.

`Node` holds `Node`, and so on for ever: canonical forms do not end there. If the bodies are contained whatever set
stands for the recursive name on both sides, then the names are contained as well. It is tried with two sets, one
that holds a single value and one that holds all but that value, so that a proof can rest on nothing but the name.
That is sound where the set can only widen what the whole allows, so not under `not`, `if` and the like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def unfold_schemas(small: Schema, large: Schema) -> list[tuple[Schema, Schema]]:
    """Pairs without recursion, each of which has to be contained; raises Unfoldable."""
    inner, outer = _recursive(small), _recursive(large)
    if not inner and not outer:
        return [(small, large)]
    if any(
        keyword in _NOT_MONOTONE | _NOT_MONOTONE_EITHER for side in (small, large) for keyword in _keywords(side)
    ):
        raise Unfoldable
    shared = inner & outer  # a name that is recursive on one side alone is unfolded on neither
    if inner - shared or outer - shared:
        raise Unfoldable
    assert isinstance(small, dict)
    assert isinstance(large, dict)
    pairs: list[tuple[Schema, Schema]] = []
    for stand_in in (_one_value, _all_but_one_value):
        markers = {name: stand_in(name) for name in sorted(shared)}
        pairs.append((_cut_recursion(small, markers), _cut_recursion(large, markers)))
        pairs += [(_body(small, name, markers), _body(large, name, markers)) for name in markers]
    return pairs


Markers = dict[str, dict[str, Any]]


def _one_value(name: str) -> dict[str, Any]:
    return {"const": f"any {name}"}


def _all_but_one_value(name: str) -> dict[str, Any]:
    return {"not": {"const": f"any {name}"}}


def _body(schema: dict[str, Any], name: str, markers: Markers) -> Schema:
    definition = schema["$defs"][name]
    if not isinstance(definition, dict):
        return bool(definition)
    return _cut_recursion({**definition, "$defs": schema["$defs"]}, markers)


def _cut_recursion(schema: dict[str, Any], markers: Markers) -> dict[str, Any]:
    """The schema with a name's own marker in the place of every reference to it."""
    cut: dict[str, Any] = _mark_references({key: item for key, item in schema.items() if key != "$defs"}, markers)
    kept = {name: each for name, each in schema.get("$defs", {}).items() if name not in markers}
    definitions = {name: _mark_references(each, markers) for name, each in kept.items()}
    return {**cut, "$defs": definitions} if definitions else cut


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
    direct = {name: frozenset(_names(each)) for name, each in definitions.items()}
    return frozenset(name for name in direct if name in _reachable_names(name, direct))


def _reachable_names(start: str, direct: dict[str, frozenset[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(direct.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += direct.get(name, ())
    return reached


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
