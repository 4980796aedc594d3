"""The law of spelling: a schema that is written in another way gives the same answer, sent or sent back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from law_examples import examples_of_an_answer
from pact_and_document import answering, document_with, get, pact_of, taking
from schema_spellings import (
    NEW,
    OLD,
    PLACES,
    Json,
    Spelling,
    listing,
    schemas,
    values,
    values_without_objects,
    without_objects,
)

from harness.comparison.containment import allows
from harness.comparison.pact_fit import Comparison, compare
from harness.verdicts import Verdict

SPELLINGS = examples_of_an_answer(15)


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


def fits(schema: Json, value: Any) -> bool:
    plain = Spelling(lambda strategy: None, NEW, plainly=True)
    return compared("response", plain.write(schema), {"it": value}["it"]).verdict is Verdict.PASSED


@settings(max_examples=SPELLINGS)
@given(data=st.data())
def test_one_of_several_is_promised_where_one_of_them_is_and_any_of_them_together(data: st.DataObject) -> None:
    one, other = data.draw(listing), data.draw(listing)
    both = {"allOf": [one, other]}
    value = data.draw(values(data.draw(st.sampled_from([one, other, both]))))
    alone = fits(one, value) or fits(other, value)
    assert fits({"oneOf": [one, other]}, value) is alone
    assert fits({"anyOf": [one, other]}, value) is (alone or fits(both, value))


@settings(max_examples=SPELLINGS)
@given(data=st.data())
def test_what_allows_less_never_fits_better_than_what_allows_more_and_says_nothing(data: st.DataObject) -> None:
    schema = data.draw(schemas)
    value = data.draw(values(schema))
    if isinstance(value, dict) and fits(schema, value):
        for silent in ({}, {"type": "object"}, {"type": "object", "additionalProperties": {}}):
            assert fits(silent, value)
            assert fits({"anyOf": [schema, silent]}, value)


# --- exactly one -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["request", "response"])
@settings(max_examples=SPELLINGS)
@given(data=st.data())
def test_a_value_without_objects_is_what_a_validator_says_in_every_spelling(
    side: str, data: st.DataObject
) -> None:
    schema, value = data.draw(without_objects), data.draw(values_without_objects)
    plain, version = Spelling(data.draw, NEW, plainly=True), data.draw(st.sampled_from([OLD, NEW]))
    other, place = Spelling(data.draw, version), data.draw(st.sampled_from(sorted(PLACES.keys() - {"body"})))
    in_schema, in_value = PLACES[place]
    written = in_schema(other.write(schema))
    found = compared(side, written, in_value(value), version, other.named)
    note(f"{written} with {other.named} and {value}: {found.findings} {found.unknown}")
    assert (found.verdict is Verdict.PASSED) is allows(plain.write(schema), value)


TEXTS: list[Json] = [{"type": "string"}, {"type": "string", "maxLength": 5}]
NUMBERS: list[Json] = [{"type": "integer"}, {"type": "number"}]
DATES: list[Json] = [{"type": "string", "format": "date"}, {"type": "string"}]
LISTS: list[Json] = [{"type": "array", "items": each} for each in TEXTS]
LIKE = {"match": "type"}


@pytest.mark.parametrize(
    ("branches", "value", "rules", "fits_the_document"),
    [
        (TEXTS, "aaa", {}, False),
        (TEXTS, "aaa", {"$.it": LIKE}, True),  # a longer one is taken as well
        (TEXTS, "aaa", {"$": LIKE}, True),
        (TEXTS, "aaa", {"$.it": {"match": "equality"}}, False),
        (TEXTS, "aaa", {"$.it": {"match": "regex", "regex": "^[a-z]+$"}}, True),
        (TEXTS[:1] * 2, "aaa", {"$.it": LIKE}, False),  # whatever text it is, both hold
        (TEXTS[:1] * 2, "aaa", {"$.it": {"match": "regex", "regex": "^[a-z]+$"}}, False),
        (NUMBERS, 1, {"$.it": {"match": "integer"}}, False),
        (NUMBERS, 1, {"$.it": {"match": "number"}}, True),  # 1.5 is taken as well
        (NUMBERS, 1.5, {}, True),
        (DATES, "2024-01-01", {"$.it": {"match": "date"}}, False),
        (DATES, "2024-01-01", {"$.it": LIKE}, True),
        (LISTS, ["aaa"], {}, False),
        (LISTS, ["aaa"], {"$.it[*]": LIKE}, True),
        (LISTS[:1] * 2, ["aaa"], {"$.it[0]": {"match": "regex", "regex": "^a"}}, True),  # not proven
        ([{"type": "array"}] * 2, ["aaa"], {"$.it[*]": LIKE}, False),
    ],
)
def test_what_several_branches_say_is_no_yes_unless_the_consumer_takes_another_value(
    branches: list[Json], value: Any, rules: Json, fits_the_document: bool
) -> None:
    document = document_with(answering({"type": "object", "properties": {"it": {"oneOf": branches}}}))
    told = {"body": {place: {"matchers": [rule]} for place, rule in rules.items()}}
    body = {"headers": {"Content-Type": "application/json"}, "body": {"it": value}, "matchingRules": told}
    comparison = compare(pact_of({"request": get(), "response": body}), document)
    assert comparison.verdict is (Verdict.PASSED if fits_the_document else Verdict.FAILED)
    assert all("more than one" in each.text for each in comparison.findings)


@pytest.mark.parametrize("side", ["request", "response"])
def test_what_more_than_one_branch_says_is_told_in_the_same_words_sent_and_sent_back(side: str) -> None:
    [finding] = compared(side, {"oneOf": NUMBERS}, 1).findings
    assert (
        finding.text == f"{side} body: 1 is valid under more than one of the schemas listed in the 'oneOf' keyword"
    )
    assert (finding.expected, finding.actual) == ("exactly one branch that holds", "1")
    assert finding.remedy == "let the branches of the document's `oneOf` exclude each other, or write `anyOf`"


def test_what_cannot_be_read_beside_a_branch_that_holds_leaves_open_whether_one_does() -> None:
    branches = [{"type": "string"}, {"pattern": "(?<"}]
    assert compared("response", {"oneOf": branches}, "a").verdict is Verdict.UNKNOWN
    assert compared("response", {"anyOf": branches}, "a").verdict is Verdict.PASSED


ID, NAME = {"type": "string", "readOnly": True}, {"type": "string"}
NAMED = {"Base": {"type": "object", "properties": {"id": ID}, "required": ["id"]}}
BASE: Json = {"$ref": "#/components/schemas/Base"}
BOTH = ["id", "name"]


@pytest.mark.parametrize("version", [OLD, NEW])
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"id": ID, "name": NAME}, "required": BOTH},
        {"allOf": [{"properties": {"id": ID}}, {"properties": {"name": NAME}, "required": BOTH}]},
        {"allOf": [BASE, {"properties": {"name": NAME}, "required": BOTH}]},
        {"allOf": [{"allOf": [BASE]}, {"allOf": [{"required": BOTH}, {"properties": {"name": NAME}}]}]},
        {"properties": {"id": ID}, "anyOf": [{"properties": {"name": NAME}, "required": BOTH}, {"type": "array"}]},
        {"properties": {"id": {"readOnly": True}, "name": NAME}, "allOf": [BASE], "required": ["name"]},
    ],
)
def test_what_is_only_read_is_not_asked_for_in_whatever_part_it_is_required(schema: Json, version: str) -> None:
    assert compared("request", schema, {"name": "a"}, version, NAMED).verdict is Verdict.PASSED
    assert compared("request", schema, {}, version, NAMED).verdict is Verdict.FAILED


ANIMALS: Json = {
    "Animal": {
        "type": "object",
        "properties": {"kind": {"type": "string"}},
        "discriminator": {"propertyName": "kind"},
    },
    "Bird": {"allOf": [{"$ref": "#/components/schemas/Animal"}, {"properties": {"wings": {}}}]},
    "Fish": {"allOf": [{"$ref": "#/components/schemas/Animal"}, {"properties": {"fins": {}}}]},
}
ANIMAL: Json = {"$ref": "#/components/schemas/Animal"}
TAGGED: Json = {"propertyName": "kind"}
KINDS = [{"$ref": f"#/components/schemas/{name}"} for name in ("Bird", "Fish")]


@pytest.mark.parametrize("version", [OLD, NEW])
@pytest.mark.parametrize(
    "schema",
    [
        ANIMAL,
        {"allOf": [ANIMAL], "description": "an animal"},
        {"anyOf": [ANIMAL]},
        {"oneOf": KINDS, "discriminator": TAGGED},
        {"anyOf": KINDS, "discriminator": TAGGED},
        {"oneOf": [{"allOf": [each]} for each in KINDS], "discriminator": TAGGED},
        {"allOf": [{"oneOf": KINDS, "discriminator": TAGGED}], "type": "object"},
        {"properties": {"name": {}}, "oneOf": KINDS, "discriminator": TAGGED},
    ],
)
def test_a_kind_is_read_by_itself_however_it_is_reached(schema: Json, version: str) -> None:
    for fitting in ({"kind": "Bird", "wings": 2}, {"wings": 2}, {"kind": "Fish", "fins": 1}, {"kind": "Fish"}):
        assert compared("response", schema, fitting, version, ANIMALS).verdict is Verdict.PASSED, fitting
    for mixed in ({"wings": 2, "fins": 1}, {"kind": "Fish", "wings": 2}, {"kind": "Bird", "other": 2}):
        assert compared("response", schema, mixed, version, ANIMALS).verdict is Verdict.FAILED, mixed


@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
def test_what_never_comes_back_is_no_yes_below_a_branch_either(word: str) -> None:
    secret = {"type": "object", "properties": {"a": {"type": "string", "writeOnly": True}}}
    for schema, value in ((secret, {"a": "x"}), ({"type": "array", "items": secret}, [{"a": "x"}])):
        within = {"type": "object", "additionalProperties": schema}
        assert compared("response", {word: [within]}, {"c": value}).verdict is Verdict.FAILED


@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
def test_what_one_branch_never_sends_is_not_promised_by_one_that_says_nothing_of_it(word: str) -> None:
    silent = {"type": "object", "properties": {"c": {}}, "additionalProperties": True}
    hiding = {
        "type": "object",
        "properties": {"a": {"writeOnly": True}},
        "additionalProperties": {"type": "string"},
    }
    for branches in ([silent, hiding], [hiding, silent]):
        assert compared("response", {word: branches}, {"a": "x"}).verdict is Verdict.FAILED


@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
def test_a_branch_that_never_comes_back_is_none_of_what_a_property_may_be(word: str) -> None:
    secret, text = {"type": "integer", "writeOnly": True}, {"type": "string"}
    for branches in ([secret, text], [text, secret]):
        held = {"type": "object", "properties": {"p": {word: branches}}}
        assert compared("response", held, {"p": 1}).verdict is Verdict.FAILED
        assert compared("response", held, {"p": "x"}).verdict is Verdict.PASSED
        assert compared("request", held, {"p": 1}).verdict is Verdict.PASSED


UNREAD: Json = {"P": {"type": "string", "pattern": "(?<"}}
REFERRED: Json = {"$ref": "#/components/schemas/P"}


@pytest.mark.parametrize("side", ["request", "response"])
@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"not": REFERRED}, "x", Verdict.UNKNOWN),
        ({"not": {"properties": {"a": REFERRED}}}, {"a": "x"}, Verdict.UNKNOWN),
        ({"if": REFERRED, "then": {"maxLength": 0}}, "x", Verdict.UNKNOWN),
        ({"oneOf": [{"type": "string"}, REFERRED]}, "x", Verdict.UNKNOWN),
        ({"oneOf": [{"type": "string"}, {"not": REFERRED}]}, "x", Verdict.UNKNOWN),
        ({"anyOf": [{"type": "string"}, REFERRED]}, "x", Verdict.PASSED),
        ({"anyOf": [{"type": "integer"}, REFERRED]}, True, Verdict.FAILED),
    ],
)
def test_what_cannot_be_read_is_no_yes_where_its_opposite_decides(
    side: str, schema: Json, value: Any, expected: Verdict
) -> None:
    held = {"type": "object", "properties": {"v": schema}}
    assert compared(side, held, {"v": value}, NEW, UNREAD).verdict is expected


DOG: Json = {"properties": {"kind": {"const": "dog"}}, "required": ["kind"]}
KENNEL: Json = {
    "type": "object",
    "properties": {"kind": {"type": "string"}},
    "if": DOG,
    "then": {"properties": {"barks": {}}},
    "else": {"properties": {"purrs": {}}},
}


@pytest.mark.parametrize("schema", [KENNEL, {"allOf": [KENNEL]}, {"anyOf": [KENNEL]}, {**KENNEL, "allOf": [{}]}])
@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ({"kind": "dog", "barks": 1}, Verdict.PASSED),
        ({"kind": "dog", "purrs": 1}, Verdict.FAILED),
        ({"kind": "cat", "purrs": 1}, Verdict.PASSED),
        ({"barks": 1}, Verdict.PASSED),  # what decides is not read
        ({"purrs": 1}, Verdict.PASSED),
        ({"barks": 1, "purrs": 1}, Verdict.FAILED),
    ],
)
def test_of_a_condition_one_case_is_read(schema: Json, value: Json, verdict: Verdict) -> None:
    assert compared("response", schema, value).verdict is verdict


# --- what only refers to itself ----------------------------------------------------------------------------------

LOOP: Json = {"$ref": "#/components/schemas/Loop"}
TURN: Json = {"$ref": "#/components/schemas/Turn"}
CIRCLES: list[Json] = [
    {"Loop": LOOP},
    {"Loop": {**LOOP, "description": "itself"}},
    {"Loop": TURN, "Turn": LOOP},
    {"Loop": {"allOf": [LOOP]}},
    {"Loop": {"allOf": [{"allOf": [TURN]}, TURN]}, "Turn": {"anyOf": [LOOP]}},
    {"Loop": {"oneOf": [LOOP], "title": "itself"}},
    {"Loop": TURN, "Turn": TURN},
]
TELLING: Json = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize("side", ["request", "response"])
@pytest.mark.parametrize("named", CIRCLES)
@settings(max_examples=examples_of_an_answer(6))
@given(data=st.data())
def test_what_only_refers_to_itself_is_no_yes_beside_whatever_else_holds(
    side: str, named: Json, data: st.DataObject
) -> None:
    schema = data.draw(
        st.sampled_from(
            [
                LOOP,
                {"allOf": [LOOP, TELLING]},
                {"allOf": [{"allOf": [TELLING]}, {"allOf": [LOOP]}]},
                {**TELLING, "allOf": [LOOP]},
                {**TELLING, **LOOP},
                {"allOf": [LOOP, {"anyOf": [TELLING, {"type": "string"}]}]},
                {"allOf": [LOOP, {"oneOf": [TELLING, {"type": "string"}]}]},
            ]
        )
    )
    in_schema, in_value = PLACES[data.draw(st.sampled_from(sorted(PLACES)))]
    assert compared(side, in_schema(schema), in_value({"a": 1}), NEW, named).verdict is Verdict.UNKNOWN
    if schema is not LOOP:
        assert compared(side, in_schema(schema), in_value({"a": "x"}), NEW, named).verdict is Verdict.FAILED


@pytest.mark.parametrize("side", ["request", "response"])
def test_what_says_something_before_it_refers_to_itself_is_read(side: str) -> None:
    for loop in ({"allOf": [LOOP, TELLING]}, {**TELLING, **LOOP}, {"allOf": [TURN, TURN]}):
        named = {"Loop": loop, "Turn": TELLING}
        assert compared(side, LOOP, {"a": 1}, NEW, named).verdict is Verdict.PASSED
        assert compared(side, LOOP, {"a": "x"}, NEW, named).verdict is Verdict.FAILED


# --- what takes long ---------------------------------------------------------------------------------------------


def doubling(word: str, levels: int, *, told_apart: bool) -> Json:
    """Schemas of which each is made of two of the next."""
    named: Json = {f"S{levels}": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    for level in range(levels):
        below: Json = {"$ref": f"#/components/schemas/S{level + 1}"}
        other = {"allOf": [below, {"properties": {f"p{level}": {}}}]} if told_apart else below
        named[f"S{level}"] = {word: [below, other]}
    return named


@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("told_apart", [False, True])
def test_what_doubles_with_every_level_is_answered(word: str, told_apart: bool) -> None:
    named, first = doubling(word, 40, told_apart=told_apart), {"$ref": "#/components/schemas/S0"}
    fitting = compared("response", first, {"a": 1}, NEW, named)
    assert fitting.verdict in (Verdict.PASSED, Verdict.UNKNOWN)
    for wrong in ({"a": "text"}, {"b": 1}):
        found = compared("response", first, wrong, NEW, named)
        assert found.verdict is Verdict.FAILED
        assert len(found.findings) < 500


@pytest.mark.parametrize("inner", [[{"type": "string"}], []])
def test_alternatives_of_alternatives_are_chosen_before_anything_is_left_open(inner: list[Json]) -> None:
    last = {"type": "object", "properties": {"a": {"type": "integer"}}}
    both = {"anyOf": [{"properties": {"n": last}}, {"properties": {"n": {"anyOf": [last, last, *inner]}}}]}
    whole = {"anyOf": [{"properties": {"n": both}}, {"properties": {"n": both, "z": {}}}]}
    assert compared("response", whole, {"n": {"n": {"a": 1}}}).verdict is Verdict.PASSED
    assert compared("response", whole, {"n": {"n": {"b": 1}}}).verdict is Verdict.FAILED
