"""The API's own OpenAPI 3.1 document, made from its routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http.answers import HAL, JSON, PROBLEM, TEXT
from harness.broker.http.routing import LONGEST, UNBOUNDED, Route, names_of
from harness.broker.http.schemas import ERROR, PROBLEM_DETAILS, Schema, render_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

_ONE_LINE = "^[^\\u0000\\t\\n\\r]*$"  # no name in a path has line ends
_COMMON = {  # what any route may answer, whatever it is about
    400: "What was sent cannot be meant.",
    401: "Who asks is not known.",
    403: "Who asks may not.",
    404: "There is no such thing here.",
    406: "None of the forms asked for can be given.",
    408: "Nothing came of the body for too long.",
    413: "The body is too large, nested too deep, or has too many values.",
    415: "The body is not of a type that is taken.",
    422: "What was sent cannot be done.",
    429: "Too many requests; see Retry-After.",
    500: "A mistake of the broker; the log says more under the reference.",
    503: "The broker's database cannot be used now; see Retry-After.",
}
_WORDS = {
    200: "Done.",
    201: "Made.",
    202: "Taken; it is being done.",
    204: "Done; there is nothing to say.",
    409: "It contradicts what is there.",
}


def openapi(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The document: every route, every status, every schema."""
    found: dict[str, Schema] = {}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if not route.hidden:
            paths.setdefault(route.path, {})[route.method.lower()] = render_schema(_operation(route), found)
    refusals = {f"Refused{status}": render_schema(_refusal(status), found) for status in _COMMON}
    schemas = {name: render_schema(schema.body, {**found}) for name, schema in found.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "contract-harness broker",
            "version": version,
            "description": "A Pact-Broker-compatible memory of contracts, results and deployments.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": {path: {**_parameters(path), **paths[path]} for path in sorted(paths)},
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas)},
            "responses": refusals,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
        "security": [{}, {"token": []}, {"password": []}],
    }


def _parameters(path: str) -> dict[str, Any]:
    filled = {"type": "string", "minLength": 1, "pattern": _ONE_LINE}
    most = {"maxLength": LONGEST}
    named = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": filled if name in UNBOUNDED else {**filled, **most},
        }
        for name in names_of(path)
    ]
    return {"parameters": named} if named else {}


def _operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{route.tag}-{route.method.lower()}-{_slug(route.path)}",
        "summary": route.summary,
        "tags": [route.tag],
    }
    if route.query:
        found["parameters"] = [
            {"name": p.name, "in": "query", "description": p.about, "required": p.required, "schema": p.schema}
            for p in route.query
        ]
    if route.takes:
        body: Any = route.body or {"type": "object"}
        found["requestBody"] = {"required": True, "content": {media: {"schema": body} for media in route.takes}}
    found["responses"] = {
        **{str(status): _answer(route, status, schema) for status, schema in route.answers.items()},
        **{str(status): _common(status) for status in _COMMON if status not in route.answers},
    }
    return found


def _common(status: int) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/Refused{status}"}


def _slug(path: str) -> str:
    return path.strip("/").replace("/", "-").replace("{", "").replace("}", "") or "index"


def _answer(route: Route, status: int, schema: Schema | None) -> dict[str, Any]:
    if status >= 400 and schema is None:
        return _common(status) if status in _COMMON else _refusal(status)
    told: dict[str, Any] = {"description": _WORDS.get(status, _COMMON.get(status, "An answer."))}
    if schema is not None:
        media_types = [*route.media, *([TEXT] if status == 409 else [])]  # some contradictions are told in words
        told["content"] = {media: {"schema": _form(schema, media)} for media in media_types}
    return told


def _form(schema: Schema, media: str) -> Any:
    return schema if media.endswith("json") else {"type": "string"}


def _refusal(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {"description": _COMMON.get(status, _WORDS.get(status, "Refused."))}
    if status not in (406, 415):
        told["content"] = {
            HAL: {"schema": ERROR},
            JSON: {"schema": ERROR},
            PROBLEM: {"schema": PROBLEM_DETAILS},
        }
    return told
