"""A text that a regular expression matches, when it is of a plain kind."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any

_MOST_REPEATS = 64
_LETTERS = "aA0_-. bZ9x"


@lru_cache(maxsize=1024)
def matching(pattern: str, variant: int = 0) -> str | None:
    """A text that the pattern matches, checked; None when there is none. Variants differ in length and letters."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # the pattern is not ours, nor written for Python
            compiled = re.compile(pattern)
            text = "".join(_part_texts(compiled, variant))
    except (re.error, _Unknown, RecursionError, OverflowError):
        return None
    return text if compiled.search(text) else None


class _Unknown(Exception):
    """A part of a pattern for which nothing can be made up."""


def _part_texts(compiled: re.Pattern[str], variant: int) -> list[str]:
    parser: Any = import_module("re._parser")  # its tree is what the standard library compiles from

    return [_part(name, argument, variant) for name, argument in parser.parse(compiled.pattern)]


def _part(name: Any, argument: Any, variant: int) -> str:
    kind = str(name)
    if kind == "LITERAL":
        return chr(argument)
    if kind == "IN":
        return _one_of(argument, variant)
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _repeat_parts(argument, variant)
    if kind == "SUBPATTERN":
        return _sequence(argument[-1], variant)
    if kind == "BRANCH":
        branches = argument[1]
        return _sequence(branches[variant % len(branches)], variant)
    return _simple(kind, argument)


def _simple(kind: str, argument: Any) -> str:
    if kind in ("AT", "ASSERT", "ASSERT_NOT"):
        return ""  # the finished text is checked
    if kind == "ANY":
        return "a"
    if kind == "NOT_LITERAL":
        return next(letter for letter in _LETTERS if ord(letter) != argument)
    raise _Unknown(kind)


def _sequence(parts: Any, variant: int) -> str:
    return "".join(_part(name, argument, variant) for name, argument in parts)


def _repeat_parts(argument: Any, variant: int) -> str:
    least, most, parts = argument
    times = min(int(most), least + variant, _MOST_REPEATS) if variant else int(least)
    if times < least:
        raise _Unknown("too many repeats")
    return _sequence(parts, variant) * times


def _one_of(choices: Any, variant: int) -> str:
    named = {letter for name, argument in choices for letter in _letters(str(name), argument)}
    negated = str(choices[0][0]) == "NEGATE"
    letters = [letter for letter in _LETTERS if letter not in named] if negated else sorted(named)
    if not letters:
        raise _Unknown("an empty set")
    return letters[(variant * 7) % len(letters)]


_CATEGORIES = {
    "CATEGORY_DIGIT": set("0123456789"),
    "CATEGORY_WORD": set("abcxyzABCXYZ0123456789_"),
    "CATEGORY_SPACE": set(" "),
    "CATEGORY_NOT_DIGIT": set("abcXYZ-"),
    "CATEGORY_NOT_WORD": set("-. "),
    "CATEGORY_NOT_SPACE": set("abcXYZ019-"),
}


def _letters(kind: str, argument: Any) -> set[str]:
    if kind == "LITERAL":
        return {chr(argument)}
    if kind == "RANGE":
        low, high = argument
        return {chr(code) for code in range(low, min(high, low + 255) + 1)}
    return set(_CATEGORIES.get(str(argument), ()))
