"""Rules of comparing schemas, each on the smallest schemas that show it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from harness.comparison.containment.branching import unfolded_size
from harness.comparison.containment.recursion import unfold_schemas
from harness.comparison.containment.samples import samples
from harness.comparison.diff import Notice, diff, document_of
from harness.comparison.diff.sides import Sides
from harness.comparison.diff.witness_search import places_of_named
from harness.comparison.openapi.dialects import Assembly, Direction
from harness.comparison.openapi.document import Document, equal, sameness

NOTICE = Notice(today=date(2026, 11, 23), stable_days=30, beta_days=30)
Json = dict[str, Any]


def document(version: str = "3.1.0", **more: Any) -> Document:
    return document_of({"openapi": version, "info": {"title": "t", "version": "1"}, "paths": {}} | more, "d")


def named(**schemas: Any) -> Document:
    return document(components={"schemas": schemas})


def test_only_references_to_what_changed_make_the_difference_of_two_schemas() -> None:
    old, new = named(A={"type": "string"}, B={}), named(A={"type": "integer"}, B={})
    sides = Sides(old, new, sameness(old, new), Direction.REQUEST, NOTICE)
    changed, kept = ({"$ref": f"#/components/schemas/{name}"} for name in "AB")
    schema: Json = {"properties": {"changed": changed, "kept": kept, "free": True}}
    assert places_of_named(sides, schema, schema) == [changed["$ref"]]
    assert places_of_named(sides, schema, {"properties": {"changed": changed}}) is None


def test_the_size_of_a_schema_counts_every_part_of_it() -> None:
    schema = {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}}
    assert [unfolded_size(schema, most) for most in (2, 100)] == [2, 5]


def test_another_recursive_name_is_another_value() -> None:
    tail = {"properties": {"next": {"$ref": "#/$defs/B"}}, "required": ["z"]}

    def chain(next_name: str) -> Json:
        parts = {"next": {"$ref": f"#/$defs/{next_name}"}, "self": {"$ref": "#/$defs/A"}}
        return {"$ref": "#/$defs/A", "$defs": {"A": {"properties": parts}, "B": tail}}

    pairs = unfold_schemas(chain("A"), chain("B"))
    assert sum(small != large for small, large in pairs) == 2  # the body of A, whatever stands for the names


def test_what_two_schemas_say_that_no_number_folds_is_left_as_the_first_says_it() -> None:
    whole = {"allOf": [{"const": "a", "maximum": 9}, {"const": 1, "maximum": 3}]}
    assert samples(whole, {"maximum": 2}, 20) is not None


@pytest.mark.parametrize(
    ("old", "new"), [({"b": 1, "a": 2}, {"a": 2, "b": 1}), ({"a": 2, "b": 1}, {"b": 1, "a": 2})]
)
def test_the_order_of_keys_does_not_matter(old: Json, new: Json) -> None:
    assert equal(old, new)
    assert not equal(old, new | {"b": True})


def test_what_a_path_item_says_beside_its_reference_counts() -> None:
    item = {"$ref": "#/components/pathItems/P", "get": {"operationId": "mine"}}
    shared = {"post": {"operationId": "shared"}}
    assert document(components={"pathItems": {"P": shared}}).meant(item) == {"get": item["get"], **shared}


@pytest.mark.parametrize(
    ("limits", "meant"),
    [
        ({}, {"minimum": -(2**31), "maximum": 2**31 - 1}),
        ({"exclusiveMinimum": 0}, {"exclusiveMinimum": 0, "maximum": 2**31 - 1}),
        ({"exclusiveMaximum": 0}, {"exclusiveMaximum": 0, "minimum": -(2**31)}),
        ({"minimum": 1, "maximum": 2}, {"minimum": 1, "maximum": 2}),
    ],
)
def test_a_format_of_numbers_adds_no_limit_where_there_is_one(limits: Json, meant: Json) -> None:
    made = {"format": "int32", **limits}
    Assembly.number_format(made)
    assert made == meant


def changes(old: Document, new: Document) -> list[Any]:
    return list(diff(old, new, NOTICE).changes)


def test_a_change_of_a_webhook_names_the_webhook() -> None:
    hook = {"post": {"responses": {"200": {"description": "ok"}}}}
    with_it, without = document(webhooks={"shipped": hook}), document()
    for old, new, kind in ((with_it, without, "webhook-removed"), (without, with_it, "webhook-added")):
        assert [(each.id, each.operation) for each in changes(old, new)] == [(kind, "webhook POST shipped")]


def asking(schema: Json) -> Document:
    content = {"application/json": {"schema": schema}}
    operation = {"requestBody": {"content": content}, "responses": {"200": {"description": "ok"}}}
    return document(paths={"/orders": {"post": operation}})


def test_an_alternative_that_another_one_covers_may_go() -> None:
    kinds = (("integer", "number"), ("number", "string"))
    old, new = ({"anyOf": [{"type": kind} for kind in each]} for each in kinds)
    removed = [each for each in changes(asking(old), asking(new)) if each.id.endswith("any-of-removed")]
    assert [each.severity.name for each in removed] == ["INFO"]
