"""The law of spelling: a schema that is written in another way gives the same answer, sent or sent back."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from pact_and_document import answering, document_with, get, pact_of, taking
from schema_spellings import NEW, OLD, PLACES, Json, Spelling, schemas, values

from harness.comparison.pact_openapi import Comparison, compare

SPELLINGS = int(os.environ.get("HARNESS_SPELLINGS", "40"))


def compared(side: str, schema: Json, value: Any, version: str = NEW, named: Json | None = None) -> Comparison:
    paths = answering(schema) if side == "response" else taking(schema)
    document = document_with(paths, version, components={"schemas": named or {}})
    body: Json = {"headers": {"Content-Type": "application/json"}, "body": value}
    request = get() if side == "response" else {"method": "POST", "path": "/orders", **body}
    return compare(pact_of({"request": request, "response": body if side == "response" else {}}), document)


@pytest.mark.parametrize("side", ["request", "response"])
@settings(max_examples=SPELLINGS)
@given(data=st.data())
def test_a_schema_in_another_spelling_gives_the_same_answer(side: str, data: st.DataObject) -> None:
    schema = data.draw(schemas)
    value = data.draw(values(schema))
    if value is None:
        value = {"a": None}
    plain = Spelling(data.draw, NEW, plainly=True)
    before = compared(side, plain.write(schema), value, NEW, plain.named)
    version, place = data.draw(st.sampled_from([OLD, NEW])), data.draw(st.sampled_from(sorted(PLACES)))
    in_schema, in_value = PLACES[place]
    other = Spelling(data.draw, version)
    written = in_schema(other.write(schema))
    after = compared(side, written, in_value(value), version, other.named)
    note(f"{plain.write(schema)} and {value}: {before.findings}")
    note(f"{written} with {other.named}: {after.findings} {after.unknown}")
    assert after.verdict is before.verdict
