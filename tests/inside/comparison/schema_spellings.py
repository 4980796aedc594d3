"""Schemas, values that come near to them, and other ways to write the same schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
OLD, NEW = "3.0.3", "3.1.0"
NAMES = ("a", "b", "c", "d")
NULLABLE = "x-or-null"  # here: the value may be null; written in the way of a version later

# --- schemas -----------------------------------------------------------------------------------------------------

_SCALARS: list[Json] = [
    {"type": "string"},
    {"type": "integer", "minimum": 0},
    {"type": "string", "enum": ["a", "b"]},
    {"type": "boolean"},
]
_OPEN: list[Json] = [
    {},
    {"type": "object"},
    {"type": "object", "additionalProperties": {}},
    {"type": "object", "minProperties": 1},
]
leaves = st.sampled_from([*_SCALARS, *_OPEN])


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Json]) -> Json:
    """An object with a list of properties; whether there may be others is said or not."""
    properties = draw(st.dictionaries(st.sampled_from(NAMES[:3]), inner, min_size=1, max_size=3))
    made: Json = {"type": "object", "properties": properties}
    if draw(st.booleans()):
        made["required"] = draw(st.lists(st.sampled_from(sorted(properties)), unique=True, max_size=2))
    beyond = draw(st.sampled_from(["nothing", "anything", "false", "schema", "nothing"]))
    if beyond != "nothing":
        made["additionalProperties"] = {"anything": True, "false": False, "schema": draw(leaves)}[beyond]
    hidden = draw(st.sampled_from(["", "", "", "readOnly", "writeOnly"]))
    if hidden:
        name = draw(st.sampled_from(sorted(properties)))
        made["properties"] = {**properties, name: {**properties[name], hidden: True}}
    return made


def _larger(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    several = st.lists(objects(inner), min_size=2, max_size=3)
    return st.one_of(
        objects(inner),
        objects(inner),
        inner.map(lambda item: {"type": "array", "items": item}),
        several.map(lambda parts: {"allOf": parts}),
        several.map(lambda parts: {"oneOf": parts}),
        several.map(lambda parts: {"anyOf": parts}),
        objects(inner).map(lambda schema: {**schema, NULLABLE: True}),
        inner.map(lambda item: {"type": "object", "additionalProperties": item}),
    )


_OVERLAPPING: list[Json] = [
    *_SCALARS,
    {"type": "number"},
    {"type": "string", "maxLength": 1},
    {"type": "string", NULLABLE: True},
    {"type": "integer", NULLABLE: True},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": {"type": "number"}, "maxItems": 1},
]


def _several(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    parts = st.lists(inner, min_size=2, max_size=3)
    words = st.sampled_from(["oneOf", "oneOf", "oneOf", "anyOf", "allOf"])
    return st.one_of(
        st.builds(lambda word, some: {word: some}, words, parts),
        st.builds(lambda word, some, said: {word: some, **said}, words, parts, st.sampled_from(_SCALARS)),
        inner.map(lambda item: {"type": "array", "items": item}),
    )


without_objects = _several(st.recursive(st.sampled_from(_OVERLAPPING), _several, max_leaves=4))
_PLAIN = st.sampled_from(["a", "zz", 0, 1, -1, 1.5, True, None])
values_without_objects = st.recursive(_PLAIN, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
schemas = st.recursive(leaves, _larger, max_leaves=6)
listing = objects(st.recursive(st.sampled_from(_SCALARS), _larger, max_leaves=4))  # nothing is left open


# --- values ------------------------------------------------------------------------------------------------------

_EXAMPLES: dict[str, list[Any]] = {"string": ["a", "zz"], "integer": [1], "boolean": [True]}
_ANY_VALUE: st.SearchStrategy[Any] = st.sampled_from(
    ["a", "zz", 1, -1, 1.5, True, None, {}, [], {"a": 1}, {"d": "a"}]
)


@st.composite
def values(draw: st.DrawFn, schema: Json) -> Any:
    """A value that is often, but not always, what a schema says, or a part of it."""
    if draw(st.integers(0, 11)) == 0:
        return draw(_ANY_VALUE)
    for word in ("oneOf", "anyOf"):
        if word in schema:
            chosen = draw(st.lists(st.sampled_from(range(len(schema[word]))), min_size=1, max_size=2, unique=True))
            return _merged([draw(values(schema[word][index])) for index in chosen])
    if "allOf" in schema:
        return _merged([draw(values(part)) for part in schema["allOf"]])
    if "properties" in schema or schema.get("type") == "object":
        return draw(_objects_of(schema))
    if schema.get("type") == "array":
        return [draw(values(schema["items"])) for _ in range(draw(st.integers(0, 2)))]
    return draw(st.sampled_from(schema.get("enum") or _EXAMPLES.get(schema.get("type", ""), [1, {"d": 1}])))


@st.composite
def _objects_of(draw: st.DrawFn, schema: Json) -> Json:
    properties = schema.get("properties", {})
    names = [name for name in properties if draw(st.integers(0, 3)) > 0]
    made = {name: draw(values(properties[name])) for name in names}
    if not properties or draw(st.integers(0, 6)) == 0:
        beyond = schema.get("additionalProperties")
        made[draw(st.sampled_from(NAMES))] = draw(values(beyond if isinstance(beyond, dict) else {}))
    return made


def _merged(several: list[Any]) -> Any:
    """Objects as one; of anything else the first."""
    if not all(isinstance(each, dict) for each in several):
        return several[0]
    made: Json = {}
    for each in several:
        made = {**made, **{k: _merged([made[k], v]) if k in made else v for k, v in each.items()}}
    return made


# --- other ways to write the same --------------------------------------------------------------------------------


@dataclass
class Spelling:
    """Writes schemas of one document, each in a way that is drawn."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    version: str
    plainly: bool = False  # in the first way, everywhere
    named: dict[str, Json] = field(default_factory=dict)

    def write(self, schema: Json) -> Json:
        """The schema in some way, and all of its parts."""
        if "properties" in schema and not self.plainly and self._one_of(2):
            return self._wrapped(self._in_parts(schema))
        return self._wrapped(self._in_place(schema))

    def _one_of(self, several: int) -> bool:
        return bool(self.draw(st.integers(1, several)) == 1)

    def _in_place(self, schema: Json) -> Json:
        made: Json = {}
        for key, value in schema.items():
            if key == "properties":
                made[key] = {name: self.write(part) for name, part in value.items()}
            elif key in ("allOf", "anyOf", "oneOf"):
                made[key] = [self.write(part) for part in value]
            elif key in ("items", "additionalProperties") and isinstance(value, dict):
                made[key] = self.write(value)
            elif key != NULLABLE:
                made[key] = value
        return self._or_null(made) if schema.get(NULLABLE) else made

    def _or_null(self, made: Json) -> Json:
        beside = "type" in made and (self.plainly or self._one_of(2))
        if self.version == OLD:
            return {**made, "nullable": True} if beside else {"nullable": True, "allOf": [made]}
        if beside:
            return {**made, "type": [made["type"], "null"]}
        return {"anyOf" if self._one_of(2) else "oneOf": [made, {"type": "null"}]}

    def _in_parts(self, schema: Json) -> Json:
        """Parts that hold together; a property may be split again, a bit of it in each part."""
        if schema.get("additionalProperties", True) is not True or schema.get(NULLABLE):
            return self._in_place(schema)
        parts: list[Json] = [{}, {}]
        for name, written in schema["properties"].items():
            for index, bit in self._bits(written):
                parts[index].setdefault("properties", {})[name] = {**bit, **_hidden(written)}
        if "required" in schema:
            parts[self.draw(st.integers(0, 1))]["required"] = schema["required"]
        made = [{**(({"type": "object"}) if self._one_of(2) else {}), **part} for part in parts]
        made[0]["type"] = "object"
        if self._one_of(2):
            return {**made[0], "allOf": [self._wrapped(made[1])]}
        return {"allOf": [self._wrapped(made[0]), self._wrapped(made[1])]}

    def _bits(self, written: Json) -> list[tuple[int, Json]]:
        """What each of two parts says of one property."""
        splits = written.keys() <= {"type", "properties", "readOnly", "writeOnly"} and "properties" in written
        if splits and len(written["properties"]) > 1 and self._one_of(2):
            names = sorted(written["properties"])
            bits = [
                {"type": "object", "properties": {name: written["properties"][name] for name in some}}
                for some in (names[:1], names[1:])
            ]
            return [(index, self.write(bit)) for index, bit in enumerate(bits)]
        return [(self.draw(st.integers(0, 1)), self.write(written))]

    def _wrapped(self, schema: Json) -> Json:
        """The same by reference, in `allOf`, or in a branch of one."""
        way = "plain" if self.plainly else self.draw(st.sampled_from(["plain", "plain", *_WAYS]))
        inner = self._by_name(schema) if way.endswith("ref") else schema
        if way in {"plain", "ref"}:
            return inner
        word = way.partition("-")[0]
        return {**({"description": "the same"} if self._one_of(2) else {}), word: [inner], **_hidden(schema)}

    def _by_name(self, schema: Json) -> Json:
        name = f"S{len(self.named)}"
        self.named[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}


def _hidden(schema: Json) -> Json:
    """That one of the two ways does not know it."""
    return {key: True for key in ("readOnly", "writeOnly") if schema.get(key)}


_WAYS = ("ref", "allOf", "allOf-ref", "anyOf", "oneOf", "anyOf-ref", "oneOf-ref")

PLACES: dict[str, tuple[Callable[[Json], Json], Callable[[Any], Any]]] = {
    "body": (lambda schema: schema, lambda value: value),
    "property": (lambda schema: {"type": "object", "properties": {"it": schema}}, lambda value: {"it": value}),
    "item": (lambda schema: {"type": "array", "items": schema}, lambda value: [value]),
    "map": (lambda schema: {"type": "object", "additionalProperties": schema}, lambda value: {"it": value}),
}
