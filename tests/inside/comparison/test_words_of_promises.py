"""A broken promise in words: where it stands, what was promised there, and what came, for every kind of rule."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.comparison.pact_matching.judging import judge_response
from harness.comparison.pact_matching.rulebook import Deciding
from harness.comparison.pact_matching.wording import deciding_text


def by(*matchers: Any) -> dict[str, Any]:
    return {"matchers": list(matchers)}


def response(body: Any, rules: dict[str, Any] | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": 200, "headers": {"Content-Type": "application/json"}, "body": body}
    return {**answer, "matchingRules": {"body": rules}} if rules else answer


BREAKING: dict[
    str, tuple[dict[str, Any], Any, Any, str]
] = {  # each kind of rule, an example of it, and a value that is not as it wants
    "equality": ({"match": "equality"}, "x", "y", '"x"'),
    "type": ({"match": "type"}, 1, "x", "a number like 1"),
    "least": ({"match": "type", "min": 2}, [1], [1], "at least 2 items"),
    "most": ({"match": "type", "max": 1}, [1], [1, 2], "at most 1 item"),
    "old least": ({"min": 2}, [1], [1], "at least 2 items"),
    "old regex": ({"regex": r"\d+"}, "1", "x", r"a text that matches '\d+'"),
    "regex": ({"match": "regex", "regex": r"^\d+$"}, "1", "x", r"a text that matches '^\d+$'"),
    "include": ({"match": "include", "value": "a"}, "a", "x", "a text that contains 'a'"),
    "integer": ({"match": "integer"}, 1, "1", "an integer"),
    "decimal": ({"match": "decimal"}, 1.5, 1, "a decimal number"),
    "number": ({"match": "number"}, 1, "x", "a number"),
    "boolean": ({"match": "boolean"}, True, 1, "true or false"),
    "null": ({"match": "null"}, None, 0, "null"),
    "date": ({"match": "date", "format": "yyyy"}, "2020", "x", "a date written as 'yyyy'"),
    "time": ({"match": "time", "time": "HH"}, "10", "x", "a time written as 'HH'"),
    "timestamp": ({"match": "timestamp", "timestamp": "yyyy"}, "2020", "x", "a timestamp written as 'yyyy'"),
    "datetime": ({"match": "datetime", "format": "yyyy"}, "2020", "x", "a timestamp written as 'yyyy'"),
    "semver": ({"match": "semver"}, "1.0.0", "x", "a semantic version"),
    "notEmpty": ({"match": "notEmpty"}, "x", "", "something that is not empty"),
    "values": ({"match": "values"}, {"x": 1}, {"y": "t"}, "1"),
    "eachKey": ({"match": "eachKey", "rules": [{"match": "integer"}]}, {"1": 1}, {"x": 1}, "a name: an integer"),
    "eachValue": ({"match": "eachValue", "rules": [{"match": "integer"}]}, {"a": 1}, {"a": "t"}, "an integer"),
    "arrayContains": ({"match": "arrayContains", "variants": [{"index": 0}]}, [1], [2], "an item as variant 0, 1"),
}


@pytest.mark.parametrize("kind", BREAKING)
@pytest.mark.parametrize("absent", [False, True])
def test_a_sentence_names_the_place_the_rule_in_words_and_what_came(kind: str, *, absent: bool) -> None:
    rule, example, other, words = BREAKING[kind]
    promised = response({"a b": example}, {"$['a b']": by(rule)})
    first, *_ = judge_response(promised, response({} if absent else {"a b": other}), "3.0.0").differences
    assert first.place.startswith("$['a b']")
    assert first.expected.startswith(words) or absent
    assert first.expected == deciding_text(
        Deciding(matchers=(rule,), any_suffices=False, inherited=False), example
    ) or (not absent)
    assert first.sentence == f"{first.place}: expected {first.expected}, came {first.actual}"
    assert (first.actual == "nothing") is absent
    assert first.expected not in ("", first.actual)


@given(st.text(min_size=200), st.integers(0, 199), st.sampled_from(string.printable))
def test_of_two_long_texts_the_part_is_shown_in_which_they_differ(text: str, place: int, letter: str) -> None:
    other = text[:place] + letter + text[place + 1 :]
    found = judge_response(response({"a": text}), response({"a": other}), "3.0.0").differences
    assert bool(found) is (other != text)
    assert all(each.expected != each.actual and len(each.sentence) < 250 for each in found)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("success", "a status of 200 to 299 (success)"),
        ([200, 201], "200 or 201"),
        ("error", "a status of 400 to 599"),
    ],
)
def test_a_status_that_a_rule_leaves_open_is_told_with_its_borders(status: Any, words: str) -> None:
    rules = {"status": by({"match": "statusCode", "status": status})}
    came = {"status": 304}
    (found,) = judge_response({"status": 200, "matchingRules": rules}, came, "4.0").differences
    assert found.expected.startswith(words)
