"""Where operations are found, and how a change is told: what one pair of documents shows better than a table."""

from __future__ import annotations

from datetime import date
from typing import Any

from openapi_changes import JSON, TEXT, accepting, part, taking

from harness.comparison.diff import Diff, diff, document_of
from harness.comparison.diff.notice import Notice
from harness.comparison.severity import Severity

Json = dict[str, Any]


def difference(old: Json, new: Json) -> Diff:
    return diff(document_of(old, "old"), document_of(new, "new"), Notice(today=date(2026, 11, 23)))


def at(base: str, *paths: str) -> Json:
    found: Json = {path: {"get": {"responses": {"200": {}}}} for path in paths}
    return {"swagger": "2.0", "basePath": base, "paths": found}


def chosen(*names: str) -> Json:
    """A body that is one of two schemas, told apart by the property `x`."""
    choice = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names],
        "discriminator": {"propertyName": "x"},
    }
    schemas = dict(zip(names, (part(TEXT, "x"), part(TEXT, "x", y=TEXT)), strict=True))
    return {**accepting(choice, JSON), "components": {"schemas": schemas}}


def test_a_path_that_stays_written_as_it_was_under_another_base_is_warned_about() -> None:
    found = difference(at("/v1", "/a"), at("/v2", "/a"))
    assert [(change.id, change.severity) for change in found.changes] == [
        ("api-server-path-removed", Severity.WARNING)
    ]


def test_an_operation_that_is_gone_is_not_told_of_as_moved() -> None:
    found = difference(at("/v1", "/a", "/b"), at("", "/v1/a"))
    assert [change.id for change in found.changes] == ["api-path-removed-without-deprecation"]


def test_names_that_a_discriminator_sends_may_not_change() -> None:
    found = difference(chosen("A", "B"), chosen("A", "C"))
    assert "request-body-one-of-removed" in {change.id for change in found.changes}


def test_a_parameter_that_takes_the_same_texts_as_before_has_not_changed() -> None:
    # What travels is text: every number that was taken is one that is taken.
    assert difference(taking({"type": ["string", "integer"]}), taking({"type": "string"})).changes == ()
    breaks, widened = difference(taking({"type": "string"}), taking({"type": ["integer", "null"]})).changes
    assert (breaks.id, widened.severity) == ("request-parameter-type-changed", Severity.INFO)
    assert breaks.witness is not None


def test_another_style_is_told_with_what_differs() -> None:
    listed = {"type": "array", "items": TEXT}
    (change,) = difference(taking(listed, explode=True), taking(listed, explode=False)).changes
    assert change.text.endswith("form with explode: false; it was form with explode: true")
