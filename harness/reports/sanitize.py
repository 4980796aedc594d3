"""Foreign text made fit to be read: nothing in it steers a terminal, hides, or turns the reading direction."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Controls, invisible marks, direction overrides, line separators, tags and what XML forbids. An explicit list:
# the categories of `unicodedata` differ between interpreters, and a report must not.
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_STEERING_BUT_LINES = re.compile(_STEERING.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def line(text: str, limit: int = 0) -> str:
    """The text on one line, with everything that steers spelled out; cut to a limit, when there is one."""
    return shorten_text(_STEERING.sub(_spell_character, whole(text)), limit)


def block(text: str, limit: int = 0) -> str:
    """The text with its own lines, with everything else that steers spelled out."""
    given = whole(text).replace("\r\n", "\n")
    kept = given[:limit] if limit else given
    left = len(given) - len(kept)
    note = f"\n… {number(left)} more characters" if left else ""
    return _STEERING_BUT_LINES.sub(_spell_character, kept) + note


def whole(text: str) -> str:
    """The text without halves of characters, which no encoding can write."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _spell_character(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    spelling = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return _NAMED.get(character, spelling)


def shorten_text(text: str, limit: int) -> str:
    """At most so many characters, and an ellipsis that tells what is missing."""
    return text if not limit or len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def number(value: int) -> str:
    """A count with its thousands apart: 1,234."""
    return f"{value:,}"


def many(value: int, one: str, more: str = "") -> str:
    """A count with its noun: `1 promise`, `2 promises`."""
    return f"{number(value)} {one if value == 1 else more or one + 's'}"


def join_items(items: Sequence[str], most: int = 6) -> str:
    """`a, b and c`; a long list ends with how many more there are."""
    if len(items) > most:
        return f"{', '.join(items[: most - 1])} and {number(len(items) - most + 1)} more"
    return " and ".join(part for part in (", ".join(items[:-1]), *items[-1:]) if part)


def duration(seconds: float) -> str:
    """A time as people say it: `12 ms`, `3.4 s`, `2 min 05 s`."""
    if seconds < 0.0005:
        return "0 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrap_text(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most a width, broken between words, and inside a word only where it must be."""
    current = ""
    for word in text.split(" "):
        joined = f"{current} {word}" if current else word
        if columns(joined) <= width:
            current = joined
            continue
        if current:
            yield current
        *full, current = _pieces(word, width)
        yield from full
    yield current


def _pieces(word: str, width: int) -> list[str]:
    pieces, taken = [""], 0
    for character in word:
        taken += _columns(character)
        if taken > width and pieces[-1]:
            pieces.append("")
            taken = _columns(character)
        pieces[-1] += character
    return pieces
