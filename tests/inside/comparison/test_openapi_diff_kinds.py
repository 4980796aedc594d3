"""Kinds of change with the verdict of each, and the look-alikes that break nobody."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from harness.comparison.diff import Compatibility, Diff, Notice, diff, document_of
from harness.comparison.severity import Severity
from harness.errors import ContractError, Exit

NOTICE = Notice(today=date(2026, 11, 23), stable_days=30, beta_days=30)
Json = dict[str, Any]


def document(**operation: Any) -> Json:
    get = {"responses": {"200": {"description": "ok"}}, **operation}
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/orders/{id}": {"post": get}}}


def difference(old: Json, new: Json) -> Diff:
    return diff(document_of(old, "old"), document_of(new, "new"), NOTICE)


def accepting(schema: Any) -> Json:
    return document(requestBody={"content": {"application/json": {"schema": schema}}})


def sending(schema: Any) -> Json:
    return document(responses={"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}})


def taking(schema: Any, **more: Any) -> Json:
    return document(parameters=[{"name": "q", "in": "query", "schema": schema, **more}])


def found(old: Json, new: Json) -> dict[str, Severity]:
    return {change.id: change.severity for change in difference(old, new).changes}


def part(schema: Any, *, required: bool = False) -> Json:
    made: Json = {"type": "object", "properties": {"x": schema}}
    return {**made, "required": ["x"]} if required else made


TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}
ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

NARROWER = [  # old, new, its name as a property of a request, severity, its name back in a response
    ({**NUMBER, "maximum": 9}, {**NUMBER, "maximum": 5}, "max-decreased", ERROR, "max-increased"),
    ({**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 5}, "min-increased", ERROR, "min-decreased"),
    ({**TEXT, "maxLength": 9}, {**TEXT, "maxLength": 5}, "max-length-decreased", ERROR, "max-length-increased"),
    (TEXT, {**TEXT, "maxLength": 5}, "max-length-set", ERROR, "max-length-unset"),
    ({**TEXT, "minLength": 1}, {**TEXT, "minLength": 5}, "min-length-increased", ERROR, "min-length-decreased"),
    (
        {"type": "array", "items": TEXT, "minItems": 1},
        {"type": "array", "items": TEXT, "minItems": 2},
        "min-items-increased",
        ERROR,
        "min-items-decreased",
    ),
    ({"type": ["string", "null"]}, TEXT, "became-not-nullable", ERROR, "became-nullable"),
    (TEXT, {"const": "a", "type": "string"}, "const-added", ERROR, "const-removed"),
]


@pytest.mark.parametrize(("wide", "narrow", "kind", "severity", "back"), NARROWER)
def test_accepting_less_and_sending_more_breaks_and_the_other_way_round_does_not(
    wide: Json, narrow: Json, kind: str, severity: Severity, back: str
) -> None:
    assert found(accepting(part(wide)), accepting(part(narrow))) == {f"request-property-{kind}": severity}
    assert found(sending(part(narrow)), sending(part(wide))) == {f"response-property-{back}": ERROR}
    assert difference(accepting(part(narrow)), accepting(part(wide))).verdict is Compatibility.COMPATIBLE
    assert difference(sending(part(wide)), sending(part(narrow))).verdict is Compatibility.COMPATIBLE


PATH = {"name": "id", "in": "path", "required": True, "schema": TEXT}
BREAKING = [
    ("new-required-request-parameter", document(), taking(TEXT, required=True)),
    ("request-parameter-became-required", taking(TEXT), taking(TEXT, required=True)),
    ("request-parameter-enum-value-removed", taking({"enum": ["a", "b"]}), taking({"enum": ["a"]})),
    ("request-parameter-became-enum", taking(TEXT), taking({**TEXT, "enum": ["a"]})),
    ("request-parameter-type-changed", taking(TEXT), taking(NUMBER)),
    ("new-required-request-property", accepting(part(TEXT)), accepting(part(TEXT) | {
        "properties": {"x": TEXT, "y": TEXT}, "required": ["y"]})),
    ("request-property-became-required", accepting(part(TEXT)), accepting(part(TEXT, required=True))),
    ("response-property-became-optional", sending(part(TEXT, required=True)), sending(part(TEXT))),
    ("response-required-property-removed", sending(part(TEXT, required=True)), sending({"type": "object"})),
    ("response-property-type-changed", sending(part(TEXT)), sending(part(NUMBER))),
    ("request-body-removed", accepting(TEXT), document()),
    ("response-media-type-removed", sending(TEXT), document()),
    ("response-success-status-removed", document(), document(responses={"204": {"description": "none"}})),
    ("api-path-removed-without-deprecation", document(), {**document(), "paths": {}}),
    ("api-path-removed-before-sunset", document(**{"deprecated": True, "x-sunset": "2027-01-31"}),
     {**document(), "paths": {}}),
    ("api-deprecated-sunset-missing", document(), document(deprecated=True)),
    ("api-stability-decreased", document(**{"x-stability-level": "stable"}),
     document(**{"x-stability-level": "beta"})),
    ("api-invalid-stability-level", document(), document(**{"x-stability-level": "firm"})),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "old", "new"), BREAKING, ids=[case[0] for case in BREAKING])
def test_a_breaking_change_has_its_name(kind: str, old: Json, new: Json) -> None:
    assert found(old, new)[kind] is ERROR
    assert difference(old, new).exit is Exit.FAILED


LOOK_ALIKES = [
    ("an optional parameter is new", document(), taking(TEXT)),
    ("a parameter takes more values", taking({"enum": ["a"]}), taking({"enum": ["a", "b"]})),
    ("a number in a query becomes any text", taking(NUMBER), taking(TEXT)),
    ("a response lists fewer values", sending(part({"enum": ["a", "b"]})), sending(part({"enum": ["a"]}))),
    ("a response has one property more", sending({"type": "object"}), sending(part(TEXT))),
    ("a request has one optional property more", accepting({"type": "object"}), accepting(part(TEXT))),
    ("an error is no longer documented", document(responses={"200": {}, "404": {}}),
     document()),
    ("it is deprecated in time", document(), document(**{"deprecated": True, "x-sunset": "2027-11-30"})),
    ("it is gone after its sunset date", document(**{"deprecated": True, "x-sunset": "2026-11-01"}),
     {**document(), "paths": {}}),
    ("it was but a draft", document(**{"x-stability-level": "draft"}), {**document(), "paths": {}}),
    ("one is written as allOf", accepting(part(TEXT)), accepting({"allOf": [part(TEXT)]})),
    ("a schema of a dependent that names what is required",
     accepting({"type": "object", "dependentRequired": {"a": ["b", "c"], "d": ["e"]}}),
     accepting({"type": "object", "dependentSchemas": {"a": {"required": ["c"]}, "d": {"required": ["e"]}},
                "dependentRequired": {"a": ["b"]}})),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in LOOK_ALIKES], ids=[case[0] for case in LOOK_ALIKES])
def test_a_look_alike_breaks_nobody(old: Json, new: Json) -> None:
    assert difference(old, new).verdict is Compatibility.COMPATIBLE
    assert difference(old, new).exit is Exit.PASSED


WEBHOOK = {"post": {"responses": {"200": {"description": "ok"}}}}


def hooked(**operation: Any) -> Json:
    return {**document(), "webhooks": {"shipped": {"post": {**WEBHOOK["post"], **operation}}}}


def body(schema: Any) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


TWO = document(responses={"200": {"description": "ok"}, "404": {"description": "none"}})
SENT = {"name": "n", "in": "query", "required": True, "schema": TEXT}
TOLD = [  # what breaks nobody is told of by name, with its place
    (document(), taking(TEXT), "new-optional-request-parameter", ("parameters", "query", "q")),
    (document(), hooked(), "webhook-added", ()),
    (hooked(), hooked(requestBody=body(TEXT)), "webhook-body-added", ("requestBody",)),
    (hooked(requestBody=body({"type": ["string", "null"]})), hooked(requestBody=body(TEXT)),
     "webhook-body-became-not-nullable", ("requestBody", "application/json")),
    (accepting({"type": "object"}), accepting(part(TEXT)), "new-optional-request-property",
     ("requestBody", "application/json", "x")),
    (document(), TWO, "response-non-success-status-added", ("responses", "404")),
    (TWO, document(), "response-non-success-status-removed", ("responses", "404")),
    (hooked(), hooked(parameters=[SENT]), "webhook-parameter-added", ("parameters", "query", "n")),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "kind", "place"), TOLD, ids=[case[2] for case in TOLD])
def test_what_breaks_nobody_is_told_of_by_its_name(
    old: Json, new: Json, kind: str, place: tuple[str, ...]
) -> None:
    (change,) = difference(old, new).changes
    assert (change.id, change.severity, change.place) == (kind, INFO, place)


def headed(**told: Any) -> Json:
    return document(responses={"200": {"description": "ok", "headers": {"X-A": {"schema": TEXT, **told}}}})


def test_what_is_new_is_named_by_its_own_name() -> None:
    item = {"post": {"responses": {"200": {"description": "ok"}}}}
    (change,) = difference(document(), document(callbacks={"done": {"{$request.query.url}": item}})).changes
    assert (change.id, change.text) == ("callback-added", "the callback done is new")
    (change,) = difference(document(), headed()).changes
    assert (change.id, change.text) == ("response-header-added", "the response header `x-a` is new")
    (change,) = difference(headed(), headed(required=True)).changes
    assert (change.id, change.severity) == ("response-header-became-required", INFO)


@pytest.mark.parametrize("level", ["path", "operation"])
def test_parameters_that_cannot_be_read_leave_it_open_wherever_they_stand(level: str) -> None:
    lost = [{"$ref": "#/components/parameters/Gone"}]
    made = document() if level == "path" else document(parameters=lost)
    if level == "path":
        made["paths"]["/orders/{id}"]["parameters"] = lost
    for old, new in ((made, document()), (document(), made), (made, taking(TEXT)), (taking(TEXT), made)):
        assert found(old, new) == {"request-parameters-unreadable": WARNING}
        assert difference(old, new).exit is Exit.UNKNOWN


def test_the_order_of_words_in_a_schema_changes_nothing() -> None:
    old = part({**TEXT, "maxLength": 5, "minLength": 1}, required=True)
    new = dict(reversed(old.items())) | {"properties": {"x": dict(reversed(old["properties"]["x"].items()))}}
    for made in (accepting, sending, taking):
        assert difference(made(old), made(new)).changes == ()


QUERY = ("parameters", "query", "n")
NOT_SENT = [  # by a webhook, to whoever counts on it
    (hooked(parameters=[SENT]), hooked(), "webhook-parameter-removed", QUERY),
    (hooked(parameters=[SENT]), hooked(parameters=[{**SENT, "required": False}]),
     "webhook-parameter-became-optional", QUERY),
    (hooked(requestBody=body(TEXT)), hooked(), "webhook-body-removed", ("requestBody",)),
    (hooked(requestBody={**body(TEXT), "required": True}), hooked(requestBody=body(TEXT)),
     "webhook-body-became-optional", ("requestBody",)),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "kind", "place"), NOT_SENT, ids=[case[2] for case in NOT_SENT])
def test_what_a_webhook_may_leave_out_now_breaks_whoever_takes_it(
    old: Json, new: Json, kind: str, place: tuple[str, ...]
) -> None:
    (change,) = difference(old, new).changes
    assert (change.id, change.severity, change.place) == (kind, ERROR, place)


def test_what_a_webhook_sends_as_before_is_told_of_nobody() -> None:
    old = hooked(parameters=[SENT, {**SENT, "name": "m"}], requestBody=body(TEXT))
    new = hooked(parameters=[{**SENT, "description": "how many"}, {**SENT, "name": "m"}], requestBody=body(TEXT))
    assert difference(old, new).changes == ()


@pytest.mark.parametrize(
    ("sunset", "kind", "severity"),
    [
        ({}, "removed-after-deprecation", INFO),
        ({"x-sunset": "2026-11-01"}, "removed-after-deprecation", INFO),
        ({"x-sunset": "2027-11-30"}, "removed-before-sunset", ERROR),
        ({"x-sunset": "soon"}, "deprecated-sunset-invalid", ERROR),
    ],
)
def test_a_property_may_go_after_the_date_that_was_announced(sunset: Json, kind: str, severity: Severity) -> None:
    deprecated = {**TEXT, "deprecated": True, **sunset}
    for made, side in ((accepting, "request"), (sending, "response")):
        assert found(made(part(deprecated)), made({"type": "object"})) == {f"{side}-property-{kind}": severity}


def test_every_media_type_takes_in_each() -> None:
    def taken(*names: str) -> Json:
        return document(requestBody={"content": {name: {"schema": TEXT} for name in names}})

    for wide in ("*/*", "text/*"):
        assert difference(taken("text/csv"), taken(wide)).verdict is Compatibility.COMPATIBLE
        assert difference(taken(wide), taken("text/csv")).verdict is Compatibility.BREAKING
    assert difference(taken("text/csv"), taken("image/*")).verdict is Compatibility.BREAKING


FOLDED = [  # what several parts say together, and the one schema that says it
    ([{"enum": ["a", "b"]}, {"enum": ["b", "c"]}], {"enum": ["b"]}),
    ([{**TEXT, "maxLength": 9}, {"maxLength": 5, "minLength": 1}, {"minLength": 2}],
     {**TEXT, "maxLength": 5, "minLength": 2}),
    ([part(TEXT), part({"maxLength": 5})], part({**TEXT, "maxLength": 5})),
    ([part(True), part({**TEXT, "maxLength": 5})], part({**TEXT, "maxLength": 5})),
    ([part(TEXT, required=True), {"required": ["y"]}], {**part(TEXT), "required": ["x", "y"]}),
    ([{**NUMBER, "x-note": 1, "minimum": 1}, {"x-note": 2, "minimum": 3}], {**NUMBER, "minimum": 3}),
    ([{"type": ["string", "null"]}, TEXT], TEXT),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "folded"), FOLDED)
@pytest.mark.parametrize("made", [accepting, sending])
def test_what_parts_say_together_is_what_one_schema_says(made: Any, parts: list[Json], folded: Json) -> None:
    """Nothing changed between the two, and what changed from another schema to one did to the other."""
    together = {"allOf": parts}
    for old, new in ((together, folded), (folded, together)):
        assert [change for change in difference(made(old), made(new)).changes if change.severity is not INFO] == []
    fewer = {"allOf": parts[:-1]}
    assert difference(made(fewer), made(folded)).changes
    assert found(made(fewer), made(folded)).items() <= found(made(fewer), made(together)).items()


def test_a_dependent_that_requires_more_breaks_whichever_way_it_is_written() -> None:
    old = accepting({"type": "object", "dependentRequired": {"a": ["b"]}})
    new = accepting({"type": "object", "dependentSchemas": {"a": {"required": ["b", "c"]}}})
    assert found(old, new) == {"request-body-dependent-required-changed": ERROR}


def test_a_path_parameter_may_be_renamed() -> None:
    old, new = document(parameters=[PATH]), document(parameters=[{**PATH, "name": "order"}])
    new["paths"]["/orders/{order}"] = new["paths"].pop("/orders/{id}")
    assert difference(old, new).verdict is Compatibility.COMPATIBLE


@pytest.mark.parametrize("schema", [case[0] for case in NARROWER])
def test_a_document_and_itself_are_the_same(schema: Json) -> None:
    for made in (accepting(part(schema)), sending(part(schema)), taking(schema)):
        assert difference(made, deepcopy(made)).changes == ()


def test_a_breaking_change_shows_a_value_that_was_accepted_and_is_not_any_more() -> None:
    changes = difference(
        accepting(part({**NUMBER, "maximum": 9})), accepting(part({**NUMBER, "maximum": 5}))
    ).changes
    assert changes[0].witness is not None
    assert 5 < changes[0].witness[0] <= 9


def test_what_is_no_openapi_document_is_refused() -> None:
    with pytest.raises(ContractError, match="names no version"):
        document_of({"paths": {}}, "old.yaml")
    with pytest.raises(ContractError, match=r"`openapi` is '9\.9'"):
        document_of({"openapi": "9.9", "paths": {}}, "old.yaml")
