"""Every report by the name that a command line gives it; the same events always give the same text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.engine.events import Event
from harness.errors import Exit, HarnessError, UsageError, did_you_mean


class ReportNotWritten(HarnessError):
    """A report format failed; what the run answered stands all the same."""

    exit = Exit.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFormat:
    """One way to write a run down: `--report NAME=PATH`, `harness report --format NAME`."""

    name: str
    write: Callable[[Sequence[Event]], str]  # nothing but the events decides what it gives
    streamed: bool = False  # each event has a text of its own: written while the run goes on


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


FORMATS: Mapping[str, ReportFormat] = {
    each.name: each
    for each in (
        ReportFormat(name="terminal", write=_terminal),
        ReportFormat(name="junit", write=_junit),
        ReportFormat(name="markdown", write=_markdown),
        ReportFormat(name="ndjson", write=_ndjson, streamed=True),
        ReportFormat(name="html", write=_html),
    )
}


def report_format(name: str) -> ReportFormat:
    """The format of that name. Raises UsageError for one that nobody knows."""
    if name not in FORMATS:
        raise UsageError(f"no report format '{name}'", hint=did_you_mean(name, FORMATS))
    return FORMATS[name]


def render(name: str, events: Sequence[Event]) -> str:
    """The run in one format. Raises UsageError for one that nobody knows, ReportNotWritten for one that fails."""
    return written_as(report_format(name), events)


def written_as(chosen: ReportFormat, events: Sequence[Event]) -> str:
    """The run as a format writes it. Raises ReportNotWritten when the format fails, in whichever way."""
    try:
        text = chosen.write(events)
        text.encode()
    except Exception as error:
        raise ReportNotWritten(
            f"there is no report '{chosen.name}': its format failed with {type(error).__name__}: {error}",
            hint="harness report --format terminal shows the run; tell whoever wrote the format",
        ) from error
    return text
