"""Lines of files that findings point to, for reports that editors read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.contracts.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.errors import Problem


def on_lines(problems: Iterable[Problem], lines: LinesOfFiles) -> tuple[Problem, ...]:
    """The same, where a place in a file is known by its line; the pointer stays beside it."""
    return tuple(replace(each, where=_line(each.where, lines)) for each in problems)


def _line(where: str, lines: LinesOfFiles) -> str:
    file, hash_, pointer = where.partition("#")
    if not hash_ or not Path(file).is_file():
        return where
    return f"{file}:{lines(file, pointer)} {hash_}{pointer}"


class LinesOfFiles:
    """The line of a place in a file; 1 where it is no file that can be read here."""

    def __init__(self) -> None:
        self._read: dict[str, Lines] = {}

    def __call__(self, file: str, pointer: str) -> int:
        """The line, counted from 1."""
        if file not in self._read:
            self._read[file] = Lines(_text(file))
        return self._read[file].of(pointer)


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return ""
