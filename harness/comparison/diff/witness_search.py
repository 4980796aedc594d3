"""What the names of changes miss: schemas that look compatible are searched for a value that says otherwise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.comparison.containment import allows, counterexample, is_searchable
from harness.comparison.diff import texts
from harness.comparison.diff.severities import severity
from harness.comparison.diff.sides import SchemaChange
from harness.comparison.openapi.dialects import LIST, NAMED, ONE, Schema
from harness.comparison.openapi.document import equal
from harness.comparison.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.comparison.diff.sides import Sides

_NOT_CLOSED = frozenset({"not", "if", "contains", "propertyNames", "contentSchema"})
_COMPOSED = ("$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas")


def find_missed_change(
    sides: Sides, old: Schema, new: Schema, found: Sequence[SchemaChange]
) -> SchemaChange | None:
    """A change that breaks although none of those that were found does; None when no value shows it."""
    if is_settled(sides, found):
        return None
    told = texts.find_text_change(sides, old, new) if sides.textual else None
    pair = None if told else sides.whole(old, new)
    if pair is None or pair[0] == pair[1] or not is_searchable(*pair):
        return told  # to subtract a large schema from itself can take seconds
    # Whoever keeps to a document sends what it declares; who reads, passes over what nobody declared.
    sender, reader = (pair[1], _loosen_schema(pair[0])) if sides.sent else pair
    shown = counterexample(_close_schema(sender), reader)
    if shown is None or not allows(sender, shown[0]) or (sides.sent and allows(pair[0], shown[0])):
        return None  # with oneOf and the like, what is left out can make a value fit that did not
    if sides.textual and not texts.travels(sides, (old, new), shown[0]):
        return None
    text = "values may come that never came before" if sides.sent else "values that were accepted are refused now"
    text = f"{text}: {_short(shown[0])}"
    return SchemaChange(kind="{}-widened" if sides.sent else "{}-narrowed", text=text, breaks=True, pair=pair)


def is_settled(sides: Sides, found: Sequence[SchemaChange]) -> bool:
    """Whether what was found already answers the question."""
    return any(change.undecided or "-after-" in change.kind or _is_error(sides, change) for change in found)


def places_of_named(sides: Sides, old: Schema, new: Schema) -> list[str] | None:
    """The references that make the whole difference of two schemas, where each speaks of a value of its own.

    Such a schema allows more exactly where one of these does, so that it needs no search of its own. None when
    the schemas differ themselves, or a reference speaks of a value together with others.
    """
    if not sides.sameness.comparable or not equal(old, new):
        return None
    names: list[str] = []
    waiting: list[Any] = [old]
    while waiting:
        part = waiting.pop()
        if sides.same(part, part):
            continue
        if part.keys() == {"$ref"}:
            names.append(part["$ref"])
            continue
        for key, value in part.items():
            inner = [] if sides.same(value, value) else _each_by_itself(part, key)
            if inner is None:
                return None
            waiting += inner
    return names


def _each_by_itself(part: Mapping[str, Any], key: str) -> list[Any] | None:
    """The schemas under a keyword that speak of a value of their own; None where others have a say in it."""
    value = part[key]
    if key == "properties":
        return list(value.values())
    if key in ("items", "additionalProperties"):
        return [value]
    if key == "prefixItems":
        return list(value)
    if key not in ("allOf", "anyOf") or part.keys() - {key} - _WORDS:
        return None
    others = [each for each in value if key == "allOf" or each != _NULL]
    return others if len(others) == 1 else None


_NULL = {"type": "null"}
_WORDS = frozenset({"title", "description", "example", "examples", "deprecated", "externalDocs"})


def _is_error(sides: Sides, change: SchemaChange) -> bool:
    """Whether it is told as an error; what only strict readers meet leaves the question open."""
    noun = "response-property" if sides.sent else "request-property"
    return severity(change.kind.format(noun), breaks=change.breaks) is Severity.ERROR


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _close_schema(schema: Any, *, itself: bool = True) -> Any:
    """The schema without what it does not declare."""
    if not isinstance(schema, dict):
        return schema
    made = {key: _part(key, value) for key, value in schema.items()}
    described = "properties" in made or "allOf" in made or "object" in _kinds(made)
    free = all(made.get(word, True) in (True, {}) for word in _LIMITS)
    if itself and described and free:
        composed = any(word in made for word in _COMPOSED)
        made["unevaluatedProperties" if composed else "additionalProperties"] = False
    return made


def _part(key: str, value: Any) -> Any:
    if key in _NOT_CLOSED:
        return value
    if key in ONE:
        return _close_schema(value)
    if key in LIST and isinstance(value, list):
        return [_close_schema(each, itself=key != "allOf") for each in value]
    if (key in NAMED or key == "$defs") and isinstance(value, dict):
        return {name: _close_schema(each) for name, each in value.items()}
    return value


def _kinds(schema: dict[str, Any]) -> Any:
    kinds = schema.get("type", ())
    return (kinds,) if isinstance(kinds, str) else kinds


def _loosen_schema(schema: Any) -> Any:
    """The schema with whatever else an object may hold: a new property breaks nobody who reads the others."""
    if isinstance(schema, list):
        return [_loosen_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: each for key, each in schema.items() if key not in _LIMITS or each is not False}
    return {
        key: each if key in ("enum", "const", "not", "if") else _loosen_schema(each) for key, each in kept.items()
    }


_LIMITS = ("additionalProperties", "unevaluatedProperties")
