"""Following a run: live on the terminal, recorded for the reports, answered by the exit code."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from harness.cli import words
from harness.engine.events import CheckFinished, CheckFound, Decided, Event, RunFinished, RunStarted
from harness.errors import UsageError
from harness.gate.reason_document import reason_documents
from harness.hookspecs import ReportFormat
from harness.reports.formats import ReportNotWritten, render, report_format, written_as
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from harness.reports.unknowns import Unknown


@dataclass(frozen=True, slots=True)
class Report:
    """One report to write when the run has ended."""

    format: ReportFormat
    path: Path


def parse_reports(arguments: Sequence[str]) -> tuple[Report, ...]:
    """`junit=build/junit.xml` as a report; mistakes are told before anything starts."""
    return tuple(_parse(argument) for argument in arguments)


def _parse(argument: str) -> Report:
    name, equals, path = argument.partition("=")
    if not (equals and path):
        raise UsageError(f"--report '{argument}' is not FORMAT=PATH", hint="--report junit=build/junit.xml")
    chosen = report_format(name)
    if Path(path).is_dir():
        raise UsageError(f"--report {argument}: a folder is there", where=path, hint=f"{path}/report.{name}")
    _refuse_unwritable(argument, Path(path))
    return Report(chosen, Path(path))


def _refuse_unwritable(argument: str, path: Path) -> None:
    """A report that cannot be written is told before the run, not after it."""
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not there.is_dir():
        raise UsageError(f"--report {argument}: a file is in the way", where=str(there))
    if not os.access(there, os.W_OK | os.X_OK) or _is_top_level(there, path):
        hint = "name a folder that you may write to"
        text = f"--report {argument}: the folder does not exist or is not yours"
        raise UsageError(text, where=str(path.parent), hint=hint)


def _is_top_level(there: Path, path: Path) -> bool:
    """Whether the folder would have to be made at the very top of the file system."""
    return there == Path(there.anchor) and path.absolute().parent != there


def follow(
    events: Iterator[Event], reports: Sequence[Report] = (), *, keep: Path | None = None, as_json: bool = False
) -> int:
    """Consume a run to its end, or to Ctrl-C; write its reports either way, and keep its recording."""
    seen: list[Event] = []
    streamed = [report for report in reports if report.format.streamed]
    stream = _record_events(events, [*streamed, *_kept_recording(keep)], seen)
    try:
        _watch(stream, quiet=as_json)
    except KeyboardInterrupt:
        _interrupt_run(stream, reports, seen)
        raise
    _write(reports, seen)
    _answer(seen, as_json=as_json)
    return int(_verdict(seen).exit)


def _kept_recording(keep: Path | None) -> tuple[Report, ...]:
    """Where every run is written down, so that `harness report` finds it."""
    return (Report(report_format("ndjson"), keep),) if keep else ()


def _record_events(
    events: Iterator[Event], recordings: Sequence[Report], seen: list[Event]
) -> Generator[Event, None, None]:
    """Keep each event, and write it to every recording at once, so that a killed run leaves what it saw so far.

    Closing closes the run.
    """
    from contextlib import ExitStack, closing

    with ExitStack() as stack:
        files = {report: stack.enter_context(_open_output(report.path)) for report in recordings}
        stack.enter_context(closing(events))  # type: ignore[type-var]  # a run is a generator
        for event in events:
            seen.append(event)
            for report, file in files.items():
                with suppress(ReportNotWritten):  # the whole report is written at the end, and then it is told
                    file.write(written_as(report.format, [event]))
                    file.flush()
            yield event


def _open_output(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8", newline="")


def _interrupt_run(stream: Generator[Event, None, None], reports: Sequence[Report], seen: list[Event]) -> None:
    """Stop what runs; a second Ctrl-C may cut that short, and then the next command sweeps."""
    stream.close()
    seen.append(RunFinished(verdict=Verdict.UNKNOWN, seconds=0.0, interrupted=True))
    _write(reports, seen)


def _watch(stream: Iterator[Event], *, quiet: bool) -> None:
    if quiet:
        for _ in stream:
            pass
        return
    from harness.reports.terminal import LiveTerminal

    with LiveTerminal() as live:
        for event in stream:
            live.show(event)


def _write(reports: Sequence[Report], seen: Sequence[Event]) -> None:
    for report in reports:
        with _open_output(report.path) as file:  # emptied first: an older report is no report of this run
            try:
                file.write(written_as(report.format, seen))
            except ReportNotWritten as error:
                words.say_problems(error)


def _answer(seen: Sequence[Event], *, as_json: bool) -> None:
    if as_json:
        words.say_json(document(seen))
        return
    import click

    click.echo(render("terminal", seen), nl=False)


def _verdict(seen: Sequence[Event]) -> Verdict:
    """The verdict that every report tells; the exit code and the JSON never differ from it."""
    from harness.reports.run_summary import summarize

    return summarize(seen).verdict


def document(seen: Sequence[Event]) -> dict[str, object]:
    """A run as the documented JSON."""
    started = next((e for e in seen if isinstance(e, RunStarted)), None)
    decided = next((e for e in reversed(seen) if isinstance(e, Decided)), None)
    last = seen[-1] if seen else None
    finished = last if isinstance(last, RunFinished) else None
    chosen = decided.set if decided else started.set if started else ()
    return {
        "run": started.run if started else None,
        "verdict": _verdict(seen).value,
        "deployable": _deployable(_verdict(seen), decided),
        "runtime": started.runtime if started else None,
        "set": words.versions(chosen),
        "require": list(decided.require) if decided else [],
        "reasons": reason_documents(decided.reasons) if decided else [],
        "tasks": [_task(e) for e in seen if isinstance(e, CheckFinished)],
        "unknown": [_unknown(each) for each in _unknowns(seen)],
        "findings": [_finding(e) for e in seen if isinstance(e, CheckFound)],
        "notices": [{"about": about, "text": text} for about, text in _worth_knowing(seen)],
        "seconds": finished.seconds if finished else None,
    }


def _unknowns(seen: Sequence[Event]) -> tuple[Unknown, ...]:
    from harness.reports.run_summary import summarize
    from harness.reports.unknowns import unknowns

    return unknowns(summarize(seen))


def _unknown(each: Unknown) -> dict[str, object]:
    return {
        "about": each.about,
        "cause": each.cause.value,
        "because": each.because,
        "promises": list(each.subjects),
        "before": each.remedy or None,
        "command": each.command,
    }


def _worth_knowing(seen: Sequence[Event]) -> tuple[tuple[str, str], ...]:
    from harness.reports import phrases
    from harness.reports.run_summary import summarize

    return phrases.worth_knowing(summarize(seen))


def _deployable(verdict: Verdict, decided: Decided | None) -> bool | None:
    """What the gate says; nothing, where the run as a whole could not tell."""
    if decided is None:
        return None
    return {Verdict.PASSED: True, Verdict.FAILED: False}.get(max(verdict, decided.verdict))


def _task(event: CheckFinished) -> dict[str, object]:
    task = event.task
    return {
        "kind": task.kind.value,
        "provider": words.versions([task.provider])[0],
        "consumer": words.versions([task.consumer])[0] if task.consumer else None,
        "contract": task.contract or None,
        "verdict": event.verdict.value,
        "cause": event.cause.value if event.cause else None,
        "because": event.because or None,
        "promised": event.promised,
        "exercised": event.exercised,
        "seconds": event.seconds,
        "reused": event.reused or None,
    }


def _finding(event: CheckFound) -> dict[str, object]:
    finding = event.finding
    return {
        "code": finding.code,
        "subject": finding.subject,
        "provider": words.versions([event.task.provider])[0],
        "operation": finding.operation or None,
        "expected": finding.expected,
        "actual": finding.actual,
        "place": finding.place or None,
        "count": finding.count,
        "accepted": event.accepted,
        "hits": words.versions(event.hits),
        "spares": words.versions(event.spares),
        "remedy": finding.remedy or None,
        "replay": finding.replay or None,
    }
