"""The recorded run itself: one event per line, from which every report can be made again."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from harness.engine.events import write
from harness.reports.sanitize import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.engine.events import Event

# JSON allows these inside of a string, but many readers take them for the end of a line.
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def ndjson(events: Iterable[Event]) -> str:
    """The events as JSON lines; halves of characters, which no encoding can write, are replaced."""
    return "".join(f"{_one_line(text)}\n" for text in write(_writable(event) for event in events))


def _one_line(text: str) -> str:
    return _LINE_ENDS.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _writable(value: Any) -> Any:
    """The same value with text that can be encoded; the very same object where there is nothing to mend."""
    if isinstance(value, str):
        return value if value.isascii() or type(value) is not str else whole(value)
    if isinstance(value, tuple):
        mended = tuple(_writable(each) for each in value)
        return value if all(a is b for a, b in zip(mended, value, strict=True)) else mended
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed: Mapping[str, Any] = {
            each.name: new
            for each in dataclasses.fields(value)
            if (new := _writable(old := getattr(value, each.name))) is not old
        }
        return dataclasses.replace(value, **changed) if changed else value
    return value
