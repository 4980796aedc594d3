"""Every report by the name that a command line gives it; the same events always give the same text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.engine.events import Event


def _terminal(events: Sequence[Event]) -> str:
    from harness.reports.screen import plain

    return plain(events)


def _junit(events: Sequence[Event]) -> str:
    from harness.reports.junit import junit

    return junit(events)


def _markdown(events: Sequence[Event]) -> str:
    from harness.reports.markdown import markdown

    return markdown(events)


def _ndjson(events: Sequence[Event]) -> str:
    from harness.reports.ndjson import ndjson

    return ndjson(events)


def _html(events: Sequence[Event]) -> str:
    from harness.reports.html import html

    return html(events)


FORMATS: Mapping[str, Callable[[Sequence[Event]], str]] = {
    "terminal": _terminal,
    "junit": _junit,
    "markdown": _markdown,
    "ndjson": _ndjson,
    "html": _html,
}


def render(format: str, events: Sequence[Event]) -> str:
    """The run in one format. Raises UsageError for a format that nobody knows."""
    if format not in FORMATS:
        raise UsageError(f"no report format '{format}'", hint=did_you_mean(format, FORMATS))
    return FORMATS[format](events)
