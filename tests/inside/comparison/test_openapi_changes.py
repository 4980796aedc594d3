"""Every kind of change that the page of changes names, and look-alikes that break nobody."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from openapi_changes import (
    ALIKE,
    BOTH,
    JSON,
    NUMBER,
    TEXT,
    Case,
    accepting,
    answering,
    but,
    called,
    document,
    header,
    hook,
    look_alikes,
    part,
    schema_cases,
    sending,
    single_cases,
    taking,
    told,
    webhook,
)

from harness.comparison.diff import Compatibility, Diff, Notice, diff, document_of
from harness.comparison.openapi.dialects import Direction, TooLarge
from harness.comparison.severity import Severity
from harness.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
BYTES = {"type": "string", "format": "binary"}
NOTICE = Notice(today=date(2026, 11, 23), stable_days=30, beta_days=30)
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "openapi-changes.md"
NAMED = dict(re.findall(r"^\| `([\w-]+)` \| (error|warning) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def difference(old: Json, new: Json) -> Diff:
    return diff(document_of(old, "old"), document_of(new, "new"), NOTICE)


def secured(*asked: Json, **schemes: Json) -> Json:
    return {**document(security=list(asked)), "components": {"securitySchemes": schemes}}


def served(*urls: str) -> Json:
    return {**document(), "servers": [{"url": url} for url in urls]}


def calling_back(schema: Json) -> Json:
    item = {"post": {"requestBody": {"content": {JSON: {"schema": schema}}}}}
    return document(callbacks={"done": {"{$request.query.url}": item}})


def statuses(**schemas: Json) -> Json:
    made = {name.removeprefix("_"): {"content": {JSON: {"schema": each}}} for name, each in schemas.items()}
    return document(responses=made)


def written(media: str, schema: Json) -> Json:
    return document(parameters=[{"name": "q", "in": "query", "content": {media: {"schema": schema}}}])


def at(base: str, path: str) -> Json:
    return {"swagger": "2.0", "basePath": base, "paths": {path: {"get": {"responses": {"200": {}}}}}}


def served_at(path: str, url: str) -> Json:
    made = at("", path)["paths"]
    return {"openapi": "3.0.3", "servers": [{"url": url}], "paths": made}


def chosen_of(make: Callable[[Json], Json]) -> Callable[[str, str], Json]:
    """A choice between two schemas by the names that they are given."""
    first, second = part(TEXT, "x"), part(TEXT, "y", y=NUMBER)

    def made(*names: str) -> Json:
        schemas = dict(zip(names, (first, second), strict=True))
        return {**make({"oneOf": [to(name) for name in names]}), "components": {"schemas": schemas}}

    return made


def to(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def in_a_part(make: Callable[[Json], Json], schema: Json) -> Json:
    """A property that one of two parts of `allOf` has."""
    return make({"allOf": [{"type": "object", "properties": {"n": NUMBER}}, part(schema)]})


MIXED: Json = {"type": BOTH}
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
OWN: tuple[Case, ...] = (  # what the reference tool does not look at, or only informs about
    Case(kind="webhook-property-list-of-types-widened", old=hook(part(TEXT)), new=hook(part(MIXED))),
    Case(
        kind="webhook-property-list-of-types-widened", old=told(part(TEXT)), new=told(part(MIXED)), where="by $ref"
    ),
    Case(kind="webhook-property-became-optional", old=hook(part(TEXT, "x")), new=hook(part(TEXT))),
    Case(kind="webhook-body-removed", old=hook(TEXT), new=webhook()),
    Case(kind="webhook-property-became-optional", old=calling_back(part(TEXT, "x")), new=calling_back(part(TEXT))),
    Case(kind="callback-removed", old=calling_back(TEXT), new=document()),
    Case(kind="api-security-changed", old=document(), new=secured({"key": []}, key=KEY)),
    Case(
        kind="api-security-changed",
        old=secured({"login": ["read"]}, login={"type": "oauth2"}),
        new=secured({"login": ["read", "write"]}, login={"type": "oauth2"}),
        where="a scope more",
    ),
    Case(
        kind="api-security-component-changed",
        old=secured({"key": []}, key=KEY),
        new=secured({"key": []}, key=but(KEY, name="X-Other")),
    ),
    Case(kind="api-server-path-removed", old=served("https://a.example/v1"), new=served("https://a.example/v2")),
    Case(kind="request-parameter-list-of-types-narrowed", old=written(JSON, MIXED), new=written(JSON, NUMBER)),
    Case(kind="request-parameter-type-changed", old=written(JSON, NUMBER), new=written(JSON, TEXT)),
    Case(kind="request-parameter-media-type-changed", old=taking(TEXT), new=written(JSON, TEXT)),
    Case(
        kind="request-parameter-schema-added",
        old=document(parameters=[{"name": "q", "in": "query", "content": {JSON: {}}}]),
        new=document(parameters=[{"name": "q", "in": "query", "content": {JSON: {"schema": TEXT}}}]),
    ),
    Case(kind="document-unreadable", old=document(), new={**document(), "servers": {}}),
    Case(kind="operation-unreadable", old=document(), new=document(security="key")),
    Case(kind="request-parameters-unreadable", old=document(), new=document(parameters={"q": {}})),
    Case(kind="request-body-unreadable", old=accepting(TEXT), new=document(requestBody=[])),
    Case(kind="response-unreadable", old=sending(TEXT), new=answering(content=[])),
    Case(kind="response-header-unreadable", old=header(TEXT), new=header(TEXT, required="yes")),
    Case(
        kind="security-unreadable",
        old=secured({"key": []}, key=KEY),
        new=secured({"key": []}, key={**KEY, "in": "in the query"}),
    ),
    Case(kind="schema-unreadable", old=sending(TEXT), new=sending({**TEXT, "maxLength": "7"})),
    Case(kind="request-body-type-changed", old=accepting(TEXT, "text/csv"), new=accepting(NUMBER, "text/*")),
    Case(
        kind="response-body-type-changed",
        old=statuses(_200=TEXT),
        new=statuses(_2XX=NUMBER),
        where="told of all of a kind",
    ),
    Case(
        kind="response-body-type-changed", old=statuses(_2XX=TEXT), new=statuses(_200=NUMBER), where="told of one"
    ),
    Case(
        kind="response-body-type-changed",
        old=statuses(_200=TEXT, default=part(TEXT, "x")),
        new=statuses(_200=TEXT, default=part(TEXT, "x"), _404=TEXT),
        where="an error apart from the others",
    ),
    Case(
        kind="response-body-type-changed", old=statuses(_404=TEXT), new=statuses(default=NUMBER), where="default"
    ),
)
DECODED = {"contentMediaType": JSON, **TEXT}
OF_PARTS = (  # no validator has a say in it, and it is within `allOf`
    ("request-property-content-media-type-changed", accepting, DECODED, but(DECODED, contentMediaType="text/csv")),
    ("response-property-content-encoding-changed", sending, but(TEXT, contentEncoding="base64"), TEXT),
    ("request-property-content-schema-added", accepting, DECODED, but(DECODED, contentSchema=NUMBER)),
    (
        "request-property-x-extensible-enum-value-removed",
        accepting,
        {"x-extensible-enum": ["a", "b"], **TEXT},
        {"x-extensible-enum": ["a"], **TEXT},
    ),
    ("response-property-deprecated-sunset-missing", sending, TEXT, but(TEXT, deprecated=True)),
)
OWN = (
    *OWN,
    *(
        Case(kind=kind, old=in_a_part(make, old), new=in_a_part(make, new), where="a part of allOf")
        for kind, make, old, new in OF_PARTS
    ),
    Case(
        kind="request-body-impossible",
        old=accepting({"allOf": [TEXT, NUMBER]}),
        new=accepting({"allOf": [NUMBER, TEXT]}),
    ),
    Case(
        kind="request-property-enum-value-removed",
        old=accepting(part(but(TEXT, enum=["wide", "b"]))),
        new=accepting(part(but(TEXT, enum=["b"]))),
    ),
)
MORE_ALIKE = (
    *(
        Case(kind="a base path moved into the paths", old=old, new=new, where=where)
        for old, new, where in (
            (at("/v1", "/a"), at("", "/v1/a"), "into"),
            (at("", "/v1/a/{x}"), at("/v1/", "/a/{y}"), "out of"),
            (at("/v1", "/a"), served_at("/a", "https://a.example/v1"), "another version of OpenAPI"),
            (served_at("/a", "/api/v1"), served_at("/v1/a", "/api"), "in part"),
        )
    ),
    *(
        Case(kind="alternatives with other names", old=make("A", "B"), new=make("C", "D"))
        for make in (chosen_of(accepting), chosen_of(sending))
    ),
    *(
        Case(kind="a character set that goes without saying", old=make(TEXT, media), new=make(TEXT, other))
        for make in (accepting, sending)
        for one, two in (
            (JSON, "application/json; charset=ISO-8859-1"),
            ("application/a+json;charset=utf-8", "application/a+json"),
            ("text/csv", 'text/csv; Charset="UTF-8"'),
        )
        for media, other in ((one, two), (two, one))
    ),
    Case(
        kind="a new success beside errors under default",
        old=statuses(_202=TEXT, default=part(TEXT, "x")),
        new=statuses(_202=TEXT, default=part(TEXT, "x"), _200=NUMBER),
    ),
    *(
        Case(kind="a format in the words of OpenAPI 3.1", old=make(part(old)), new=make(part(new)))
        for make in (accepting, sending)
        for old, new in (
            (but(TEXT, format="byte"), but(TEXT, contentEncoding="base64")),
            (but(TEXT, contentMediaType="application/octet-stream"), but(TEXT, format="binary")),
        )
    ),
    *(
        Case(kind="raw bytes, said in the way of 3.0 or 3.1", old=make(old, media), new=make(new, media))
        for make in (accepting, sending)
        for media in ("application/octet-stream", "image/png")
        for old, new in ((BYTES, {}), ({}, BYTES), (BYTES, None), (None, {}))
    ),
    Case(kind="a security scheme with another name", old=secured({"a": []}, a=KEY), new=secured({"b": []}, b=KEY)),
    Case(
        kind="one may do without credentials",
        old=secured({"key": []}, key=KEY),
        new=secured({}, {"key": []}, key=KEY),
    ),
    Case(
        kind="a scope less is asked for",
        old=secured({"login": ["read", "write"]}, login={"type": "oauth2"}),
        new=secured({"login": ["read"]}, login={"type": "oauth2"}),
    ),
    Case(
        kind="a second way to be let in",
        old=secured({"key": []}, key=KEY),
        new=secured({"key": []}, {"login": []}, key=KEY, login={"type": "oauth2"}),
    ),
    Case(kind="a server more", old=served("https://a.example/v1"), new=served("https://a.example/v1", "/v2")),
    Case(kind="another host", old=served("https://a.example/v1"), new=served("https://b.example/v1/")),
    Case(kind="a callback sends less", old=calling_back(part(MIXED)), new=calling_back(part(TEXT))),
    Case(kind="a status for all of its kind", old=statuses(_200=TEXT), new=statuses(_2XX=TEXT)),
    Case(kind="one status of all of its kind", old=statuses(_2XX=TEXT), new=statuses(_200=TEXT)),
    Case(kind="an error told apart", old=statuses(default=TEXT), new=statuses(default=TEXT, _404=TEXT)),
    Case(kind="every text, not only this", old=accepting(TEXT, "text/csv"), new=accepting(TEXT, "text/*")),
    Case(kind="a number in JSON in a query", old=written(JSON, NUMBER), new=written(JSON, {"type": "number"})),
    Case(
        kind="a fixed character set",
        old=sending(TEXT),
        new=sending(TEXT, "application/json; charset=utf-8"),
    ),
    Case(kind="an operation with another word for its id", old=called({}), new=called({"operationId": "other"})),
    Case(
        kind="a header with a description",
        old=answering(headers={"X-A": {"schema": TEXT}}),
        new=answering(headers={"x-a": {"schema": TEXT, "description": "a"}}),
    ),
)


def names(cases: tuple[Case, ...]) -> list[str]:
    """One for each, numbered where two say the same."""
    met: Counter[str] = Counter()
    told = []
    for case in cases:
        met[str(case)] += 1
        told.append(f"{case} {met[str(case)]}" if met[str(case)] > 1 else str(case))
    return told


CASES = (*schema_cases(), *single_cases(), *OWN)
COMPATIBLE = (*ALIKE, *look_alikes(), *MORE_ALIKE)


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_a_change_has_the_name_and_the_severity_of_the_page(case: Case) -> None:
    found = {change.id: change.severity.value for change in difference(case.old, case.new).changes}
    assert case.kind in found
    severe = {kind: worth for kind, worth in found.items() if worth != Severity.INFO.value}
    assert severe.items() <= NAMED.items() or case.where == "an error apart from the others"
    assert case.kind in severe


@pytest.mark.parametrize("case", COMPATIBLE, ids=names(COMPATIBLE))
def test_a_look_alike_breaks_nobody(case: Case) -> None:
    found = difference(case.old, case.new)
    assert [change for change in found.changes if change.severity is not Severity.INFO] == []
    assert found.verdict is Compatibility.COMPATIBLE


def test_the_page_names_what_has_a_case_and_nothing_else() -> None:
    met = {
        change.id
        for case in CASES
        for change in difference(case.old, case.new).changes
        if change.severity is not Severity.INFO
    }
    assert met - NAMED.keys() == set()
    assert NAMED.keys() - met == set()


OF_OPENAPI = (
    "nullable discriminator readOnly writeOnly xml externalDocs example deprecated collectionFormat "
    "paths webhooks callbacks servers host basePath schemes security securitySchemes "
    "securityDefinitions parameters name in requestBody responses headers content schema consumes "
    "produces style explode allowEmptyValue allowReserved encoding contentType links info openapi "
    "swagger jsonSchemaDialect components summary tags operationId"
)


def keywords_of_all_dialects() -> set[str]:
    """What the metaschemas name on which OpenAPI rests, and the words of OpenAPI itself."""
    found = set(OF_OPENAPI.split())
    for uri in (each for each in REGISTRY if "draft-04" in each or "2020-12" in each):
        contents = REGISTRY.contents(uri)
        found |= set(contents.get("properties", {})) if isinstance(contents, dict) else set()
    return found


def test_every_keyword_has_its_row() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Keyword by keyword")[2].partition("\n## ")[0]
    rows = {word for line in table.splitlines() for word in re.findall(r"`([^`]+)`", line.partition(" | ")[0])}
    assert keywords_of_all_dialects() - rows == set()


def test_there_is_a_look_alike_for_every_kind() -> None:
    assert len(COMPATIBLE) >= len({case.kind for case in CASES})


def test_a_document_and_itself_are_the_same() -> None:
    documents = {repr(each): each for case in CASES for each in (case.old, case.new)}
    assert [each for each in documents.values() if difference(each, each).changes] == []


def test_a_change_of_a_shared_schema_is_told_once_with_every_operation_that_it_reaches() -> None:
    old, new = (shared(each) for each in (part(TEXT, "x"), part(TEXT)))
    (change,) = difference(old, new).changes
    assert change.schema == "Order"
    assert change.operations == tuple(f"GET /{number}" for number in range(50))


def shared(schema: Json) -> Json:
    answer = {"200": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Order"}}}}}
    paths = {f"/{number}": {"get": {"responses": answer}} for number in range(50)}
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"Order": schema}}}


def test_two_paths_of_one_shape_are_two_operations() -> None:
    paths: Json = {"/a/{x}": {"get": {"responses": {"200": {}}}}, "/a/{y}": {"get": {"responses": {"200": {}}}}}
    old = {"openapi": "3.1.0", "paths": paths}
    new = {"openapi": "3.1.0", "paths": {"/a/{x}": paths["/a/{x}"]}}
    assert difference(old, new).verdict is Compatibility.BREAKING


def test_a_property_of_an_object_that_takes_anything_may_be_described() -> None:
    for anything in (True, {}, {"description": "whatever"}):
        old = accepting({"type": "object", "additionalProperties": anything})
        new = accepting({"type": "object", "additionalProperties": anything, "properties": {"x": TEXT}})
        assert difference(old, new).verdict is Compatibility.COMPATIBLE


def test_a_property_that_was_one_of_its_kind_may_not_become_another() -> None:
    old = accepting({"type": "object", "additionalProperties": NUMBER})
    new = accepting({"type": "object", "additionalProperties": NUMBER, "properties": {"x": TEXT}})
    assert difference(old, new).verdict is Compatibility.BREAKING


@pytest.mark.parametrize("make", [accepting, taking])
def test_of_a_place_that_no_value_can_meet_nothing_is_proven(make: Callable[[Json], Json]) -> None:
    old, new = (make(but(TEXT, maxLength=1, enum=listed)) for listed in (["MALE", "FEMALE"], ["FEMALE"]))
    found = difference(old, new)
    assert found.exit is Exit.UNKNOWN
    assert any("no value can meet" in change.text for change in found.changes if change.undecided)
    assert difference(old, old).changes == ()


def test_an_example_of_what_is_refused_now_was_taken_before() -> None:
    asked: Json = {"type": "object", "properties": {"title": but(TEXT, minLength=1), "pages": NUMBER}}
    old = but(asked, required=["title", "pages"])
    new = but(old, properties={**asked["properties"], "shelf": TEXT}, required=["title", "pages", "shelf"])
    (change,) = difference(accepting(old), accepting(new)).changes
    assert change.witness is not None
    assert change.witness[0].keys() == {"title", "pages"}


def test_what_no_name_tells_is_shown_by_a_value() -> None:
    old, new = ({"not": {"not": {"type": kinds}}} for kinds in (BOTH, ["string"]))
    (change,) = [
        each for each in difference(accepting(old), accepting(new)).changes if each.severity is Severity.ERROR
    ]
    assert change.witness is not None
    assert isinstance(change.witness[0], int)


def wrapped(schema: Json, *, deep: bool) -> Json:
    """The property refers to the schema, or is an allOf of that alone."""
    part_of: Json = {"$ref": "#/components/schemas/Inner"}
    made = accepting(part({"allOf": [part_of]} if deep else part_of, "x"))
    return {**made, "components": {"schemas": {"Inner": schema, "Base": part(TEXT)}}}


@pytest.mark.parametrize("deep", [True, False])
def test_a_reference_that_became_an_all_of_it_alone_is_the_same(*, deep: bool) -> None:
    based: Json = {"allOf": [{"$ref": "#/components/schemas/Base"}], "properties": {"y": TEXT}}
    for inner in (but(TEXT, readOnly=True), based):
        found = difference(wrapped(inner, deep=deep), wrapped(inner, deep=not deep))
        assert [change for change in found.changes if change.severity is not Severity.INFO] == []


@pytest.mark.timeout(20)
def test_parts_that_are_parts_of_themselves_take_no_time() -> None:
    circle: Json = {"allOf": [{"$ref": "#/components/schemas/Inner"}] * 20, "properties": {"y": TEXT}}
    changed = {**circle, "properties": {"y": NUMBER}}
    assert difference(wrapped(circle, deep=True), wrapped(changed, deep=True)).verdict is Compatibility.BREAKING


def tower(word: str, bottom: Json) -> Json:
    schemas: Json = {f"N{n}": {word: [{"$ref": f"#/components/schemas/N{n + 1}"}] * 9} for n in range(12)}
    made = accepting({"$ref": "#/components/schemas/N0"})
    return {**made, "components": {"schemas": {**schemas, "N12": bottom}}}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
def test_alternatives_that_unfold_without_end_take_no_time(word: str) -> None:
    verdict = difference(tower(word, TEXT), tower(word, NUMBER)).verdict
    # Of nine alternatives that are the same never exactly one fits: of what no value meets nothing is proven.
    assert verdict is (Compatibility.WARNING if word == "oneOf" else Compatibility.BREAKING)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("further", [1, 7])
def test_many_schemas_that_lead_to_each_other_are_compared(further: int) -> None:
    def web(leaf: Json) -> Json:
        names = [f"N{number}" for number in range(100)]
        schemas = {name: part({"anyOf": [to(names[(n + further) % 100]), TEXT]}) for n, name in enumerate(names)}
        schemas["N50"] = part({"anyOf": [to("N1"), leaf]})
        return {**accepting(to("N0")), "components": {"schemas": schemas}}

    assert difference(web(TEXT), web(NUMBER)).verdict is not Compatibility.COMPATIBLE
    assert difference(web(TEXT), web(TEXT)).changes == ()


def test_what_leads_to_something_too_large_is_too_large_whichever_is_asked_first() -> None:
    many = {f"n{number}": {"type": "string"} for number in range(10_001)}
    schemas: Json = {"Large": {"type": "object", "properties": many}, "Above": part(to("Large")), "Apart": TEXT}
    for first in (["Above", "Large"], ["Large", "Above"]):
        document = document_of({**accepting(TEXT), "components": {"schemas": schemas}}, "o.json")
        for name in (*first, *first):
            with pytest.raises(TooLarge):
                document.whole(to(name), Direction.REQUEST)
        assert document.whole(to("Apart"), Direction.REQUEST)


@pytest.mark.timeout(20)
def test_of_very_many_values_a_few_are_told() -> None:
    old, new = (accepting({"enum": [f"v{n}" for n in range(0, 20_000, step)]}) for step in (1, 2))
    assert len(difference(old, new).changes) == 51


@pytest.mark.parametrize(
    ("media", "old", "new"),
    [(JSON, BYTES, {}), ("text/plain", BYTES, {}), ("image/png", BYTES, TEXT), ("*/*", BYTES, {})],
)
def test_only_raw_bodies_need_no_word_for_bytes(media: str, old: Json, new: Json) -> None:
    assert difference(sending(old, media), sending(new, media)).verdict is not Compatibility.COMPATIBLE
