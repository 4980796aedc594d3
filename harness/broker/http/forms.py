"""What is wrong with a body, field by field, in the words that clients print and their pacts match."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.broker.http.problems import ABSENT, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

_MULTIPLE_LINES = "cannot contain multiple lines"
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#]+[^\s]*$")


class Form:
    """Reads the fields of a body and collects what is wrong with each."""

    def __init__(self, body: Mapping[str, Any], prefix: str = "") -> None:
        self.body = body
        self.prefix = prefix  # "request." for a nested object
        self.errors: dict[str, list[str]] = {}

    def wrong(self, name: str, text: str) -> None:
        """Say what is wrong with a field."""
        self.errors.setdefault(f"{self.prefix}{name}", []).append(text)

    def is_wrong(self, name: str) -> bool:
        """Whether something was said of it."""
        return f"{self.prefix}{name}" in self.errors

    def text(self, name: str, *, required: bool = False, blank: bool = False) -> str | None:
        """A string. Required: there and filled. Optional: null is absent, and so is "" where `blank`."""
        if name not in self.body:
            if required:
                self.wrong(name, ABSENT)
            return None
        value = self.body[name]
        if value is None and not required:
            return None
        if value is None or (isinstance(value, str) and not value.strip() and not blank):
            self.wrong(name, "must be filled")
            return None
        if not isinstance(value, str):
            self.wrong(name, "must be a string")
            return None
        if unkeepable(value):
            self.wrong(name, "holds a character that is none")
            return None
        return value

    def truth(self, name: str, *, required: bool = False, words: str = "must be boolean") -> bool | None:
        """A boolean."""
        if name not in self.body:
            if required:
                self.wrong(name, ABSENT)
            return None
        value = self.body[name]
        if isinstance(value, bool):
            return value
        self.wrong(name, "must be filled" if value is None and required else words)
        return None

    def array(self, name: str, *, required: bool = False) -> list[Any] | None:
        """An array."""
        if name not in self.body:
            if required:
                self.wrong(name, ABSENT)
            return None
        value = self.body[name]
        if value is None and not required:
            return None
        if not isinstance(value, list):
            self.wrong(name, "must be an array")
            return None
        return value

    def names(self, name: str) -> list[str] | None:
        """A list of names, of one line each; None where none is given."""
        listed = self.array(name)
        for position, each in enumerate(listed or ()):
            if not isinstance(each, str):
                self.wrong(name, f"must be a string (at index {position})")
            elif not each.strip():
                self.wrong(name, f"must be filled (at index {position})")
            elif _has_lines(each):
                self.wrong(name, f"{_MULTIPLE_LINES} (at index {position})")
        return listed

    def nested(self, name: str, *, required: bool = False) -> Form | None:
        """An object; what is wrong inside is told as `name.field`."""
        if name not in self.body:
            if required:
                self.wrong(name, ABSENT)
            return None
        value = self.body[name]
        if value is None and not required:
            return None
        if not isinstance(value, dict):
            self.wrong(name, "must be a hash")
            return None
        inside = Form(value, f"{self.prefix}{name}.")
        inside.errors = self.errors
        return inside

    def url(self, name: str) -> str | None:
        """An address."""
        value = self.text(name, blank=True) or None
        if value is not None and not self.is_wrong(name) and not _URL.match(value):
            self.wrong(name, "is not a valid URL eg. http://example.org")
        return value

    def no_spaces(self, name: str) -> None:
        """Refuse blanks in a field that was read."""
        value = self.body.get(name)
        if isinstance(value, str) and not self.is_wrong(name) and " " in value:
            self.wrong(name, "cannot contain spaces")

    def one_line(self, *names: str) -> None:
        """Refuse line ends in fields that were read."""
        for name in names:
            if not self.is_wrong(name) and _has_lines(self.body.get(name)):
                self.wrong(name, _MULTIPLE_LINES)

    def done(self, status: int = 400) -> None:
        """Raises Invalid with everything that is wrong."""
        if self.errors:
            raise Invalid(self.errors, status=status)


def _has_lines(value: Any) -> bool:
    """Whether a text has more than one line."""
    return isinstance(value, str) and not {"\n", "\r"}.isdisjoint(value)


def unkeepable(text: str) -> bool:
    """Whether it holds what no database keeps as text: NUL, a lone surrogate."""
    return _UNKEEPABLE.search(text) is not None
