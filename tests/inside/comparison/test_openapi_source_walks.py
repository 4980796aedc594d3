"""The quick walks over documents find what the slow ones find, which say where it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparison.diff import document_of
from harness.comparison.openapi.dialects import Direction
from harness.comparison.openapi.document import equal
from harness.comparison.pact_fit.compiling import Undecidable
from harness.comparison.pact_fit.responses import fields
from harness.comparison.pact_fit.validators import Validators
from harness.contracts.openapi_source import escape_pointer_step, parse, references, referring
from harness.errors import ContractError

NAMES = ["$ref", "example", "examples", "enum", "value", "properties", "schemas", "a/b", "x"]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["#/x", "", "text"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(JSON)
def test_both_walks_find_the_same_references(value: Any) -> None:
    slow = sorted(id(holder) for _, holder in references(value))
    assert sorted(id(holder) for holder in referring(value)) == slow


@given(JSON, JSON)
def test_equal_is_equal_as_json_whatever_the_order_of_keys(one: Any, other: Any) -> None:
    assert equal(one, other) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 1}, {"a": 1.0}, False),
    ],
)
def test_a_number_is_no_truth_value(one: Any, other: Any, same: bool) -> None:
    assert equal(one, other) is same


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_json_does_not_have_is_told_with_its_place(number: str) -> None:
    with pytest.raises(ContractError) as error:
        parse(f'{{"openapi": "3.1.0", "x": [1, {{"least": {number}}}]}}', "openapi.json")
    assert error.value.problems[0].where == "openapi.json#/x/1/least"


@pytest.mark.parametrize(("levels", "fits"), [(200, True), (201, False)])
def test_two_hundred_levels_are_read_and_no_more(levels: int, fits: bool) -> None:
    text = '{"a":' * levels + "1" + "}" * levels
    if fits:
        assert parse(text, "openapi.json")
        return
    with pytest.raises(ContractError, match="200 levels"):
        parse(text, "openapi.json")


@given(st.dictionaries(st.text(), JSON))
def test_json_in_a_file_that_is_named_yaml_is_read_as_json(value: Any) -> None:
    assert json.dumps(parse(json.dumps(value), "openapi.yaml")) == json.dumps(value)


def test_yaml_may_begin_as_json_does() -> None:
    assert parse("{openapi: 3.1.0, x: [1, two]}", "openapi.yml") == {"openapi": "3.1.0", "x": [1, "two"]}


def places(value: Any, place: str = "") -> set[str]:
    """What `fields` finds, one step after another."""
    steps = value.items() if isinstance(value, dict) else [("[]", each) for each in value] if value else ()
    found = set()
    for name, item in steps:
        here = f"{place}/{name if isinstance(value, list) else escape_pointer_step(name)}"
        found |= {here, *(places(item, here) if isinstance(item, (dict, list)) else ())}
    return found


@given(st.one_of(st.lists(JSON), st.dictionaries(st.sampled_from(NAMES), JSON)))
def test_the_places_of_an_example_are_those_of_every_item(value: Any) -> None:
    assert fields(value) == places(value)


def test_a_very_deep_example_ends() -> None:
    value: Any = {}
    for _ in range(50_000):
        value = {"deeper": value}
    assert len(fields(value)) == 101


# --- schemas that are written alike ------------------------------------------------------------------------------


def validators(**schemas: Any) -> Validators:
    info = {"title": "t", "version": "1"}
    value = {"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}}
    return Validators(document_of(value, "openapi.json"))


def test_schemas_that_are_written_alike_share_a_validator_and_others_do_not() -> None:
    ready = validators(A={"type": "string"}, B={"type": "integer"})
    schemas: list[Any] = [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/A"}]
    schemas += [{"$ref": "#/components/schemas/B"}, {"minimum": 1}, {"minimum": True}]
    ready.prepare((schema, Direction.REQUEST) for schema in schemas)
    wrong = [bool(ready.faults(schema, 0, Direction.REQUEST)) for schema in schemas]
    assert wrong == [True, True, False, True, False]


def test_a_schema_that_cannot_be_read_leaves_the_others_decided() -> None:
    ready = validators(Bad={"not": {"pattern": "("}})
    schemas: list[Any] = [{"minimum": number} for number in range(9)]
    schemas.insert(4, {"$ref": "#/components/schemas/Bad"})
    ready.prepare((schema, Direction.REQUEST) for schema in schemas)
    undecided = []
    for schema in schemas:
        try:
            assert ready.faults(schema, -1, Direction.REQUEST)
        except Undecidable:
            undecided.append(schema)
    assert undecided == [schemas[4]]
