"""Every report by the name that a command line gives it; the same events always give the same text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import Exit, HarnessError, Problem, UsageError, did_you_mean
from harness.hookspecs import ReportFormat
from harness.plugins import door, unusable_plugins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.engine.events import Event


class ReportNotWritten(HarnessError):
    """A report format failed; what the run answered stands all the same."""

    exit = Exit.UNKNOWN


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


def contract_harness_report_formats() -> Iterable[ReportFormat]:
    """For people, pull requests, CI servers and programs."""
    return (
        ReportFormat(key="terminal", write=_terminal),
        ReportFormat(key="junit", write=_junit),
        ReportFormat(key="markdown", write=_markdown),
        ReportFormat(key="ndjson", write=_ndjson, streamed=True),
        ReportFormat(key="html", write=_html),
    )


def format_names() -> tuple[str, ...]:
    """Every format that somebody here knows."""
    return tuple(door().every(_HOOK, ReportFormat))


def report_format(name: str) -> ReportFormat:
    """The format of that name. Raises UsageError for one that nobody knows."""
    found = door().find(_HOOK, name, ReportFormat)
    if found is None:
        raise UsageError(
            Problem(f"no report format '{name}'", hint=did_you_mean(name, format_names())), *unusable_plugins()
        )
    return found


_HOOK = "contract_harness_report_formats"


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
            f"there is no report '{chosen.key}': its format failed with {type(error).__name__}: {error}",
            hint="harness report --format terminal shows the run; tell whoever wrote the format",
        ) from error
    return text
