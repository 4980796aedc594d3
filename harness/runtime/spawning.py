"""Local processes of one run: recorded before they begin, ended as families, gone when the harness is gone."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.engines.child import signal_name
from harness.runtime import launch
from harness.runtime.process_handle import GRACE, MARK, EndedProcesses, ProcessHandle, end, family, read_life

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.ports import Unit
    from harness.runtime.sweeping import RunFolder

PORT_TAKEN = re.compile(
    r"address (is )?already in use|EADDRINUSE|only one usage of each socket address", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run, as whom, and how it is asked to end."""

    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    user: tuple[int, int] | None = None  # uid and gid to run as; None stays who we are
    stop: int = signal.SIGTERM  # asks it to go
    grace: float = GRACE  # seconds until it is made to
    orphaned: int = signal.SIGKILL  # what the kernel sends it when the harness dies


@dataclass(slots=True)
class Spawned:
    """One process that was started; its log outlives it until the run ends."""

    program: Program
    popen: subprocess.Popen[bytes]
    record: Path
    run: str

    @property
    def life(self) -> ProcessHandle | None:
        """The process, once it has written itself down and while it runs."""
        return read_life(self.record)

    @property
    def over(self) -> str:
        """Why there is nothing more to wait for; "" while it runs."""
        code = self.popen.poll()
        if code is None:
            return ""
        return f"it ended with exit code {code}" if code >= 0 else f"it was ended by {signal_name(-code)}"

    def text(self) -> str:
        """All that it wrote."""
        return _end_of(self.program.log, 1_000_000)

    def listens(self, port: int) -> bool:
        """Whether the port is held by this process or one of its family; True where that cannot be told."""
        import psutil

        try:
            return any(held == port for _, held in self._held())
        except psutil.Error:
            return True

    def listening(self) -> tuple[str, ...]:
        """Where it or one of its family accepts connections; empty where that cannot be told."""
        import psutil

        try:
            return tuple(sorted(f"{host}:{port}" for host, port in self._held()))
        except psutil.Error:
            return ()

    def _held(self) -> set[tuple[str, int]]:
        import psutil

        members = family(self.life, self.run) if self.life else set()
        held = [c for life in members for c in psutil.Process(life.pid).net_connections(kind="tcp")]
        return {(c.laddr.ip, c.laddr.port) for c in held if c.status == psutil.CONN_LISTEN}

    def leave(self) -> None:
        """Let it run on without us."""
        self.popen.returncode = 0  # or Python would complain that nobody waited for it

    def end(self) -> EndedProcesses:
        """End it with all its family; ending twice is harmless."""
        life = self.life
        ended = end(family(life, self.run)) if life else EndedProcesses()
        self.popen.wait(timeout=10)
        self.record.unlink(missing_ok=True)
        return ended


class Spawner:
    """Starts processes from one thread that lives as long as the run.

    The kernel ends a process when the *thread* that started it ends, so the threads that bring up a system in
    parallel must not be the ones that start it.
    """

    def __init__(self, folder: RunFolder, *, stay: bool) -> None:
        self._folder = folder
        self._stay = stay
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawn")
        self._count = 0
        self._closed = False
        self._given: set[int] = set()
        self._guard = threading.Lock()

    def spawn(self, name: str, program: Program) -> Spawned:
        """Start a program; it is on record before it begins."""
        spawned = self._thread.submit(self._spawn, name, program).result()
        while not spawned.record.exists() and not spawned.over:
            time.sleep(0.002)
        return spawned

    def _spawn(self, name: str, program: Program) -> Spawned:
        if self._closed:
            raise RuntimeError("nothing is started any more")
        self._count += 1
        record = self._folder.place("processes") / f"{self._count}-{name}.json"
        orders: dict[str, object] = {"record": record, "parent": os.getpid(), "stay": self._stay}
        orders |= {"signal": program.stop, "grace": program.grace, "orphaned": program.orphaned}
        if program.user:
            orders |= {"uid": program.user[0], "gid": program.user[1]}
        with program.log.open("wb") as log:
            popen = subprocess.Popen(
                [sys.executable, "-I", "-S", launch.__file__, _json(orders), *program.command],
                cwd=program.directory,
                env={**program.environment, MARK: self._folder.run},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Spawned(program, popen, record, self._folder.run)

    def free_port(self) -> int:
        """A port of 127.0.0.1 that nobody holds now and that this run has not given away before."""
        with self._guard:
            while (port := _free_port()) in self._given:
                pass
            self._given.add(port)
            return port

    def refuse(self) -> None:
        """Start nothing more; what is being started has been started when this returns."""
        self._thread.submit(self._refuse).result()

    def _refuse(self) -> None:
        self._closed = True

    def close(self) -> None:
        """End the thread, and with it at once what it started and is not to stay."""
        self._thread.shutdown(wait=True)


def exit_code(command: str, spawned: Spawned, within: float) -> int:
    """How a command ends that runs beside a process, in its folder and with its environment."""
    program = spawned.program
    try:
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=program.directory,
            env={**program.environment, MARK: spawned.run},  # left alone at the run's end, it still goes with it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=within,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return 124


def stop_signal(unit: Unit) -> int:
    """What asks a unit to go: SIGTERM, or what its compose file says, by name or by number."""
    written = dict(unit.container.options).get("stop_signal", ("",))[0].upper().removeprefix("SIG")
    names = {number.name.removeprefix("SIG"): number for number in signal.Signals}
    number = names.get(written, int(written) if written.isdecimal() else signal.SIGTERM)
    return number if number in signal.valid_signals() else signal.SIGTERM


def tail_of(log: Path) -> str:
    """The end of a log file; "" when there is none."""
    return _end_of(log, 64_000)


def size_of(log: Path) -> int:
    """How much was written; 0 when there is no log."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def part_of(log: Path, begin: int, end: int | None) -> str:
    """What a log holds between two sizes, of much only the end; "" when there is none."""
    try:
        with log.open("rb") as file:
            until = size_of(log) if end is None else end
            file.seek(max(begin, until - 64_000))
            return file.read(max(0, until - file.tell())).decode("utf-8", "replace")
    except OSError:
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end_of(log: Path, size: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - size))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _json(orders: Mapping[str, object]) -> str:
    import json

    return json.dumps(orders, default=str)


def words(command: Sequence[str], python: str = "") -> tuple[str, ...]:
    """A command to run here: `python` is the named interpreter, or the one that runs the harness."""
    chosen = python or sys.executable
    return (chosen, *command[1:]) if command and command[0] == "python" else tuple(command)
