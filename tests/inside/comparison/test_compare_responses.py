"""Whether a provider promises what a consumer needs back, as its document says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pact_and_document import Json, answering, codes, document_with, get, operation, pact_of, told

from harness.comparison.diff import Document
from harness.comparison.pact_fit import compare, compare_all
from harness.comparison.severity import Severity
from harness.contracts.pact_reader import read_pact
from harness.verdicts import Verdict

BODY = "response.body.incompatible"
ORDER = {
    "type": "object",
    "required": ["id", "total"],
    "properties": {"id": {"type": "integer"}, "total": {"type": "number"}, "state": {"enum": ["open", "paid"]}},
}


def needs(body: Any, rules: Json | None = None, **parts: Any) -> Json:
    return {"body": body, **({"matchingRules": rules} if rules else {}), **parts}


# --- statuses, headers, media types ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "needed", "expected"),
    [
        (["200"], 200, []),
        (["2XX"], 204, []),
        (["2xx"], 204, []),
        (["200", "default"], 404, ["?response.status.default"]),
        (["200"], 404, ["response.status.unknown"]),
        ([], 200, ["response.status.unknown"]),
    ],
)
def test_a_status_is_one_that_the_operation_has(declared: list[str], needed: int, expected: list[str]) -> None:
    responses = {each: {"description": ""} for each in declared}
    assert codes(document_with(operation(responses=responses)), get(), {"status": needed}) == expected


@pytest.mark.parametrize(("allowed", "fits"), [("clientError", True), ("serverError", False), ([400, 418], True)])
def test_a_status_may_be_any_that_the_matcher_allows(allowed: Any, fits: bool) -> None:
    response = {
        "status": 400,
        "matchingRules": {"status": {"matchers": [{"match": "statusCode", "status": allowed}]}},
    }
    document = document_with(operation(responses={"418": {"description": ""}}))
    assert codes(document, get(), response, "4.0") == ([] if fits else ["response.status.unknown"])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Count": "1"}, []),
        ({"x-count": "one"}, ["response.header.incompatible"]),
        ({"X-Other": "1"}, ["response.header.unknown"]),
        ({"Cache-Control": "no-store"}, ["?response.header.undefined"]),
        ({}, []),
    ],
)
def test_a_header_that_is_needed_is_promised(headers: Json, expected: list[str]) -> None:
    responses = {"200": {"description": "", "headers": {"X-Count": {"schema": {"type": "integer"}}}}}
    assert codes(document_with(operation(responses=responses)), get(), {"headers": headers}) == expected


@pytest.mark.parametrize(
    ("media", "body", "expected"),
    [
        ("application/json", {"id": 1}, []),
        ("application/json;charset=utf-8", {"id": "1"}, [BODY]),
        ("text/csv", "1", ["response.content-type.incompatible"]),
    ],
)
def test_a_body_is_of_a_media_type_that_the_provider_sends(media: str, body: Any, expected: list[str]) -> None:
    response = needs(body, headers={"Content-Type": media})
    assert codes(document_with(answering(ORDER)), get(), response) == expected


def test_each_media_type_has_a_schema_of_its_own() -> None:
    content = {"application/a+json": {"schema": ORDER}, "application/b+json": {"schema": {"type": "array"}}}
    document = document_with(operation(responses={"200": {"description": "", "content": content}}))
    for media, expected in (("application/a+json", []), ("application/b+json", [BODY])):
        assert codes(document, get(), needs({"id": 1}, headers={"Content-Type": media})) == expected


def test_a_body_that_the_document_does_not_describe_is_not_promised() -> None:
    assert codes(document_with(operation()), get(), needs({"id": 1})) == ["response.body.unknown"]
    assert codes(document_with(operation()), get(), needs(None)) == []
    pact = pact_of({"request": get(), "response": needs({"id": 1})})
    assert [each.expected for each in compare(pact, document_with(operation())).findings] == ["no body"]


# --- bodies ------------------------------------------------------------------------------------------------------

PET = {
    "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
    "discriminator": {"propertyName": "kind"},
}
SCHEMAS = {
    "Cat": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "lives": ORDER}},
    "Dog": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "tricks": {}}},
    "Named": {"type": "object", "properties": {"name": {"type": "string"}}},
    "Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}, "id": ORDER}},
}
BOTH = {"allOf": [{"$ref": "#/components/schemas/Named"}, {"properties": {"age": {"type": "integer"}}}]}


@pytest.mark.parametrize(
    ("schema", "body", "errors"),
    [
        (ORDER, {"id": 1, "total": 1.5, "state": "open"}, 0),
        (ORDER, {"total": 1}, 0),  # it need not read all of it
        (ORDER, {}, 0),
        (ORDER, {"total": "1"}, 1),
        (ORDER, {"price": 1}, 1),
        (ORDER, {"price": 1, "tax": 1}, 2),
        (ORDER, {"state": "gone"}, 1),
        (ORDER, [], 1),
        ({**ORDER, "additionalProperties": True}, {"price": 1}, 1),  # that something may be there is no promise
        ({**ORDER, "additionalProperties": {"type": "integer"}}, {"price": 1}, 0),
        ({**ORDER, "additionalProperties": {"type": "integer"}}, {"price": "1"}, 1),
        ({"type": "object"}, {"any": 1}, 0),  # a document that lists no names leaves them open
        ({"type": "object", "minProperties": 1, "additionalProperties": {}}, {"any": 1, "more": 1}, 0),
        ({"type": "object", "required": ["any"]}, {"any": 1, "more": 1}, 1),  # a list of one
        ({"type": "object", "additionalProperties": False}, {"any": 1, "more": 1}, 2),
        ({}, {"any": 1}, 0),
        ({"type": "array", "items": ORDER}, [{"price": 1}, {"id": 1}], 1),
        ({"type": "array", "items": ORDER, "minItems": 2}, [{"id": 1}], 1),
        (BOTH, {"name": "a", "age": 1}, 0),
        (BOTH, {"name": "a", "size": 1}, 1),
        (BOTH, {"name": 1}, 1),
        ({"anyOf": [ORDER, {"type": "null"}]}, None, 0),
        (PET, {"kind": "Dog", "tricks": 1}, 0),
        ({"$ref": "#/components/schemas/Node"}, {"next": {"next": {"id": {"id": 1}}}}, 0),
        ({"$ref": "#/components/schemas/Node"}, {"next": {"next": {"id": {"id": "1"}}}}, 1),
        ({"$ref": "#/components/schemas/Node"}, {"next": {"other": 1}}, 1),
        ({"type": "object", "properties": {"secret": {"type": "string", "writeOnly": True}}}, {"secret": "s"}, 1),
    ],
)
def test_every_part_that_is_needed_is_promised(schema: Json, body: Any, errors: int) -> None:
    document = document_with(answering(schema), components={"schemas": SCHEMAS})
    assert codes(document, get(), needs(body)) == [BODY] * errors


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "additionalProperties": False},
        {"allOf": [{"type": "object"}, {"additionalProperties": False}]},
        {"type": "object", "properties": {"c": {}}},
    ],
)
def test_what_is_not_declared_is_called_by_its_name(schema: Json) -> None:
    document = document_with(answering({"type": "object", "properties": {"in": schema}}))
    pact = pact_of({"request": get(), "response": needs({"in": {"a": {"deep": 1}, "b": 2}})})
    assert [each.text for each in compare(pact, document).findings] == [
        "response body at /in/a: `a` is not declared",
        "response body at /in/b: `b` is not declared",
    ]


def test_names_that_stand_for_any_are_in_no_object_without_names() -> None:
    document = document_with(answering({"type": "object", "additionalProperties": False}))
    rules = {"body": {"$": {"matchers": [{"match": "values"}]}, "$.*": {"matchers": [{"match": "type"}]}}}
    assert codes(document, get(), needs({"a": 1}, rules)) == [BODY]


def test_a_discriminator_says_which_branch_is_promised() -> None:
    document = document_with(answering(PET), components={"schemas": SCHEMAS})
    assert BODY in codes(document, get(), needs({"kind": "Cat", "tricks": 1}))
    mapped = {**PET, "discriminator": {"propertyName": "kind", "mapping": {"miaow": "#/components/schemas/Cat"}}}
    document = document_with(answering(mapped), components={"schemas": SCHEMAS})
    assert codes(document, get(), needs({"kind": "miaow", "lives": {"id": 1}})) == []
    assert BODY in codes(document, get(), needs({"kind": "miaow", "tricks": 1}))


ANIMAL = {
    "type": "object",
    "required": ["kind"],
    "discriminator": {"propertyName": "kind"},
    "properties": {"kind": {"type": "string"}, "name": {"type": "string"}, "friend": {"$ref": "SCHEMAS/Animal"}},
}


def kind_of(base: str, **properties: str) -> Json:
    """A schema that joins another one."""
    parts = {name: {"type": kind} for name, kind in properties.items()}
    return {"allOf": [{"$ref": f"SCHEMAS/{base}"}, {"type": "object", "properties": parts}]}


KINDS = {
    "Animal": ANIMAL,
    "Bird": kind_of("Animal", wings="integer"),
    "Fish": kind_of("Animal", fins="integer"),
    "Owl": kind_of("Bird", hoots="boolean"),
}


def animals(version: str, **mapping: str) -> Document:
    """A document that answers with an animal, whatever its kind."""
    place = "#/definitions" if version == "2.0" else "#/components/schemas"
    text = json.dumps(KINDS).replace("SCHEMAS", place)
    schemas = json.loads(text)
    if version == "2.0":
        schemas["Animal"]["discriminator"] = "kind"
        paths = operation(
            produces=["application/json"],
            responses={"200": {"description": "", "schema": {"$ref": f"{place}/Animal"}}},
        )
        return document_with(paths, version, definitions=schemas)
    if mapping:
        schemas["Animal"]["discriminator"]["mapping"] = mapping
    return document_with(answering({"$ref": f"{place}/Animal"}), version, components={"schemas": schemas})


@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"kind": "Bird", "name": "a", "wings": 2}, True),
        ({"wings": 2}, True),  # some kind of it
        ({"kind": "Owl", "wings": 2, "hoots": True}, True),
        ({"kind": "Fish", "wings": 2}, False),
        ({"kind": "Bird", "wings": "two"}, False),
        ({"wings": 2, "fins": 3}, False),  # of no kind that there is
        ({"kind": "Bird", "friend": {"kind": "Fish", "fins": 1}}, True),
        ({"kind": "Bird", "friend": {"kind": "Fish", "wings": 1}}, False),
        ({"kind": "Dodo", "name": "a"}, True),  # what every animal has
        ({"kind": "Dodo", "beak": 1}, False),
    ],
)
def test_a_supertype_is_any_of_the_kinds_that_join_it(version: str, body: Json, fits: bool) -> None:
    found = codes(animals(version), get(), needs(body, headers={"Content-Type": "application/json"}))
    assert (found == []) is fits
    assert set(found) <= {BODY}


def test_a_mapping_says_what_the_kinds_of_a_supertype_are_called() -> None:
    document = animals("3.0.3", bird="#/components/schemas/Bird", fish="Fish")
    assert codes(document, get(), needs({"kind": "bird", "wings": 2})) == []
    assert codes(document, get(), needs({"kind": "fish", "fins": 2})) == []
    assert set(codes(document, get(), needs({"kind": "fish", "wings": 2}))) == {BODY}
    assert set(codes(document, get(), needs({"kind": "Bird", "wings": 2}))) == {BODY}


@pytest.mark.parametrize(
    ("version", "schema", "value", "fits"),
    [
        ("3.0.3", {"type": "string", "nullable": True}, None, True),
        ("3.0.3", {"type": "string"}, None, False),
        ("3.0.3", {"type": "number", "maximum": 3, "exclusiveMaximum": True}, 3, False),
        ("3.1.0", {"type": "number", "exclusiveMaximum": 3}, 3, False),
        ("3.1.0", {"type": ["string", "null"]}, None, True),
        ("3.1.0", {"const": "a"}, "b", False),
        ("3.1.0", {"type": "integer", "format": "int32"}, 2**31, False),
        ("3.1.0", {"type": "integer", "format": "int64"}, 2**31, True),
        ("3.1.0", {"type": "string", "format": "date-time"}, "2026-01-01T00:00:00Z", True),
        ("3.1.0", {"type": "string", "format": "date-time"}, "yesterday", False),
        ("3.1.0", {"type": "string", "format": "uuid"}, "x", False),
        ("3.1.0", {"type": "string", "format": "byte"}, "not base64!", False),
        ("3.1.0", {"type": "string", "format": "a-format-of-ours"}, "x", True),
        ("3.1.0", {"type": "string", "pattern": r"^\d+$"}, "12", True),
        ("3.1.0", {"type": "string", "pattern": r"^\p{L}+$"}, "äö", True),
    ],
)
def test_each_version_of_openapi_means_its_own_words(version: str, schema: Json, value: Any, fits: bool) -> None:
    document = document_with(answering({"type": "object", "properties": {"a": schema}}), version)
    assert codes(document, get(), needs({"a": value})) == ([] if fits else [BODY])


@pytest.mark.parametrize(
    ("schema", "fit", "misfits"),
    [
        ({"type": "string", "anyOf": [{"minLength": 3}, {"const": "a"}]}, ["a", "ccc"], ["bb"]),
        ({"type": "integer", "allOf": [{"anyOf": [{"minimum": 3}, {"const": 1}]}]}, [1, 3], [2]),
        ({"type": ["string", "null"], "enum": ["a"]}, ["a"], [None, "b"]),
    ],
)
def test_what_is_said_beside_alternatives_and_they_hold_together(
    schema: Json, fit: list[Any], misfits: list[Any]
) -> None:
    """Of a value in a property, in a list and by a reference; what misfits is told with what helps."""
    kinds = {"Kind": schema}
    for each in (schema, {"$ref": "#/components/schemas/Kind"}):
        listed = {"type": "object", "properties": {"x": each, "y": {"type": "array", "items": each}}}
        document = document_with(answering(listed), components={"schemas": kinds})
        for value in (*fit, *misfits):
            for body in ({"x": value}, {"y": [value]}):
                found = compare(pact_of({"request": get(), "response": needs(body)}), document)
                assert found.verdict is (Verdict.PASSED if value in fit else Verdict.FAILED), (each, body)
                null = "list null among the values"
                assert all(each.remedy.startswith(null) is (value is None) for each in found.findings)


@pytest.mark.parametrize("kind", ["string", "integer", "array", "object", "boolean"])
def test_what_may_be_null_is_null_or_of_its_kind(kind: str) -> None:
    values = {"string": "a", "integer": 1, "array": [], "object": {}, "boolean": True, "null": None}
    items: Json = {"items": {}} if kind == "array" else {}
    for version, schema in (("3.0.3", {"type": kind, "nullable": True}), ("3.1.0", {"type": [kind, "null"]})):
        listed = {"type": "object", "properties": {"x": {**schema, **items}}}
        for each, value in values.items():
            fits = each in (kind, "null")
            told = codes(document_with(answering(listed), version), get(), needs({"x": value}))
            assert told == ([] if fits else [BODY]), (version, each)


@pytest.mark.parametrize(("value", "fits"), [("x", False), (2, False), (4, True)])
def test_a_property_is_what_its_name_and_every_pattern_of_it_say(value: Any, fits: bool) -> None:
    schema = {
        "type": "object",
        "properties": {"ab": {"type": "integer"}},
        "patternProperties": {"^a": {"minimum": 3}, "b$": {"maximum": 9}, "^c": False},
    }
    for each in (schema, {"allOf": [schema]}, {"anyOf": [schema, {"type": "null"}]}):
        assert codes(document_with(answering(each)), get(), needs({"ab": value})) == ([] if fits else [BODY])


def test_the_fields_of_an_answer_are_written_as_their_encoding_says() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
    form = "application/x-www-form-urlencoded"
    for style, body, fits in (("pipeDelimited", "a=1|2", True), ("pipeDelimited", "a=1,2", False)):
        paths = answering(schema, form)
        written = {"a": {"style": style, "explode": False}}
        paths["/orders"]["get"]["responses"]["200"]["content"][form]["encoding"] = written
        needed = {"headers": {"Content-Type": form}, "body": body}
        assert codes(document_with(paths), get(), needed) == ([] if fits else [BODY])


def test_a_schema_of_swagger_stands_in_the_response_itself() -> None:
    responses = {"200": {"description": "", "schema": ORDER}}
    document = document_with(operation(responses=responses), "2.0", produces=["application/json"])
    assert codes(document, get(), needs({"id": 1})) == []
    assert codes(document, get(), needs({"id": "1"})) == [BODY]
    header = {"Content-Type": "text/plain"}
    assert codes(document, get(), {"headers": header}) == ["response.content-type.incompatible"]


# --- what a consumer accepts beside its example ------------------------------------------------------------------


def test_a_rule_of_a_header_is_found_however_the_second_specification_writes_it() -> None:
    headers = {"X-State": {"schema": {"enum": ["open", "paid"]}}}
    document = document_with(operation(responses={"200": {"description": "", "headers": headers}}))
    for key in ("$.headers.X-State", "$.header.X-State", "$.headers['X-State']"):
        rules = {key: {"match": "regex", "regex": "^[a-z]+$"}}
        needed = {"headers": {"X-State": "gone"}, "matchingRules": rules}
        assert codes(document, get(), needed, "2.0.0") == [], key


@pytest.mark.parametrize(
    ("matcher", "body", "fits"),
    [
        ({"match": "type"}, {"state": "gone"}, True),
        ({"match": "type"}, {"state": 1}, False),  # any number, and none is a state
        ({"match": "regex", "regex": "^o"}, {"state": "other"}, True),
        ({"match": "regex", "regex": "^x"}, {"state": "x"}, False),
        ({"match": "equality"}, {"state": "gone"}, False),
    ],
)
def test_an_example_is_one_of_what_its_matcher_accepts(matcher: Json, body: Any, fits: bool) -> None:
    document = document_with(answering(ORDER))
    new = {"body": {"$.state": {"matchers": [matcher]}}}
    old = {"$.body.state": matcher}
    for version, rules in (("2.0.0", old), ("3.0.0", new), ("4.0", new)):
        assert codes(document, get(), needs(body, rules), version) == ([] if fits else [BODY]), version


@pytest.mark.parametrize(
    ("matcher", "value", "fits"),
    [
        ({"match": "number"}, 1.5, True),
        ({"match": "type"}, 1.5, True),
        ({"match": "decimal"}, 1.5, False),
        ({"match": "integer"}, "1", False),
        ({"match": "type"}, "1", False),
        ({"match": "type"}, True, False),
    ],
)
def test_a_number_stands_for_every_number_that_is_accepted(matcher: Json, value: Any, fits: bool) -> None:
    rules = {"body": {"$.id": {"matchers": [matcher]}}}
    assert codes(document_with(answering(ORDER)), get(), needs({"id": value}, rules)) == ([] if fits else [BODY])


def test_a_matcher_reaches_what_is_inside_unless_a_nearer_one_decides() -> None:
    document = document_with(answering({"type": "array", "items": ORDER}))
    inside = {"body": {"$": {"matchers": [{"match": "type"}]}}}
    nearer = {"body": {**inside["body"], "$[*].state": {"matchers": [{"match": "equality"}]}}}
    assert codes(document, get(), needs([{"state": "gone"}], inside)) == []
    assert codes(document, get(), needs([{"state": "gone"}], nearer)) == [BODY]


def test_an_expression_that_takes_for_ever_is_given_up() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["a" * 60 + "b"]}}}
    rules = {"body": {"$.a": {"matchers": [{"match": "regex", "regex": "^(a+)+$"}]}}}
    found = codes(document_with(answering(schema)), get(), needs({"a": "aaa"}, rules))
    assert found in ([], [BODY])  # what matters is that there is an answer


def test_names_that_are_examples_need_not_be_declared() -> None:
    document = document_with(answering({"type": "object", "properties": {"prices": ORDER}}))
    free = {"body": {"$.prices": {"matchers": [{"match": "values"}]}}}
    assert codes(document, get(), needs({"prices": {"sku-1": 1}}, free)) == []
    assert codes(document, get(), needs({"prices": {"sku-1": 1}})) == [BODY]


def test_a_value_that_is_made_anew_is_no_promise() -> None:
    document = document_with(answering(ORDER))
    generators = {"body": {"$.id": {"type": "RandomInt"}}}
    found = compare(pact_of({"request": get(), "response": needs({"id": "x"}, generators=generators)}), document)
    assert [each.severity for each in found.findings] == [Severity.INFO]


# --- the answer as a whole ---------------------------------------------------------------------------------------


def test_a_finding_names_the_place_on_both_sides() -> None:
    document = document_with(
        answering({"$ref": "#/components/schemas/Order"}), components={"schemas": {"Order": ORDER}}
    )
    body = {"total": "12.50", "a/b~": 1}
    found = compare(pact_of({"request": get(), "response": needs(body)}), document).findings
    told_ = {(each.path, each.place, each.expected, each.actual) for each in found}
    assert told_ == {
        (
            "#/interactions/0/response/body/total",
            "#/components/schemas/Order/properties/total/type",
            "number",
            "12.50",
        ),
        (
            "#/interactions/0/response/body/a~1b~0",
            "#/paths/~1orders/get/responses/200/content/application~1json/schema",
            "a property that the document declares",
            "1",
        ),
    }
    assert all(each.remedy for each in found)


def test_what_an_interaction_relies_on_is_told() -> None:
    found = compare(
        pact_of({"request": get(), "response": needs([{"id": 1}, {"total": 2}])}),
        document_with(answering({"type": "array", "items": ORDER})),
    )
    (reliance,) = found.reliances
    assert (reliance.operation, reliance.status, reliance.declared) == ("GET /orders", "200", "200")
    assert reliance.media_type == "application/json"
    assert reliance.fields == ("/[]", "/[]/id", "/[]/total")


def test_what_cannot_be_compared_is_never_a_yes() -> None:
    fine = {"request": get()}
    assert compare(pact_of(fine), document_with(operation())).verdict is Verdict.PASSED
    assert compare(pact_of(), document_with(operation())).verdict is Verdict.UNKNOWN
    assert compare(pact_of(), document_with({})).verdict is Verdict.UNKNOWN
    assert compare(pact_of(fine), document_with({})).verdict is Verdict.FAILED
    message = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "messages": [{"description": "an event", "contents": {}}],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }
    found = compare(read_pact(json.dumps(message), "p.json"), document_with(operation()))
    assert found.verdict is Verdict.UNKNOWN
    assert "'an event' is a message" in found.unknown[0]


@pytest.mark.parametrize("pattern", ["(?<n", "[", "(a{2,1})"])
def test_a_schema_that_cannot_be_read_is_unknown_and_named(pattern: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}
    found = compare(pact_of({"request": get(), "response": needs({"a": "b"})}), document_with(answering(schema)))
    assert found.verdict is Verdict.UNKNOWN
    assert "number 0" in found.unknown[0]
    assert "response body" in found.unknown[0]


def test_an_expression_that_cannot_be_read_leaves_only_its_own_place_open() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "pattern": "("},
            "b": {"type": "integer"},
            "c": {"type": "integer"},
        },
    }
    document = document_with(answering(schema))
    assert codes(document, get(), needs({"b": 1})) == []
    assert codes(document, get(), needs({"a": "x", "b": "1"})) == [BODY]
    found = compare(pact_of({"request": get(), "response": needs({"a": "x", "b": 1})}), document)
    assert found.verdict is Verdict.UNKNOWN
    assert found.unknown == ("'number 0': response body at /a could not be compared: `(` cannot be read",)
    assert codes(document, get(), needs({"a": 5})) == [BODY]


@pytest.mark.parametrize(
    ("schema", "value", "verdict"),
    [
        ({"anyOf": [{"pattern": "("}, {"type": "integer"}]}, 1, Verdict.PASSED),
        ({"anyOf": [{"type": "string", "pattern": "("}, {"type": "integer"}]}, "x", Verdict.UNKNOWN),
        ({"not": {"pattern": "("}}, "x", Verdict.UNKNOWN),
        (
            {"type": "object", "patternProperties": {"(": {}}, "additionalProperties": False},
            {"x": 1},
            Verdict.UNKNOWN,
        ),
        ({"type": "object", "patternProperties": {"[\\w-.]+": {"type": "integer"}}}, {"x": 1}, Verdict.PASSED),
        ({"pattern": "^[\\w-\\.]+$"}, "a-b.c", Verdict.PASSED),
        ({"pattern": "^[\\w-\\.]+$"}, "a b", Verdict.FAILED),
        ({"pattern": "^{id}[^]$"}, "{id}\n", Verdict.PASSED),
        ({"pattern": "^a{,5}$"}, "a{,5}", Verdict.PASSED),
        ({"pattern": "^[]"}, "a", Verdict.FAILED),
        ({"pattern": "^\\Z$"}, "Z", Verdict.PASSED),
        ({"pattern": "^a{1,2}\\{$"}, "aa{", Verdict.PASSED),
    ],
)
def test_expressions_mean_what_they_mean_in_javascript(schema: Json, value: Any, verdict: Verdict) -> None:
    whole = {"type": "object", "properties": {"a": schema}}
    found = compare(pact_of({"request": get(), "response": needs({"a": value})}), document_with(answering(whole)))
    assert found.verdict is verdict, (found.findings, found.unknown)


def test_what_has_to_be_there_is_promised_though_nothing_more_is_said_of_it() -> None:
    document = document_with(answering({"type": "object", "required": ["id"], "properties": {"total": {}}}))
    assert codes(document, get(), needs({"id": 7, "total": 1})) == []
    assert codes(document, get(), needs({"other": 7})) == [BODY]


def test_what_only_refers_to_itself_cannot_be_compared() -> None:
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    document = document_with(answering({"$ref": "#/components/schemas/A"}), components={"schemas": schemas})
    found = compare(pact_of({"request": get(), "response": needs({"a": 1})}), document)
    assert found.verdict is Verdict.UNKNOWN
    assert "`#/components/schemas/" in found.unknown[0]


def test_what_depends_on_who_refers_to_it_cannot_be_compared() -> None:
    schemas = {"A": {"$dynamicAnchor": "n", "type": "object", "properties": {"a": {"type": "string"}}}}
    document = document_with(answering({"$dynamicRef": "#n"}), components={"schemas": schemas})
    found = compare(pact_of({"request": get(), "response": needs({"a": 1})}), document)
    assert found.verdict is Verdict.UNKNOWN
    assert "`$dynamicRef #n` cannot be read" in found.unknown[0]


@pytest.mark.parametrize("match", ["values", "eachKey"])
@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        ({"additionalProperties": False}, False),
        ({"additionalProperties": {"type": "integer"}}, True),
        ({"additionalProperties": {"type": "string"}}, False),
        ({"additionalProperties": False, "properties": {"b": {"type": "integer"}}}, True),
    ],
)
def test_names_that_are_free_need_a_document_that_has_names(match: str, schema: Json, fits: bool) -> None:
    rules = {"body": {"$.map": {"matchers": [{"match": match, "rules": [{"match": "type"}]}]}}}
    document = document_with(answering({"type": "object", "properties": {"map": {"type": "object", **schema}}}))
    found = codes(document, get(), needs({"map": {"a": 1}}, rules), "4.0")
    assert ([each for each in found if not each.startswith(("?", "-"))] == []) is fits, found


def test_what_is_nested_deeply_is_compared_or_unknown() -> None:
    schema: Json = {"type": "integer"}
    body: Any = 1
    for _ in range(60):
        schema, body = {"type": "object", "properties": {"a": schema}}, {"a": body}
    assert codes(document_with(answering(schema)), get(), needs(body)) == []


def test_names_of_digits_are_names() -> None:
    schema = {"type": "object", "properties": {"1": {"type": "object", "properties": {"0": {"type": "string"}}}}}
    pact = pact_of({"request": get(), "response": needs({"1": {"0": 5}})})
    (found,) = compare(pact, document_with(answering(schema))).findings
    assert (found.path, found.actual) == ("#/interactions/0/response/body/1/0", "5")


def test_a_long_chain_of_references_is_followed() -> None:
    schemas: Json = {
        f"S{n}": {"type": "object", "properties": {"a": {"$ref": f"#/components/schemas/S{n + 1}"}}}
        for n in range(2000)
    }
    schemas["S2000"] = {"type": "integer"}
    body: Any = {"a": {"a": {"b": 1}}}
    document = document_with(answering({"$ref": "#/components/schemas/S0"}), components={"schemas": schemas})
    assert codes(document, get(), needs(body)) == [BODY]


def test_one_schema_that_cannot_be_read_leaves_the_others_decided() -> None:
    broken = {"type": "object", "properties": {"a": {"type": "string", "pattern": "["}}}
    paths = {**answering(broken), "/fine": answering(ORDER)["/orders"]}
    pact = pact_of(
        {"request": get(), "response": needs({"a": "b"})},
        {"request": get("/fine"), "response": needs({"id": "1"})},
    )
    found = compare(pact, document_with(paths))
    assert told(found) == [BODY]
    assert len(found.unknown) == 1


def test_many_pacts_are_compared_with_one_document() -> None:
    document = document_with(answering(ORDER))
    pacts = [pact_of({"request": get(), "response": needs({"id": value})}) for value in (1, "1")]
    assert [told(each) for each in compare_all(pacts, document)] == [[], [BODY]]
