"""Lines of files that findings point to, for reports that editors read."""

from __future__ import annotations

from pathlib import Path

from harness.contracts.lines import Lines


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
