"""What of a provider was exercised, and what a static yes is worth with it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pact_and_document import answering, document_with, get, operation, pact_of

from harness.comparison.backing import Backed, backed_verdict
from harness.comparison.coverage import MOST, Coverage, covered_by, fields_of
from harness.comparison.declared import Exercise, rows
from harness.comparison.diff import document_of
from harness.comparison.pact_fit import compare
from harness.comparison.pact_fit.routing import routes_of
from harness.contracts.openapi_reader import read_openapi
from harness.identity import Version
from harness.reports.coverages import for_people
from harness.verdicts import Cause, Covered, Exchange, Verdict

NAMES = st.sampled_from(["GET /orders", "GET /orders/{id}", "POST /orders"])
FIELDS = st.lists(st.sampled_from(["/id", "/total", "/lines/[]/sku"]), unique=True).map(tuple)
COVERED = st.builds(
    Covered,
    operation=NAMES,
    status=st.sampled_from([200, 404]),
    media_type=st.sampled_from(["application/json", ""]),
    fields=FIELDS,
    parameters=st.lists(st.sampled_from(["query limit", "body"]), unique=True).map(tuple),
)
COVERAGE = st.lists(COVERED, max_size=5).map(Coverage.of)


@given(COVERAGE, COVERAGE, COVERAGE)
def test_what_several_runs_saw_is_put_together_in_any_order(
    one: Coverage, other: Coverage, third: Coverage
) -> None:
    assert one | other == other | one
    assert (one | other) | third == one | (other | third)
    assert one | one == one
    assert (one | Coverage()).key == one.key


def exchange(
    body: Any, status: int = 200, url: str = "http://h/orders/7?limit=2", media: str = "json"
) -> Exchange:
    return Exchange(
        method="GET",
        url="http://h/orders/7?limit=2",
        request_headers=(("X-Key", "secret"), ("Accept", "*/*")),
        status=status,
        response_headers=(("Content-Type", f"application/{media}; charset=utf-8"),),
        response_body=body if isinstance(body, str) else json.dumps(body),
    )


def test_one_answer_shows_its_fields_and_what_was_sent_by_name() -> None:
    found = covered_by(exchange({"id": 7, "lines": [{"sku": "a"}, {"count": 1}], "a/b": None}))
    assert found is not None
    assert (found.operation, found.status, found.media_type) == ("GET /orders/7", 200, "application/json")
    assert set(found.fields) == {"/id", "/lines", "/lines/[]", "/lines/[]/sku", "/lines/[]/count", "/a~1b"}
    assert found.parameters == ("header x-key", "query limit")
    assert "secret" not in str(found)


@pytest.mark.parametrize("body", ["", "{", '{"id": 7', "\x00", "[" * 100_000])
def test_a_body_that_is_no_json_shows_no_field(body: str) -> None:
    assert fields_of(body) == ()


def test_no_answer_shows_nothing_and_another_media_type_no_field() -> None:
    assert covered_by(exchange({}, status=0)) is None
    other = covered_by(exchange({"id": 1}, media="xml"))
    assert other is not None
    assert other.fields == ()


ORDER = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/O"}},
    },
}
DOCUMENT = document_with(answering({"$ref": "#/components/schemas/O"}), components={"schemas": {"O": ORDER}})


def seen(*fields: str, status: int = 200, media: str = "application/json") -> Coverage:
    return Coverage.of([Covered(operation="GET /orders", status=status, media_type=media, fields=fields)])


def worth(body: Any, coverage: Coverage, claim: bool | None = None, *, trusted: bool = False) -> Backed:
    comparison = compare(pact_of({"request": get(), "response": {"body": body}}), DOCUMENT)
    return backed_verdict(comparison, coverage, claim=claim, trust_claims=trusted)


def test_a_static_yes_needs_all_that_is_relied_on_to_be_exercised() -> None:
    body = {"id": 1, "lines": [{"id": 2}]}
    everything = seen("/id", "/lines", "/lines/[]", "/lines/[]/id")
    assert worth(body, everything).verdict is Verdict.PASSED
    part = worth(body, seen("/id", "/lines", "/lines/[]"))
    assert (part.verdict, part.cause) == (Verdict.UNKNOWN, Cause.NOT_EXERCISED)
    assert part.missing == ("GET /orders 200 /lines/[]/id",)
    assert "not exercised: GET /orders 200 /lines/[]/id" in part.because
    for other in (Coverage(), seen("/id", status=404), seen("/id", media="text/html")):
        assert worth({"id": 1}, other).missing == ("GET /orders 200",)


def test_what_does_not_fit_is_a_no_whatever_was_exercised_or_claimed() -> None:
    told = worth({"id": "1"}, seen("/id"), True, trusted=True)
    assert (told.verdict, told.cause) == (Verdict.FAILED, Cause.BROKEN_PROMISE)


def test_a_claim_counts_only_where_it_is_trusted_and_is_marked() -> None:
    assert worth({"id": 1}, Coverage(), True).verdict is Verdict.UNKNOWN
    assert worth({"id": 1}, Coverage(), False, trusted=True).verdict is Verdict.UNKNOWN
    told = worth({"id": 1}, Coverage(), True, trusted=True)
    assert (told.verdict, told.claimed) == (Verdict.PASSED, True)
    assert not worth({"id": 1}, seen("/id"), True, trusted=True).claimed


@given(st.lists(st.sampled_from(["/id", "/lines", "/lines/[]", "/lines/[]/id"]), unique=True))
def test_more_coverage_never_takes_a_yes_back(fields: list[str]) -> None:
    body = {"id": 1, "lines": [{"id": 2}]}
    order = [Verdict.UNKNOWN, Verdict.PASSED]
    before, after = worth(body, seen(*fields)).verdict, worth(body, seen(*fields, "/id", "/lines")).verdict
    assert order.index(after) >= order.index(before)


def test_what_is_declared_is_told_beside_what_was_exercised() -> None:
    (row,) = rows(DOCUMENT, seen("/id", "/other", status=200) | seen(status=418))
    assert row.operation == "GET /orders"
    assert (row.statuses.seen, row.undeclared) == (("200",), ("418",))
    assert row.fields.seen == ("200 /id",)
    assert "200 /lines" in row.fields.unseen


def test_a_header_is_declared_in_the_case_in_which_it_is_seen() -> None:
    named = [("X-Trace", "header"), ("Page", "query"), ("Session", "cookie")]
    made = [{"name": name, "in": place, "schema": {"type": "string"}} for name, place in named]
    sent = Covered(operation="GET /orders", status=200, media_type="", parameters=("header x-trace",))
    (row,) = rows(document_with(operation(parameters=made)), Coverage.of([sent]))
    assert (row.parameters.seen, row.parameters.unseen) == (("header x-trace",), ("query Page",))


def test_a_request_that_meets_two_operations_equally_counts_for_neither_and_is_told() -> None:
    paths: dict[str, Any] = {"/books/{id}": {"get": {}}, "/{entity}/me": {"get": {}}}
    document = document_of({"openapi": "3.1.0", "paths": paths}, "o.json")
    routes = routes_of(document)
    asked = Coverage.of([Covered(operation="GET /books/me", status=200, media_type="")])
    assert asked.within(routes).seen == ()
    equally = (("GET /books/me", routes.meanings("GET /books/me")),)
    told = for_people(
        Exercise(
            version=Version("books", "1"),
            coverage=asked.within(routes),
            rows=rows(document, asked),
            document="key",
            equally=equally,
        )
    )
    assert "counts for none: GET /books/me meets" in "\n".join(told)


def test_requests_are_named_by_the_operations_of_the_document() -> None:
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    item = {**answering(ORDER)["/orders"], "parameters": [parameter]}
    text = json.dumps({**DOCUMENT.value, "paths": {"/orders/{id}": item}})
    asked = Coverage.of([Covered(operation="GET /orders/7", status=200, media_type="")])
    told = asked.within(routes_of(read_openapi(text, "orders", "o.json")))
    assert [each.operation for each in told.seen] == ["GET /orders/{id}"]


XML_ORDER = {
    "type": "object",
    "xml": {"name": "order"},
    "properties": {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "lines": {"type": "array", "xml": {"wrapped": True}, "items": {"type": "string", "xml": {"name": "line"}}},
        "note": {"type": "string"},
    },
}
FORM = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
}
BODIES: dict[str, tuple[Any, str, str, tuple[str, ...]]] = {
    "application/xml": (
        XML_ORDER,
        '<order id="7"><lines><line>a</line><line>b</line></lines></order>',
        "<order id='8'><lines/></order>",
        ("GET /orders 200 /order/lines/line",),
    ),
    "application/x-www-form-urlencoded": (FORM, "name=a&tags=b&tags=c", "name=z", ("GET /orders 200 /tags",)),
    "multipart/form-data; boundary=b": (
        FORM,
        '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n--b--\r\n',
        '--b\r\nContent-Disposition: form-data; name="other"\r\n\r\na\r\n--b--\r\n',
        ("GET /orders 200 /name",),
    ),
}


@pytest.mark.parametrize("media", BODIES)
def test_an_answer_in_xml_or_of_a_form_is_exercised_by_answers_that_are_written_so(media: str) -> None:
    schema, needed, poorer, missing = BODIES[media]
    declared = media.partition(";")[0]
    item = {"get": {"responses": {"200": {"description": "", "content": {declared: {"schema": schema}}}}}}
    document = document_of({"openapi": "3.1.0", "paths": {"/orders": item}}, "o.json")
    response = {"headers": {"Content-Type": media}, "body": needed}
    comparison = compare(pact_of({"request": get(), "response": response}), document)
    assert comparison.verdict is Verdict.PASSED, comparison

    def came(body: str) -> Coverage:
        asked = replace(exchange(body), method="GET", response_headers=(("Content-Type", media),))
        found = covered_by(asked, "GET /orders")
        assert found is not None
        return Coverage.of([found])

    assert backed_verdict(comparison, came(needed)).verdict is Verdict.PASSED
    assert backed_verdict(comparison, came(poorer)).missing == missing
    assert backed_verdict(comparison, came("<order")).verdict is Verdict.UNKNOWN


HOSTILE = {
    "a document type": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "deep": "<a>" * 100_000,
    "broken": "<a",
    "no text": "\x00",
    "a long name": f"<a {'b' * 100_000}='1'/>",
    "many fields": "a=&" * 9_999,
    "many parts": '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' * 500,
}


@pytest.mark.parametrize("body", HOSTILE)
@pytest.mark.parametrize("media", ["text/xml; charset=x", "multipart/mixed", *BODIES])
def test_a_hostile_answer_shows_few_fields_or_none(body: str, media: str) -> None:
    assert len(fields_of(HOSTILE[body], media)) <= MOST
