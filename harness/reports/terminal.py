"""The terminal: what happens while a run goes on, and the one screen at its end."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.engine.events import (
    CheckFinished,
    CheckStarted,
    Compared,
    Noticed,
    Planned,
    PromiseExercised,
    RunStarted,
    ServiceFailed,
    ServicePreparing,
    ServiceReady,
    ServiceStarting,
    ServiceStep,
    TaskId,
)
from harness.reports.brevity import said_briefly, unit_text
from harness.reports.phrases import MARKS, all_named, title
from harness.reports.sanitize import duration, line, many, number
from harness.reports.screen import plain, summary
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from harness.engine.events import Event
    from harness.reports.gathering import ServiceEvent

__all__ = ["LiveTerminal", "plain", "summary"]

_STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.UNKNOWN: "yellow"}
_STEP = re.compile(r"Step \d+/\d+ |#\d+ \[|build-command: ")  # where a build says which of its steps it begins
_MOST_ROWS = 12  # tasks shown at once while they run


@dataclass(slots=True)
class _Running:
    """A task that is going on."""

    promised: int
    began: float
    seen: int = 0
    worst: Verdict = Verdict.PASSED


@dataclass(slots=True)
class _Progress:
    """What is going on right now; only the live display reads it."""

    planned: int = 0
    ended: int = 0
    starting: dict[str, tuple[str, float]] = field(default_factory=dict)  # name to what it does, since when
    running: dict[TaskId, _Running] = field(default_factory=dict)

    def service(self, event: ServiceEvent | ServiceStep, now: float) -> None:
        """Note how far one service has come."""
        match event:
            case ServicePreparing():
                self.starting[event.name] = ("preparing", now)
            case ServiceStep():
                _, since = self.starting.get(event.name, ("", now))
                self.starting[event.name] = (f"preparing ({line(event.text, 100)})", since)
            case ServiceStarting():
                self.starting[event.name] = ("starting", now)
            case ServiceReady() | ServiceFailed():
                self.starting.pop(event.name, None)


class LiveTerminal:
    """Shows a run while it goes on: moving on a terminal, one line per fact in CI and in pipes."""

    def __init__(
        self,
        console: Console | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        if console is None:
            from rich.console import Console

            console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        environment = os.environ if environ is None else environ
        self._console = console
        self._moving = console.is_terminal and not console.is_dumb_terminal and not environment.get("CI")
        self._seconds = seconds
        self._began = seconds()
        self._progress = _Progress()
        self._live: Live | None = None

    def __enter__(self) -> LiveTerminal:
        if self._moving:
            from rich.live import Live

            self._live = Live(
                get_renderable=self._frame,
                console=self._console,
                transient=True,
                refresh_per_second=8,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show(self, event: Event) -> None:
        """Take one event in; facts that stand are printed at once, whether anything moves or not."""
        event = said_briefly(event)
        self._note(event)
        for style, text in _facts(event):
            self._say(text, style)

    def _say(self, text: str, style: str) -> None:
        from rich.text import Text

        self._console.print(Text(text, style=style, no_wrap=True, overflow="ignore"), soft_wrap=True)

    def _note(self, event: Event) -> None:
        """Keep the picture of what is going on."""
        now, progress = self._seconds(), self._progress
        match event:
            case Planned():
                progress.planned = len(event.tasks) + len(event.reused)
            case ServicePreparing() | ServiceStep() | ServiceStarting() | ServiceReady() | ServiceFailed():
                progress.service(event, now)
            case CheckStarted():
                progress.running[event.task] = _Running(promised=event.promised, began=now)
            case PromiseExercised():
                running = progress.running.setdefault(event.task, _Running(promised=0, began=now))
                running.seen += 1
                running.worst = max(running.worst, event.exercised.verdict)
            case CheckFinished():
                progress.running.pop(event.task, None)
                progress.ended += 1
            case _:
                pass

    def _frame(self) -> Text:
        """The moving part: what is being started and checked, and for how long."""
        from rich.text import Text

        width = max(self._console.width, 20)
        rows = [Text(line(text, width), style=style, no_wrap=True) for style, text in self._rows()]
        return Text("\n").join(rows)

    def _rows(self) -> Iterator[tuple[str, str]]:
        # The display has its own thread: copies, so that an event in the middle of a frame harms nothing.
        now, progress = self._seconds(), self._progress
        for name, (what, since) in progress.starting.copy().items():
            yield "cyan", f"  …  {name} {what} {duration(now - since)}"
        running = list(progress.running.copy().items())
        for task, each in running[:_MOST_ROWS]:
            of = f" of {number(each.promised)}" if each.promised else ""
            style = "cyan" if each.worst is Verdict.PASSED else _STYLES[each.worst]
            yield style, f"  …  {title(task)}: {number(each.seen)}{of}, {duration(now - each.began)}"
        if len(running) > _MOST_ROWS:
            yield "cyan", f"  …  and {many(len(running) - _MOST_ROWS, 'more check')}"
        checks = (
            f"{number(progress.ended)} of {many(progress.planned, 'check')} done, " if progress.planned else ""
        )
        yield "dim", f"  {checks}{duration(now - self._began)}"


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    """What stays on the terminal, line by line."""
    match event:
        case RunStarted():
            yield from _start_lines(event)
        case Planned():
            told = f", {number(len(event.reused))} known already" if event.reused else ""
            yield "", f"{many(len(event.tasks), 'check')} to run{told}"
        case Compared() | Noticed():
            yield from _remark(event)
        case ServiceStep() | ServiceReady() | ServiceFailed():
            yield from _service(event)
        case CheckFinished():
            yield _STYLES[event.verdict], _check_line(event)
        case _:
            pass


def _start_lines(event: RunStarted) -> Iterator[tuple[str, str]]:
    note = f" ({line(event.note)})" if event.note else ""
    yield "bold", f"run {line(event.run)} with {line(event.runtime)}{note}: {all_named(event.set)}"
    yield from (("yellow", f"  !  {line(remark, 300)}") for remark in event.remarks)


def _remark(event: Compared | Noticed) -> Iterator[tuple[str, str]]:
    if isinstance(event, Noticed):
        yield "yellow", f"  !  {line(event.about, 60)}: {line(event.text, 600)}"
    elif event.verdict is Verdict.FAILED:
        more = f" (and {number(len(event.errors) - 1)} more)" if len(event.errors) > 1 else ""
        told = f"{title(event.task)} does not fit its document: {line(event.because, 200)}{more}"
        yield "red", f"  {MARKS[Verdict.FAILED]}  {told}"


def _service(event: ServiceStep | ServiceReady | ServiceFailed) -> Iterator[tuple[str, str]]:
    match event:
        case ServiceStep() if _STEP.match(event.text):
            yield "dim", f"  …  {_unit(event.name, event.version)}: {line(event.text, 160)}"
        case ServiceReady():
            yield _ready(event)
        case ServiceFailed():
            yield "yellow", f"  ?  {_unit(event.name, event.version)} did not start: {line(event.because, 200)}"
            yield from (("dim", f"       {line(each, 160)}") for each in event.log_tail[-5:])


def _ready(event: ServiceReady) -> tuple[str, str]:
    took = duration(event.seconds)
    if event.prepared >= 1:
        took += f" (and {duration(event.prepared)} before, to make its image)"
    if not event.proven:
        return "yellow", f"  !  {_unit(event.name, event.version)} runs, and nothing says when it is ready, {took}"
    return "green", f"  ✔  {_unit(event.name, event.version)} ready, {took}"


def _unit(name: str, version: str) -> str:
    return line(unit_text(name, version))


def _check_line(event: CheckFinished) -> str:
    time_ = "known already" if event.reused else duration(event.seconds)
    count = f"{number(event.exercised)} of {number(event.promised)}"
    why = f": {line(event.because, 120)}" if event.verdict is Verdict.UNKNOWN and event.because else ""
    return f"  {MARKS[event.verdict]}  {title(event.task)}, {count}, {time_}{why}"
