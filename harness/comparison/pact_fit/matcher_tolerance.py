"""Which faults of an example are none, because the consumer accepts more than its example."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from harness.comparison.pact_fit.compiling import Undecidable, compile_schema
from harness.comparison.pact_fit.exactly_one import takes_another_value
from harness.comparison.pact_fit.faults import CLOSED
from harness.comparison.pact_fit.rules import MatchingRules, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.pact_fit.faults import Fault

_NUMBERS = frozenset({"number", "integer", "decimal"})
_ANY_OF_TYPE = frozenset({"type", "min-type", "max-type", "boolean", "include", "notEmpty", "semver", *_NUMBERS})
_TIMES = frozenset({"date", "time", "timestamp", "datetime"})
_SHAPE = frozenset({"additionalProperties", "unevaluatedProperties", "false"})
_LONGEST = 200  # items of a lengthened list
_COUNTED = frozenset({"minItems", "maxItems", "uniqueItems", "contains"})


def is_example_only(
    fault: Fault, rules: MatchingRules, part: str, place: Sequence[str | int], value: Any, *, sent: bool
) -> bool:
    """Whether another value, which the consumer means as well, is one that the document has.

    `sent`: the provider has to take what is sent, so that only what is made anew for every run is no example.
    """
    if not rules:
        return False
    if fault.keyword == CLOSED:
        return False  # no name at all is one that the document has
    if fault.keyword in _SHAPE:
        return part == "body" and not sent and rules.names_are_free(place[:-1])
    if fault.holding:
        return takes_another_value(fault.holding, rules, part, place, at(value, fault.place))
    if fault.branches:
        soft = partial(_is_soft_inside, rules=rules, part=part, value=value, sent=sent)
        return any(branch and all(map(soft, branch)) for branch in fault.branches)
    generator = rules.generator(part, place)
    if generator:
        return _may_make(generator, fault)
    if part == "body" and fault.keyword in ("minItems", "maxItems") and not _sizes_meet(fault, rules.sizes(place)):
        return False
    matchers = () if sent else rules.at(part, place)
    return bool(matchers) and all(_accepts_another(each, fault, at(value, fault.place)) for each in matchers)


def _is_soft_inside(fault: Fault, *, rules: MatchingRules, part: str, value: Any, sent: bool) -> bool:
    return is_example_only(fault, rules, part, fault.place, at(value, fault.place), sent=sent)


def _sizes_meet(fault: Fault, sizes: tuple[int, int | None]) -> bool:
    """Whether a list may be as long as the document wants and the consumer takes."""
    least, most = sizes
    limit = fault.allowed if isinstance(fault.allowed, int) else 0
    return least <= limit if fault.keyword == "maxItems" else most is None or most >= limit


_MADE = {
    "RandomInt": ("integer", "number"),
    "RandomDecimal": ("number",),
    "RandomBoolean": ("boolean",),
    "ProviderState": ("string", "integer", "number", "boolean"),
}
_FORMATS = {"Uuid": "uuid", "Date": "date", "DateTime": "date-time", "Time": "time"}


def _may_make(generator: str, fault: Fault) -> bool:
    """Whether what a generator makes may be what a keyword wants."""
    if fault.keyword == "type":
        allowed = fault.allowed if isinstance(fault.allowed, list) else [fault.allowed]
        return any(kind in allowed for kind in _MADE.get(generator, ("string",)))
    if fault.keyword == "format":
        return generator not in _FORMATS or _FORMATS[generator] == fault.allowed
    return fault.keyword not in _COUNTED


def lengthen_lists(value: Any, rules: MatchingRules, place: tuple[str | int, ...] = ()) -> Any:
    """An example whose lists are as long as the consumer needs them, at least."""
    if isinstance(value, dict):
        return {name: lengthen_lists(each, rules, (*place, name)) for name, each in value.items()}
    if not isinstance(value, list) or not value:
        return value
    made = [lengthen_lists(each, rules, (*place, index)) for index, each in enumerate(value)]
    return [*made, *([made[-1]] * (min(rules.sizes(place)[0], _LONGEST) - len(made)))]


def _accepts_another(matcher: dict[str, Any], fault: Fault, example: Any) -> bool:
    kind = kind_of(matcher)
    if kind == "regex":
        return fault.keyword != "type" and _some_match(matcher.get("regex"), fault)
    if kind in _TIMES:
        return fault.keyword not in {"type", "enum", "const"}
    if kind not in _ANY_OF_TYPE and kind not in {"values", "eachKey", "eachValue", "arrayContains"}:
        return False
    if fault.keyword == "type":
        return _other_number(kind, fault, example)
    if fault.keyword in {"enum", "const"} and kind not in {"values", "eachKey", "eachValue", "arrayContains"}:
        allowed = fault.allowed if fault.keyword == "enum" else [fault.allowed]
        return any(_kind(each) == _kind(example) for each in allowed)
    return fault.keyword not in _COUNTED or kind == "type"


def _kind(value: Any) -> str:
    """The JSON type of a value."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _other_number(kind: str, fault: Fault, example: Any) -> bool:
    """1.5 stands for any number, and a whole one is a number as well."""
    allowed = fault.allowed if isinstance(fault.allowed, list) else []
    is_number = isinstance(example, (int, float)) and not isinstance(example, bool)
    return is_number and "integer" in allowed and kind in {"type", "number"}


def _some_match(pattern: Any, fault: Fault) -> bool:
    if fault.keyword == "enum" and isinstance(fault.allowed, list):
        return any(isinstance(each, str) and _matches(pattern, each) for each in fault.allowed)
    return True  # two expressions: whether a text fits both is not decided here


def _matches(pattern: Any, text: str) -> bool:
    try:
        return compile_schema({"pattern": str(pattern)}).is_valid(text)
    except Undecidable:
        return True


def at(value: Any, place: Sequence[str | int]) -> Any:
    """The part of a value at a place; None when it is not there."""
    for step in place:
        if isinstance(value, dict):
            value = value.get(str(step))  # names of digits are told as numbers
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
