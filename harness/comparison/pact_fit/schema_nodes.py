"""The schemas of a document, each by itself: what it says of a value, and which schemas its parts are."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.dialects import ASSERTED, LIST, NAMED, ONE, Schema
from harness.comparison.pact_fit.compiling import compile_schema
from harness.comparison.pact_fit.expressions import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import jsonschema_rs

    from harness.comparison.pact_fit.faults import Place

# A consumer's example is a part of what comes, so that nothing is required of it.
_OF_THE_WHOLE = frozenset({"required", "minProperties", "dependentRequired"})
_OF_A_VALUE = frozenset(
    {"not", "contains", "minContains", "maxContains", "propertyNames", "$dynamicRef", "$recursiveRef"}
)
_SAID = (ASSERTED - _OF_THE_WHOLE - {"type"}) | _OF_A_VALUE
_OF_HOLDERS = _OF_A_VALUE | {"const", "enum", "uniqueItems", "minItems", "maxItems", "maxProperties"}
_INNER = ("items", "prefixItems", "unevaluatedItems")
_OF_THE_SAME_VALUE = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"})
_MEANT = (ASSERTED | ONE | LIST | NAMED | _OF_A_VALUE | {"readOnly", "writeOnly", "discriminator"}) - {"$ref"}
JSON_TYPES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


class SchemaNode:
    """One schema of a document; each part of it is made once, so that it is known again."""

    __slots__ = (
        "_inner",
        "additional",
        "asserted",
        "cache",
        "is_false",
        "kinds",
        "names",
        "of_holders",
        "only_names",
        "patterns",
        "reference",
        "required",
        "schema",
        "unevaluated",
        "where",
    )

    def __init__(
        self, schema: Schema, where: Place = (), reference: str = "", *, only_names: bool = False
    ) -> None:
        self.schema: dict[str, Any] = schema if isinstance(schema, dict) else {} if schema else {"not": {}}
        self.is_false = schema is False
        self.where = where
        self.reference = reference  # that leads to it; "" for a part of another schema
        self.only_names = only_names  # it names properties, but is no list of what there is
        kinds = self.schema.get("type")
        self.kinds = None if kinds is None else frozenset(kinds if isinstance(kinds, list) else [kinds])
        if self.kinds is not None and "number" in self.kinds:
            self.kinds |= {"integer"}
        self.asserted = {key: item for key, item in self.schema.items() if key in _SAID}
        self.of_holders = bool(self.asserted.keys() & _OF_HOLDERS)
        self.names: dict[str, Any] = self.schema.get("properties") or {}
        self.patterns: dict[str, Any] = self.schema.get("patternProperties") or {}
        self.required = frozenset(self.schema.get("required") or ())
        self.additional = self.schema.get("additionalProperties")
        self.unevaluated = self.schema.get("unevaluatedProperties")
        self.cache: dict[Any, Any] = {}
        self._inner: dict[Place, SchemaNode] = {}

    def part(self, *steps: str | int) -> SchemaNode:
        """The schema at some steps into this one."""
        found = self._inner.get(steps)
        if found is None:
            schema: Any = self.schema
            for step in steps:
                schema = schema[step]
            found = self._inner[steps] = SchemaNode(schema, (*self.where, *steps))
        return found

    def parts(self, keyword: str) -> list[SchemaNode]:
        """The schemas of a list of them."""
        return [self.part(keyword, number) for number in range(len(self.schema.get(keyword) or ()))]

    def named(self, name: str) -> list[SchemaNode]:
        """The schemas that speak of a property by its name, or by a pattern of it."""
        found = [self.part("properties", name)] if name in self.names else []
        if self.patterns:
            found += [self.part("patternProperties", each) for each in self.patterns if _is_named(each, name)]
        return found

    def item(self, number: int) -> SchemaNode | None:
        """The schema of an item of a list; None where nothing is said of it."""
        if number < len(self.schema.get("prefixItems") or ()):
            return self.part("prefixItems", number)
        return self.part("items") if "items" in self.schema else None

    @property
    def only_reference(self) -> str:
        """The reference of a schema that says nothing else; "" for any other."""
        reference = self.schema.get("$ref")
        return reference if isinstance(reference, str) and says_only(self.schema, ("$ref",)) else ""

    @property
    def is_alone(self) -> bool:
        """Whether no other schema says anything of the same value because of it."""
        return self.unevaluated is None and self.schema.keys().isdisjoint(_OF_THE_SAME_VALUE)

    @property
    def names_something(self) -> bool:
        """Whether it lists names of an object, or patterns of them."""
        return bool((self.names or self.patterns or self.required) and not self.only_names)

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing of any value by itself."""
        return not (
            self.kinds is not None
            or self.asserted
            or self.names_something
            or self.additional is not None
            or self.unevaluated is not None
            or any(key in self.schema for key in _INNER)
        )

    @property
    def asserts(self) -> bool:
        """Whether it says anything of a value itself."""
        return self.kinds is not None or bool(self.asserted) or bool(self.patterns)

    def has_type_of(self, value: Any) -> bool:
        """Whether a value has a type that the schema allows."""
        if self.kinds is None or JSON_TYPES.get(type(value)) in self.kinds:
            return True
        return type(value) is float and "integer" in self.kinds and value.is_integer()


def says_only(schema: Mapping[str, Any], words: Iterable[str]) -> bool:
    """Whether a schema says nothing of a value by any other keyword."""
    return schema.keys().isdisjoint(_MEANT.difference(words))


def _is_named(pattern: str, name: str) -> bool:
    ready = readable(pattern)
    return ready is not None and _expression(ready).is_valid(name)


@lru_cache(maxsize=4_096)
def _expression(pattern: str) -> jsonschema_rs.Draft202012Validator:
    return compile_schema({"pattern": pattern})
