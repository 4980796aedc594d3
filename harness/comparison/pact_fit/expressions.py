"""Regular expressions as documents write them, for JavaScript, made ready for the engine that reads them here."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi import lost_schemas
from harness.comparison.openapi.dialects import LIST, NAMED, ONE

if TYPE_CHECKING:
    from collections.abc import Mapping

UNREADABLE = lost_schemas.UNREADABLE
_NEGATED = frozenset({"not", "if", "contains", "propertyNames"})  # what is left open there would turn into a yes
_MAY_NEGATE = re.compile(r"'(?:oneOf|not|if|contains|propertyNames)'")  # where a part that holds may be a fault
_CLASS_ESCAPE = r"\\[dDwWsS]"
_RANGE_AFTER_CLASS = re.compile(rf"({_CLASS_ESCAPE})-(?=[^\]])")
_RANGE_BEFORE_CLASS = re.compile(rf"-(?={_CLASS_ESCAPE})")
_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[\s\S]")
_LETTERS_THAT_ARE_NONE = frozenset("eghijlmopqyzACEFGHIJKLMNOPQRTUVXYZ")  # an escaped letter without a meaning


@lru_cache(maxsize=4096)
def readable(pattern: str) -> str | None:
    """The expression as the engine here reads it; None for one that JavaScript cannot read either."""
    for each in (pattern, _translate_pattern(pattern)):
        if _compiles(each):
            return each
    return None


def mend_patterns(schema: Any) -> Any:
    """A schema in which every expression can be read; what none can read leaves its own place open."""
    if isinstance(schema, list):
        return [mend_patterns(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _inside(key, value) for key, value in schema.items()}
    open_parts: list[Any] = []
    pattern = made.get("pattern")
    if isinstance(pattern, str):
        _mend(made, pattern, open_parts)
    if isinstance(made.get("patternProperties"), dict):
        _mend_names(made, open_parts)
    if open_parts:
        made["allOf"] = [*made.get("allOf", ()), *open_parts]
    return made


def without_unread(schema: Any) -> Any:
    """A mended schema in which what cannot be read says nothing, instead of that nothing is as it says."""
    if isinstance(schema, list):
        return [without_unread(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: without_unread(each) for key, each in schema.items() if key != "const" or not unreadable(each)}


def unread_in(schema: Any) -> str:
    """What of a schema nobody can read, where a part that holds may be a fault; "" where there is nothing."""
    try:
        todo = [mend_patterns(schema)] if _MAY_NEGATE.search(repr(schema)) else []
    except RecursionError:
        return ""  # nested too deeply to be looked at
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            if unreadable(part.get("const")):
                return unreadable(part["const"])
            todo += part.values()
        elif isinstance(part, list):
            todo += part
    return ""


def unreadable(allowed: Any) -> str:
    """The expression that left a place open; "" where none did."""
    return str(allowed[UNREADABLE]) if isinstance(allowed, dict) and UNREADABLE in allowed else ""


def _inside(key: str, value: Any) -> Any:
    if key in _NEGATED:
        return value
    if key in NAMED or key == "$defs":
        return {name: mend_patterns(each) for name, each in value.items()} if isinstance(value, dict) else value
    return mend_patterns(value) if key in ONE or key in LIST else value


def _mend(made: dict[str, Any], pattern: str, open_parts: list[Any]) -> None:
    ready = readable(pattern)
    if ready is not None:
        made["pattern"] = ready
        return
    del made["pattern"]
    open_parts.append(_left_open("string", pattern))


def _mend_names(made: dict[str, Any], open_parts: list[Any]) -> None:
    names: Mapping[str, Any] = made["patternProperties"]
    bad = [name for name in names if readable(name) is None]
    made["patternProperties"] = {readable(name): each for name, each in names.items() if name not in bad}
    if bad:
        for key in ("additionalProperties", "unevaluatedProperties"):
            if made.get(key) is False:
                del made[key]  # which names are left over is not known
        open_parts.append(_left_open("object", bad[0]))


def _left_open(kind: str, pattern: str) -> dict[str, Any]:
    """No value of that kind is a yes here, and the fault says why."""
    return {"if": {"type": kind}, "then": {"const": {UNREADABLE: pattern}}}


def _compiles(pattern: str) -> bool:
    import jsonschema_rs

    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def _translate_pattern(pattern: str) -> str:
    """What only JavaScript reads, in words that everybody reads."""
    return "".join(_token(each) for each in _TOKEN.findall(pattern))


def _token(token: str) -> str:
    if token in ("[^]", "{", "}"):
        return {"[^]": r"[\s\S]"}.get(token, f"\\{token}")
    if token == "[]":
        return "(?!)"
    if token.startswith("["):
        inner = _RANGE_AFTER_CLASS.sub(r"\1\\-", token)
        return _RANGE_BEFORE_CLASS.sub(r"\\-", inner)
    if len(token) == 2 and token[0] == "\\" and token[1] in _LETTERS_THAT_ARE_NONE:
        return token[1]
    return token
