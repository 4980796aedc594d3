"""Which files of a build context the engine gets to see: `.dockerignore`, read as the engine reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class IgnorePatterns:
    """The patterns of one file; the last one that fits a path decides."""

    rules: tuple[tuple[bool, re.Pattern[str]], ...] = ()  # (is an exception, what fits)

    def covers(self, path: str) -> bool:
        """Whether a path (relative, with `/`) is kept away from the engine."""
        covered = False
        for exception, pattern in self.rules:
            if covered == exception and pattern.fullmatch(path):
                covered = not exception
        return covered

    @property
    def has_exceptions(self) -> bool:
        """Whether something below an ignored folder may be wanted after all."""
        return any(exception for exception, _ in self.rules)


def read_ignored(lines: Iterable[str]) -> IgnorePatterns:
    """The rules of a `.dockerignore`."""
    rules = []
    for number, written in enumerate(lines):
        line = written.removeprefix("\ufeff") if number == 0 else written
        line = "" if line.startswith("#") else line.strip()
        exception = line.startswith("!")
        pattern = _clean_pattern(line[exception:].strip())
        if pattern:
            rules.append((exception, re.compile(_expression(pattern), re.DOTALL)))
    return IgnorePatterns(tuple(rules))


def _clean_pattern(pattern: str) -> str:
    """The pattern as a relative path without `.` and `..`."""
    parts: list[str] = []
    for part in pattern.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in {"", ".", ".."}:
            parts.append(part)
    return "/".join(parts)


def _expression(pattern: str) -> str:
    """A regular expression that fits what the pattern names, and everything below it."""
    parts = pattern.split("/")
    done = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            done += ".*" if last else "(?:.*/)?"
        else:
            done += _part(part) + ("" if last else "/")
    return f"{done}(?:/.*)?"


def _part(part: str) -> str:
    done, at = "", 0
    while at < len(part):
        char = part[at]
        if part.startswith("**", at):
            done, at = done + ".*", at + 2
            continue
        if char == "\\" and at + 1 < len(part):
            done, at = done + re.escape(part[at + 1]), at + 2
            continue
        if char == "[" and (end := part.find("]", at + 2)) > 0:
            done, at = done + _character_class(part[at + 1 : end]), end + 1
            continue
        done += {"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char))
        at += 1
    return done


def _character_class(content: str) -> str:
    negated, content = ("^", content[1:]) if content[:1] in {"^", "!"} else ("", content)
    inner = content.replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
    return f"[{negated}{inner}]"
