"""One broken place of a document or a pact spoils only what needs it, and turns nothing into a yes."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_examples import examples
from pact_and_document import answering, get, operation, pact_of
from pact_openapi_worlds import Json, World, body_of, worlds

from harness.comparison.openapi.document import bundle_document
from harness.comparison.pact_fit import Comparison, compare
from harness.contracts.pact_reader import read_pact
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GONE = {"$ref": "#/components/nowhere/Gone"}
APART: Json = {"get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": {
    "type": "object", "properties": {"n": {"type": "integer"}}}}}}}}}  # fmt: skip


def compared(document: Json, *interactions: Json) -> Comparison:
    names = {"consumer": {"name": "web"}, "provider": {"name": "things"}}
    version = "4.0" if "type" in interactions[0] else "3.0.0"
    told = {**names, "interactions": interactions, "metadata": {"pactSpecification": {"version": version}}}
    return compare(read_pact(json.dumps(told), "pact.json"), bundle_document(document, "openapi.json"))


def verdict(document: Json, interaction: Json) -> Verdict:
    return compared(document, interaction).verdict


# --- documents ---------------------------------------------------------------------------------------------------

_SCHEMAS = ("items", "additionalProperties", "not", "schema")
_NAMED = ("properties", "schemas", "definitions", "headers", "responses", "securitySchemes", "securityDefinitions")
_LISTS = ("allOf", "anyOf", "oneOf", "parameters")


def places(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a reference may stand instead of what is there: schemas, parameters, responses, headers, paths."""
    items: list[tuple[str | int, Any]] = list(enumerate(value)) if isinstance(value, list) else []
    items += list(value.items()) if isinstance(value, dict) else []
    for key, each in items:
        yield from _at(key, each, (*here, key))
        yield from places(each, (*here, key))


def _at(key: str | int, part: Any, at: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if key in (*_SCHEMAS, "requestBody") and isinstance(part, dict):
        yield at
    elif key in (*_NAMED, "paths") and isinstance(part, dict):
        yield from ((*at, name) for name in part if isinstance(part[name], dict))
    elif key in _LISTS and isinstance(part, list):
        yield from ((*at, index) for index in range(len(part)))


def spoiled(document: Json, place: tuple[str | int, ...]) -> Json:
    made = deepcopy(document)
    holder: Any = made
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = GONE
    return made


def wrong(world: World, data: st.DataObject) -> Json:
    """An interaction that does not fit."""
    interaction = deepcopy(world.interaction)
    change = data.draw(st.sampled_from(["field", "status", "query", "key", "nothing"]))
    if change == "field":
        body_of(interaction, "response")["nobody declares this"] = 1
    elif change == "status":
        interaction["response"]["status"] = 299
    elif change == "query":
        interaction["request"]["query"] = {}
    elif change == "key":
        interaction["request"]["headers"].pop("x-key")
    return interaction


@settings(max_examples=examples(15))
@given(world=worlds(), data=st.data())
def test_a_reference_that_leads_nowhere_turns_nothing_into_a_yes(world: World, data: st.DataObject) -> None:
    """Nor into a no: what it would have said is not known."""
    interaction = wrong(world, data)
    place = data.draw(st.sampled_from(list(places(world.document))))
    before, after = verdict(world.document, interaction), verdict(spoiled(world.document, place), interaction)
    assert after in (before, Verdict.UNKNOWN), (place, before, after)


@settings(max_examples=examples(12))
@given(world=worlds(), data=st.data(), good=st.booleans())
def test_what_does_not_need_the_broken_place_is_answered_as_before(
    world: World, data: st.DataObject, good: bool
) -> None:
    document = deepcopy(world.document)
    place = data.draw(st.sampled_from(list(places(document))))
    document["paths"]["/apart"] = deepcopy(APART)
    if "swagger" in document:
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
        document["paths"]["/apart"]["get"] = {"responses": {"200": {"description": "", "schema": schema}}}
    document["paths"]["/apart"]["get"]["security"] = []
    asked: Json = {
        "description": "apart",
        "request": get("/apart"),
        "response": {"status": 200, "body": {"n": 1 if good else "one"}},
    }
    broken = compared(spoiled(document, place), asked)
    assert broken == compared(document, asked)
    assert broken.verdict is (Verdict.PASSED if good else Verdict.FAILED)


def order(**parts: Any) -> Json:
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": answering(parts)}


@pytest.mark.parametrize(
    ("schema", "body", "expected"),
    [
        ({"properties": {"id": GONE, "n": {"type": "integer"}}}, {"n": 1}, Verdict.PASSED),  # it does not read it
        ({"properties": {"id": GONE, "n": {"type": "integer"}}}, {"n": "one"}, Verdict.FAILED),
        ({"properties": {"id": GONE, "n": {"type": "integer"}}}, {"id": 1, "n": 1}, Verdict.UNKNOWN),
        ({"not": GONE}, {}, Verdict.UNKNOWN),
        ({"not": {"properties": {"id": GONE}}}, {"id": 1}, Verdict.UNKNOWN),
        ({"oneOf": [GONE, {"type": "object"}]}, {}, Verdict.UNKNOWN),
        ({"anyOf": [GONE, {"properties": {"n": {}}}]}, {"n": 1, "more": 1}, Verdict.UNKNOWN),
        ({"allOf": [GONE, {"properties": {"n": {}}}]}, {"n": 1, "more": 1}, Verdict.UNKNOWN),
        ({"if": GONE, "then": {"properties": {"n": {"const": 2}}}}, {"n": 1}, Verdict.UNKNOWN),
        ({"properties": {"n": {"type": "array", "contains": GONE}}}, {"n": [1]}, Verdict.UNKNOWN),
        ({"additionalProperties": GONE}, {"n": 1}, Verdict.UNKNOWN),
        ({"$ref": "#/components/schemas/Chain"}, {"n": 1}, Verdict.UNKNOWN),
        ({"$ref": "#noanchor"}, {"n": 1}, Verdict.UNKNOWN),
        ({"$ref": "#order"}, {"n": 1}, Verdict.PASSED),
        ({"$ref": "#order"}, {"n": "one"}, Verdict.FAILED),
    ],
)
def test_a_schema_that_is_not_there_is_neither_a_yes_nor_a_no(schema: Json, body: Any, expected: Verdict) -> None:
    document = order(**schema)
    anchored = {"$anchor": "order", "type": "object", "properties": {"n": {"type": "integer"}}}
    document["components"] = {"schemas": {"Chain": {"allOf": [GONE]}, "Order": anchored}}
    interaction = {"description": "d", "request": get(), "response": {"status": 200, "body": body}}
    assert verdict(document, interaction) is expected


def test_what_an_answer_may_be_is_undecided_where_one_cannot_be_read_and_says_which() -> None:
    lost = {"$ref": "#/components/responses/Gone"}
    answers = {"200": {"description": "", "content": {"application/json": {}}}, "404": lost}
    document = {"openapi": "3.1.0", "paths": {"/orders": {"get": {"responses": answers}}}}
    request = {"method": "GET", "path": "/orders", "headers": {"Accept": "text/csv"}}
    found = compared(document, {"description": "it", "request": request, "response": {"status": 200}})
    assert found.verdict is Verdict.UNKNOWN
    (why,) = found.unknown
    assert "a response" in why
    assert "components/responses/Gone" in why


ROUND = {"One": {"$ref": "#/components/schemas/Two"}, "Two": {"$ref": "#/components/schemas/One"}}


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "answered"])
@pytest.mark.parametrize("inside", [True, False], ids=["in a property", "alone"])
def test_what_only_refers_to_itself_is_neither_a_yes_nor_a_no(*, asked: bool, inside: bool) -> None:
    one: Json = {"$ref": "#/components/schemas/One"}
    schema = {"type": "object", "properties": {"n": one}} if inside else one
    content = {"content": {"application/json": {"schema": schema}}}
    answer: Json = {"description": ""} if asked else {"description": "", **content}
    paths = {"/orders": {"post": {"responses": {"200": answer}, **({"requestBody": content} if asked else {})}}}
    document = {"openapi": "3.1.0", "paths": paths, "components": {"schemas": ROUND}}
    body = {"headers": {"Content-Type": "application/json"}, "body": {"n": 1}}
    request = {"method": "POST", "path": "/orders", **(body if asked else {})}
    told = {"description": "it", "request": request, "response": {"status": 200, **({} if asked else body)}}
    assert verdict(document, told) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("schema", "beside", "expected"),
    [
        (GONE, None, Verdict.UNKNOWN),
        ({"type": "string", "pattern": "(?<n"}, None, Verdict.UNKNOWN),
        ({"type": "integer", "pattern": "(?<n"}, None, Verdict.FAILED),  # whatever the expression says
        ({"type": "string"}, {"type": "integer"}, Verdict.PASSED),
        ({"type": "string"}, GONE, Verdict.UNKNOWN),  # nobody knows which of the two is meant
        ({"type": "string", "enum": ["a b"]}, GONE, Verdict.UNKNOWN),
    ],
)
def test_a_value_of_a_path_that_nobody_can_judge_is_no_yes_and_no_no(
    schema: Json, beside: Json | None, expected: Verdict
) -> None:
    def taking(name: str, value: Json) -> Json:
        parameters = [{"name": name, "in": "path", "required": True, "schema": value}]
        return {"parameters": parameters, "get": {"responses": {"200": {"description": ""}}}}

    paths = {"/orders/{id}": taking("id", schema), **({"/orders/{key}": taking("key", beside)} if beside else {})}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    told = {"description": "it", "request": get("/orders/a%20b"), "response": {"status": 200}}
    assert verdict(document, told) is expected


@pytest.mark.parametrize("where", ["response", "header", "path", "parameter", "requestBody", "security"])
def test_a_part_of_an_operation_that_is_not_there_leaves_it_unknown(where: str) -> None:
    document = order(properties={"n": {"type": "integer"}})
    item = document["paths"]["/orders"]
    if where == "path":
        document["paths"]["/orders"] = GONE
    elif where == "response":
        item["get"]["responses"]["200"] = GONE
    elif where == "header":
        item["get"]["responses"]["200"]["headers"] = {"X-Rate": GONE}
    elif where == "parameter":
        item["get"]["parameters"] = [GONE]
    elif where == "security":
        item["get"]["security"] = [{"key": []}]
        document["components"] = {"securitySchemes": {"key": GONE}}
    else:
        item["get"]["requestBody"] = GONE
    response = {"status": 200, "headers": {"X-Rate": "1", "Content-Type": "application/json"}, "body": {"n": 1}}
    if where != "header":
        del response["headers"]["X-Rate"]  # type: ignore[attr-defined]  # it is an object
    interaction = {"description": "d", "request": get(), "response": response}
    found = compared(document, interaction)
    assert found.verdict is Verdict.UNKNOWN, found
    assert any("Gone" in each for each in found.unknown)


def test_a_file_that_is_not_there_spoils_what_refers_to_it_alone(tmp_path: Path) -> None:
    document = order(
        properties={"n": {"type": "integer"}, "far": {"$ref": "gone.yaml"}, "near": {"$ref": "near.json#/a"}}
    )
    (tmp_path / "near.json").write_text('{"a": {"type": "integer"}}')
    place = tmp_path / "openapi.json"
    place.write_text(json.dumps(document))
    read = bundle_document(document, str(place))
    assert [each.text.partition(" leads")[0] for each in read.problems] == ["$ref 'gone.yaml'"]
    for body, expected in (
        ({"n": 1}, Verdict.PASSED),
        ({"near": "x"}, Verdict.FAILED),
        ({"far": 1}, Verdict.UNKNOWN),
    ):
        interaction = {"request": get(), "response": {"body": body}}
        assert compare(pact_of(interaction), read).verdict is expected


# --- paths that are nearly there ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("/orders/", "it differs from GET /orders by the slash at its end only"),
        ("/Orders", "it differs from GET /orders by capitals only"),
        ("/ORDERS/", "it differs from GET /orders by the slash at its end and by capitals only"),
        ("/v2/orders", "it differs from GET /v1/orders by the path of its server only"),
        ("/else", ""),
    ],
)
def test_a_path_that_is_nearly_there_is_named(asked: str, told: str) -> None:
    document = {"openapi": "3.1.0", "info": {}, "servers": [{"url": "/v1"}], "paths": operation()}
    (finding,) = compared(document, {"description": "d", "request": get(asked), "response": {}}).findings
    assert finding.code == "request.path-or-method.unknown"
    assert finding.text == f"no path of the document is {asked}" + (f"; {told}" if told else "")
    assert (finding.place == "#/paths/~1orders/get") is bool(told)


# --- pacts -------------------------------------------------------------------------------------------------------

junk = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2))


@settings(max_examples=examples(12))
@given(
    world=worlds(), key=st.sampled_from(["request", "response", "type", "providerStates", "description"]), bad=junk
)
def test_an_interaction_that_is_spoilt_leaves_the_answers_of_the_others(world: World, key: str, bad: Any) -> None:
    good = {**world.interaction, "description": "good"}
    broken = {**world.interaction, "description": "bad", key: bad}
    both, alone = compared(world.document, good, broken), compared(world.document, good)
    assert [each for each in both.findings if each.interaction == 0] == list(alone.findings)
    assert both.reliances[:1] == alone.reliances
    if key in {"request", "response"}:
        assert both.verdict is Verdict.UNKNOWN
