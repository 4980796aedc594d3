"""Servers that are told elsewhere or move, and credentials that are written otherwise."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from openapi_changes import document

from harness.comparison.diff import Notice, diff, document_of
from harness.comparison.severity import Severity

Json = dict[str, Any]


def served(url: str, *, own: str = "", by_item: str = "") -> Json:
    """A document with a server for all, for its path and for its operation."""
    made = document()
    items = {
        path: {
            **{method: {**each, **told(own)} if "responses" in each else each for method, each in item.items()},
            **told(by_item),
        }
        for path, item in made["paths"].items()
    }
    return {**made, **told(url), "paths": items}


def told(url: str) -> Json:
    return {"servers": [{"url": url}]} if url else {}


def keyed(place: str, name: str) -> Json:
    scheme = {"type": "apiKey", "in": place, "name": name}
    return {**document(security=[{"key": []}]), "components": {"securitySchemes": {"key": scheme}}}


def warned(old: Json, new: Json) -> list[str]:
    changes = diff(document_of(old, "old"), document_of(new, "new"), Notice(today=date(2026, 11, 23))).changes
    return [each.id for each in changes if each.severity is not Severity.INFO]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (served("https://a.example/v1"), served("", by_item="https://a.example/v1")),
        (served("/v1"), served("", own="/v1")),
        (served("", own="/v1"), served("/v1")),
        (served("/other", own="/v1"), served("/v2", by_item="/v1")),
    ],
)
def test_a_server_that_is_told_elsewhere_moves_nobody(old: Json, new: Json) -> None:
    assert warned(old, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (served("/v1"), served("/v1", own="/v2")),
        (served("/v1", by_item="/v2"), served("/v1", by_item="/v3")),
        (served("/v1", own="/v2"), served("/v1")),
    ],
)
def test_an_operation_whose_own_server_moves_is_told_of(old: Json, new: Json) -> None:
    assert warned(old, new) == ["api-server-path-removed"]


def test_operations_that_are_gone_are_not_said_to_have_moved() -> None:
    assert "api-server-path-removed" not in warned(served("/v1"), {**served("/v2"), "paths": {}})


@pytest.mark.parametrize(("place", "wanted"), [("header", 0), ("query", 1), ("cookie", 1)])
def test_only_a_header_has_the_same_name_in_capitals(place: str, wanted: int) -> None:
    assert warned(keyed(place, "key"), keyed(place, "KEY")) == ["api-security-component-changed"] * wanted
