"""Values of which more than one branch of `oneOf` holds: exactly one has to, so that no such value ever comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.containment import proven
from harness.comparison.pact_fit.faults import Fault
from harness.comparison.pact_fit.rules import kind_of
from harness.comparison.pact_fit.ways import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.openapi.dialects import Schema
    from harness.comparison.pact_fit.alternatives import Alternatives
    from harness.comparison.pact_fit.faults import Place
    from harness.comparison.pact_fit.rules import MatchingRules

Step = str | int
_NUMBERS = {"integer": "integer", "number": "number", "decimal": "number", "boolean": "boolean"}
_EXACT = frozenset({"equality", "null", ""})
_ISO_DATES = frozenset({None, "", "yyyy-MM-dd"})
_TEXTS = ("RandomString", "RandomHexadecimal", "Regex", "Date", "Time", "DateTime")
_MADE: dict[str, Schema] = {
    "RandomInt": {"type": "integer"},
    "RandomDecimal": {"type": "number"},
    "RandomBoolean": {"type": "boolean"},
    "Uuid": {"type": "string", "format": "uuid"},
    **{text: {"type": "string"} for text in _TEXTS},
}


def is_whole(value: Any) -> bool:
    """Whether a value holds no objects: of an object a consumer reads a part."""
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            return False
        if isinstance(part, list):
            todo += part
    return True


def several_hold_fault(choice: Alternatives, holding: tuple[Schema, ...], value: Any, place: Place) -> Fault:
    """That a value is what more than one branch says."""
    return Fault(
        keyword="oneOf",
        place=place,
        within=(*choice.owner.where, "oneOf"),
        text=f"{short(value)} is valid under more than one of the schemas listed in the 'oneOf' keyword",
        holding=holding,
    )


def takes_another_value(
    holding: Sequence[Schema], rules: MatchingRules, part: str, place: Sequence[Step], example: Any
) -> bool:
    """Whether the consumer takes other values than its example, and two branches are not proven to hold of all."""
    taken = [_values_of_matcher(each, example) for each in rules.at(part, place)]
    generator = rules.generator(part, place)
    if generator:
        taken.append(_MADE.get(generator, True))
    if isinstance(example, list) and rules.speaks_within(part, place):
        taken = [{"type": "array"}]
    return bool(taken) and not any(sum(proven(values, each) for each in holding) > 1 for values in taken)


def _values_of_matcher(matcher: dict[str, Any], example: Any) -> Schema:
    """At least all other values that a matcher takes; False where it takes none."""
    kind = kind_of(matcher)
    if kind in _EXACT:
        return False
    if kind in _NUMBERS:
        return {"type": _NUMBERS[kind]}
    if kind == "regex" and isinstance(example, str):
        return {"type": "string", "pattern": str(matcher.get("regex"))}
    if kind == "date" and matcher.get("date", matcher.get("format")) in _ISO_DATES:
        return {"type": "string", "format": "date"}
    return {"type": _kind_of_value(example)}


def _kind_of_value(value: Any) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return kinds.get(type(value), "null")
