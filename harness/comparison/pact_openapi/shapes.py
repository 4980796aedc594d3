"""A schema as it is held against a consumer's example: what is taken from it, and what is promised to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.comparison.dialects import LIST, NAMED, ONE, Assembly, Direction, Schema, definition_name
from harness.comparison.pact_openapi.expressions import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARTIAL = frozenset({"required", "minProperties", "dependentRequired"})
_SAME_VALUE = frozenset({"allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"})
_ALTERNATIVES = frozenset({"anyOf", "oneOf"})
_BESIDE = frozenset(
    {"anyOf", "properties", "patternProperties", "additionalProperties", "allOf", "$ref", "if", "dependentSchemas"}
)
_UNTOUCHED = frozenset({"not", "if", "contains", "propertyNames"})
_HOLDERS = (ONE | LIST | NAMED) - {"contentSchema"}
_DYNAMIC = frozenset({"$dynamicRef", "$recursiveRef"})
_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


KINDS = "/discriminator"  # after the reference to a supertype: all its kinds
Subtypes = Callable[[str], tuple[str, ...]]  # the references of the schemas that are kinds of a supertype


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema made ready for values, and the definitions that it refers to, near and far."""

    schema: Schema
    definitions: dict[str, Schema]


class Taken(Assembly):
    """What a provider takes as a request; definitions are made once for all schemas of a document."""

    def __init__(self, resolve: Callable[[str], Schema | None], direction: Direction = Direction.REQUEST) -> None:
        super().__init__(resolve, direction, closed=False)
        self._pending: list[tuple[str, str]] = []
        self._met: set[str] = set()  # the definitions that what is being made refers to
        self._uses: dict[str, frozenset[str]] = {}

    def shape(self, schema: Schema) -> Shape:
        """A schema with what it refers to; definitions are made one after another, however long their chain is."""
        self._met = set()
        made = self.value(schema)
        first = frozenset(self._met)
        while self._pending:
            name, reference = self._pending.pop()
            self._met = set()
            self.definitions[name] = self.target(reference)
            self._uses[name] = frozenset(self._met)
        return Shape(made, {name: self.definitions[name] for name in self._reached(first)})

    def target(self, reference: str) -> Schema:
        """What a definition is made of; what only refers to itself is nothing that can be read."""
        target = self.resolve(reference)
        if _only_refers(target) and self._is_a_circle(reference):
            return {"const": {UNREADABLE: reference}}
        return True if target is None else self.bare(target)

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

    def value(self, schema: Schema) -> Schema:
        """The schema of a whole value: a property, an item, a body."""
        return self.bare(schema)

    def bare(self, schema: Schema) -> Schema:
        """The schema without annotations; a discriminator says which of its branches is meant."""
        made = super().bare(schema)
        if isinstance(made, dict) and isinstance(schema, dict):
            made |= {key: _discriminated(made[key], schema, key) for key in _ALTERNATIVES & made.keys()}
        return made

    @staticmethod
    def assertions(schema: Mapping[str, Any]) -> dict[str, Any]:
        """What a schema says of a value itself; where it depends on who refers to it, nobody can tell."""
        made = Assembly.assertions(schema)
        for word in _DYNAMIC & schema.keys():
            made["const"] = {UNREADABLE: f"{word} {schema[word]}"}
        return made

    def reference(self, reference: str) -> str:
        """What a reference is called; its target is made later."""
        name = definition_name(reference)
        self._met.add(name)
        if name not in self.definitions:
            self.definitions[name] = True
            self._pending.append((name, reference))
        return f"#/$defs/{name}"

    @staticmethod
    def number_format(made: dict[str, Any]) -> None:
        """Of a number that has the wrong format it is said so, whatever its type is said to be."""
        bounds = _BOUNDS.get(str(made.get("format")))
        if bounds:
            made.pop("format")
            limits = {"multipleOf": 1, "minimum": bounds[0], "maximum": bounds[1]}
            made["allOf"] = [*made.get("allOf", ()), {"if": {"type": "number"}, "then": limits}]


class Promised(Taken):
    """What a consumer may rely on: nothing but what is declared; it need not read all of it.

    A consumer's example is a part of what comes, so nothing is required of it. What no schema names is not
    promised, though the document may say that there may be more.
    """

    def __init__(self, resolve: Callable[[str], Schema | None], subtypes: Subtypes) -> None:
        super().__init__(resolve, Direction.RESPONSE)
        self._subtypes = subtypes
        self._composing = False  # inside of `allOf`: a supertype is meant as it is, and not any of its kinds

    def value(self, schema: Schema) -> Schema:
        """The schema of a whole value: a property, an item, a body."""
        before, self._composing = self._composing, False
        try:
            return self._whole(schema)
        finally:
            self._composing = before

    def reference(self, reference: str) -> str:
        """What a reference is called; that to a supertype means any of its kinds."""
        if self._composing or not self._subtypes(reference):
            return super().reference(reference)
        return super().reference(reference + KINDS)

    def target(self, reference: str) -> Schema:
        """What a definition is made of: a schema, or all kinds of a supertype, each by itself."""
        if not reference.endswith(KINDS):
            return super().target(reference)
        supertype = reference.removesuffix(KINDS)
        base = self.resolve(supertype)
        kinds = [{"$ref": each} for each in self._subtypes(supertype)]
        written = {"discriminator": _discriminator(base), "anyOf": kinds}
        before, self._composing = self._composing, True
        try:
            told = _discriminated([self._closed(each) for each in kinds], written, "anyOf")
            return {"anyOf": [self._closed({"$ref": supertype}), *told]}
        finally:
            self._composing = before

    def _closed(self, schema: dict[str, Any]) -> Schema:
        return {**self._made(schema, self.bare), "unevaluatedProperties": False}

    def _whole(self, schema: Schema) -> Schema:
        if isinstance(schema, dict) and _is_one_of_several(schema):
            return self._made(schema, self.value)
        made = self.bare(schema)
        if isinstance(made, bool) or not isinstance(schema, dict) or not _says_something(made):
            return made
        if "additionalProperties" in made or any(map(_anything, schema.get("anyOf", ()))):
            return made
        composed = made.keys() & (_SAME_VALUE | {"$ref", "if"})
        return _naming({**made, ("unevaluatedProperties" if composed else "additionalProperties"): False})

    def bare(self, schema: Schema) -> Schema:
        """The schema without annotations and without what is required: part of a value's schema, or all of it."""
        return schema if isinstance(schema, bool) else self._made(schema, self.bare)

    def _made(self, schema: dict[str, Any], branch: Callable[[Schema], Schema]) -> dict[str, Any]:
        made = self.assertions(schema)
        made.update((key, self._keyword(key, item, branch)) for key, item in schema.items() if key in _HOLDERS)
        if made.get("additionalProperties") is False and not _names_something(schema):
            made["maxProperties"] = 0  # whatever the consumer's names stand for, there is none
        if _anything(made.get("additionalProperties")):
            del made["additionalProperties"]  # that something may be there promises nothing
        self.rest(made, schema)
        _with_required(made)
        for key in _PARTIAL & made.keys():
            del made[key]
        for key in _ALTERNATIVES & made.keys():
            made[key] = _discriminated(made[key], schema, key)
        _any_will_do(made)
        return _naming(made)

    def _keyword(self, key: str, item: Any, branch: Callable[[Schema], Schema]) -> Any:
        """What a keyword holds: schemas of the same value, of parts of it, or of what it must not be."""
        if key in _UNTOUCHED:
            return super().bare(item)
        inner = branch if key in _ALTERNATIVES else self.bare if key in _SAME_VALUE else self.value
        if key == "allOf":
            inner = self._part
        if key in LIST:
            return [inner(each) for each in item]
        if key in NAMED:
            return {name: inner(each) for name, each in item.items()}
        return inner(item)

    def _part(self, schema: Schema) -> Schema:
        before, self._composing = self._composing, True
        try:
            return self.bare(schema)
        finally:
            self._composing = before


def _discriminator(supertype: Schema | None) -> Any:
    """Which property says of what kind a value is; before 3.0 it was named alone."""
    told = supertype.get("discriminator") if isinstance(supertype, dict) else None
    return {"propertyName": told} if isinstance(told, str) else told


def _only_refers(schema: Schema | None) -> bool:
    return isinstance(schema, dict) and schema.keys() == {"$ref"}


def _names_something(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("properties") or schema.get("patternProperties"))


def _naming(made: dict[str, Any]) -> dict[str, Any]:
    """The same schema, so that the validator tells every name that is not declared, and not one value only."""
    if made.get("additionalProperties") is False:
        made.setdefault("properties", {})
    return made


def _with_required(made: dict[str, Any]) -> None:
    """What has to be there is promised, also where nothing more is said of it."""
    undeclared = [name for name in made.get("required", ()) if name not in made.get("properties", {})]
    if undeclared:
        made["properties"] = {**made.get("properties", {}), **dict.fromkeys(undeclared, True)}


def _is_one_of_several(schema: Mapping[str, Any]) -> bool:
    """Whether one branch of `oneOf` describes the whole value; those of `anyOf` may add to each other."""
    return "oneOf" in schema and not schema.keys() & _BESIDE


def _any_will_do(made: dict[str, Any]) -> None:
    """Without what is required several branches hold for an example, and any of them will do."""
    branches = made.pop("oneOf", None)
    if branches is None:
        return
    if "anyOf" in made:
        made["allOf"] = [*made.get("allOf", ()), {"anyOf": branches}]
    else:
        made["anyOf"] = branches


def _discriminated(branches: list[Any], schema: Mapping[str, Any], key: str) -> list[Any]:
    """The branches, each for the values of the discriminator that name it."""
    discriminator = schema.get("discriminator")
    name = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
    if not isinstance(discriminator, dict) or not isinstance(name, str):
        return branches
    mapping = discriminator.get("mapping")
    names: dict[str, list[str]] = {}
    for value, target in (mapping if isinstance(mapping, dict) else {}).items():
        names.setdefault(str(target).rpartition("/")[2], []).append(value)
    told = []
    for branch, written in zip(branches, schema[key], strict=True):
        reference = written.get("$ref") if isinstance(written, dict) else None
        if isinstance(reference, str):
            last = reference.rpartition("/")[2]
            told.append({"allOf": [branch, {"properties": {name: {"enum": names.get(last, [last])}}}]})
        else:
            told.append(branch)
    return told


def _anything(schema: Any) -> bool:
    return schema is True or schema == {}


def _says_something(made: Mapping[str, Any]) -> bool:
    """Whether it speaks of objects at all; a schema that allows anything promises anything."""
    kinds = made.get("type")
    if kinds is not None:
        return kinds == "object" or (isinstance(kinds, list) and "object" in kinds)
    return bool(made.keys() & ({"properties", "patternProperties", "$ref", "if"} | _SAME_VALUE))
