"""Whom a broken promise hits: consumers are told by the operations that their requests meet."""

from __future__ import annotations

from typing import Any

import pytest
from pact_and_document import get, pact_of

from harness.comparison.diff import document_of
from harness.comparison.pact_fit.routing import routes_of
from harness.engine.events import CheckFound, TaskId
from harness.engine.impact import with_impact
from harness.engine.plan import Task
from harness.evidence import EvidenceKind
from harness.identity import Version
from harness.services.system import Service
from harness.verdicts import Finding

BOOKS, WEB = Version("books", "1"), Version("web", "1")
PATHS: dict[str, Any] = {"/books/{id}": {"get": {}}, "/{entity}/me": {"get": {}}, "/books/latest": {"get": {}}}
ROUTES = routes_of(document_of({"openapi": "3.1.0", "servers": [{"url": "/v1"}], "paths": PATHS}, "o.json"))


@pytest.mark.parametrize(
    ("path", "operation", "hits", "spares"),
    [
        ("/books/7", "GET /books/{id}", (WEB,), ()),
        ("/v1/books/7", "GET /books/{id}", (WEB,), ()),
        ("/books/latest", "GET /books/{id}", (), (WEB,)),
        ("/books/latest", "GET /books/latest", (WEB,), ()),
        ("/books/me", "GET /books/{id}", (), ()),  # whether it meets that one nobody knows
        ("/books/me", "GET /{entity}/me", (), ()),
        ("/books/me", "GET /books/latest", (), (WEB,)),
        ("/nothing", "GET /books/latest", (), (WEB,)),
    ],
)
def test_a_finding_hits_who_uses_the_operation(
    path: str, operation: str, hits: tuple[Version, ...], spares: tuple[Version, ...]
) -> None:
    pact = pact_of({"request": get(path), "response": {}})
    asks = Task(
        id=TaskId(kind=EvidenceKind.PACTS, provider=BOOKS, consumer=WEB),
        service=Service(name="books"),
        pact=pact,
        identity="",
    )
    finding = Finding(code="c", subject=operation, expected="", actual="", operation=operation)
    found = CheckFound(task=TaskId(kind=EvidenceKind.PROPERTIES, provider=BOOKS), finding=finding)
    told = with_impact(found, [asks], [found], {}, ROUTES)
    assert (told.hits, told.spares) == (hits, spares)
