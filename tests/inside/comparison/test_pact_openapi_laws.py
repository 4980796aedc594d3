"""Laws of the static comparison: a pact made from a document fits it, and no longer after any one change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_examples import examples_of_an_answer
from pact_openapi_worlds import Json, Told, World, body_of, told, worlds

from harness.comparison.diff import document_of
from harness.comparison.pact_fit import Comparison, compare
from harness.comparison.pact_fit.routing import DocumentRoutes
from harness.comparison.pact_fit.validators import Validators
from harness.comparison.severity import Severity
from harness.contracts.pact_reader import read_pact
from harness.verdicts import Verdict


def compared(world: World) -> Comparison:
    return compare(read_pact(json.dumps(world.pact), "pact.json"), document_of(world.document, "openapi.json"))


def errors(comparison: Comparison) -> list[str]:
    return [each.code for each in comparison.findings if each.severity is Severity.ERROR]


@given(worlds())
def test_a_pact_made_from_a_document_fits_it(world: World) -> None:
    comparison = compared(world)
    assert errors(comparison) == []
    assert comparison.verdict is Verdict.PASSED


# --- changes of a pact that no longer fit ------------------------------------------------------------------------


def in_request(key: str, value: Any) -> Callable[[Json], None]:
    def change(interaction: Json) -> None:
        interaction["request"][key] = value

    return change


def header(side: str, name: str, value: str | None) -> Callable[[Json], None]:
    def change(interaction: Json) -> None:
        headers = interaction[side]["headers"]
        headers.pop(name, None)
        if value is not None:
            headers[name] = [value] if "type" in interaction else value

    return change


def undeclared(side: str) -> Callable[[Json], None]:
    def change(interaction: Json) -> None:
        body_of(interaction, side)["nobody declares this"] = 1

    return change


def no_body(interaction: Json) -> None:
    del interaction["request"]["body"]


def other_status(interaction: Json) -> None:
    interaction["response"]["status"] = 299


CHANGES: list[tuple[str, Callable[[Json], None], str]] = [
    ("another path", in_request("path", "/nothing/here"), "request.path-or-method.unknown"),
    ("a longer path", in_request("path", "/things/7/more"), "request.path-or-method.unknown"),
    ("another method", in_request("method", "PATCH"), "request.path-or-method.unknown"),
    ("no query", in_request("query", {}), "request.query.incompatible"),
    ("a parameter in another case", in_request("query", {"FILTER": ["7"]}), "request.query.incompatible"),
    ("no header", header("request", "X-Mode", None), "request.header.incompatible"),
    ("no body", no_body, "request.body.incompatible"),
    ("a body of another type", header("request", "Content-Type", "text/csv"), "request.content-type.incompatible"),
    ("another type wanted", header("request", "Accept", "image/png"), "request.accept.incompatible"),
    ("no key", header("request", "x-key", None), "request.authorization.missing"),
    ("another status", other_status, "response.status.unknown"),
    ("a header that nobody declares", header("response", "X-Other", "1"), "response.header.unknown"),
    ("a header that is no number", header("response", "X-Rate", "fast"), "response.header.incompatible"),
    ("another answer", header("response", "Content-Type", "text/csv"), "response.content-type.incompatible"),
    ("a property that nobody declares", undeclared("response"), "response.body.incompatible"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code"), [each[1:] for each in CHANGES], ids=[each[0] for each in CHANGES])
@settings(max_examples=examples_of_an_answer(10))
@given(world=worlds())
def test_one_change_is_one_broken_rule(change: Callable[[Json], None], code: str, world: World) -> None:
    changed = world.copy()
    change(changed.interaction)
    comparison = compared(changed)
    assert set(errors(comparison)) == {code}
    assert comparison.verdict is Verdict.FAILED


@pytest.mark.parametrize("side", ["request", "response"])
@given(parts=told(), version=st.sampled_from(["3.0.3", "3.1.0"]))
def test_a_wrong_value_is_found_however_deep_it_is(side: str, parts: Told, version: str) -> None:
    assert errors(compared(exchange(side, parts.schema, parts.value, version))) == []
    assert set(errors(compared(exchange(side, parts.schema, parts.wrong, version)))) == {
        f"{side}.body.incompatible"
    }


def exchange(side: str, schema: Json, value: Any, version: str = "3.1.0", rules: Json | None = None) -> World:
    """One operation with a body on one side."""
    content = {"content": {"application/json": {"schema": schema}}}
    responses: Json = {"200": {"description": "", **(content if side == "response" else {})}}
    operation: Json = {"responses": responses, **({"requestBody": content} if side == "request" else {})}
    message = {"headers": {"Content-Type": "application/json"}, "body": {"it": value}["it"], **(rules or {})}
    interaction = {
        "description": "an exchange",
        "request": {"method": "POST", "path": "/it", **(message if side == "request" else {})},
        "response": {"status": 200, **(message if side == "response" else {})},
    }
    document = {"openapi": version, "info": {"title": "t", "version": "1"}, "paths": {"/it": {"post": operation}}}
    pact = {"consumer": {"name": "c"}, "provider": {"name": "p"}, "interactions": [interaction]}
    return World(document=document, pact={**pact, "metadata": {"pactSpecification": {"version": "3.0.0"}}})


# --- what generators and matchers say ----------------------------------------------------------------------------

ORDER: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "state": {"type": "string", "enum": ["open", "paid"]},
        "lines": {"type": "array", "items": {"type": "integer"}, "maxItems": 3},
    },
}


def body_rules(place: str, *matchers: Json) -> Json:
    return {"matchingRules": {"body": {place: {"matchers": list(matchers)}}}}


@pytest.mark.parametrize("side", ["request", "response"])
def test_a_generated_value_is_an_example_and_nothing_beside_it_is(side: str) -> None:
    made = {"generators": {"body": {"$.id": {"type": "Uuid"}}}}
    assert errors(compared(exchange(side, ORDER, {"id": None, "state": "paid"}, rules=made))) == []
    beside = compared(exchange(side, ORDER, {"id": None, "state": 7}, rules=made))
    assert errors(beside)
    assert {each.path.rpartition("/")[2] for each in beside.findings if each.severity is Severity.ERROR} == {
        "state"
    }


@pytest.mark.parametrize("generator", ["RandomInt", "RandomBoolean", "Date"])
def test_a_generator_that_makes_something_else_is_no_excuse(generator: str) -> None:
    made = {"generators": {"body": {"$.id": {"type": generator}}}}
    assert errors(compared(exchange("request", ORDER, {"id": 7 if generator != "Date" else "x"}, rules=made)))


def test_a_matcher_frees_what_is_expected_and_not_what_is_sent() -> None:
    rules = body_rules("$.state", {"match": "type"})
    assert errors(compared(exchange("response", ORDER, {"state": "any text"}, rules=rules))) == []
    assert errors(compared(exchange("request", ORDER, {"state": "any text"}, rules=rules)))


@pytest.mark.parametrize(
    ("matcher", "lines", "fits"),
    [
        ({"match": "type", "min": 1}, [1], True),
        ({"match": "type", "min": 4}, [1], False),  # four are needed, three may come
        ({"match": "type", "min": 2}, [1, 2, 3, 4], True),
        ({"match": "type", "max": 2}, [1, 2], True),
    ],
)
def test_as_many_items_are_needed_as_the_matcher_says(matcher: Json, lines: list[int], fits: bool) -> None:
    rules = body_rules("$.lines", matcher)
    assert (errors(compared(exchange("response", ORDER, {"lines": lines}, rules=rules))) == []) is fits


def test_a_body_that_is_written_as_a_text_of_json_is_read() -> None:
    world = exchange("response", ORDER, {})
    body = {"content": '{"state": "lost"}', "contentType": "application/json", "encoded": "JSON"}
    world.interaction["type"] = "Synchronous/HTTP"
    world.interaction["response"]["body"] = body
    world.pact["metadata"] = {"pactSpecification": {"version": "4.0"}}
    assert errors(compared(world)) == ["response.body.incompatible"]


@settings(max_examples=examples_of_an_answer(5))
@given(worlds())
def test_the_parts_of_an_operation_are_read_once_however_many_interactions_meet_it(world: World) -> None:
    document = document_of(world.document, "openapi.json")
    routes = DocumentRoutes(document, Validators(document))
    path = world.interaction["request"]["path"]
    met = [routes.table.route("POST", path).met for _ in range(2)]
    operations = [routes.operations[each.operation.method, each.operation.path] for each in met if each]
    assert len(operations) == 2
    assert operations[0].parameters() is operations[1].parameters()
    assert operations[0].body() is operations[1].body()
    assert operations[0].responses() is operations[1].responses()


# --- alternatives ------------------------------------------------------------------------------------------------


def record(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


TEXT: Json = {"type": "string"}
CAT, DOG = record(kind=TEXT, meow=TEXT), record(kind=TEXT, bark=TEXT)


def animals(word: str, **discriminator: Any) -> Json:
    return {word: [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}], **discriminator}


def with_animals(world: World) -> World:
    world.document["components"] = {"schemas": {"Cat": CAT, "Dog": DOG}}
    return world


TAGGED = {"discriminator": {"propertyName": "kind"}}
MAPPED = {"discriminator": {"propertyName": "kind", "mapping": {"d": "#/components/schemas/Dog", "c": "Cat"}}}


@pytest.mark.parametrize(
    ("side", "schema", "value", "fits"),
    [
        ("response", animals("oneOf"), {"meow": "m"}, True),
        ("response", animals("oneOf"), {"meow": "m", "bark": "b"}, False),  # no animal does both
        ("response", animals("anyOf"), {"meow": "m", "bark": "b"}, True),
        ("response", animals("oneOf", **TAGGED), {"kind": "Dog", "bark": "b"}, True),
        ("response", animals("oneOf", **TAGGED), {"kind": "Dog", "meow": "m"}, False),
        ("response", animals("anyOf", **TAGGED), {"kind": "Dog", "meow": "m"}, False),
        ("response", animals("oneOf", **TAGGED), {"kind": "Cow"}, False),
        ("response", animals("oneOf", **MAPPED), {"kind": "d", "bark": "b"}, True),
        ("response", animals("oneOf", **MAPPED), {"kind": "c", "bark": "b"}, False),
        ("request", animals("oneOf", **TAGGED), {"kind": "Dog", "bark": "b"}, True),  # fits both but for its name
        ("request", animals("oneOf", **TAGGED), {"kind": "Cow", "bark": "b"}, False),
        ("response", {"oneOf": [TEXT, {}]}, {"any": 1}, True),
        ("response", {"anyOf": [TEXT, {}]}, {"any": 1}, True),
    ],
)
def test_of_alternatives_one_is_meant(side: str, schema: Json, value: Any, fits: bool) -> None:
    assert (errors(compared(with_animals(exchange(side, schema, value)))) == []) is fits


@pytest.mark.parametrize(
    ("scheme", "given", "fits"),
    [
        ("bearer", "Bearer abc", True),
        ("bearer", "Basic abc", False),
        ("basic", "basic abc", True),
        ("digest", "x", True),
    ],
)
def test_credentials_are_of_the_scheme_that_is_asked_for(scheme: str, given: str, fits: bool) -> None:
    world = exchange("request", TEXT, "a")
    world.document["components"] = {"securitySchemes": {"door": {"type": "http", "scheme": scheme}}}
    world.document["security"] = [{"door": []}]
    world.interaction["request"]["headers"]["Authorization"] = given
    assert (errors(compared(world)) == []) is fits


# --- forms and servers -------------------------------------------------------------------------------------------

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("sent", "fits"),
    [
        ("count=1&tags=a&tags=b", True),
        ("count=one", False),
        ("tags=a", False),
        ("", False),
        ("count=1&count=2", True),
    ],
)
@pytest.mark.parametrize("old", [True, False])
def test_a_form_is_read_by_its_fields(sent: str, fits: bool, old: bool) -> None:
    count, tags = {"type": "integer"}, {"type": "array", "items": TEXT}
    world = exchange("request", {}, sent)
    operation = world.document["paths"]["/it"]["post"]
    del operation["requestBody"]
    if old:
        world.document["swagger"] = "2.0"
        del world.document["openapi"]
        fields = [
            {"name": "count", "in": "formData", "required": True, **count},
            {"name": "tags", "in": "formData", "collectionFormat": "multi", **tags},
        ]
        operation |= {"consumes": [FORM], "parameters": fields}
    else:
        schema = {**record(count=count, tags=tags), "required": ["count"]}
        operation["requestBody"] = {"content": {FORM: {"schema": schema}}}
    world.interaction["request"]["headers"] = {"Content-Type": FORM}
    assert (errors(compared(world)) == []) is fits


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("/v2/it", []),
        ("/it", ["request.path-or-method.server"]),
        ("/v1/it", ["request.path-or-method.unknown"]),  # the server of the document is not that of the operation
        ("/v2/it/more", ["request.path-or-method.unknown"]),
    ],
)
@pytest.mark.parametrize("level", ["operation", "path"])
def test_an_operation_is_found_below_its_own_servers(path: str, codes: list[str], level: str) -> None:
    world = exchange("request", TEXT, "a")
    item = world.document["paths"]["/it"]
    world.document["servers"] = [{"url": "https://example.org/v1"}]
    (item["post"] if level == "operation" else item)["servers"] = [{"url": "https://example.org/v2"}]
    world.interaction["request"]["path"] = path
    assert [each.code for each in compared(world).findings] == codes
