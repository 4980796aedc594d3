"""A schema as it is held against a consumer's example: what is taken from it, and what is promised to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.dialects import Assembly, Direction, Schema
from harness.comparison.pact_fit.discriminators import discriminate_branches
from harness.comparison.pact_fit.expressions import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ALTERNATIVES = frozenset({"anyOf", "oneOf"})
_DYNAMIC = frozenset({"$dynamicRef", "$recursiveRef"})
_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


class Taken(Assembly):
    """What a provider takes as a request."""

    def __init__(self, resolve: Callable[[str], Schema | None], direction: Direction = Direction.REQUEST) -> None:
        super().__init__(resolve, direction)

    def with_definitions(self, schema: Schema) -> dict[str, Any]:
        """The schema whole: as it is taken, with all that it refers to."""
        shape = self.shape(schema)
        made = shape.schema if isinstance(shape.schema, dict) else {"allOf": [shape.schema]}
        return {**made, "$defs": shape.definitions} if shape.definitions else made

    def bare(self, schema: Schema, hidden: frozenset[str] = frozenset()) -> Schema:
        """The schema without annotations; a discriminator says which of its branches is meant."""
        made = super().bare(schema, hidden)
        if isinstance(made, dict) and isinstance(schema, dict):
            made |= {key: discriminate_branches(made[key], schema, key) for key in _ALTERNATIVES & made.keys()}
        return made

    @staticmethod
    def assertions(schema: Mapping[str, Any]) -> dict[str, Any]:
        """What a schema says of a value itself; where it depends on who refers to it, nobody can tell."""
        made = Assembly.assertions(schema)
        for word in _DYNAMIC & schema.keys():
            made["const"] = {UNREADABLE: f"{word} {schema[word]}"}
        return made

    @staticmethod
    def number_format(made: dict[str, Any]) -> None:
        """Of a number that has the wrong format it is said so, whatever its type is said to be."""
        bounds = _BOUNDS.get(str(made.get("format")))
        if bounds:
            made.pop("format")
            limits = {"multipleOf": 1, "minimum": bounds[0], "maximum": bounds[1]}
            made["allOf"] = [*made.get("allOf", ()), {"if": {"type": "number"}, "then": limits}]
