"""Schemas made ready to be held against values: once for each schema of a document and each direction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from harness.comparison.dialects import Direction, Schema, TooLarge
from harness.comparison.openapi_diff.document import Document
from harness.comparison.pact_openapi.shapes import promised, taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_MOST_DEPTH = 200


class Undecidable(Exception):
    """A schema that values cannot be held against; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing in which a value is not what its schema says."""

    keyword: str  # "type", "enum", "additionalProperties", …
    place: tuple[str | int, ...]  # in the value
    within: tuple[str | int, ...]  # where in the schema
    text: str
    allowed: Any = None  # what the keyword says, where that is short
    branches: tuple[tuple[Fault, ...], ...] = ()  # of anyOf and oneOf: why none of them holds


@dataclass(slots=True)
class Validators:
    """All schemas of one document."""

    document: Document
    _made: dict[tuple[int, Direction], tuple[Any, jsonschema_rs.Draft202012Validator]] = field(
        default_factory=dict
    )

    def faults(self, written: Any, value: Any, direction: Direction) -> list[Fault]:
        """In what a value is not what a schema of the document says; raises Undecidable."""
        validator = self._validator(written, direction)
        if validator.is_valid(value):
            return []
        return _sorted_out(validator.iter_errors(value))

    def _validator(self, written: Any, direction: Direction) -> jsonschema_rs.Draft202012Validator:
        key = id(written), direction
        if key not in self._made:
            # The schema is kept with it, so that no other one can have its id.
            self._made[key] = written, self._compiled(written, direction)
        return self._made[key][1]

    def _compiled(self, written: Any, direction: Direction) -> jsonschema_rs.Draft202012Validator:
        shape = taken if direction is Direction.REQUEST else promised
        try:
            schema = shape(self.document.schema(written), self.document.named)
        except TooLarge as error:
            raise Undecidable("the schema refers to more than can be looked at as one") from error
        except RecursionError as error:
            raise Undecidable("the schema is nested too deeply") from error
        return compiled(schema)


def compiled(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    """A schema in the dialect of 2020-12, with the formats of OpenAPI; raises Undecidable."""
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats={"byte": _is_base64})
    except (jsonschema_rs.ValidationError, ValueError, RecursionError) as error:
        raise Undecidable(f"the schema cannot be read: {str(error).partition(chr(10))[0]}") from error


def _is_base64(value: str) -> bool:
    return _BASE64.fullmatch(value) is not None


def _sorted_out(errors: Iterator[jsonschema_rs.ValidationError]) -> list[Fault]:
    """What a value of a property is wrong in is told of the property alone, not of the object as well."""
    faults = [fault for error in errors for fault in _faults(error, 0)]
    inside = {fault.place for fault in faults if fault.keyword != "unevaluatedProperties"}
    spoiled = {place[:length] for place in inside for length in range(1, len(place) + 1)}
    return [each for each in faults if each.keyword != "unevaluatedProperties" or each.place not in spoiled]


def _faults(error: jsonschema_rs.ValidationError, depth: int) -> Iterator[Fault]:
    details: Mapping[str, Any] = error.kind.as_dict()
    keyword = _keyword(error)
    place = tuple(error.instance_path)
    within = tuple(error.schema_path)
    unexpected = details.get("unexpected")
    if keyword in ("additionalProperties", "unevaluatedProperties") and isinstance(unexpected, list):
        for name in unexpected:
            text = f"`{name}` is not declared"
            yield Fault(keyword=keyword, place=(*place, name), within=within, text=text)
        return
    branches = details.get("context")
    told: tuple[tuple[Fault, ...], ...] = ()
    if isinstance(branches, list) and depth < _MOST_DEPTH:
        told = tuple(tuple(_each(branch, depth + 1)) for branch in branches)
    yield Fault(
        keyword=keyword,
        place=place,
        within=within,
        text=error.message,
        allowed=_allowed(details),
        branches=told,
    )


def _each(errors: Any, depth: int) -> Iterator[Fault]:
    for error in errors:
        yield from _faults(error, depth)


def _keyword(error: jsonschema_rs.ValidationError) -> str:
    return str(error.kind.name)


def _allowed(details: Mapping[str, Any]) -> Any:
    for key in ("types", "options", "expected_value", "pattern", "format", "limit", "multiple_of", "property"):
        if key in details:
            return details[key]
    return None
