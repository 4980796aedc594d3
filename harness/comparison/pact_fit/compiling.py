"""Schemas made into validators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.comparison.pact_fit.expressions import mend_patterns

if TYPE_CHECKING:
    import jsonschema_rs

    from harness.comparison.openapi.dialects import Schema

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
TOO_DEEP = "the schema is nested too deeply"


class Undecidable(Exception):
    """A schema that values cannot be held against; the text says why."""


def compiled_as_written(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The same for what a document says; only where that fails are its expressions looked at one by one."""
    try:
        return compile_schema(schema)
    except Undecidable:
        try:
            return compile_schema(mend_patterns(schema))
        except RecursionError as error:
            raise Undecidable(TOO_DEEP) from error


def compile_schema(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    """A schema in the dialect of 2020-12, with the formats of OpenAPI; raises Undecidable."""
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats={"byte": _is_base64})
    except (jsonschema_rs.ValidationError, ValueError, RecursionError) as error:
        raise Undecidable(f"the schema cannot be read: {str(error).partition(chr(10))[0]}") from error


def _is_base64(value: str) -> bool:
    return _BASE64.fullmatch(value) is not None
