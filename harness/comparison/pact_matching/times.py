"""Date and time patterns as pacts write them, those of Java, and the texts that have such a form."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from functools import lru_cache

from harness.comparison.pact_matching.judgement import Inapplicable

_PIECE = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letter>[A-Za-z])(?P=letter)*|(?P<other>.)", re.DOTALL)
_MONTHS, _DAYS = tuple(calendar.month_name)[1:], tuple(calendar.day_name)
_ZONE_OFFSET = r"[+-](?:[01]\d|2[0-3])"
_NAME = r"(?:[A-Z][A-Za-z_]*(?:/[A-Za-z_+\-0-9]+)*|[A-Z]{1,5}|[+-]\d\d:?\d\d)"
_NUMBERS = {
    "M": r"(?:1[0-2]|0?[1-9])",
    "d": r"(?:3[01]|[12]\d|0?[1-9])",
    "H": r"(?:2[0-3]|[01]?\d)",
    "k": r"(?:2[0-4]|1\d|0?[1-9])",
    "K": r"(?:1[01]|0?\d)",
    "h": r"(?:1[0-2]|0?[1-9])",
    "m": r"[0-5]?\d",
    "s": r"(?:60|[0-5]?\d)",
    "w": r"(?:5[0-3]|[0-4]?\d)",
    "W": r"0?[0-6]",
    "F": r"0?[1-5]",
    "D": r"\d{1,3}",
    "y": r"\d{1,4}",
    "Y": r"\d{1,4}",
    "S": r"\d{1,9}",
    "n": r"\d{1,9}",
}
_WORDS = {"a": r"(?:AM|PM|am|pm)", "G": r"(?:AD|BC)"}
DEFAULTS = {"date": "yyyy-MM-dd", "time": "HH:mm:ss", "timestamp": "yyyy-MM-dd'T'HH:mm:ssXXX"}


def is_written_as(text: str, pattern: str) -> bool:
    """Whether a text has that form and names a day that the calendar has; raises Inapplicable."""
    found = _expression(pattern).fullmatch(text)
    return found is not None and _is_day(found)


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    named: set[str] = set()
    return re.compile("".join(_piece(each, pattern, named) for each in _PIECE.finditer(pattern)), re.ASCII)


def _piece(piece: re.Match[str], pattern: str, named: set[str]) -> str:
    if piece["quoted"] is not None:
        return re.escape(piece["quoted"].replace("''", "'") or "'")
    if piece["other"] is not None:
        return re.escape(piece["other"])
    letter, size = piece["letter"], len(piece[0])
    expression = _field(letter, size)
    if not expression:
        raise Inapplicable(f"'{piece[0]}' of the pattern '{pattern}' is not known")
    name = {"y": "year", "u": "year", "M": "month", "L": "month", "d": "day"}.get(letter, "")
    if not name or name in named:
        return expression
    named.add(name)
    return f"(?P<{name}>{expression})"


def _field(letter: str, size: int) -> str:
    """What a run of one letter stands for; leading zeros may be left out, as Java's parser lets them."""
    if letter in "LM" and size >= 3:
        return _one_of(_MONTHS, short=size == 3)
    if letter in "Ee":
        return _one_of(_DAYS, short=size <= 3)
    if letter == "u":
        return _NUMBERS["y"] if size == 4 else "[1-7]"
    letter = "M" if letter == "L" else letter
    return _NUMBERS.get(letter) or _WORDS.get(letter) or _zone(letter, size)


def _zone(letter: str, size: int) -> str:
    if letter in "Xx":
        minutes = ("(?:[0-5]\\d)?", "[0-5]\\d", ":[0-5]\\d", "[0-5]\\d(?:[0-5]\\d)?", ":[0-5]\\d(?::[0-5]\\d)?")
        offset = f"{_ZONE_OFFSET}{minutes[min(size, 5) - 1]}"
        return f"(?:Z|{offset})" if letter == "X" else f"(?:{offset})"
    if letter == "Z":
        return f"(?:{_ZONE_OFFSET}:?[0-5]\\d|Z)" if size >= 4 else f"{_ZONE_OFFSET}[0-5]\\d"
    return _NAME if letter in "zVvO" else ""


def _one_of(names: tuple[str, ...], *, short: bool) -> str:
    return f"(?:{'|'.join(name[:3] if short else name for name in names)})"


def _is_day(found: re.Match[str]) -> bool:
    parts = found.groupdict()
    month, day = parts.get("month"), parts.get("day")
    if not month or not day:
        return True
    number = _MONTHS.index(next(each for each in _MONTHS if each.startswith(month))) + 1 if month.isalpha() else 0
    year = parts.get("year") or "2000"
    try:
        dt.date(int(year) if len(year) == 4 else 2000, number or int(month), int(day))
    except ValueError:
        return False
    return True
