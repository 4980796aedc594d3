"""What was promised at a place and what came there, in the words of who reads a broken promise."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.comparison.pact_matching.rulebook import matcher_kind
from harness.comparison.pact_matching.times import DEFAULTS

if TYPE_CHECKING:
    from harness.comparison.pact_matching.rulebook import Deciding, Matcher

NOTHING = "nothing"  # came, where something was promised
STATUS_CLASSES = {
    "info": range(100, 200),
    "success": range(200, 300),
    "redirect": range(300, 400),
    "clientError": range(400, 500),
    "serverError": range(500, 600),
    "nonError": range(100, 400),
    "error": range(400, 600),
}
_SHOWN = 80  # letters of a value
_BEFORE = 30  # of them before the first one that differs
_TYPES = {bool: "boolean", int: "integer", float: "decimal", str: "string", list: "list", dict: "object"}
_CAME = {
    "boolean": "a boolean",
    "integer": "an integer",
    "decimal": "a decimal number",
    "string": "a text",
    "list": "a list",
    "object": "an object",
}
_LIKE = {
    "boolean": "true or false",
    "integer": "a number like {}",
    "decimal": "a number like {}",
    "string": "a text like {}",
    "list": "a list like {}",
    "object": "an object like {}",
    "null": "null",
}
_OF_A_KIND = frozenset({"integer", "decimal", "number", "boolean", "null"})


def kind_name(value: Any) -> str:
    """The JSON type of a value; the specification tells whole numbers from others by how they are written."""
    return _TYPES.get(type(value), "null")


def display_value(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    return _shorten(json.dumps(value, ensure_ascii=False))


def like_text(example: Any) -> str:
    """Anything of the type of an example."""
    return _LIKE[kind_name(example)].format(display_value(example))


def came_text(value: Any, *, named: bool) -> str:
    """What came, with its kind where that is what is wrong."""
    kind = _CAME.get(kind_name(value), "")
    return f"{display_value(value)} ({kind})" if named and kind else display_value(value)


def both_texts(expected: Any, actual: Any) -> tuple[str, str]:
    """Two values that are to be equal, so that one sees in what they are not: also far behind, or in letters."""
    named = kind_name(expected) != kind_name(actual)
    texts = [json.dumps(each, ensure_ascii=False) for each in (expected, actual)]
    if len({unicodedata.normalize("NFKC", text) for text in texts}) == 1:  # they look alike
        texts = [json.dumps(each) for each in (expected, actual)]
    if max(map(len, texts)) > _SHOWN and not named:
        start = next(
            (n for n, (one, two) in enumerate(zip(*texts, strict=False)) if one != two), min(map(len, texts))
        )
        start = max(start - _BEFORE, 0)
        wanted, came = (f"{'…' if start else ''}{_shorten(text[start:])}" for text in texts)
        return wanted, came
    return _shorten(
        texts[0]
    ), f"{_shorten(texts[1])} ({_CAME[kind_name(actual)]})" if named and actual is not None else _shorten(texts[1])


def matched_texts(matcher: Matcher, expected: Any, actual: Any) -> tuple[str, str]:
    """What a rule promises, and what came that it does not take."""
    if matcher_kind(matcher) in ("equality", "values"):
        return both_texts(expected, actual)
    named = matcher_kind(matcher) in _OF_A_KIND or kind_name(expected) != kind_name(actual)
    return promise_text(matcher, expected), came_text(actual, named=named)


def deciding_text(deciding: Deciding | None, example: Any) -> str:
    """What is promised at a place: by its rules, or else the example itself."""
    if deciding is None:
        return display_value(example)
    texts = [
        like_text(example) if deciding.inherited and "type" in matcher_kind(each) else promise_text(each, example)
        for each in deciding.matchers
    ]
    return (" or " if deciding.any_suffices else " and ").join(dict.fromkeys(texts)) or display_value(example)


def promise_text(matcher: Matcher, example: Any) -> str:
    """A rule in words."""
    kind = matcher_kind(matcher)
    words = _RULES.get(kind)
    return words(matcher, example) if words else f"what the rule '{kind or dict(matcher)}' wants"


def size_text(matcher: Matcher) -> str:
    """How many a rule wants; "" when it leaves that open."""
    least, most = (each if isinstance(each, int) else None for each in (matcher.get("min"), matcher.get("max")))
    texts = [f"at least {items_text(least)}"] if least is not None else []
    texts += [f"at most {items_text(most)}"] if most is not None else []
    return " and ".join(texts)


def items_text(number: int) -> str:
    """`2 items`."""
    return f"{number} item{'' if number == 1 else 's'}"


def status_text(wanted: Any) -> str:
    """A status, a class of them with its borders, or the ones of a list."""
    if isinstance(wanted, str) and wanted in STATUS_CLASSES:
        within = STATUS_CLASSES[wanted]
        return f"a status of {within.start} to {within.stop - 1} ({wanted})"
    return " or ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)


def texts_text(values: Sequence[str]) -> str:
    """The values of one parameter or field."""
    return display_value(values[0] if len(values) == 1 else list(values))


# Private


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _type(matcher: Matcher, example: Any) -> str:
    size = size_text(matcher)
    return f"{size}, in {like_text(example)}" if size else like_text(example)


def _time(matcher: Matcher, _: Any) -> str:
    return f"a {matcher_kind(matcher)} written as '{time_pattern(matcher)}'"


def time_pattern(matcher: Matcher) -> str:
    """How a date or a time is to be written."""
    kind = matcher_kind(matcher)
    return str(matcher.get("format") or matcher.get(kind) or matcher.get("timestamp") or DEFAULTS[kind])


def _each(what: str) -> Callable[[Matcher, Any], str]:
    def words(matcher: Matcher, example: Any) -> str:
        rules = matcher.get("rules")
        inner = [promise_text(each, _first(example)) for each in rules or () if isinstance(each, Mapping)]
        return f"{what} that are each {' and '.join(inner)}" if inner else f"{what} as in {display_value(example)}"

    return words


def _first(example: Any) -> Any:
    listed = list(example.values()) if isinstance(example, dict) else example
    return listed[0] if isinstance(listed, list) and listed else example


_RULES: Mapping[str, Callable[[Matcher, Any], str]] = {
    "equality": lambda _, example: display_value(example),
    "values": lambda _, example: display_value(example),
    "type": _type,
    "min-type": _type,
    "max-type": _type,
    "min": _type,
    "max": _type,
    "regex": lambda matcher, _: f"a text that matches '{matcher.get('regex', '')}'",
    "include": lambda matcher, _: f"a text that contains '{matcher.get('value', '')}'",
    "date": _time,
    "time": _time,
    "timestamp": _time,
    "semver": lambda *_: "a semantic version",
    "integer": lambda *_: "an integer",
    "decimal": lambda *_: "a decimal number",
    "number": lambda *_: "a number",
    "boolean": lambda *_: "true or false",
    "null": lambda *_: "null",
    "notEmpty": lambda *_: "something that is not empty",
    "eachKey": _each("names"),
    "eachValue": _each("values"),
    "arrayContains": lambda _, example: f"an item like each of {display_value(example)}",
    "contentType": lambda matcher, _: f"contents of the type '{matcher.get('value', '')}'",
    "statusCode": lambda matcher, _: status_text(matcher.get("status")),
}
