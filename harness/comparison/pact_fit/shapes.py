"""A schema as it is held against a consumer's example: what is taken from it, and what is promised to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.dialects import Assembly, Direction, Schema, definition_name
from harness.comparison.pact_fit.discriminators import discriminated
from harness.comparison.pact_fit.expressions import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ALTERNATIVES = frozenset({"anyOf", "oneOf"})
_DYNAMIC = frozenset({"$dynamicRef", "$recursiveRef"})
_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema made ready for values, and the definitions that it refers to, near and far."""

    schema: Schema
    definitions: dict[str, Schema]


class Taken(Assembly):
    """What a provider takes as a request; definitions are made once for all schemas of a document."""

    def __init__(self, resolve: Callable[[str], Schema | None], direction: Direction = Direction.REQUEST) -> None:
        super().__init__(resolve, direction, closed=False)
        self._pending: list[tuple[str, str, frozenset[str]]] = []
        self._met: set[str] = set()  # the definitions that what is being made refers to
        self._uses: dict[str, frozenset[str]] = {}

    def shape(self, schema: Schema) -> Shape:
        """A schema with what it refers to; definitions are made one after another, however long their chain is."""
        self._met = set()
        made = self.bare(schema)
        first = frozenset(self._met)
        while self._pending:
            name, reference, hidden = self._pending.pop()
            self._met = set()
            self.definitions[name] = self.target(reference, hidden)
            self._uses[name] = frozenset(self._met)
        return Shape(made, {name: self.definitions[name] for name in self._reached(first)})

    def target(self, reference: str, hidden: frozenset[str]) -> Schema:
        """What a definition is made of; what only refers to itself is nothing that can be read."""
        target = self.resolve(reference)
        if _only_refers(target) and self._is_a_circle(reference):
            return {"const": {UNREADABLE: reference}}
        return True if target is None else self.bare(target, hidden)

    def _is_a_circle(self, reference: str) -> bool:
        met: set[str] = set()
        target: Schema | None = {"$ref": reference}
        while isinstance(target, dict) and _only_refers(target):
            if target["$ref"] in met:
                return True
            met.add(target["$ref"])
            target = self.resolve(target["$ref"])
        return False

    def _reached(self, names: frozenset[str]) -> set[str]:
        found, todo = set(names), list(names)
        while todo:
            new = self._uses[todo.pop()] - found
            found |= new
            todo.extend(new)
        return found

    def bare(self, schema: Schema, hidden: frozenset[str] = frozenset()) -> Schema:
        """The schema without annotations; a discriminator says which of its branches is meant."""
        made = super().bare(schema, hidden)
        if isinstance(made, dict) and isinstance(schema, dict):
            made |= {key: discriminated(made[key], schema, key) for key in _ALTERNATIVES & made.keys()}
        return made

    @staticmethod
    def assertions(schema: Mapping[str, Any]) -> dict[str, Any]:
        """What a schema says of a value itself; where it depends on who refers to it, nobody can tell."""
        made = Assembly.assertions(schema)
        for word in _DYNAMIC & schema.keys():
            made["const"] = {UNREADABLE: f"{word} {schema[word]}"}
        return made

    def reference(self, reference: str, hidden: frozenset[str] = frozenset()) -> str:
        """What a reference is called; its target is made later."""
        name = definition_name(reference, hidden)
        self._met.add(name)
        if name not in self.definitions:
            self.definitions[name] = True
            self._pending.append((name, reference, hidden))
        return f"#/$defs/{name}"

    @staticmethod
    def number_format(made: dict[str, Any]) -> None:
        """Of a number that has the wrong format it is said so, whatever its type is said to be."""
        bounds = _BOUNDS.get(str(made.get("format")))
        if bounds:
            made.pop("format")
            limits = {"multipleOf": 1, "minimum": bounds[0], "maximum": bounds[1]}
            made["allOf"] = [*made.get("allOf", ()), {"if": {"type": "number"}, "then": limits}]


def _only_refers(schema: Schema | None) -> bool:
    return isinstance(schema, dict) and schema.keys() == {"$ref"}
