"""Containment of schemas: a yes is never contradicted, a no always has its witness."""

from __future__ import annotations

import warnings
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.comparison.containment import Containment, contained
from harness.comparison.containment.patterns import matching

Json = dict[str, Any]
small = st.integers(0, 4)
plain: st.SearchStrategy[Json] = st.one_of(
    st.fixed_dictionaries({"type": st.just("integer")}, optional={"minimum": small, "maximum": small}),
    st.fixed_dictionaries({"type": st.just("string")}, optional={"minLength": small, "maxLength": small}),
    st.lists(st.sampled_from(["a", "bb", 1, None]), min_size=1, max_size=3, unique_by=str).map(
        lambda v: {"enum": v}
    ),
    st.just({"type": ["string", "null"]}),
)


def _larger(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    properties = st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    names = st.lists(st.sampled_from("ab"), unique=True, max_size=2)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "properties": properties,
        "required": names,
        "additionalProperties": st.booleans(),
    }
    several = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        st.fixed_dictionaries({"type": st.just("object")}, optional=optional),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"minItems": small}),
        st.sampled_from(["anyOf", "allOf", "oneOf"]).flatmap(lambda word: several.map(lambda v: {word: v})),
    )


schemas = st.recursive(plain, _larger, max_leaves=5)
leaves = st.none() | st.integers(-1, 5) | st.sampled_from(["", "a", "bb", "ccccc"])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)


def allows(schema: Json, value: Any) -> bool:
    return jsonschema_rs.Draft202012Validator(schema).is_valid(value)


@settings(deadline=None, max_examples=60)
@given(schemas, schemas, st.lists(values, max_size=20))
def test_an_answer_is_never_contradicted(one: Json, other: Json, tried: list[Any]) -> None:
    answer = contained(one, other)
    if answer.containment is Containment.NO:
        assert allows(one, answer.witness)
        assert not allows(other, answer.witness)
    if answer.containment is Containment.YES:
        assert [value for value in tried if allows(one, value) and not allows(other, value)] == []


@settings(deadline=None, max_examples=40)
@given(schemas)
def test_a_schema_contains_itself_and_anything_contains_it(schema: Json) -> None:
    assert contained(schema, schema).containment is Containment.YES
    assert contained(schema, {}).containment is Containment.YES


def test_a_recursive_schema_contains_a_narrower_one() -> None:
    def node(limit: int) -> Json:
        leaf = {"type": "object", "properties": {"n": {"type": "integer", "maximum": limit}, "next": {
            "$ref": "#/$defs/N"}}}  # fmt: skip
        return {"$ref": "#/$defs/N", "$defs": {"N": leaf}}

    assert contained(node(3), node(5)).containment is Containment.YES
    answer = contained(node(5), node(3))
    assert answer.containment is Containment.NO
    assert answer.witness["n"] > 3


def test_an_expression_that_python_would_warn_of_is_read_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert matching("[[a]+") in ("[", "a")
