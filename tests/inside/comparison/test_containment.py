"""Containment of schemas: a yes is never contradicted, a no always has its witness."""

from __future__ import annotations

import re
import warnings
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_examples import examples

from harness.comparison.containment import Containment, decide_containment, numerals, proven, samples
from harness.comparison.containment.automata import Automaton, Expression
from harness.comparison.containment.languages import TextReading, sendable, words
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


@settings(deadline=None, max_examples=examples(20))
@given(schemas, schemas, st.lists(values, max_size=20))
def test_an_answer_is_never_contradicted(one: Json, other: Json, tried: list[Any]) -> None:
    answer = decide_containment(one, other)
    if answer.containment is Containment.NO:
        assert allows(one, answer.witness)
        assert not allows(other, answer.witness)
    if answer.containment is Containment.YES:
        assert [value for value in tried if allows(one, value) and not allows(other, value)] == []


@settings(deadline=None, max_examples=examples(20))
@given(schemas)
def test_a_schema_contains_itself_and_anything_contains_it(schema: Json) -> None:
    assert decide_containment(schema, schema).containment is Containment.YES
    assert decide_containment(schema, {}).containment is Containment.YES


# what parts say together, each narrower than the ones before it
NARROWING: list[list[Json]] = [
    [{"type": "integer", "minimum": 3}, {"minimum": 5, "maximum": 9}, {"maximum": 5}],
    [{"type": "integer", "minimum": 5}, {"minimum": 3, "maximum": 5}],
    [{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}, {"required": ["b"]}],
    [{"type": "string", "minLength": 2}, {"minLength": 4, "maxLength": 4}],
    [{"type": "array", "minItems": 3}, {"minItems": 2, "maxItems": 3}],
    [
        {"type": "object", "properties": {"a": {"minimum": 2}}, "required": ["a"]},
        {"properties": {"a": {"type": "integer", "minimum": 4, "maximum": 4}}},
    ],
    [{"type": ["string", "null"], "minLength": 1}, {"type": ["integer", "string"], "maxLength": 1}],
]


@pytest.mark.parametrize("parts", NARROWING)
def test_what_parts_say_together_has_an_example_of_all_that_they_say(parts: list[Json]) -> None:
    """One is found by looking at the parts: by chance nobody meets all of them."""
    found = [value for value in samples({"allOf": parts}, {}, 40) if all(allows(part, value) for part in parts)]
    assert found


@pytest.mark.parametrize(
    "pattern", ["a.c", "^.{3}$", "x|y.", "[^a]", "[^a-z]+", r"^\d\w\s$", "^(?=a)a.$", "^q.*z$"]
)
def test_a_text_that_is_made_for_an_expression_is_one_of_its_texts(pattern: str) -> None:
    for variant in range(3):
        text = matching(pattern, variant)
        assert text is not None
        assert re.search(pattern, text)


def test_a_recursive_schema_contains_a_narrower_one() -> None:
    def node(limit: int) -> Json:
        leaf = {"type": "object", "properties": {"n": {"type": "integer", "maximum": limit}, "next": {
            "$ref": "#/$defs/N"}}}  # fmt: skip
        return {"$ref": "#/$defs/N", "$defs": {"N": leaf}}

    assert decide_containment(node(3), node(5)).containment is Containment.YES
    answer = decide_containment(node(5), node(3))
    assert answer.containment is Containment.NO
    assert answer.witness["n"] > 3


objects = st.fixed_dictionaries(
    {"type": st.sampled_from(["object", ["object", "null"]])},
    optional={
        "properties": st.dictionaries(st.sampled_from("abc"), plain | st.just({"$ref": "#/$defs/D"}), max_size=3),
        "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
        "additionalProperties": st.booleans() | plain,
    },
)
objects_of_values = st.dictionaries(st.sampled_from("abcd"), leaves, max_size=4)


@settings(deadline=None, max_examples=60)
@given(objects, objects, plain, plain, st.lists(objects_of_values, max_size=30))
def test_what_is_proven_of_objects_by_their_properties_holds_of_their_values(
    one: Json, other: Json, ours: Json, theirs: Json, tried: list[Any]
) -> None:
    small, large = {**one, "$defs": {"D": ours}}, {**other, "$defs": {"D": theirs}}
    if proven(small, large):
        assert [value for value in [*tried, None] if allows(small, value) and not allows(large, value)] == []


def test_a_wide_object_is_decided_property_by_property() -> None:
    # As a whole this takes the canonical forms minutes.
    def wide(by: int) -> Json:
        part = {f"p{n}": {"type": ["string", "null"], "maxLength": n // by} for n in range(400)}
        return {"type": "object", "properties": part, "required": [*part][:200]}

    assert decide_containment(wide(2), wide(1)).containment is Containment.YES
    answer = decide_containment(wide(1), wide(2))
    assert answer.containment is Containment.NO
    mixed: tuple[Json, Json] = {"anyOf": [wide(2), {"type": "null"}]}, {"anyOf": [{"type": "null"}, wide(1)]}
    assert decide_containment(*mixed).containment is not Containment.NO


def test_an_expression_that_python_would_warn_of_is_read_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert matching("[[a]+") in ("[", "a")


# --- texts -------------------------------------------------------------------------------------------------------

EXPRESSIONS = [
    "^a+$",
    "a|^b$",
    "^(ab|c){2,3}$",
    "[^a-c]",
    "a$|^",
    "^.{0,2}$",
    "(^a|b$)x?",
    r"\w+@\w+",
    r"^[\w.-]+$",
]
EXPRESSIONS += ["(a*)*b", "^a?b{2}c*$", "a^b", "$a", r"^\s*$", "(?:ab)+$", "^$", r"^-?(0|[1-9]\d*)$", r"[^\d]\D?"]


def read(automaton: Automaton, text: str) -> bool:
    state = automaton.start
    for letter in text:
        state = automaton.step(state, letter)
    return automaton.accepts(state)


@given(st.sampled_from(EXPRESSIONS), st.text("abcx019-@. \n", max_size=6))
def test_an_expression_is_found_where_the_validator_finds_it(pattern: str, text: str) -> None:
    assert read(Expression(pattern), text) is allows({"pattern": pattern}, text)


written = st.from_regex(r"[+-]?0{0,2}([0-9]{1,4}(\.[0-9]{0,2})?|\.[0-9]{1,2})", fullmatch=True)


@given(written, st.integers(-2100, 2100), st.integers(-40, 40).map(lambda quarter: quarter / 4))
def test_a_number_is_read_as_it_is_written(text: str, border: int, fraction: float) -> None:
    value = float(text)
    assert allows({"pattern": numerals.PLAIN}, text)
    assert allows({"pattern": numerals.at_most(border)}, text) is (value <= border)
    assert allows({"pattern": numerals.at_least(border)}, text) is (value >= border)
    assert allows({"pattern": numerals.exactly(border)}, text) is (value == border)
    assert allows({"pattern": numerals.exactly(fraction)}, text) is (value == fraction)
    assert allows({"pattern": numerals.WHOLE}, text) is value.is_integer()


@given(st.integers(-5000, 5000) | st.integers(-400, 400).map(lambda quarter: quarter / 4))
def test_what_a_program_writes_is_canonical(value: float) -> None:
    plain = str(int(value)) if value == int(value) else str(value)
    assert allows({"pattern": numerals.CANONICAL}, plain)


@settings(deadline=None)
@given(st.sampled_from(EXPRESSIONS), st.sampled_from(EXPRESSIONS), st.lists(st.text("abc01@. -", max_size=4)))
def test_words_are_of_the_one_and_not_of_the_other(one: str, other: str, tried: list[str]) -> None:
    small, large = ({"type": "string", "pattern": pattern} for pattern in (one, other))
    reading = TextReading(frozenset({"string"}))
    found = list(words(small, reading, large, reading))
    assert all(allows(small, word) and not allows(large, word) for word in found)
    if not found:
        assert [text for text in tried if allows(small, text) and not allows(large, text)] == []


@pytest.mark.parametrize(("above", "below"), [("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum")])
@pytest.mark.parametrize(("least", "most"), [(2.1, 2.5), (-2.5, -2.1), (2, 2.5), (1.5, 2)])
def test_a_fraction_between_two_borders_may_be_sent_and_no_whole_number(
    above: str, below: str, least: float, most: float
) -> None:
    as_number = TextReading(frozenset({"number"}))
    assert sendable({"type": "number", above: least, below: most}, as_number)
    whole = [
        number
        for number in range(-3, 4)
        if least < number < most or (above == "minimum" and number in (least, most))
    ]
    assert sendable({"type": "integer", above: least, below: most}, as_number) is bool(whole)
