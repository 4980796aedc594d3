"""Laws of what travels as text: the diff says of a parameter or a field what compare says of every text."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law_examples import examples_of_an_answer
from pact_and_document import codes, document_with, operation

from harness.comparison.diff import Change, Diff, Document, Notice, diff
from harness.comparison.severity import Severity
from harness.errors import Exit

Json = dict[str, Any]
NOTICE = Notice(today=date(2026, 11, 23))
MANY = settings(
    max_examples=examples_of_an_answer(20),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


# --- documents and pacts of one channel --------------------------------------------------------------------------


def query(schema: Json, **style: Any) -> Document:
    return document_with(operation(parameters=[{"name": "q", "in": "query", "schema": schema, **style}]))


def header(schema: Json) -> Document:
    return document_with(operation(parameters=[{"name": "X-Q", "in": "header", "schema": schema}]))


def path(schema: Json) -> Document:
    made = {"name": "q", "in": "path", "required": True, "schema": schema}
    return document_with(operation(path="/orders/{q}", parameters=[made]))


def form(schema: Json) -> Document:
    fields = {"schema": {"type": "object", "properties": {"q": schema}}}
    return document_with(operation("post", requestBody={"content": {FORM: fields}}))


def answered(schema: Json) -> Document:
    told = {"200": {"description": "fine", "headers": {"X-Q": {"schema": schema}}}}
    return document_with(operation(responses=told))


FORM = "application/x-www-form-urlencoded"
CHANNELS = {"query": query, "header": header, "path": path, "form": form, "answer": answered}


def fits(channel: str, document: Document, texts: list[str]) -> bool:
    """Whether a pact with these texts fits a document, as compare has it."""
    if channel == "query":
        return not errors(codes(document, {"method": "GET", "path": "/orders", "query": {"q": texts}}))
    if channel == "header":
        return not errors(codes(document, {"method": "GET", "path": "/orders", "headers": {"X-Q": texts[0]}}))
    if channel == "path":
        return not errors(codes(document, {"method": "GET", "path": f"/orders/{texts[0]}"}))
    if channel == "answer":
        return not errors(codes(document, {"method": "GET", "path": "/orders"}, {"headers": {"X-Q": texts[0]}}))
    body = "&".join(f"q={text}" for text in texts)
    request = {"method": "POST", "path": "/orders", "headers": {"Content-Type": FORM}, "body": body}
    return not errors(codes(document, request))


def errors(told: list[str]) -> list[str]:
    return [each for each in told if not each.startswith("?")]


def difference(channel: str, old: Json, new: Json) -> Diff:
    make = CHANNELS[channel]
    return diff(make(old), make(new), NOTICE)


# --- schemas and texts -------------------------------------------------------------------------------------------

small = st.integers(-3, 12)
sizes = st.integers(0, 4)
PATTERNS = ["^[0-9]+$", "^[1-9][0-9]{0,2}$", "^[a-c]+$", "^(a|bb)?$", "^-?[0-9]", "^(true|false)$", "^.{2,3}$"]
numbers = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={
        "minimum": small,
        "maximum": small,
        "exclusiveMaximum": small,
        "multipleOf": st.just(2),
    },
)
strings = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={"minLength": sizes, "maxLength": sizes, "pattern": st.sampled_from(PATTERNS)},
)
listed = st.one_of(
    st.lists(st.sampled_from(["a", "bb", "1", "12", "true"]), min_size=1, max_size=3, unique=True).map(
        lambda values: {"type": "string", "enum": values}
    ),
    st.lists(small, min_size=1, max_size=3, unique=True).map(lambda values: {"type": "integer", "enum": values}),
    st.sampled_from(["a", "7"]).map(lambda value: {"type": "string", "const": value}),
)
others = st.sampled_from(
    [
        {"type": "boolean"},
        {"type": ["integer", "null"]},
        {"type": ["string", "null"]},
        {"type": "string"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "date"},
    ]
)
scalars = st.one_of(numbers, strings, listed, others)
lists = st.fixed_dictionaries(
    {"type": st.just("array"), "items": scalars}, optional={"minItems": sizes, "maxItems": sizes}
)
DATE, UUID = "2024-02-29", "3f2a1c44-5b1e-4c52-9d0e-2f6c1b7a9e10"
plain = st.one_of(
    st.integers(-20, 400).map(str),
    st.sampled_from(["a", "bb", "abc", "true", "false", "1.5", "-0.5", "x", DATE, UUID, "10000000"]),
)


several_texts = st.lists(st.lists(plain, min_size=1, max_size=4))


def worst(found: Diff) -> list[Change]:
    return [each for each in found.changes if each.severity is Severity.ERROR]


def holds(channel: str, old: Json, new: Json, tried: list[list[str]]) -> None:
    """Both laws for one pair of schemas."""
    found = difference(channel, old, new)
    sender, reader = CHANNELS[channel](old), CHANNELS[channel](new)
    if channel == "answer":  # what the new document sends has to be what the old one promised
        sender, reader = reader, sender
    if found.exit is Exit.PASSED:
        for texts in tried:
            assert not fits(channel, sender, texts) or fits(channel, reader, texts), texts
    for change in worst(found):
        assert change.witness is not None
        shown = change.witness[0]["q"] if isinstance(change.witness[0], dict) else change.witness[0]
        texts = shown if isinstance(shown, list) else [str(shown)]
        if len(texts) > 1 and new.get("type") != "array":
            continue  # one value that is given twice: compare lets each of them pass
        assert fits(channel, sender, texts)
        assert not fits(channel, reader, texts)


@MANY
@given(st.sampled_from(sorted(CHANNELS)), scalars, scalars, st.lists(plain, max_size=12))
def test_every_compatible_and_every_breaking_is_what_compare_says(
    channel: str, old: Json, new: Json, tried: list[str]
) -> None:
    holds(channel, old, new, [[text] for text in tried if text])


@MANY
@given(st.sampled_from(["query", "form"]), scalars | lists, lists, several_texts)
def test_of_lists_as_well(channel: str, old: Json, new: Json, tried: list[list[str]]) -> None:
    several = [texts if old["type"] == "array" else texts[:1] for texts in tried]
    holds(channel, old, new, several)


# --- the kinds ---------------------------------------------------------------------------------------------------

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}
COLOURS: Json = {"type": "string", "enum": ["red", "blue"]}
LIST: Json = {"type": "array", "items": COLOURS}
DIGITS: Json = {"type": "string", "pattern": "^[1-9][0-9]{0,4}$"}
KEPT = [
    (NUMBER, TEXT),
    ({"type": "boolean"}, TEXT),
    ({"type": ["string", "null"]}, TEXT),
    (DIGITS, NUMBER),
    (DIGITS, {**NUMBER, "minimum": 1, "maximum": 99999}),
    ({"type": "string", "enum": ["1", "2"]}, {"type": "integer", "enum": [1, 2]}),
    ({"type": "string", "enum": ["true", "false"]}, {"type": "boolean"}),
    ({**NUMBER, "minimum": 1, "maximum": 9}, {**TEXT, "maxLength": 1}),
    ({**NUMBER, "minimum": 0}, {**TEXT, "pattern": r"^\d+$"}),
    ({"type": "string", "pattern": "^[0-9]{4}$"}, {**TEXT, "minLength": 4, "maxLength": 4}),
    ({"type": "string", "pattern": "^(open|done)$"}, {**TEXT, "enum": ["open", "done"]}),
    ({**TEXT, "pattern": "^[a-f0-9]+$"}, {**TEXT, "pattern": "^[0-9a-f]+$"}),
    ({"anyOf": [NUMBER, {"type": "boolean"}]}, TEXT),
    (NUMBER, {"oneOf": [NUMBER, {"type": "boolean"}]}),
    ({"type": ["string", "integer"]}, TEXT),
]
BROKEN = [
    (NUMBER, {**TEXT, "pattern": "^[A-Z]+$"}),
    (NUMBER, {**TEXT, "maxLength": 3}),
    (NUMBER, {**TEXT, "minLength": 2}),
    (NUMBER, {**TEXT, "const": "x"}),
    (NUMBER, {**TEXT, "not": {"const": "7"}}),
    ({"type": "boolean"}, {**TEXT, "format": "uuid"}),
    ({"type": "boolean"}, {**TEXT, "enum": ["true"]}),
    ({"type": "boolean"}, NUMBER),
    (TEXT, NUMBER),
    (DIGITS, {**NUMBER, "maximum": 9}),
    (DIGITS, {**NUMBER, "multipleOf": 2}),
    ({"type": "number"}, NUMBER),
    ({"type": ["integer", "null"]}, NUMBER),
    ({"type": "string", "enum": ["1", "a"]}, NUMBER),
    ({**TEXT, "pattern": "^[a-f0-9]+$"}, {**TEXT, "pattern": "^[0-9a-e]+$"}),
]


@pytest.mark.parametrize("channel", ["query", "header", "path", "form"])
@pytest.mark.parametrize(("old", "new"), KEPT)
def test_a_text_that_is_still_taken_breaks_nobody(channel: str, old: Json, new: Json) -> None:
    found = difference(channel, old, new)
    assert worst(found) == []
    assert found.exit is Exit.PASSED


@pytest.mark.parametrize("channel", ["query", "header", "path", "form"])
@pytest.mark.parametrize(("old", "new"), BROKEN)
def test_a_text_that_is_refused_now_is_shown(channel: str, old: Json, new: Json) -> None:
    (change, *_) = worst(difference(channel, old, new))
    assert change.witness is not None
    text = str(change.witness[0])
    assert fits(channel, CHANNELS[channel](old), [text])
    assert not fits(channel, CHANNELS[channel](new), [text])


@pytest.mark.parametrize(("old", "new"), KEPT)
def test_what_an_answer_sends_has_to_be_what_was_promised(old: Json, new: Json) -> None:
    assert difference("answer", new, old).exit is Exit.PASSED


@pytest.mark.parametrize(
    ("style", "new", "expected"),
    [
        ({}, LIST, Exit.PASSED),
        ({"style": "pipeDelimited", "explode": False}, LIST, Exit.PASSED),
        ({"explode": False}, {**LIST, "maxItems": 1}, Exit.PASSED),
        ({}, {**LIST, "uniqueItems": True}, Exit.PASSED),
        ({}, {**LIST, "uniqueItems": True, "maxItems": 3}, Exit.PASSED),
        ({}, {**LIST, "uniqueItems": True, "minItems": 2}, Exit.FAILED),
        ({}, {**LIST, "minItems": 2}, Exit.FAILED),
        ({}, {**LIST, "items": {**COLOURS, "enum": ["red"]}}, Exit.FAILED),
        ({}, {**LIST, "items": NUMBER}, Exit.FAILED),
    ],
)
def test_one_value_may_become_a_list_of_the_same(style: Json, new: Json, expected: Exit) -> None:
    assert diff(query(COLOURS), query(new, **style), NOTICE).exit is expected


def test_a_list_may_not_become_one_value_where_it_is_given_several_times() -> None:
    (change,) = worst(diff(query(LIST), query(TEXT), NOTICE))
    assert isinstance(change.witness and change.witness[0], list)
    assert diff(query(LIST, explode=False), query(TEXT, explode=False), NOTICE).exit is Exit.PASSED


def test_a_limit_that_no_name_tells_is_shown_by_a_text() -> None:
    old: Json = {"anyOf": [NUMBER, {"type": "boolean"}]}
    found = diff(query(old), query({"anyOf": [NUMBER, {**TEXT, "pattern": "^[a-z]{5}$"}]}), NOTICE)
    assert [change.witness for change in worst(found)] == [("true",)]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "pattern", ["^(a|b)*a(a|b){40}$", "(x+x+)+y", "^.{0,5000}$", "^(a?){200}a{200}$", "(?=a)b", "[", "\\p{L}+"]
)
def test_a_hostile_expression_takes_no_time_and_is_never_called_compatible_by_it(pattern: str) -> None:
    for old, new in ((TEXT, {**TEXT, "pattern": pattern}), (NUMBER, {**TEXT, "pattern": pattern})):
        found = diff(query(old), query(new), NOTICE)
        assert found.exit is not Exit.PASSED or pattern == "^.{0,5000}$"
