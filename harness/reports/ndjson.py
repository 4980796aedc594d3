"""The recorded run itself: one event per line, from which every report can be made again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.engine.events import write
from harness.reports.sanitize import whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.engine.events import Event

# JSON allows these inside of a string, but many readers take them for the end of a line.
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def ndjson(events: Iterable[Event]) -> str:
    """The events as JSON lines; halves of characters, which no encoding can write, are replaced."""
    return "".join(f"{_one_line(text)}\n" for text in write(events))


def _one_line(text: str) -> str:
    if text.isascii():
        return text
    return _LINE_ENDS.sub(lambda match: f"\\u{ord(match.group()):04x}", whole(text))
