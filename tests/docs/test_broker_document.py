"""The API's own OpenAPI document: made from the routes, published, complete."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.broker.app import api_document, router
from harness.contracts.openapi_reader import read_openapi

PUBLISHED = Path(__file__).parents[2] / "contracts" / "openapi" / "broker.json"


def written() -> str:
    return json.dumps(api_document(), indent=2, ensure_ascii=False) + "\n"


def test_the_published_document_is_the_one_that_the_routes_make() -> None:
    if os.environ.get("HARNESS_REWRITE"):
        PUBLISHED.parent.mkdir(parents=True, exist_ok=True)
        PUBLISHED.write_text(written())
    assert PUBLISHED.read_text() == written(), "HARNESS_REWRITE=1 writes it anew"


def test_every_route_is_in_it() -> None:
    document = api_document()
    for route in router().routes:
        if not route.hidden:
            assert route.method.lower() in document["paths"][route.path]


def test_our_own_reader_reads_it() -> None:
    document = read_openapi(PUBLISHED.read_bytes(), "broker", str(PUBLISHED))
    assert len(document.operations) > 130


@pytest.mark.parametrize("route", router().routes, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_says_what_it_does_and_every_pointer_leads_somewhere(route: Any) -> None:
    assert route.summary.endswith((".", "?"))
    assert route.answers
    if route.takes:
        assert route.method in ("POST", "PUT", "PATCH")


def test_every_pointer_leads_somewhere() -> None:
    document = api_document()
    text = json.dumps(document)
    pointed = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert pointed <= set(document["components"]["schemas"])
