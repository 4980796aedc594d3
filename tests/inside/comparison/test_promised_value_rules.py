"""Rules of holding values against the schemas of a document, each on the smallest value that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.comparison.diff import document_of
from harness.comparison.openapi.dialects import Direction
from harness.comparison.pact_fit.compiling import TOO_DEEP, Undecidable
from harness.comparison.pact_fit.faults import Fault
from harness.comparison.pact_fit.validators import Validators

Json = dict[str, Any]


def faults(schema: Json, value: Any, direction: Direction = Direction.RESPONSE) -> list[Fault]:
    whole = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}
    return Validators(document_of(whole, "d")).faults(schema, value, direction)


@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
def test_every_item_of_a_list_is_held_against_the_alternatives(word: str) -> None:
    kinds = {"type": "string", word: [{"const": "a"}, {"const": "b"}]}
    schema = {"type": "array", "items": {"type": "object", "properties": {"kind": kinds}}}
    assert not faults(schema, [{"kind": "a"}, {"kind": "b"}])
    assert {fault.place for fault in faults(schema, [{"kind": "a"}, {"kind": "c"}])} == {(1, "kind")}


def test_a_name_that_is_not_declared_is_told_of_where_it_is_sent() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}, "unevaluatedProperties": False}
    schema = {"type": "object", "properties": {"inner": inner}}
    found = faults(schema, {"inner": {"a": "1", "b": 2}}, Direction.REQUEST)
    assert [(fault.keyword, fault.place) for fault in found] == [("unevaluatedProperties", ("inner", "b"))]


def test_a_schema_within_too_many_others_is_undecided_and_says_so() -> None:
    schema: Json = {"type": "string"}
    for _ in range(700):
        schema = {"not": schema}
    with pytest.raises(Undecidable, match=TOO_DEEP):
        faults(schema, "a")
