"""A pact with one interaction, and the document that it is compared with."""

from __future__ import annotations

import json
from typing import Any

from harness.comparison.diff import Document, read_document
from harness.comparison.pact_fit import Comparison, compare
from harness.contracts.pact import Pact
from harness.contracts.pact_reader import read_pact

Json = dict[str, Any]


def pact_of(*interactions: Json, version: str = "3.0.0") -> Pact:
    """A pact of web with orders; each interaction gets a description and a status when it has none."""
    told = [
        {"description": f"number {number}", **each, "response": {"status": 200, **each.get("response", {})}}
        for number, each in enumerate(interactions)
    ]
    if version.startswith("4"):
        told = [{"type": "Synchronous/HTTP", **each} for each in told]
    document = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": told,
        "metadata": {"pactSpecification": {"version": version}},
    }
    return read_pact(json.dumps(document), "web-orders.json")


def document_with(paths: Json, version: str = "3.1.0", **parts: Any) -> Document:
    """An OpenAPI document, or one of Swagger 2.0."""
    key = "swagger" if version == "2.0" else "openapi"
    info = {"title": "orders", "version": "1"}
    return read_document(json.dumps({key: version, "info": info, "paths": paths, **parts}), "openapi.json")


def operation(method: str = "get", path: str = "/orders", **parts: Any) -> Json:
    """Paths with one operation, which answers 200 when nothing else is said."""
    return {path: {method: {"responses": {"200": {"description": "fine"}}, **parts}}}


def answering(schema: Any, media: str = "application/json", **parts: Any) -> Json:
    """Paths with one operation that answers 200 with a body."""
    return operation(responses={"200": {"description": "fine", "content": {media: {"schema": schema}}, **parts}})


def taking(schema: Any, media: str = "application/json", *, required: bool = False) -> Json:
    """Paths with one operation that takes a body."""
    return operation("post", requestBody={"required": required, "content": {media: {"schema": schema}}})


def get(path: str = "/orders", **parts: Any) -> Json:
    """A request to read."""
    return {"method": "GET", "path": path, **parts}


def told(comparison: Comparison) -> list[str]:
    """Codes of errors as they are, of warnings with `?` before them."""
    signs = {"error": "", "warning": "?"}
    return [signs[each.severity] + each.code for each in comparison.findings if each.severity in signs]


def codes(document: Document, request: Json, response: Json | None = None, version: str = "3.0.0") -> list[str]:
    """What is told of one interaction."""
    return told(compare(pact_of({"request": request, "response": response or {}}, version=version), document))
