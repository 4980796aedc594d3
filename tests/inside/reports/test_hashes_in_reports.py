"""What people read shows no whole hash, on any channel; what is copied or quoted keeps it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from sample_events import did_not_start_run, faults_run, good_run, interrupted_run, reused_run

from harness.engine.events import CheckFound, read_events, write
from harness.reports.brevity import WHOLE_HASH
from harness.reports.formats import render
from harness.reports.terminal import LiveTerminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.engine.events import Event

COMMIT, BUILD = "3f8a1c2b4d5e6f708192a3b4c5d6e7f801234567", "9c" * 32
SENTENCES = frozenset({"because", "note", "remark", "remarks", "errors", "text"})
NUMBERS = frozenset({"number", "version"})
RUNS = (good_run, reused_run, did_not_start_run, interrupted_run, faults_run)
PROSE = re.compile(rf"(?<!=)(?:{WHOLE_HASH.pattern})")  # `orders=COMMIT` is the argument of a command


def _with_hashes(value: Any, key: str = "") -> Any:
    """The same with a commit in every version, and a build named by every sentence that is there."""
    match value:
        case dict():
            return {
                name: each if name == "differences" else _with_hashes(each, name) for name, each in value.items()
            }
        case list():
            return [_with_hashes(each, key) for each in value]
        case str() if value and key in NUMBERS:
            return COMMIT
        case str() if value and key in SENTENCES:
            return f"{value} (build {BUILD} of {COMMIT}+changed.0a1b2c3d)"
        case _:
            return value


def _said_with_hashes(events: Iterable[Event]) -> list[Event]:
    return list(read_events(json.dumps(_with_hashes(json.loads(each))) for each in write(events)))


def _live(events: Sequence[Event]) -> str:
    written = io.StringIO()
    with LiveTerminal(Console(file=written, width=1000)) as terminal:
        for event in events:
            terminal.show(event)
    return written.getvalue()


@pytest.mark.parametrize("run", RUNS)
def test_no_sentence_on_any_channel_has_a_whole_hash(run: Callable[[], list[Event]]) -> None:
    events = _said_with_hashes(run())
    texts = {name: render(name, events) for name in ("terminal", "markdown", "html", "junit")}
    for name, text in {**texts, "live": _live(events)}.items():
        assert COMMIT[:10] in text, name
        assert not [text[max(at.start() - 80, 0) : at.end()] for at in PROSE.finditer(text)], name
    assert render("ndjson", events).splitlines() == list(write(events)), "the record itself stays as it was"


def test_what_came_is_quoted_as_it_came() -> None:
    """An answer that was cut would not be the answer."""
    events = [_answered(event) for event in faults_run()]
    for name in ("markdown", "html", "junit", "terminal"):
        assert BUILD in re.sub(r"\s+", "", render(name, events)), name  # a screen breaks it at its edge


def _answered(event: Event) -> Event:
    if not isinstance(event, CheckFound):
        return event
    return replace(event, finding=replace(event.finding, actual=f"the key {BUILD}"))
