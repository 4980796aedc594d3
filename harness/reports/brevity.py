"""Hashes as people read them: their beginning, in our sentences; commands and quotations keep them whole."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.engine.events import (
    CheckFinished,
    Compared,
    Decided,
    Noticed,
    PromiseExercised,
    RunStarted,
    ServiceFailed,
    ServiceStep,
)

if TYPE_CHECKING:
    from harness.engine.events import Event

WHOLE_HASH = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")
_DIGITS = 10


def short(text: str) -> str:
    """A text with the first ten digits of each commit, build, content key and image in it."""
    return WHOLE_HASH.sub(lambda found: found[0][:_DIGITS], text)


def unit_text(name: str, version: str) -> str:
    """`orders 1.4`, a service or resource as people read it."""
    return f"{name} {short(version)}".strip()


def said_briefly(event: Event) -> Event:
    """The event with short hashes in its sentences; what was asked and what came is quoted as it was."""
    match event:
        case Noticed() | ServiceStep():
            return replace(event, text=short(event.text))
        case CheckFinished() | ServiceFailed():
            return replace(event, because=short(event.because))
        case Compared():
            errors = tuple(short(each) for each in event.errors)
            return replace(event, because=short(event.because), errors=errors)
        case PromiseExercised():
            told = event.exercised
            return replace(event, exercised=replace(told, because=short(told.because), remark=short(told.remark)))
        case Decided():
            return replace(event, reasons=tuple(replace(each, text=short(each.text)) for each in event.reasons))
        case RunStarted():
            return replace(event, note=short(event.note), remarks=tuple(short(each) for each in event.remarks))
        case _:
            return event
