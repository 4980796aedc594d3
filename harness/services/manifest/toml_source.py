"""TOML with positions: the standard reader gives the values, a locator gives the lines.

The locator walks the text once, statement by statement. It knows just enough grammar to find where each key
stands; whatever it does not understand is not valid TOML, and the standard reader says so.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from harness.errors import ManifestError
from harness.services.node import DEEPEST, Node, read_document

if TYPE_CHECKING:
    from pathlib import Path

Place = tuple[str | int, ...]

_SKIPPED = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_BLANK = re.compile(r"[ \t]*+")
_BARE = re.compile(r"[A-Za-z0-9_-]++")
_STRING = re.compile(
    r'"""(?:\\.|(?!""")[^\\])*+"{3,5}'
    r"|'''(?:(?!''').)*+'{3,5}"
    r'|"(?:\\.|[^"\\\n])*+"'
    r"|'[^'\n]*+'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]++")
_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class _NotToml(Exception):
    """The locator cannot go on; the standard reader knows better why."""


class _Locator:
    """One walk over a text; afterwards `lines` knows the line of every key and element."""

    def __init__(self, text: str, label: str) -> None:
        self.text = text
        self.label = label
        self.at = 0
        self.lines: dict[Place, int] = {(): 1}
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._elements: dict[Place, int] = {}

    def walk(self) -> None:
        """Visit every statement."""
        table: Place = ()
        while self._skip(_SKIPPED) and self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)

    def _line(self) -> int:
        return bisect_right(self._ends, self.at - 1) + 1

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _NotToml
        self.at = match.end()
        return True

    def _expect(self, mark: str) -> None:
        self._skip(_BLANK)
        if not self.text.startswith(mark, self.at):
            raise _NotToml
        self.at += len(mark)

    def _sees(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def _header(self) -> Place:
        line, many = self._line(), self._sees("[[")
        self.at += 2 if many else 1
        keys = self._keys()
        self._expect("]]" if many else "]")
        place = (*self._inside(keys[:-1], line), keys[-1])
        if many:
            index = self._elements[place] = self._elements.get(place, -1) + 1
            self.lines.setdefault(place, line)
            place += (index,)
        else:
            place = self._latest(place)
        self.lines[place] = line
        return place

    def _inside(self, keys: tuple[str, ...], line: int) -> Place:
        """Where a header's leading keys lead: into the latest element of each array of tables."""
        place: Place = ()
        for key in keys:
            place = self._latest((*place, key))
            self.lines.setdefault(place, line)
        return place

    def _latest(self, place: Place) -> Place:
        return (*place, self._elements[place]) if place in self._elements else place

    def _pair(self, table: Place) -> None:
        line, place = self._line(), table
        for key in self._keys():
            place = (*place, key)
            self.lines.setdefault(place, line)
        self._expect("=")
        self._value(place)

    def _keys(self) -> tuple[str, ...]:
        keys = [self._key()]
        while self._skip(_BLANK) and self._sees("."):
            self.at += 1
            keys.append(self._key())
            if len(keys) > DEEPEST:
                self._too_deep()
        return tuple(keys)

    def _key(self) -> str:
        self._skip(_BLANK)
        began = self.at
        self._skip(_STRING if self.text[began : began + 1] in {'"', "'"} else _BARE)
        word = self.text[began : self.at]
        if word[0] not in "\"'":
            return word
        try:
            return str(tomllib.loads(f"key = {word}")["key"])
        except tomllib.TOMLDecodeError as error:
            raise _NotToml from error

    def _value(self, place: Place) -> None:
        if len(place) > DEEPEST:
            self._too_deep()
        self._skip(_BLANK)
        if self._sees("["):
            self._array(place)
        elif self._sees("{"):
            self._inline_table(place)
        else:
            self._skip(_STRING if self.text[self.at : self.at + 1] in {'"', "'"} else _SCALAR)

    def _array(self, place: Place) -> None:
        self.at += 1
        index = 0
        while self._skip(_SKIPPED) and not self._sees("]"):
            self.lines[(*place, index)] = self._line()
            self._value((*place, index))
            self._skip(_SKIPPED)
            if not self._sees("]"):
                self._expect(",")
            index += 1
        self.at += 1

    def _inline_table(self, place: Place) -> None:
        self.at += 1
        while self._skip(_SKIPPED) and not self._sees("}"):
            self._pair(place)
            self._skip(_SKIPPED)
            if not self._sees("}"):
                self._expect(",")
        self.at += 1

    def _too_deep(self) -> NoReturn:
        raise ManifestError(f"more than {DEEPEST} levels inside each other", where=f"{self.label}:{self._line()}")


def lines_of(text: str, label: str = "") -> dict[Place, int]:
    """The line, from 1, on which each key and each element of a list stands."""
    locator = _Locator(text, label)
    with suppress(_NotToml):  # the standard reader refuses the text too, and says why
        locator.walk()
    return locator.lines


def parse_toml(text: str, label: str) -> Node:
    """A TOML text as nodes. Raises ManifestError with the line of what is not TOML."""
    lines = lines_of(text, label)
    try:
        return _tree(tomllib.loads(text), (), lines, label)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text, label) from error
    except ValueError as error:  # a number with thousands of digits, a date that no calendar has
        raise ManifestError(f"a value cannot be read: {error}", where=label) from error
    except RecursionError as error:
        raise ManifestError("too many levels inside each other", where=label) from error


def read_toml(path: Path) -> Node:
    """A TOML file as nodes. Raises ManifestError."""
    return parse_toml(read_document(path, path.name), path.name)


def _tree(value: object, place: Place, lines: Mapping[Place, int], label: str) -> Node:
    where = f"{label}:{lines.get(place) or lines.get(place[:-1], 1)}"
    if isinstance(value, Mapping):
        return Node({key: _tree(each, (*place, key), lines, label) for key, each in value.items()}, where)
    if isinstance(value, list):
        return Node(tuple(_tree(each, (*place, i), lines, label) for i, each in enumerate(value)), where)
    return Node(value, where)


def _syntax_error(message: str, text: str, label: str) -> ManifestError:
    place = _SYNTAX_PLACE.search(message)
    line = int(place[1]) if place and place[1] else text.rstrip("\n").count("\n") + 1
    written = text.splitlines()[line - 1].strip() if line <= len(text.splitlines()) else ""
    what = _SYNTAX_PLACE.sub("", message)
    return ManifestError(
        f"not TOML: {what[:1].lower()}{what[1:]}" + (f", in {written[:80]!r}" if written else ""),
        where=f"{label}:{line}",
    )
