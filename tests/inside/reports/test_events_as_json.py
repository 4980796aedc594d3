"""Events are written by hand and read by a library: each is the other's inverse, for every event there can be."""

from __future__ import annotations

import json
from typing import Any

import event_strategies as drawn
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.events import Event, read_events, write
from harness.reports.ndjson import ndjson
from harness.reports.sanitize import whole


@given(st.lists(drawn.events, max_size=3))
def test_what_is_written_is_read_back_the_same(events: list[Event]) -> None:
    lines = ndjson(events).splitlines()
    assert len(lines) == len(events)
    kept = [each for each in events if _is_whole(json.loads(next(write([each]))))]
    assert list(read_events(ndjson(kept).splitlines())) == kept


@given(drawn.events)
def test_every_record_can_be_kept_as_utf_8_and_holds_one_event(event: Event) -> None:
    record = ndjson([event])
    assert json.loads(record.encode("utf-8"))["event"] == event.event
    assert list(read_events(record.splitlines()))


def _is_whole(value: Any) -> bool:
    """Whether no text of it has half a character, which is replaced when it is kept."""
    if isinstance(value, str):
        return whole(value) == value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return all(_is_whole(each) for _, each in inner)
