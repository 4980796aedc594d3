"""JSON Schemas, written beside the resources that answer with them, for the API's own OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Schema:
    """A named schema; in the document it is a component."""

    name: str
    body: Body  # JSON Schema; where it holds a `Schema`, the document points at that component


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryParameter:
    """A query parameter."""

    name: str
    about: str
    schema: Body
    required: bool = False


def text(about: str = "", **more: Any) -> Body:
    """A string."""
    return _with_description({"type": "string", **more}, about)


def non_blank(about: str = "", **more: Any) -> Body:
    """A string that is not blank."""
    return _with_description({"type": "string", "pattern": r"\S", **more}, about)


def whole(about: str = "", **more: Any) -> Body:
    """An integer."""
    return _with_description({"type": "integer", **more}, about)


def truth(about: str = "") -> Body:
    """A boolean."""
    return _with_description({"type": "boolean"}, about)


def moment(about: str = "") -> Body:
    """A time."""
    return text(about, format="date-time")


def many(of: Body | Schema, about: str = "") -> Body:
    """An array."""
    return _with_description({"type": "array", "items": of}, about)


def maybe(of: Body | Schema) -> Body:
    """That, or null."""
    return {"anyOf": [of, {"type": "null"}]}


def record(needed: dict[str, Any] | None = None, /, **optional: Any) -> Body:
    """An object: the properties that it must have, and those that it may."""
    found: Body = {"type": "object", "properties": {**(needed or {}), **optional}}
    if needed:
        found["required"] = list(needed)
    return found


def render_schema(value: Any, found: dict[str, Schema]) -> Any:
    """A schema as the document has it; the components that it points at are added to `found`."""
    if isinstance(value, Schema):
        if value.name not in found:
            found[value.name] = value
            render_schema(value.body, found)
        return {"$ref": f"#/components/schemas/{value.name}"}
    if isinstance(value, dict):
        return {name: render_schema(each, found) for name, each in value.items()}
    if isinstance(value, list):
        return [render_schema(each, found) for each in value]
    return value


def _with_description(schema: Body, about: str) -> Body:
    return {**schema, "description": about} if about else schema


LINK = Schema(
    "Link",
    record(
        {"href": text("Where to go; a template when `templated` is true.")},
        title=text(),
        name=text("The plain identity of the target."),
        templated=truth(),
    ),
)
LINKS = Schema("Links", {"type": "object", "additionalProperties": {"anyOf": [LINK, many(LINK)]}})
PAGE = Schema(
    "Page", record({"number": whole(), "size": whole(), "totalElements": whole(), "totalPages": whole()})
)
_TEXTS = {"anyOf": [many(text()), {"type": "object", "additionalProperties": many(text())}]}
ERROR = Schema(
    "Error", record(error={"anyOf": [text(), record({"message": text(), "reference": text()})]}, errors=_TEXTS)
)
PROBLEM_DETAILS = Schema(
    "Problem",
    record(
        {"title": text(), "type": text(), "status": whole()},
        detail=text(),
        instance=text(),
        errors=many({"type": "object"}),
    ),
)
ANYTHING = Schema("Anything", {"description": "Any JSON document."})
OBJECT = Schema("Object", {"type": "object"})


def paged_list(name: str, embedded: str, item: Schema, **more: Any) -> Schema:
    """A list of resources under `_embedded`, in pages when asked."""
    return Schema(
        name,
        record({"_embedded": record({embedded: many(item)}), "_links": LINKS}, page=PAGE, **more),
    )


def query(name: str, about: str, schema: Body | None = None, *, required: bool = False) -> QueryParameter:
    """A query parameter, text unless another schema is given."""
    return QueryParameter(name=name, about=about, schema=schema or {"type": "string"}, required=required)


PAGES = (
    query("page", "Which page, from 1.", whole(minimum=1)),
    query("size", "How many on a page.", whole(minimum=1)),
    query("pageNumber", "Which page, from 1; as `page`.", whole(minimum=1)),
    query("pageSize", "How many on a page; as `size`.", whole(minimum=1)),
)
CONTAINING = query("q", "Only names that contain this, in any case.")
