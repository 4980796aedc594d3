"""Whether a provider takes what a consumer sends, as its document says."""

from __future__ import annotations

from typing import Any

import pytest
from pact_and_document import Json, codes, document_with, get, operation, pact_of, taking

from harness.comparison.pact_fit import compare
from harness.comparison.severity import Severity
from harness.verdicts import Verdict

NUMBER = {"type": "number"}
JSON = {"Content-Type": "application/json"}
BAD_QUERY = ["request.query.incompatible"]
UNKNOWN_QUERY = ["?request.query.unknown"]
UNKNOWN_PATH = ["request.path-or-method.unknown"]


def query(**parts: Any) -> Json:
    return operation(parameters=[{"name": "q", "in": "query", **parts}])


def path(schema: Json, template: str = "/orders/{id}", **parts: Any) -> Json:
    parameter = {"name": "id", "in": "path", "required": True, "schema": schema, **parts}
    return operation(path=template, parameters=[parameter])


# --- which operation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/orders/7", True),
        ("/orders/seven", False),
        ("/orders/", False),
        ("/orders/7/", False),
        ("/orders", False),
        ("/orders/7/lines", False),
        ("/Orders/7", False),
        ("/orders/%37", True),
        ("//orders/7", False),
    ],
)
def test_a_request_meets_the_operation_whose_path_and_parameters_fit(asked: str, found: bool) -> None:
    assert codes(document_with(path({"type": "integer"})), get(asked)) == ([] if found else UNKNOWN_PATH)


def test_a_query_that_stands_in_the_path_is_a_query() -> None:
    assert codes(document_with(path({"type": "integer"})), get("/orders/7?x=1")) == ["?request.query.unknown"]


def test_a_method_that_is_not_there_is_told_with_those_that_are() -> None:
    assert codes(document_with(operation("put")), get()) == UNKNOWN_PATH


def test_the_literal_path_is_preferred() -> None:
    paths = {**path({"type": "integer"}), **operation(path="/orders/latest")}
    assert codes(document_with(paths), get("/orders/latest")) == []


@pytest.mark.parametrize("literal", ["/orders/{id", "/orders/id}", "/orders/a b", "/orders/ä", "/orders/a+b"])
def test_what_only_looks_like_a_parameter_is_a_literal(literal: str) -> None:
    document = document_with(operation(path=literal))
    assert codes(document, get(literal)) == []
    assert codes(document, get("/orders/7")) == UNKNOWN_PATH


def test_a_path_of_many_parameters_in_one_step_does_not_take_for_ever() -> None:
    template = "/orders/" + "".join(f"{{p{number}}}" for number in range(30)) + "!"
    document = document_with(operation(path=template))
    assert codes(document, get("/orders/" + "a" * 5000 + "!")) == []
    assert codes(document, get("/orders/" + "a" * 5000)) == UNKNOWN_PATH


def test_a_letter_of_a_path_may_be_percent_encoded() -> None:
    assert codes(document_with(operation(path="/orders/a b")), get("/orders/a%20b")) == []


@pytest.mark.parametrize(("asked", "found"), [("/api/orders", True), ("/orders", True), ("/apiorders", False)])
def test_paths_are_below_their_server_and_may_leave_it_out(asked: str, found: bool) -> None:
    document = document_with(operation(), servers=[{"url": "https://{host}/api", "variables": {}}])
    assert codes(document, get(asked)) == ([] if found else UNKNOWN_PATH)


def test_the_base_path_of_swagger_belongs_to_the_path() -> None:
    document = document_with(operation(), "2.0", basePath="/api")
    assert codes(document, get("/api/orders")) == []
    assert codes(document, get("/orders")) == UNKNOWN_PATH


def test_a_consumer_that_expects_an_error_may_ask_for_what_cannot_be() -> None:
    paths = path({"type": "integer"})
    paths["/orders/{id}"]["get"]["responses"]["4XX"] = {"description": "no"}
    assert codes(document_with(paths), get("/orders/seven"), {"status": 404}) == []


# --- parameters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ({"schema": NUMBER}, "q=1.5", []),
        ({"schema": NUMBER}, "q=a", BAD_QUERY),
        ({"schema": NUMBER}, {"q": ["1", "a"]}, BAD_QUERY),
        ({"schema": {"type": "boolean"}}, "q=true", []),
        ({"schema": {"type": "boolean"}}, "q=yes", BAD_QUERY),
        ({"schema": {"type": ["integer", "null"]}}, "q=null", []),
        ({"schema": {"enum": ["a", "b"]}}, "q=b", []),
        ({"schema": {"enum": [True, False, 1]}}, "q=false", []),
        ({"schema": {"enum": [True, False, 1]}}, "q=1", []),
        ({"schema": {"enum": [True, False, 1]}}, "q=2", BAD_QUERY),
        ({"schema": {"enum": ["1", 2]}}, "q=1", []),
        ({"schema": {"const": 7}}, "q=7", []),
        ({"schema": NUMBER, "required": True}, "", BAD_QUERY),
        ({"schema": NUMBER}, "", []),
        ({"schema": {"type": "array", "items": NUMBER}}, "q=1&q=2", []),
        ({"schema": {"type": "array", "items": NUMBER}}, "q=1&q=a", BAD_QUERY),
        ({"schema": {"type": "array", "items": NUMBER}, "explode": False}, "q=1,2", []),
        ({"required": True, "schema": {"type": "array", "items": NUMBER}}, "q[]=1", [*BAD_QUERY, *UNKNOWN_QUERY]),
        ({"schema": {"type": "array", "items": NUMBER}, "style": "pipeDelimited", "explode": False}, "q=1|2", []),
        ({"schema": {"type": "object", "properties": {"a": NUMBER}}, "style": "deepObject"}, "q[a]=1", []),
        (
            {"schema": {"type": "object", "properties": {"a": NUMBER}}, "style": "deepObject"},
            "q[a]=b",
            BAD_QUERY,
        ),
        ({"schema": {"type": "object", "properties": {"a": NUMBER}}}, "a=1", []),
        ({"schema": {"type": "object", "properties": {"a": NUMBER}}}, "a=b", BAD_QUERY),
        ({"schema": NUMBER}, "Q=1", ["?request.query.unknown"]),
        ({"content": {"application/json": {"schema": {"type": "object"}}}}, "q=1", BAD_QUERY),
    ],
)
def test_a_query_parameter_has_a_value_that_it_may_have(parameter: Json, value: Any, expected: list[str]) -> None:
    assert codes(document_with(query(**parameter)), get(query=value)) == expected


@pytest.mark.parametrize("first", [True, False])
def test_a_parameter_is_not_taken_for_the_property_of_another(first: bool) -> None:
    template = {"type": "object", "properties": {"version": {"type": "integer"}, "name": {"type": "string"}}}
    written: list[Json] = [
        {"name": "template", "in": "query", "schema": template},
        {"name": "version", "in": "query", "required": True, "schema": {"enum": ["2011-01-01"]}},
    ]
    document = document_with(operation(parameters=written if first else written[::-1]))
    assert codes(document, get(query="version=2011-01-01&name=a")) == []
    assert codes(document, get(query="name=a")) == BAD_QUERY


@pytest.mark.parametrize(
    ("form", "value", "fits"),
    [
        ("csv", "1,2", True),
        ("ssv", "1 2", True),
        ("tsv", "1\t2", True),
        ("pipes", "1|2", True),
        ("csv", "1|2", False),
    ],
)
def test_swagger_separates_lists_in_its_own_ways(form: str, value: str, fits: bool) -> None:
    document = document_with(query(type="array", items=NUMBER, collectionFormat=form), "2.0")
    assert codes(document, get(query={"q": [value]})) == ([] if fits else BAD_QUERY)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Count": "1"}, []),
        ({"x-count": ["1"]}, []),
        ({"X-Count": "one"}, ["request.header.incompatible"]),
        ({}, ["request.header.incompatible"]),
        ({"X-Count": "1", "X-Other": "1"}, ["?request.header.unknown"]),
        ({"X-Count": "1", "Accept-Language": "de", "User-Agent": "web"}, []),
    ],
)
def test_a_header_has_a_value_that_it_may_have(headers: Json, expected: list[str]) -> None:
    parameter = {"name": "X-Count", "in": "header", "required": True, "schema": {"type": "integer"}}
    assert codes(document_with(operation(parameters=[parameter])), get(headers=headers)) == expected


@pytest.mark.parametrize("location", ["query", "header"])
@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('{"min": 1}', True),
        ('{"min": "1"}', False),
        ('{"least": 1}', False),
    ],
    ids=["fits", "kind", "unknown name"],
)
def test_a_parameter_with_content_is_read_as_json(location: str, text: str, fits: bool) -> None:
    schema = {"type": "object", "properties": {"min": NUMBER}, "additionalProperties": False}
    parameter = {"name": "q", "in": location, "content": {"application/json": {"schema": schema}}}
    sent = {"query": {"q": [text]}} if location == "query" else {"headers": {"q": text}}
    expected = [] if fits else [f"request.{location}.incompatible"]
    assert codes(document_with(operation(parameters=[parameter])), get(**sent)) == expected


@pytest.mark.parametrize("text", ["min=1", "[" * 100_000], ids=["plain", "deep"])
def test_a_parameter_with_content_that_is_no_json_is_told_and_fails_nobody(text: str) -> None:
    parameter = {"name": "q", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}}
    pact = pact_of({"request": get(query={"q": [text]})})
    (finding,) = compare(pact, document_with(operation(parameters=[parameter]))).findings
    assert (finding.severity, finding.code) == (Severity.INFO, "request.query.incompatible")
    assert "was not compared" in finding.text


# --- bodies ------------------------------------------------------------------------------------------------------

ORDER = {
    "type": "object",
    "required": ["id", "total"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "total": NUMBER,
        "note": {"type": "string", "maxLength": 3},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"total": 1}, 0),
        ({"total": "1"}, 1),
        ({}, 1),
        ({"total": 1, "note": "long"}, 1),
        ({"total": "1", "note": "long"}, 2),
        ({"total": 1, "more": 1, "most": 2}, 2),
        ([], 1),
        (None, 1),
        ("text", 1),
    ],
)
def test_a_body_is_one_that_the_provider_takes(body: Any, errors: int) -> None:
    request = {"method": "POST", "path": "/orders", "headers": JSON, "body": body}
    assert codes(document_with(taking(ORDER)), request) == ["request.body.incompatible"] * errors


def test_a_body_of_the_newest_pacts_says_its_media_type_itself() -> None:
    document = document_with(taking(ORDER))
    for content, fits in (({"total": 1}, True), ({"total": "1"}, False)):
        request = {
            "method": "POST",
            "path": "/orders",
            "body": {"content": content, "contentType": "application/json", "encoded": False},
        }
        expected = [] if fits else ["request.body.incompatible"]
        assert codes(document, request, version="4.0") == expected
    encoded = {"content": "eyJ0b3RhbCI6ICIxIn0=", "contentType": "application/json", "encoded": "base64"}
    request = {"method": "POST", "path": "/orders", "body": encoded}
    assert codes(document, request, version="4.0") == ["request.body.incompatible"]


@pytest.mark.parametrize(
    ("required", "request_", "expected"),
    [
        (True, {}, ["request.body.incompatible"]),
        (False, {}, []),
        (True, {"body": {"total": 1}}, ["?request.content-type.missing"]),
        (True, {"body": "a,b", "headers": {"Content-Type": "text/csv"}}, ["request.content-type.incompatible"]),
        (True, {"body": {"total": 1}, "headers": {"Content-Type": "application/json; charset=utf-8"}}, []),
    ],
)
def test_a_body_comes_when_it_must_and_as_it_must(required: bool, request_: Json, expected: list[str]) -> None:
    document = document_with(taking(ORDER, required=required))
    assert codes(document, {"method": "POST", "path": "/orders", **request_}) == expected


def test_a_media_range_takes_what_is_in_it() -> None:
    document = document_with(taking(ORDER, "application/*"))
    body = {"method": "POST", "path": "/orders", "headers": JSON, "body": {"total": "1"}}
    assert codes(document, body) == ["request.body.incompatible"]


def test_a_body_that_nobody_speaks_of_is_a_warning() -> None:
    assert codes(document_with(operation("post")), {"method": "POST", "path": "/orders", "body": {"a": 1}}) == [
        "?request.body.unknown"
    ]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", []),
        ("text/html, application/json;q=0.5", []),
        ("application/*", []),
        ("text/html", ["request.accept.incompatible"]),
        ("application/json;q=0, text/html", ["request.accept.incompatible"]),
    ],
)
def test_what_is_accepted_is_what_some_response_is(accept: str, expected: list[str]) -> None:
    content = {"200": {"description": "", "content": {"application/json": {}}}}
    assert codes(document_with(operation(responses=content)), get(headers={"Accept": accept})) == expected


# --- credentials -------------------------------------------------------------------------------------------------

SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "basic": {"type": "http", "scheme": "basic"},
    "sso": {"type": "oauth2", "flows": {}},
}
MISSING = "request.authorization.missing"


@pytest.mark.parametrize(
    ("security", "sent", "expected"),
    [
        ([{"key": []}], {"headers": {"x-key": "k"}}, []),
        ([{"key": []}], {}, [MISSING]),
        ([{"query": []}], {"query": "key=k"}, []),
        ([{"query": []}], {"query": "KEY=k"}, ["?request.query.unknown", MISSING]),
        ([{"basic": []}], {"headers": {"Authorization": "Basic eDp5"}}, []),
        ([{"basic": []}], {}, [MISSING]),
        ([{"key": [], "query": []}], {}, [MISSING, MISSING]),
        ([{"key": [], "query": []}, {"basic": []}], {}, [MISSING]),
        ([{"key": []}, {}], {}, []),
        ([{"sso": ["read"]}], {}, []),
        ([{"lost": []}], {}, ["?request.authorization.unknown"]),
        ([{"lost": []}, {"key": []}], {"headers": {"x-key": "k"}}, ["?request.authorization.unknown"]),
        ([{"key": []}, {"lost": []}], {"headers": {"x-key": "k"}}, []),
        ([{"key": [], "lost": []}], {}, [MISSING]),
        ([], {}, []),
    ],
)
def test_a_request_brings_one_of_the_credentials_that_are_asked_for(
    security: list[Json], sent: Json, expected: list[str]
) -> None:
    document = document_with(operation(), security=security, components={"securitySchemes": SCHEMES})
    assert codes(document, get(**sent)) == expected


def test_what_an_operation_asks_for_stands_for_what_the_document_asks_for() -> None:
    document = document_with(
        operation(security=[]), security=[{"key": []}], components={"securitySchemes": SCHEMES}
    )
    assert codes(document, get()) == []


@pytest.mark.parametrize(
    "request_",
    [
        {"path": "/things?n=z", "query": {"n": ["1"]}},
        {"path": "/things?n=1", "matchingRules": {"path": {"matchers": [{"match": "regex", "regex": ".*"}]}}},
    ],
)
def test_a_path_with_a_query_of_its_own_that_is_not_the_query_is_not_compared(request_: Any) -> None:
    parameters = [{"name": "n", "in": "query", "schema": {"type": "integer"}}]
    document = document_with(operation(path="/things", parameters=parameters))
    found = compare(pact_of({"request": {"method": "GET", **request_}, "response": {"status": 200}}), document)
    assert (found.verdict, len(found.unknown)) == (Verdict.UNKNOWN, 1)
