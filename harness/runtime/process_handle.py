"""Processes by pid *and* start time, so that nobody ever ends a stranger who was given the same number."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.checks.engines.child import carriers, started_with
from harness.runtime.interrupts import asked_again
from harness.runtime.launch import start_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MARK = "CONTRACT_HARNESS_RUN"  # in the environment of everything that a run starts
POLL = 0.01  # seconds
GRACE = 8.0  # seconds that a process gets between being asked to go and being made to
_MADE = 5.0  # seconds until the kernel has taken away what was made to go


@dataclass(frozen=True, slots=True, order=True)
class ProcessHandle:
    """One process, from its start to its end, and how it is asked to go before it is made to."""

    pid: int
    start: str
    signal: int = signal.SIGTERM
    grace: float = 0.0  # seconds between being asked and being made to
    name: str = field(default="", compare=False)  # what it, or who started it, was started as

    @property
    def goes_on(self) -> bool:
        """Whether this very process still runs."""
        return bool(self.start) and start_time(self.pid) == self.start


@dataclass(frozen=True, slots=True)
class EndedProcesses:
    """How many processes were ended, and which of them went only because they were made to."""

    count: int = 0
    killed: frozenset[ProcessHandle] = frozenset()

    def __add__(self, other: EndedProcesses) -> EndedProcesses:
        return EndedProcesses(self.count + other.count, self.killed | other.killed)


def read_life(record: Path) -> ProcessHandle | None:
    """The process that a record names; None when the record is gone or was never finished."""
    try:
        told = json.loads(record.read_text())
        number, grace = int(told["signal"]), float(told.get("grace", 0))
        return ProcessHandle(int(told["pid"]), str(told["start"]), number, grace, record.stem.partition("-")[2])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def family(leader: ProcessHandle, run: str) -> set[ProcessHandle]:
    """A process with all that descends from it and all that shares its session."""
    found = {leader} if leader.goes_on else set()
    for pid in {*_descendants(leader), *_session(leader, run)}:
        if start := start_time(pid):
            found.add(replace(leader, pid=pid, start=start))
    return found


def processes_of_run(run: str) -> set[ProcessHandle]:
    """Every process that carries the mark of a run, wherever it has gone to."""
    return {ProcessHandle(each.pid, start) for each in carriers(MARK, run) if (start := start_time(each.pid))}


def end(lives: Iterable[ProcessHandle]) -> EndedProcesses:
    """Ask processes to go, wait as long as each of them is given, then make them.

    Whoever interrupts a run twice waits no longer than that.
    """
    going = {life for life in lives if life.goes_on}
    count, began = len(going), time.monotonic()
    killed: set[ProcessHandle] = set()
    for life in going:
        _send(life, life.signal)
    while going := {life for life in going if life.goes_on}:
        waited = time.monotonic() - began
        if waited > max(life.grace for life in going) + _MADE:
            break
        for life in going:
            if waited >= life.grace or asked_again():
                killed.add(life)
                _send(life, signal.SIGKILL)
        time.sleep(POLL)
    return EndedProcesses(count, frozenset(killed))


def _send(life: ProcessHandle, number: int) -> None:
    if life.goes_on:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(life.pid, number)


def _descendants(leader: ProcessHandle) -> Iterator[int]:
    import psutil

    if not leader.goes_on:
        return
    with suppress(psutil.Error):
        yield from (child.pid for child in psutil.Process(leader.pid).children(recursive=True))


def _session(leader: ProcessHandle, run: str) -> Iterator[int]:
    """Members of the leader's session; when the leader has gone, only those that carry the run's mark."""
    import psutil

    for pid in psutil.pids():
        with suppress(OSError):
            if os.getsid(pid) == leader.pid and (leader.goes_on or started_with(pid, MARK) == run):
                yield pid
