"""What the record of an interaction says: asked as promised, answered whole, and kept by the rules of the pact."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.checks.engines.pact_record import decompress_body, in_promised_order, opinion_of
from harness.contracts.pact import Interaction
from harness.contracts.pact_reader import read_pact
from harness.ports import ExactExchange

words = st.text("abc &=+%é", min_size=1, max_size=3)
queries = st.dictionaries(words, st.lists(words, min_size=1, max_size=3), max_size=3)
leaves = st.none() | st.booleans() | st.integers(-9, 9) | words
bodies = st.dictionaries(words, leaves | st.lists(leaves, max_size=2), min_size=1, max_size=3)
ANSWER = b'{"id": 7}'


def interaction(request: dict[str, Any], response: dict[str, Any] | None = None) -> Interaction:
    document = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": [{"description": "it", "request": request, "response": response or {"status": 200}}],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }
    return read_pact(json.dumps(document), "web-orders.json").interactions[0]


def exact(target: str = "/", body: bytes = b"", **more: Any) -> ExactExchange:
    changes: dict[str, Any] = {"request_headers": (("content-type", "application/json"),), "status": 200, **more}
    return ExactExchange(method=changes.pop("method", "POST"), target=target, request_body=body, **changes)


def encoded(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)


def unasked(request: dict[str, Any], sent: ExactExchange, ours: tuple[str, ...] = ()) -> list[str]:
    return [each.place for each in opinion_of(interaction(request), "3.0.0", [sent], ours).unasked]


@given(queries, bodies, st.data())
def test_an_interaction_is_asked_only_by_the_request_that_it_promises(query: Any, body: Any, data: Any) -> None:
    request = {
        "method": "POST",
        "path": "/a",
        "query": query,
        "headers": {"X-A": "1", "Content-Type": "application/json"},
        "body": body,
    }
    pairs = [(name, value) for name, values in query.items() for value in values]
    headers = (("x-a", "1"), ("content-type", "application/json"), ("accept", "*/*"))
    sent = exact(f"/a?{encoded(pairs)}", json.dumps(body).encode(), request_headers=headers)
    assert unasked(request, sent) == []
    lost = data.draw(st.sampled_from(sorted(body)))
    gone = {name: value for name, value in body.items() if name != lost}
    assert unasked(request, replace(sent, request_body=json.dumps(gone).encode())) != []
    assert unasked(request, replace(sent, request_body=json.dumps({**body, "new name": 1}).encode())) != []
    assert unasked(request, replace(sent, request_headers=headers[1:])) == ["header X-A"]
    assert unasked(request, replace(sent, method="PUT")) == ["method"]
    assert unasked(request, replace(sent, target=sent.target.replace("/a", "/b", 1))) == ["path"]
    if pairs:
        fewer = pairs[: data.draw(st.integers(0, len(pairs) - 1))]
        assert unasked(request, replace(sent, target=f"/a?{encoded(fewer)}")) != []
        assert unasked(request, replace(sent, target=f"/a?{encoded([*pairs, pairs[0]])}")) != []


@given(st.lists(st.tuples(words, words), max_size=5), st.data())
def test_a_query_is_sent_in_the_order_of_the_pact(pairs: list[tuple[str, str]], data: Any) -> None:
    target = f"/a?{encoded(data.draw(st.permutations(pairs)))}" if pairs else "/a"
    ordered = in_promised_order({"path": "/a", "query": encoded(pairs)}, "2.0.0", target)
    assert ordered == (f"/a?{encoded(pairs)}" if pairs else "/a")


@given(st.lists(st.tuples(words, words), max_size=4), st.lists(st.tuples(words, words), max_size=4))
def test_another_query_than_the_promised_one_is_left_as_it_is(promised: Any, sent: Any) -> None:
    assume(sorted(promised) != sorted(sent))
    target = f"/a?{encoded(sent)}"
    assert in_promised_order({"path": "/a", "query": encoded(promised)}, "2.0.0", target) == target


def test_headers_that_the_harness_sets_are_not_held_against_the_request() -> None:
    request = {"method": "POST", "path": "/", "headers": {"Authorization": "Bearer of the example"}}
    assert unasked(request, exact()) == ["header Authorization"]
    assert unasked(request, exact(), ("authorization",)) == []


@pytest.mark.parametrize(
    ("generators", "place"),
    [
        ({"path": {"type": "ProviderState", "expression": "/${id}"}}, "path"),
        ({"query": {"q": {"type": "Uuid"}}}, "query"),
        ({"header": {"X-A": {"type": "RandomString"}}}, "header"),
        ({"body": {"$.a": {"type": "RandomInt"}}}, "body"),
        ({"body": {"$.*": {"type": "RandomInt"}}}, "body"),
    ],
)
def test_what_a_generator_makes_is_not_held_against_the_example(generators: Any, place: str) -> None:
    request = {"method": "POST", "path": "/1", "query": "q=1", "headers": {"X-A": "1"}, "body": {"a": 1}}
    headers = [("content-type", "application/json"), ("x-a", "2" if place == "header" else "1")]
    sent = exact(
        f"{'/2' if place == 'path' else '/1'}?q={2 if place == 'query' else 1}",
        b'{"a": 2}' if place == "body" else b'{"a": 1}',
        request_headers=tuple(headers),
    )
    assert unasked(request, sent) != []
    assert unasked({**request, "generators": generators}, sent) == []


@given(st.binary(max_size=200), st.sampled_from(["gzip", "x-gzip", "deflate", "GZIP", "identity", ""]))
def test_a_body_is_judged_without_its_compression(body: bytes, encoding: str) -> None:
    name, packed = encoding.lower(), body
    if name:
        packed = gzip.compress(body) if "gzip" in name else zlib.compress(body) if name == "deflate" else body
    headers = [("Content-Encoding", encoding)] if encoding else []
    assert decompress_body(packed, headers) == (body, "")


@given(st.binary(min_size=1, max_size=50), st.sampled_from(["gzip", "deflate"]))
def test_a_body_that_is_not_compressed_as_it_says_is_no_answer(body: bytes, encoding: str) -> None:
    packed = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    assume(decompress_body(body, [("content-encoding", encoding)])[0] is None)
    for broken in (body, packed[:-1]):
        assert "not compressed as it says" in decompress_body(broken, [("content-encoding", encoding)])[1]


def test_a_compression_that_nobody_here_knows_leaves_the_body_to_the_verifier() -> None:
    assert decompress_body(b"x", [("content-encoding", "br")]) == (None, "")
    response = {"status": 200, "headers": {"Content-Encoding": "br"}, "body": {"id": 7}}
    headers = (("content-encoding", "br"), ("content-type", "application/json"))
    came = exact(response_headers=headers, response_body=b"x")
    assert opinion_of(interaction({"method": "POST", "path": "/"}, response), "3.0.0", [came], ()).answer.kept


def test_an_example_that_breaks_its_own_rule_is_told() -> None:
    rule = {"body": {"$.id": {"matchers": [{"match": "regex", "regex": "[a-z]+"}]}}}
    response = {"status": 200, "body": {"id": 7}, "matchingRules": rule}
    promised = interaction({"method": "POST", "path": "/"}, response)
    headers = (("content-type", "application/json"),)
    same = opinion_of(promised, "3.0.0", [exact(response_headers=headers, response_body=ANSWER)], ())
    assert same.is_of_the_pact
    assert "contradicts itself" in same.contradiction
    kept = opinion_of(promised, "3.0.0", [exact(response_headers=headers, response_body=b'{"id": "a"}')], ())
    assert kept.answer.kept
    assert not kept.is_of_the_pact
