"""The judge of requests and responses: the rules of the Pact specification, and laws that hold for all of them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.comparison.pact_matching.judging import judge_message, judge_request, judge_response
from harness.comparison.pact_matching.messages import wire_message
from harness.comparison.pact_matching.paths import Each, tokens_of
from harness.comparison.pact_matching.times import is_written_as

VERSIONS = ("1.0.0", "2.0.0", "3.0.0", "4.0")
names = st.text("abcxyz_-.*[]'\" é1", min_size=1, max_size=4)
numbers = st.integers(-5, 5) | st.floats(-5, 5, allow_nan=False).filter(lambda n: n != int(n))
leaves: st.SearchStrategy[Any] = st.none() | st.booleans() | numbers | st.text("ab1é ", max_size=3)


def trees(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)


bodies = st.recursive(leaves, trees, max_leaves=8)
objects = st.dictionaries(names, bodies, min_size=1, max_size=3)
TEXT_RULES = (
    {"match": "regex", "regex": ".*"},
    {"match": "include", "value": ""},
    {"match": "date", "format": "yyyy-MM-dd"},
    {"match": "time", "format": "HH:mm"},
    {"match": "timestamp", "format": "yyyy-MM-dd'T'HH:mm:ss"},
    {"match": "semver"},
)


def response(body: Any, rules: dict[str, Any] | None = None, version: str = "3.0.0") -> dict[str, Any]:
    headers: dict[str, Any] = {"Content-Type": "application/json"}
    written: Any = (
        body if version != "4.0" else {"contentType": "application/json", "encoded": False, "content": body}
    )
    if isinstance(body, str) and version != "4.0":
        written = json.dumps(body)  # older files hold a text of JSON as the text of a text
    answer: dict[str, Any] = {"status": 200, "headers": headers, "body": written}
    return {**answer, "matchingRules": {"body": rules}} if rules else answer


def by(matcher: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"matchers": [matcher], "combine": "AND", **more}


def kept(expected: Any, actual: Any, rules: dict[str, Any] | None = None) -> bool:
    return judge_response(response(expected, rules), response(actual), "3.0.0").kept


# Laws


@given(bodies, st.sampled_from(VERSIONS))
def test_the_example_itself_is_always_kept(body: Any, version: str) -> None:
    judgement = judge_response(response(body, version=version), response(body, version=version), version)
    assert (judgement.differences, judgement.undecided) == ((), ())


@given(bodies, bodies)
def test_without_rules_a_body_that_differs_beyond_new_names_is_broken(expected: Any, actual: Any) -> None:
    assert kept(expected, actual) is holds(expected, actual)


def holds(expected: Any, actual: Any) -> bool:
    """The promise as the specification words it: every entry is there, lists are as long, leaves are equal."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            name in actual and holds(value, actual[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(actual, list) and len(expected) == len(actual) and all(map(holds, expected, actual))
    return type(expected) is type(actual) and bool(expected == actual)


@given(objects, st.data())
def test_taking_an_entry_away_breaks_a_promise_whatever_type_rule_stands_above(body: Any, data: Any) -> None:
    gone = data.draw(st.sampled_from(sorted(body)))
    actual = {name: value for name, value in body.items() if name != gone}
    assert not kept(body, actual)
    assert not kept(body, actual, {"$": by({"match": "type"})})


@given(bodies, bodies)
def test_a_type_rule_at_the_root_keeps_whatever_has_the_same_shape(expected: Any, actual: Any) -> None:
    rule = {"$": by({"match": "type"})}
    if kept(expected, actual):
        assert kept(expected, actual, rule)
    if not isinstance(expected, dict | list):
        numeric = all(isinstance(e, int | float) and not isinstance(e, bool) for e in (expected, actual))
        assert kept(expected, actual, rule) is (numeric or type(expected) is type(actual))


@given(objects, names, bodies)
def test_more_may_come_than_was_promised_but_no_more_may_be_sent(body: Any, name: str, value: Any) -> None:
    assume(name not in body)
    more = {**body, name: value}
    assert kept(body, more)
    sent = {"method": "POST", "path": "/", "body": body}
    assert judge_request(sent, copy.deepcopy(sent), "3.0.0").kept
    assert not judge_request(sent, {**sent, "body": more}, "3.0.0").kept


@given(st.sampled_from(TEXT_RULES), st.none() | st.lists(leaves, max_size=2) | objects | st.just({}))
def test_null_a_list_and_an_object_are_no_text(rule: dict[str, Any], actual: Any) -> None:
    assert not kept({"v": "2020-01-01"}, {"v": actual}, {"$.v": by(rule)})


@given(st.integers(0, 9999))
def test_a_number_that_matches_as_text_is_kept(number: int) -> None:
    assert kept({"v": "1"}, {"v": number}, {"$.v": by({"match": "regex", "regex": r"\d+"})})
    assert kept({"v": "1"}, {"v": number}, {"$.v": by({"match": "include", "value": str(number)[0]})})


@given(st.lists(leaves, min_size=1, max_size=4), st.integers(0, 5), st.integers(0, 5))
def test_a_type_rule_leaves_the_length_of_a_list_open_within_its_limits(
    items: list[Any], least: int, most: int
) -> None:
    example = items[:1]
    actual = example * len(items)
    rule = {"$.v": by({"match": "type", "min": least, "max": most})}
    assert kept({"v": example}, {"v": actual}, rule) is (least <= len(actual) <= most)


anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3)
)
matchers = st.fixed_dictionaries(
    {},
    optional={
        "match": st.sampled_from(
            [
                "type",
                "regex",
                "values",
                "eachKey",
                "eachValue",
                "arrayContains",
                "statusCode",
                "contentType",
                "x",
                "",
            ]
        )
        | anything,
        "regex": st.sampled_from(["a+", "(", r"\d"]) | anything,
        "format": st.text("yMdHms'X[]{}", max_size=6) | anything,
        "min": anything,
        "max": anything,
        "rules": st.lists(anything, max_size=2) | anything,
        "variants": st.lists(anything | st.fixed_dictionaries({"index": st.integers(-1, 2)}), max_size=2)
        | anything,
        "status": anything,
        "value": anything,
    },
)
places = (
    st.sampled_from(["$", "$.a", "$.a[*]", "$.*", "$[0].a", "$.", "$[", "a", "$.body.a", "$.header.X-A"]) | names
)
rules = st.dictionaries(
    st.sampled_from(["body", "header", "headers", "query", "path", "status", "metadata"]) | places,
    st.dictionaries(places, st.builds(lambda m: {"matchers": m}, st.lists(matchers, max_size=2)), max_size=2)
    | matchers
    | anything,
    max_size=3,
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["GET", "post"]),
        "path": st.sampled_from(["/", "/a%2Fb", ""]),
        "query": st.text("a=&%;+", max_size=5) | st.dictionaries(names, st.lists(names, max_size=2), max_size=2),
        "headers": st.dictionaries(st.sampled_from(["X-A", "Content-Type", "accept"]), names, max_size=2)
        | st.dictionaries(st.sampled_from(["X-A", "Date"]), st.lists(names, max_size=2), max_size=2),
        "status": st.integers(100, 599),
        "body": anything | st.just("<a><b/></a>"),
        "contents": anything,
        "metaData": st.dictionaries(names, leaves, max_size=2),
        "matchingRules": rules,
    },
)


@given(messages, messages, st.sampled_from(VERSIONS))
def test_whatever_stands_in_a_file_is_judged_or_told_as_undecided(
    expected: Any, actual: Any, version: str
) -> None:
    for judge in (judge_request, judge_response, judge_message):
        judge(expected, actual, version)


# What the specification says, case by case


@pytest.mark.parametrize(
    ("expected", "actual", "matcher", "is_kept"),
    [
        (1, 1.0, {"match": "equality"}, False),
        (1, True, {"match": "equality"}, False),
        (1, 1.0, {"match": "type"}, True),
        (1, 2, {"match": "integer"}, True),
        (1, 2.0, {"match": "integer"}, False),
        (1.5, 2, {"match": "decimal"}, False),
        (1.5, 2.25, {"match": "decimal"}, True),
        (1, 2.5, {"match": "number"}, True),
        (1, "2", {"match": "number"}, False),
        (True, False, {"match": "boolean"}, True),
        (True, 0, {"match": "boolean"}, False),
        ("x", None, {"match": "null"}, True),
        ("x", "", {"match": "null"}, False),
        ("x", "", {"match": "notEmpty"}, False),
        ("x", "y", {"match": "notEmpty"}, True),
        ("abc", "xabcx", {"match": "regex", "regex": "abc"}, False),
        ("abc", "xabcx", {"match": "include", "value": "abc"}, True),
        ("abc", "xabx", {"match": "include", "value": "abc"}, False),
        ({"a": [1, {}]}, {"a": [1, {}]}, {"match": "equality"}, True),
        ({"a": [1, {}]}, {"a": [2, {}]}, {"match": "equality"}, False),
        ({"a": [1, {}]}, {"a": [1, {"b": 0}]}, {"match": "equality"}, False),
        ("1.2.3", "1.2.3-rc.1+b", {"match": "semver"}, True),
        ("1.2.3", "1.2", {"match": "semver"}, False),
        ("2020-01-01", "2024-02-29", {"match": "date", "format": "yyyy-MM-dd"}, True),
        ("2020-01-01", "2023-02-29", {"match": "date", "format": "yyyy-MM-dd"}, False),
        ("2020-01-01", "01/02/2024", {"match": "date", "format": "yyyy-MM-dd"}, False),
        ("10:00", "23:59", {"match": "time", "format": "HH:mm"}, True),
        ("10:00", "24:01", {"match": "time", "format": "HH:mm"}, False),
        (
            "x",
            "2020-01-01T10:00:00.123+01:00",
            {"match": "timestamp", "format": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"},
            True,
        ),
        ("x", "2020-01-01T10:00:00", {"match": "timestamp", "format": "yyyy-MM-dd'T'HH:mm:ssXXX"}, False),
    ],
)
def test_a_matcher_says_what_a_value_must_be(expected: Any, actual: Any, matcher: Any, is_kept: bool) -> None:
    assert kept({"v": expected}, {"v": actual}, {"$.v": by(matcher)}) is is_kept


@pytest.mark.parametrize(
    ("written", "is_kept"),
    [
        ({"body": {"$.v": by({"match": "type"})}}, True),
        ({"$.body.v": {"match": "type"}}, True),
        ({"$.body['v']": {"match": "type"}}, True),
        ({"$.body": {"match": "type"}}, True),
        ({"body": {"$.*": by({"match": "type"})}}, True),
        ({"body": {"$['v']": by({"match": "type"})}}, True),
        ({"body": {"$[*]": by({"match": "type"})}}, False),
        ({"body": {"$.w": by({"match": "type"})}}, False),
        ({"body": {"$": by({"match": "type"}), "$.v": by({"match": "equality"})}}, False),
        ({"body": {"$.v": {"combine": "OR", "matchers": [{"match": "null"}, {"match": "type"}]}}}, True),
        ({"body": {"$.v": {"combine": "AND", "matchers": [{"match": "null"}, {"match": "type"}]}}}, False),
    ],
)
def test_rules_are_found_as_every_version_writes_them(written: Any, is_kept: bool) -> None:
    expected = {**response({"v": "a"}), "matchingRules": written}
    assert judge_response(expected, response({"v": "b"}), "3.0.0").kept is is_kept


@pytest.mark.parametrize(
    ("rules", "expected", "actual", "is_kept"),
    [
        ({"$.v": by({"match": "values"}), "$.v.*": by({"match": "type"})}, {"a": 1}, {"b": 2, "c": 3}, True),
        ({"$.v": by({"match": "values"}), "$.v.*": by({"match": "type"})}, {"a": 1}, {"b": "x"}, False),
        (
            {"$.v": by({"match": "eachKey", "rules": [{"match": "regex", "regex": "[a-z]"}]})},
            {"a": 1},
            {"b": 1},
            True,
        ),
        (
            {"$.v": by({"match": "eachKey", "rules": [{"match": "regex", "regex": "[a-z]"}]})},
            {"a": 1},
            {"B": 1},
            False,
        ),
        ({"$.v": by({"match": "eachValue", "rules": [{"match": "integer"}]})}, {"a": 1}, {"b": 2}, True),
        ({"$.v": by({"match": "eachValue", "rules": [{"match": "integer"}]})}, {"a": 1}, {"b": "2"}, False),
        ({"$.v": by({"match": "eachValue", "rules": [{"match": "type"}]})}, ["a"], ["b", "c"], True),
        ({"$.v": by({"match": "eachValue", "rules": [{"match": "type"}]})}, ["a"], ["b", 1], False),
        ({"$.v": by({"match": "arrayContains", "variants": []})}, [1, 2], [3, 2, 1], True),
        ({"$.v": by({"match": "arrayContains", "variants": []})}, [1, 2], [3, 1], False),
        (
            {
                "$.v": by(
                    {"match": "arrayContains", "variants": [{"index": 0, "rules": {"$.n": by({"match": "type"})}}]}
                )
            },
            [{"n": 1, "k": "a"}],
            [{"k": "b"}, {"n": 9, "k": "a"}],
            True,
        ),
        (
            {
                "$.v": by(
                    {"match": "arrayContains", "variants": [{"index": 0, "rules": {"$.n": by({"match": "type"})}}]}
                )
            },
            [{"n": 1, "k": "a"}],
            [{"n": 9, "k": "b"}],
            False,
        ),
    ],
)
def test_rules_of_lists_and_objects(rules: Any, expected: Any, actual: Any, is_kept: bool) -> None:
    assert kept({"v": expected}, {"v": actual}, rules) is is_kept


def head(name: str, value: Any, rule: dict[str, Any] | None = None) -> dict[str, Any]:
    written: dict[str, Any] = {"status": 200, "headers": {name: value}}
    return {**written, "matchingRules": {"header": {name: by(rule)}}} if rule else written


@pytest.mark.parametrize(
    ("expected", "actual", "is_kept"),
    [
        (head("X-A", "a"), head("x-a", "a"), True),
        (head("X-A", "a"), head("X-A", "A"), False),
        (head("X-A", "a, b"), head("X-A", "a,b"), True),
        (head("X-A", ["a", "b"]), head("X-A", "a, b"), True),
        (head("X-A", "a, b"), head("X-A", "b, a"), False),
        (head("X-A", "a"), {"status": 200, "headers": {"X-A": "a", "X-B": "b"}}, True),
        (head("X-A", "a"), {"status": 200, "headers": {}}, False),
        (head("Date", "Mon, 01 Jan 2024"), head("Date", "Mon, 01 Jan 2024"), True),
        (
            head("Content-Type", "text/a; charset=utf-8; b=1"),
            head("Content-Type", "text/a;b=1;charset=UTF-8"),
            True,
        ),
        (head("Content-Type", "text/a"), head("Content-Type", "text/a; charset=utf-8"), True),
        (head("Content-Type", "text/a; charset=utf-8"), head("Content-Type", "text/a"), False),
        (head("Content-Type", "text/a"), head("Content-Type", "text/b"), False),
        (head("X-A", "1", {"match": "integer"}), head("X-A", "22"), True),
        (head("X-A", "1", {"match": "integer"}), head("X-A", "x"), False),
        (head("X-A", "a", {"match": "regex", "regex": "[ab]"}), head("x-a", "b"), True),
        (head("X-A", "a", {"match": "regex", "regex": "[ab]"}), head("x-a", "c"), False),
    ],
)
def test_headers(expected: Any, actual: Any, is_kept: bool) -> None:
    assert judge_response(expected, actual, "3.0.0").kept is is_kept


@pytest.mark.parametrize(
    ("expected", "actual", "is_kept"),
    [
        ("a=1&b=2", "b=2&a=1", True),
        ("a=1&a=2", "a=2&a=1", False),
        ("a=1", "a=1&a=1", False),
        ("a=1", "a=1&b=2", False),
        ("a=1&b=2", "a=1", False),
        ("a=b=c", "a=b%3Dc", True),
        ("a=1&", "a=1", True),
        ("a=x%20y", "a=x+y", True),
        ({"a": ["1", "2"]}, "a=1&a=2", True),
        ({"a": ["1", "2"]}, "a=1%2C2", False),
        (None, "a=1", False),
        (None, None, True),
    ],
)
def test_the_query(expected: Any, actual: Any, is_kept: bool) -> None:
    sides = ({"method": "get", "path": "/a"} | ({"query": q} if q is not None else {}) for q in (expected, actual))
    assert judge_request(next(sides), next(sides), "3.0.0").kept is is_kept


@pytest.mark.parametrize(
    ("expected", "actual", "is_kept"),
    [
        ("/a", "/a", True),
        ("/a", "/a/", False),
        ("", "/", False),
        ("/a b", "/a%20b", True),
        ("/a%2Fb", "/a/b", False),
    ],
)
def test_the_path(expected: str, actual: str, is_kept: bool) -> None:
    sides = [{"method": "GET", "path": path} for path in (expected, actual)]
    assert judge_request(sides[0], sides[1], "2.0.0").kept is is_kept


@pytest.mark.parametrize(
    ("rule", "status", "is_kept"),
    [
        ("success", 204, True),
        ("success", 404, False),
        ("error", 500, True),
        ([200, 404], 404, True),
        ([200], 404, False),
    ],
)
def test_a_status_may_be_left_open_within_its_class(rule: Any, status: int, is_kept: bool) -> None:
    expected = {"status": 200, "matchingRules": {"status": by({"match": "statusCode", "status": rule})}}
    assert judge_response(expected, {"status": status}, "4.0").kept is is_kept


@pytest.mark.parametrize(
    ("expected", "actual", "is_kept"),
    [
        ({}, b"anything", True),
        ({"body": None}, b"", True),
        ({"body": None}, b"x", False),
        ({"body": ""}, b"", True),
        ({"body": ""}, b"x", False),
        ({"body": "x"}, b"", False),
        ({"body": "x"}, b"x", True),
        ({"body": {"a": 1}}, b'{"a": 1', False),
        ({"body": {"a": 1}}, b'{"a": NaN}', False),
        ({"body": {"a": 1}}, b"\xff\xfe", False),
    ],
)
def test_a_body_that_is_there_or_not(expected: Any, actual: bytes, is_kept: bool) -> None:
    came = wire_message(status=200, headers=(), body=actual)
    assert judge_response({"status": 200, **expected}, came, "3.0.0").kept is is_kept


@pytest.mark.parametrize(
    ("expected", "actual", "rules", "is_kept"),
    [
        ("<a><b x='1'>t</b></a>", "<a>\n <b x='1'> t </b>\n</a>", {}, True),
        ("<a><b/></a>", "<a><b/><c/></a>", {}, True),
        ("<a><b/></a>", "<a><c/></a>", {}, False),
        ("<a x='1'/>", "<a x='2'/>", {}, False),
        ("<a x='1'/>", "<a x='2'/>", {"$.a.@x": by({"match": "integer"})}, True),
        ("<a><b>1</b></a>", "<a><b>2</b><b>3</b></a>", {"$.a.b": by({"match": "type"})}, True),
        ("<a><b>1</b></a>", "<a><b>2</b></a>", {"$.a.b.#text": by({"match": "regex", "regex": "x"})}, False),
        ("<a><b/></a>", "<a><b/></a>", {"$.a": by({"match": "type", "min": 2})}, False),
        ("<n:a xmlns:n='u'/>", "<m:a xmlns:m='u'/>", {}, True),
        ("<n:a xmlns:n='u'>1</n:a>", "<a xmlns='u'>2</a>", {"$.n:a.#text": by({"match": "type"})}, True),
        ("<n:a xmlns:n='u'/>", "<n:a xmlns:n='v'/>", {}, False),
        ("<a/>", "<a", {}, False),
        ("<a/>", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", {}, False),
    ],
)
def test_xml(expected: str, actual: str, rules: Any, is_kept: bool) -> None:
    promised = {"headers": {"Content-Type": "application/xml"}, "body": expected, "matchingRules": {"body": rules}}
    came = wire_message(status=200, headers=[("content-type", "application/xml")], body=actual.encode())
    assert judge_response(promised, came, "3.0.0").kept is is_kept


@pytest.mark.parametrize(
    ("rules", "body"),
    [
        ({"$": by({"match": "contentType", "value": "application/xml"})}, {"a": 1}),
        ({"$.a": by({"match": "no such rule"})}, {"a": 1}),
        ({"$.a": by({"match": "regex", "regex": "("})}, {"a": 1}),
        ({"$.a": by({"match": "date", "format": "yyyy-QQQ"})}, {"a": "x"}),
        ({"$.[": by({"match": "type"})}, {"a": 1}),
    ],
)
def test_what_cannot_be_judged_is_told_and_no_difference(rules: Any, body: Any) -> None:
    judgement = judge_response(response(body, rules), response(body), "3.0.0")
    assert judgement.kept
    assert judgement.undecided


def test_a_promised_body_that_is_no_json_is_told_with_its_place() -> None:
    body = {"contentType": "application/json", "encoded": "base64", "content": "bm8="}
    (told,) = judge_response({"status": 200, "body": body}, response(1, version="4.0"), "4.0").undecided
    assert told.place == "body"
    assert "no JSON" in told.why


def test_a_body_that_is_no_text_is_json_where_nobody_names_its_kind() -> None:
    promised = {"status": 200, "body": {"a": 1}}
    came = wire_message(status=200, headers=(), body=b'{ "a" : 1, "b": 2}')
    assert judge_response(promised, came, "3.0.0").kept
    assert not judge_response(promised, wire_message(status=200, headers=(), body=b'{"b": 2}'), "3.0.0").kept
    number = wire_message(status=200, headers=[("content-type", "application/json")], body=b" 7 ")
    assert judge_response({"status": 200, "body": 7}, number, "3.0.0").kept


def test_a_body_that_is_neither_json_nor_text_is_a_difference_that_shows_it() -> None:
    came = wire_message(status=200, headers=[("content-type", "application/json")], body=b'\xff{"a": 1}')
    (difference,) = judge_response(response({"a": 1}), came, "3.0.0").differences
    assert (difference.place, difference.expected, difference.actual) == ("body", "JSON", "'\ufffd{\"a\": 1}'")


@given(st.sampled_from("abc"), st.sampled_from("abc"), names)
def test_a_rule_about_every_entry_frees_the_names_of_its_own_object_alone(ruled: str, at: str, name: str) -> None:
    """What else is sent is a difference elsewhere, and in the query and the headers as well."""
    assume(name != "x")
    sent = {"method": "POST", "path": "/", "body": {each: {"x": 1} for each in "abc"}}
    promised = {**sent, "matchingRules": {"body": {f"$.{ruled}.*": by({"match": "type"})}}}
    more = {**sent["body"], at: {"x": 1, name: 2}}  # type: ignore[dict-item]
    assert judge_request(promised, {**sent, "body": more}, "3.0.0").kept is (ruled == at)


def test_a_method_that_differs_is_told_with_both() -> None:
    promised, came = ({"method": method, "path": "/a"} for method in ("put", "PATCH"))
    (difference,) = judge_request(promised, came, "3.0.0").differences
    assert (difference.place, difference.expected, difference.actual) == ("method", "put", "PATCH")


def test_messages_have_contents_and_metadata() -> None:
    expected = {
        "contents": {"a": 1},
        "metaData": {"key": "k"},
        "matchingRules": {"body": {"$.a": by({"match": "type"})}},
    }
    assert judge_message(expected, {"contents": {"a": 2}, "metaData": {"key": "k"}}, "3.0.0").kept
    assert not judge_message(expected, {"contents": {"a": "2"}, "metaData": {"key": "k"}}, "3.0.0").kept
    assert not judge_message(expected, {"contents": {"a": 2}, "metaData": {}}, "3.0.0").kept


def test_a_body_of_version_4_says_its_type_and_how_it_is_written() -> None:
    written = {
        "status": 200,
        "body": {"contentType": "application/json", "encoded": "base64", "content": "eyJhIjoxfQ=="},
    }
    assert judge_response(
        written, {"status": 200, "body": {"contentType": "application/json", "content": {"a": 1}}}, "4.0"
    ).kept
    assert not judge_response(
        written, {"status": 200, "body": {"contentType": "text/plain", "content": "x"}}, "4.0"
    ).kept


@pytest.mark.parametrize(
    ("pattern", "text", "is_so"),
    [
        ("uuuu-MM-dd", "2024-02-29", True),
        ("uuuu-MM-dd", "2023-02-29", False),
        ("yyyy-MM-dd", "2024-2-9", True),
        ("yyyy-MM-dd", "2024-13-01", False),
        ("YYYY-'W'ww", "2024-W53", True),
        ("YYYY-'W'ww", "2024-W54", False),
        ("yyyy-MM-dd yyyy", "2024-02-29 2024", True),
        ("u", "7", True),
        ("u", "8", False),
        ("EEE, dd MMM yyyy", "Mon, 30 Nov 2026", True),
        ("EEE, dd MMM yyyy", "Mon, 31 Nov 2026", False),
        ("EEEE", "Monday", True),
        ("EEEE", "Mon", False),
        ("dd MMMM yyyy", "30 November 2026", True),
        ("dd MMM yyyy", "30 November 2026", False),
        ("dd LLL", "30 Nov", True),
        ("hh:mm a", "11:05 PM", True),
        ("hh:mm a", "13:05 PM", False),
        ("kk", "24", True),
        ("HH", "24", False),
        ("KK", "12", False),
        ("HH:mm:ss.SSSX", "10:00:00.123Z", True),
        ("HH:mm:ssX", "10:00:00+01", True),
        ("HH:mm:ssXXX", "10:00:00+01:00", True),
        ("HH:mm:ssXXX", "10:00:00+0100", False),
        ("HH:mm:ssxxx", "10:00:00Z", False),
        ("HH:mm:ssXXXXX", "10:00:00+01:00:30", True),
        ("HH:mmZ", "10:00+0100", True),
        ("HH:mmZ", "10:00+01:00", False),
        ("HH:mmZZZZ", "10:00+01:00", True),
        ("HH:mm z", "10:00 CET", True),
        ("HH:mm VV", "10:00 Europe/Zurich", True),
        ("yyyy G", "2024 AD", True),
        ("hh 'o''clock'", "11 o'clock", True),
        ("''yy", "'24", True),
        ("D", "366", True),
    ],
)
def test_a_text_has_the_form_that_java_reads(pattern: str, text: str, *, is_so: bool) -> None:
    assert is_written_as(text, pattern) is is_so


@pytest.mark.parametrize(
    ("promised", "came", "told"),
    [
        (response({"a": 1}), response({}), ("$.a", "1", "nothing")),
        (response({"a": 1}), response({"a": 2}), ("$.a", "1", "2")),
        (response({"a": 1}), response({"a": "1"}), ("$.a", "1", '"1" (a text)')),
        (response({"a": 1}), response({"a": 1.0}), ("$.a", "1", "1.0 (a decimal number)")),
        (response({"a": "é"}), response({"a": "e\u0301"}), ("$.a", r'"\u00e9"', r'"e\u0301"')),
        (response({"a": [1]}), response({"a": [1, 2]}), ("$.a", "1 item: [1]", "2 items: [1, 2]")),
        (response([1, 2], {"$": by({"match": "type", "max": 2})}), response([1, 2, 3]),
         ("$", "at most 2 items", "3 items")),
        (response([1, 2], {"$": by({"match": "type", "min": 2})}), response([1]),
         ("$", "at least 2 items", "1 item")),
        ({"headers": {"X-A": "b, c"}}, {"status": 200, "headers": {"X-A": "d"}}, ("header X-A", '"b, c"', '"d"')),
        ({"headers": {"X-A": "b"}}, {"status": 200, "headers": {}}, ("header X-A", '"b"', "nothing")),
        ({"status": 200}, {"status": 404}, ("status", "200", "404")),
    ],
)  # fmt: skip
def test_a_difference_says_where_what_was_promised_and_what_came(promised: Any, came: Any, told: Any) -> None:
    (difference,) = judge_response(promised, came, "3.0.0").differences
    assert (difference.place.removeprefix("body "), difference.expected, difference.actual) == told
    assert difference.text


@pytest.mark.parametrize(
    ("expression", "tokens"),
    [
        ("$", ()),
        ("$.a.b", ("a", "b")),
        ("a.b", ("a", "b")),
        ("$.a[0].*", ("a", 0, Each.STEP)),
        ("$.a[*]", ("a", Each.INDEX)),
        ("$['a b']['it\\'s']", ("a b", "it's")),
        ('$["a.b"]', ("a.b",)),
        ("$['*']", ("*",)),
        ("$.a[", None),
        ("$.a..b", None),
    ],
)
def test_a_rule_s_expression_is_read_step_by_step(expression: str, tokens: Any) -> None:
    assert tokens_of(expression) == tokens


@pytest.mark.parametrize(
    ("rule", "came", "is_kept"),
    [
        ({"match": "type"}, "<a><b>1</b><b>2</b><b>3</b></a>", True),
        ({"match": "type"}, "<a/>", False),
        ({"match": "regex", "regex": ".*"}, "<a><b>1</b></a>", False),
    ],
)
def test_only_a_rule_about_kinds_leaves_the_number_of_elements_open(
    rule: Any, came: str, *, is_kept: bool
) -> None:
    promised = {
        "headers": {"Content-Type": "application/xml"},
        "body": "<a><b>1</b><b>2</b></a>",
        "matchingRules": {"body": {"$.a.b": by(rule)}},
    }
    message = wire_message(status=200, headers=[("content-type", "application/xml")], body=came.encode())
    assert judge_response(promised, message, "3.0.0").kept is is_kept
