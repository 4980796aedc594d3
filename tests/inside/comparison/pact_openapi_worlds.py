"""Documents, and pacts that are made from them: what a provider promises, and a consumer that keeps to it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
JSON = "application/json"
VERSIONS = ("2.0", "3.0.3", "3.1.0")
UUID = "0a55a2b0-34f1-4bc5-9d0a-6a4d3f2e1c77"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A schema, a value that it allows, and a value of the same place that it does not allow."""

    schema: Json
    value: Any
    wrong: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A document, and a pact that fits it."""

    document: Json
    pact: Json

    @property
    def interaction(self) -> Json:
        """The only interaction."""
        found: Json = self.pact["interactions"][0]
        return found

    def copy(self) -> World:
        """The same, to be changed."""
        return World(document=deepcopy(self.document), pact=deepcopy(self.pact))


# --- schemas -----------------------------------------------------------------------------------------------------

_PLAIN = [
    Told(schema={"type": "string"}, value="a b", wrong=7),
    Told(schema={"type": "string", "minLength": 2}, value="ab", wrong="a"),
    Told(schema={"type": "string", "pattern": "^[A-Z]{3}$"}, value="EUR", wrong="euro"),
    Told(schema={"type": "string", "enum": ["open", "paid"]}, value="paid", wrong="lost"),
    Told(schema={"type": "string", "format": "uuid"}, value=UUID, wrong="no uuid"),
    Told(schema={"type": "string", "format": "date-time"}, value="2026-11-23T20:00:00Z", wrong="yesterday"),
    Told(schema={"type": "string", "format": "date"}, value="2026-11-23", wrong="2026-13-45"),
    Told(schema={"type": "integer"}, value=7, wrong=7.5),
    Told(schema={"type": "integer", "format": "int32"}, value=-(2**31), wrong=2**31),
    Told(schema={"type": "integer", "minimum": 1}, value=1, wrong=0),
    Told(schema={"type": "number", "maximum": 2.5}, value=2.5, wrong=2.6),
    Told(schema={"type": "boolean"}, value=False, wrong="false"),
]
plain = st.sampled_from(_PLAIN)
names = st.sampled_from(["id", "total", "lines", "a/b", "x~y", "with space", "ünï", "0"])


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Told]) -> Told:
    """An object with declared properties; what is wrong is in one of them."""
    parts = draw(st.dictionaries(names, inner, min_size=1, max_size=4))
    broken = draw(st.sampled_from(sorted(parts)))
    value = {name: part.value for name, part in parts.items()}
    properties = {name: part.schema for name, part in parts.items()}
    schema: Json = {"type": "object", "properties": properties}
    if draw(st.booleans()):
        schema["required"] = sorted(parts)
    return Told(schema=schema, value=value, wrong={**value, broken: parts[broken].wrong})


@st.composite
def lists(draw: st.DrawFn, inner: st.SearchStrategy[Told]) -> Told:
    """A list; what is wrong is one of its items."""
    item = draw(inner)
    size = draw(st.integers(min_value=1, max_value=3))
    value = [item.value] * size
    return Told(schema={"type": "array", "items": item.schema}, value=value, wrong=[*value, item.wrong])


@st.composite
def maps(draw: st.DrawFn, inner: st.SearchStrategy[Told]) -> Told:
    """An object whose names are not known before."""
    part = draw(inner)
    schema = {"type": "object", "additionalProperties": part.schema}
    return Told(schema=schema, value={"any": part.value}, wrong={"any": part.wrong})


@st.composite
def both(draw: st.DrawFn, inner: st.SearchStrategy[Told]) -> Told:
    """Two objects in one: `allOf`."""
    left, right = draw(inner), draw(inner)
    schema = {
        "allOf": [
            {"type": "object", "properties": {"left": left.schema}},
            {"type": "object", "properties": {"right": right.schema}, "required": ["right"]},
        ]
    }
    value = {"left": left.value, "right": right.value}
    return Told(schema=schema, value=value, wrong={**value, "right": right.wrong})


@st.composite
def either(draw: st.DrawFn, inner: st.SearchStrategy[Told]) -> Told:
    """One of two objects that have nothing in common."""
    part, word = draw(inner), draw(st.sampled_from(["oneOf", "anyOf"]))
    branches = [
        {"type": "object", "properties": {"one": part.schema}, "required": ["one"]},
        {"type": "object", "properties": {"other": {"type": "string"}}, "required": ["other"]},
    ]
    value, wrong = {"one": part.value}, {"one": part.wrong}
    return Told(schema={word: draw(st.permutations(branches))}, value=value, wrong=wrong)


def told() -> st.SearchStrategy[Told]:
    """Schemas of all kinds, within each other."""

    def wider(inner: st.SearchStrategy[Told]) -> st.SearchStrategy[Told]:
        return st.one_of(objects(inner), lists(inner), maps(inner), both(inner), either(inner))

    return st.recursive(plain, wider, max_leaves=5)


# --- documents ---------------------------------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A document with one operation that has everything, and a pact that uses all of it."""
    version = draw(st.sampled_from(VERSIONS))
    sent, got, in_path, in_query, in_header = (
        draw(objects(told())),
        draw(objects(told())),
        draw(plain),
        draw(plain),
        draw(plain),
    )
    named = draw(st.booleans())
    parts = _Parts(sent=sent, got=got, in_path=in_path, in_query=in_query, in_header=in_header)
    document = _document(version, parts, named=named)
    return World(document=document, pact=_pact(parts, v4=draw(st.booleans())))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    sent: Told
    got: Told
    in_path: Told
    in_query: Told
    in_header: Told


def _document(version: str, parts: _Parts, *, named: bool) -> Json:
    is_old = version == "2.0"
    at = "#/definitions" if is_old else "#/components/schemas"
    sent = {"$ref": f"{at}/Sent"} if named else parts.sent.schema
    got = {"$ref": f"{at}/Got"} if named else parts.got.schema
    operation = _old_operation(parts, sent, got) if is_old else _operation(parts, sent, got)
    schemas = {"Sent": parts.sent.schema, "Got": parts.got.schema}
    key = {"type": "apiKey", "in": "header", "name": "x-key"}
    document: Json = {
        "info": {"title": "things", "version": "1"},
        "paths": {"/things/{id}": {"post": operation}, "/things/fixed": {"get": {"responses": {}}}},
        "security": [{"key": []}],
    }
    if is_old:
        return {"swagger": "2.0", "definitions": schemas, "securityDefinitions": {"key": key}, **document}
    return {"openapi": version, "components": {"schemas": schemas, "securitySchemes": {"key": key}}, **document}


def _operation(parts: _Parts, sent: Json, got: Json) -> Json:
    wanted = {"required": True}
    return {
        "parameters": [
            {"name": "id", "in": "path", **wanted, "schema": parts.in_path.schema},
            {"name": "filter", "in": "query", **wanted, "schema": parts.in_query.schema},
            {"name": "X-Mode", "in": "header", **wanted, "schema": parts.in_header.schema},
        ],
        "requestBody": {**wanted, "content": {JSON: {"schema": sent}}},
        "responses": {
            "201": {
                "description": "",
                "content": {JSON: {"schema": got}},
                "headers": {"X-Rate": {"schema": {"type": "integer"}}},
            }
        },
    }


def _old_operation(parts: _Parts, sent: Json, got: Json) -> Json:
    wanted = {"required": True}
    return {
        "consumes": [JSON],
        "produces": [JSON],
        "parameters": [
            {"name": "id", "in": "path", **wanted, **parts.in_path.schema},
            {"name": "filter", "in": "query", **wanted, **parts.in_query.schema},
            {"name": "X-Mode", "in": "header", **wanted, **parts.in_header.schema},
            {"name": "body", "in": "body", **wanted, "schema": sent},
        ],
        "responses": {"201": {"description": "", "schema": got, "headers": {"X-Rate": {"type": "integer"}}}},
    }


# --- pacts -------------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """A value as it is written in a path, a query or a header."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pact(parts: _Parts, *, v4: bool) -> Json:
    from urllib.parse import quote

    many = (lambda value: [value]) if v4 else (lambda value: value)
    request: Json = {
        "method": "POST",
        "path": f"/things/{quote(text(parts.in_path.value), safe='')}",
        "query": {"filter": [text(parts.in_query.value)]},
        "headers": {
            "Content-Type": many(JSON),
            "Accept": many(JSON),
            "x-key": many("secret"),
            "X-Mode": many(text(parts.in_header.value)),
        },
        "body": _body(parts.sent.value, v4=v4),
    }
    response: Json = {
        "status": 201,
        "headers": {"Content-Type": many(JSON), "X-Rate": many("7")},
        "body": _body(parts.got.value, v4=v4),
    }
    interaction: Json = {"description": "a thing is made", "request": request, "response": response}
    if v4:
        interaction["type"] = "Synchronous/HTTP"
    return {
        "consumer": {"name": "web"},
        "provider": {"name": "things"},
        "interactions": [interaction],
        "metadata": {"pactSpecification": {"version": "4.0" if v4 else "3.0.0"}},
    }


def _body(value: Any, *, v4: bool) -> Any:
    return {"content": value, "contentType": JSON, "encoded": False} if v4 else value


def body_of(interaction: Json, side: str) -> Json:
    """The body's value, an object, to be changed."""
    body: Json = interaction[side]["body"]
    inner: Json = body["content"] if "type" in interaction else body
    return inner
