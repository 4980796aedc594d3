"""What each matcher of the specification says of one value: a leaf of a body, or a text of a head."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.comparison.pact_matching.judgement import Inapplicable, Remark, Undecided, any_of, different
from harness.comparison.pact_matching.rulebook import matcher_kind
from harness.comparison.pact_matching.times import is_written_as
from harness.comparison.pact_matching.wording import (
    display_value,
    items_text,
    kind_name,
    matched_texts,
    promise_text,
    time_pattern,
)

if TYPE_CHECKING:
    from harness.comparison.pact_matching.rulebook import Deciding, Matcher

_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)
_NUMBERS = ("integer", "decimal")


def equal(expected: Any, actual: Any) -> bool:
    """Whether two JSON values are the same: 1 is neither 1.0 nor true."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(equal(v, actual[k]) for k, v in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(equal, expected, actual))
    return type(expected) is type(actual) and bool(expected == actual)


def compare_value(place: str, deciding: Deciding | None, expected: Any, actual: Any) -> list[Remark]:
    """A leaf held against the rule that decides there, or else against the example itself."""
    if deciding is None:
        matchers: tuple[Matcher, ...] = ({"match": "equality"},)
        return _by_matcher(place, matchers[0], expected, actual)
    answers = [_by_matcher(place, each, expected, actual) for each in deciding.matchers]
    if deciding.any_suffices:
        return any_of(answers)
    return [remark for answer in answers for remark in answer]


def _by_matcher(place: str, matcher: Matcher, expected: Any, actual: Any) -> list[Remark]:
    kind = matcher_kind(matcher)
    judge = _JUDGES.get(kind)
    try:
        if judge is None:
            raise Inapplicable(f"the rule '{kind or dict(matcher)}' is not known for such a value")
        is_kept = judge(matcher, expected, actual)
    except Inapplicable as error:
        return [Undecided(place=place, why=str(error))]
    if is_kept:
        return []
    wanted, came = matched_texts(matcher, expected, actual)
    return list(different(place, wanted, came, f"expected {wanted} but received {came}"))


def compare_text(place: str, deciding: Deciding | None, expected: str, actual: str) -> list[Remark]:
    """A value that travels as text, by its rule; there a number is a text that is written as one."""
    if deciding is None:
        return compare_value(place, None, expected, actual)
    answers = [_text_by(place, each, expected, actual) for each in deciding.matchers]
    return any_of(answers) if deciding.any_suffices else [each for answer in answers for each in answer]


def _text_by(place: str, matcher: Matcher, expected: str, actual: str) -> list[Remark]:
    kind = matcher_kind(matcher)
    if kind not in _WRITTEN:
        return _by_matcher(place, matcher, expected, actual)
    if _WRITTEN[kind].fullmatch(actual):
        return []
    wanted, came = promise_text(matcher, expected), display_value(actual)
    return list(different(place, wanted, came, f"expected {came} to be written as {wanted}"))


_WRITTEN = {
    "integer": re.compile(r"[+-]?\d+", re.ASCII),
    "decimal": re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII),
    "number": re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII),
}


def as_text(actual: Any) -> str | None:
    """A value as the text that a text rule looks at; None for what is no text: null, a list, an object."""
    if isinstance(actual, str):
        return actual
    return json.dumps(actual) if isinstance(actual, bool | int | float) else None


def _equality(_: Matcher, expected: Any, actual: Any) -> bool:
    return equal(expected, actual)


def _same_type(_: Matcher, expected: Any, actual: Any) -> bool:
    wanted, came = kind_name(expected), kind_name(actual)
    return wanted == came or {wanted, came} == set(_NUMBERS)


def _regex(matcher: Matcher, _: Any, actual: Any) -> bool:
    text = as_text(actual)
    return text is not None and _is_matched(str(matcher.get("regex", "")), text)


def _is_matched(pattern: str, text: str) -> bool:
    from harness.comparison.pact_fit.compiling import Undecidable, compile_schema

    try:
        found = compile_schema({"pattern": f"^(?:{pattern})$"}).is_valid(text)
    except Undecidable:
        raise Inapplicable(f"the expression '{pattern}' cannot be read") from None
    if not found and (not text.isascii() or "[:" in pattern):
        raise Inapplicable(f"engines disagree on which letters '{pattern}' means")
    return bool(found)


def _include(matcher: Matcher, _: Any, actual: Any) -> bool:
    text = as_text(actual)
    return text is not None and str(matcher.get("value", "")) in text


def _time(matcher: Matcher, _: Any, actual: Any) -> bool:
    text = as_text(actual)
    return text is not None and is_written_as(text, time_pattern(matcher))


def _semver(_: Matcher, __: Any, actual: Any) -> bool:
    text = as_text(actual)
    return text is not None and _SEMVER.fullmatch(text) is not None


def _integer(_: Matcher, __: Any, actual: Any) -> bool:
    return isinstance(actual, int) and not isinstance(actual, bool)


def _decimal(_: Matcher, __: Any, actual: Any) -> bool:
    return isinstance(actual, float)


def _number(_: Matcher, __: Any, actual: Any) -> bool:
    return kind_name(actual) in _NUMBERS


def _boolean(_: Matcher, __: Any, actual: Any) -> bool:
    return isinstance(actual, bool) or actual in ("true", "false")


def _null(_: Matcher, __: Any, actual: Any) -> bool:
    return actual is None


def _not_empty(_: Matcher, __: Any, actual: Any) -> bool:
    return not (actual is None or actual in ("", [], {}))


def _judged_above(matcher: Matcher, _: Any, __: Any) -> bool:
    """Rules of names, and of values that have their own rules: they were applied where they stand."""
    if not matcher.get("rules"):
        raise Inapplicable("the rule says nothing of what each one is")
    return True


_Judge = Callable[["Matcher", Any, Any], bool]  # whether the value is as the rule wants it
_JUDGES: Mapping[str, _Judge] = {
    "equality": _equality,
    "values": _equality,  # of the names of an object only: what they hold is as in the example
    "type": _same_type,
    "min-type": _same_type,
    "max-type": _same_type,
    "regex": _regex,
    "include": _include,
    "date": _time,
    "time": _time,
    "timestamp": _time,
    "semver": _semver,
    "integer": _integer,
    "decimal": _decimal,
    "number": _number,
    "boolean": _boolean,
    "null": _null,
    "notEmpty": _not_empty,
    "eachKey": _judged_above,
    "eachValue": _judged_above,
}
TEXT_RULES = frozenset({"regex", "include", "date", "time", "timestamp", "semver"})


def compare_size(place: str, matcher: Matcher, size: int) -> Iterator[Remark]:
    """Whether there are as many as a rule wants."""
    least, most = matcher.get("min"), matcher.get("max")
    if isinstance(least, int) and size < least:
        text = f"expected at least {items_text(least)} but received {size}"
        yield from different(place, f"at least {items_text(least)}", items_text(size), text)
    if isinstance(most, int) and size > most:
        text = f"expected at most {items_text(most)} but received {size}"
        yield from different(place, f"at most {items_text(most)}", items_text(size), text)
