"""Schemas of OpenAPI 2.0, 3.0 and 3.1 in one dialect, 2020-12, with OpenAPI's own words beside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from harness.contracts.openapi_source import UNREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Schema = dict[str, Any] | bool


class Direction(StrEnum):
    """Which way a value travels: to the provider, or back."""

    REQUEST = "request"
    RESPONSE = "response"


_SCHEMA = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_SCHEMA_TOO = ("unevaluatedItems", "unevaluatedProperties", "contentSchema")
ONE = frozenset({*_SCHEMA, *_SCHEMA_TOO})  # keywords that hold one schema
LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})

_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_COUNTS = frozenset(
    {
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "minContains",
        "maxContains",
    }
)
_KINDS = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def normal(schema: Any, version: str) -> Schema:
    """The schema in the dialect of 2020-12, references kept; what cannot be meant is left out."""
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        return True
    if isinstance(schema.get("$ref"), str) and not version.startswith("3.1"):
        return {"$ref": schema["$ref"]}  # before 3.1 nothing beside a reference counts
    made: dict[str, Any] = {}
    for key, value in schema.items():
        kept = _keyword(key, value, version)
        if kept is not None:
            made[key] = kept[0]
    _old_items(made)
    _old_bounds(made, schema)
    _plain_dependents(made)
    return _with_null(_with_kind(made), schema)


def _keyword(key: str, value: Any, version: str) -> tuple[Any] | None:
    if key in ONE:
        return _one(key, value, version)
    if key in LIST:
        return ([normal(item, version) for item in value],) if isinstance(value, list) and value else None
    if key in NAMED:
        return (
            ({name: normal(item, version) for name, item in value.items()},) if isinstance(value, dict) else None
        )
    return _plain(key, value)


def _one(key: str, value: Any, version: str) -> tuple[Any] | None:
    if key == "items" and isinstance(value, list):
        return ([normal(item, version) for item in value],)
    return (normal(value, version),) if isinstance(value, (dict, bool)) else None


_FITS: dict[str, Callable[[Any], bool]] = {
    "enum": lambda value: isinstance(value, list) and bool(value),
    "pattern": lambda value: isinstance(value, str),
    "format": lambda value: isinstance(value, str),
    "uniqueItems": lambda value: value is True,
}


def _plain(key: str, value: Any) -> tuple[Any] | None:
    if key in ("nullable", "definitions", "$defs", "$schema", "$id", "$anchor", "$comment"):
        return None
    if key == "type":
        kinds = [kind for kind in (value if isinstance(value, list) else [value]) if kind in (*_KINDS, "file")]
        return (kinds[0] if len(kinds) == 1 else kinds,) if kinds else None
    if key == "required":
        return ([name for name in value if isinstance(name, str)],) if isinstance(value, list) else None
    if key == "dependentRequired":
        return (_dependents(value),) if isinstance(value, dict) else None
    if key in _NUMBERS:
        return (value,) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if key in _COUNTS:
        return (value,) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
    return (value,) if _FITS.get(key, lambda _: True)(value) else None


def _dependents(value: dict[str, Any]) -> dict[str, list[str]]:
    named = {name: needed for name, needed in value.items() if isinstance(needed, list)}
    return {name: [each for each in needed if isinstance(each, str)] for name, needed in named.items()}


def _old_items(made: dict[str, Any]) -> None:
    """A list of `items` is what is called `prefixItems` today."""
    if isinstance(made.get("items"), list):
        made["prefixItems"] = made.pop("items")


def _old_bounds(made: dict[str, Any], schema: Mapping[str, Any]) -> None:
    for exclusive, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(exclusive) is True and inclusive in made:
            made[exclusive] = made.pop(inclusive)


def _plain_dependents(made: dict[str, Any]) -> None:
    """A dependent schema that only requires names says what `dependentRequired` says."""
    schemas = made.get("dependentSchemas", {})
    plain = {
        name: each["required"]
        for name, each in schemas.items()
        if isinstance(each, dict) and [*each] == ["required"]
    }
    if plain:
        before = made.get("dependentRequired", {})
        both = {name: [*dict.fromkeys([*before.get(name, ()), *names])] for name, names in plain.items()}
        made["dependentRequired"] = {**before, **both}
        left = {name: each for name, each in schemas.items() if name not in plain}
        made.pop("dependentSchemas")
        if left:
            made["dependentSchemas"] = left


def _with_kind(made: dict[str, Any]) -> dict[str, Any]:
    if made.get("type") == "file":
        return {**made, "type": "string", "format": "binary"}
    return made


def _with_null(made: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    if schema.get("nullable") is not True and schema.get("x-nullable") is not True:
        return made
    if "type" in made:
        kinds = made["type"] if isinstance(made["type"], list) else [made["type"]]
        return made if "null" in kinds else {**made, "type": [*kinds, "null"]}
    if any(word in made for word in ("allOf", "anyOf", "oneOf", "$ref")):
        return {"anyOf": [made, {"type": "null"}]}
    return made


# --- what a validator needs --------------------------------------------------------------------------------------

ASSERTED = frozenset(
    {"type", "enum", "const", "required", "pattern", "format", "uniqueItems", "dependentRequired"}
    | _NUMBERS
    | _COUNTS
)
_OF_THE_SAME_VALUE = frozenset({"allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"})
_STRUCTURED = ONE | LIST | NAMED | {"$ref", UNREAD}
_NONE: frozenset[str] = frozenset()
_WHOLE_NUMBERS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


class TooLarge(Exception):
    """More than can be looked at as one schema."""


_MOST_DEFINITIONS = 250


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema made ready for values, and the definitions that it refers to, near and far."""

    schema: Schema
    definitions: dict[str, Schema]


class Assembly:
    """Schemas with all that they refer to, without annotations, as values travel in a direction.

    What is only read is no part of a request, what is only written no part of a response. `extensible` lets every
    value list grow that says so of itself. Definitions are made once for all schemas of a document, one after
    another, however long their chain is.
    """

    def __init__(
        self,
        resolve: Callable[[str], Schema | None],
        direction: Direction,
        *,
        extensible: bool = False,
    ) -> None:
        self.resolve = resolve
        self.extensible = extensible
        self.hidden = "readOnly" if direction is Direction.REQUEST else "writeOnly"
        self.definitions: dict[str, Schema] = {}
        self._hidden_in: dict[str, frozenset[str]] = {}
        self._pending: list[tuple[str, str, frozenset[str]]] = []
        self._met: set[str] = set()  # the definitions that what is being made refers to
        self._uses: dict[str, frozenset[str]] = {}
        self._unread: set[str] = set()  # definitions that cannot be read

    def whole(self, schema: Schema) -> Schema:
        """The schema with all that it refers to under `$defs`. Raises TooLarge for more than can be looked at."""
        shape = self.shape(schema)
        if len(shape.definitions) > _MOST_DEFINITIONS:
            raise TooLarge
        if not shape.definitions or isinstance(shape.schema, bool):
            return shape.schema
        return {**shape.schema, "$defs": shape.definitions}

    def shape(self, schema: Schema) -> Shape:
        """The same apart. Raises TooLarge where something of it cannot be read."""
        self._met = set()
        made = self.bare(schema)
        first = frozenset(self._met)
        while self._pending:
            name, reference, hidden = self._pending.pop()
            self._met = set()
            try:
                self.definitions[name] = self.target(reference, hidden)
            except TooLarge:
                self._unread.add(name)
            self._uses[name] = frozenset(self._met)
        reached = self._reached(first)
        if not self._unread.isdisjoint(reached):
            raise TooLarge
        return Shape(made, {name: self.definitions[name] for name in sorted(reached)})

    def _reached(self, names: frozenset[str]) -> set[str]:
        found, todo = set(names), list(names)
        while todo:
            further = self._uses[todo.pop()] - found
            found |= further
            todo.extend(further)
        return found

    def target(self, reference: str, hidden: frozenset[str]) -> Schema:
        """What a definition is made of."""
        target = self.resolve(reference)
        return True if target is None else self.bare(target, hidden)

    def bare(self, schema: Schema, hidden: frozenset[str] = _NONE) -> Schema:
        """The schema without annotations; `hidden` are names that others, which hold of the same value, hide."""
        if isinstance(schema, bool):
            return schema
        made = self.assertions(schema)
        if _STRUCTURED.isdisjoint(schema):  # most of all schemas
            self.rest(made, schema, hidden)
            return made
        if UNREAD in schema:
            raise TooLarge  # what cannot be read is in no schema that a validator takes
        hidden |= self._hidden_names(schema)
        for key, value in schema.items():
            inner = partial(self.bare, hidden=hidden) if key in _OF_THE_SAME_VALUE else self.bare
            if key in ONE and key != "contentSchema":
                made[key] = inner(value)
            elif key in LIST:
                made[key] = [inner(item) for item in value]
            elif key in NAMED:
                made[key] = {name: inner(item) for name, item in value.items()}
        self.rest(made, schema, hidden)
        return made

    @staticmethod
    def assertions(schema: Mapping[str, Any]) -> dict[str, Any]:
        """What a schema says of a value itself."""
        return {key: schema[key] for key in schema if key in ASSERTED}

    def rest(self, made: dict[str, Any], schema: Mapping[str, Any], hidden: frozenset[str]) -> None:
        """What depends on more than one keyword, or on what is referred to."""
        if self.extensible and "x-extensible-enum" in schema:
            made.pop("enum", None)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            made["$ref"] = self.reference(reference, hidden - self._hidden_by(reference))
        _without(made, hidden)
        self.number_format(made)

    def reference(self, reference: str, hidden: frozenset[str] = _NONE) -> str:
        """What a reference is called among the definitions; its target is made later."""
        name = definition_name(reference, hidden)
        self._met.add(name)
        if name not in self.definitions:
            self.definitions[name] = True
            self._pending.append((name, reference, hidden))
        return f"#/$defs/{name}"

    def _hidden_names(self, schema: Schema) -> frozenset[str]:
        """The properties that do not travel this way, as all say that hold of the same value."""
        if not isinstance(schema, dict):
            return _NONE
        properties = schema.get("properties", {})
        telling = (self.hidden, "$ref", "allOf")
        parts = properties.items()
        found = frozenset(name for name, part in parts if _says_any(part, telling) and self._is_hidden(part))
        if "$ref" in schema or "allOf" in schema:
            reference = schema.get("$ref")
            found |= self._hidden_by(reference) if isinstance(reference, str) else _NONE
            found = found.union(*map(self._hidden_names, schema.get("allOf", ())))
        return found

    def _hidden_by(self, reference: str) -> frozenset[str]:
        if reference not in self._hidden_in:
            self._hidden_in[reference] = _NONE  # it may refer to itself
            target = self.resolve(reference)
            self._hidden_in[reference] = _NONE if target is None else self._hidden_names(target)
        return self._hidden_in[reference]

    def _is_hidden(self, part: Schema, steps: int = 0) -> bool:
        if not isinstance(part, dict) or steps > 10:
            return False
        parts = part.get("allOf", ())  # few levels of them: what is written in circles takes no longer
        if part.get(self.hidden) is True or any(self._is_hidden(each, steps + 4) for each in parts):
            return True
        target = self.resolve(part["$ref"]) if isinstance(part.get("$ref"), str) else None
        return target is not None and self._is_hidden(target, steps + 1)

    @staticmethod
    def number_format(made: dict[str, Any]) -> None:
        """A format of numbers as the bounds that it stands for."""
        bounds = _WHOLE_NUMBERS.get(str(made.get("format")))
        if bounds:
            made.pop("format")
            if "maximum" not in made and "exclusiveMaximum" not in made:
                made["maximum"] = bounds[1]
            if "minimum" not in made and "exclusiveMinimum" not in made:
                made["minimum"] = bounds[0]


def _says_any(schema: Schema, keywords: tuple[str, ...]) -> bool:
    return isinstance(schema, dict) and any(each in schema for each in keywords)


def _without(made: dict[str, Any], hidden: frozenset[str]) -> None:
    if hidden and "properties" in made:
        made["properties"] = {name: part for name, part in made["properties"].items() if name not in hidden}
    if hidden and "required" in made:
        made["required"] = [name for name in made["required"] if name not in hidden]


@lru_cache(maxsize=65_536)
def definition_name(reference: str, hidden: frozenset[str] = _NONE) -> str:
    """The key under `$defs` for what a reference names, without what is hidden: plain characters, one to one."""
    return ".".join(map(_plain_characters, (reference.removeprefix("#/"), *sorted(hidden))))


def _plain_characters(text: str) -> str:
    return "".join(letter if letter.isalnum() else f"_{ord(letter):x}_" for letter in text)


def reference_of(name: str) -> str:
    """What a definition was made of: `#/components/schemas/Order`."""
    return "#/" + _LETTER.sub(lambda match: chr(int(match.group(1), 16)), name.partition(".")[0])


_LETTER = re.compile(r"_([0-9a-f]+)_")


def references_in(value: Any) -> list[str]:
    """Every `$ref` in a value, examples and all: rather one too many."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            reference = part.get("$ref")
            if isinstance(reference, str):
                found.append(reference)
            waiting += [each for each in part.values() if isinstance(each, (dict, list))]
        elif isinstance(part, list):
            waiting += [each for each in part if isinstance(each, (dict, list))]
    return found
