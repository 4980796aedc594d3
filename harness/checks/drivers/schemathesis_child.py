"""One Schemathesis process: started, watched, cut short, never left behind.

Run as a program it *is* that process: `python -m harness.checks.drivers.schemathesis_child ARGUMENTS`
starts Schemathesis' command line, and ends with whoever started it, even when that one is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_GRACE = 3.0  # seconds that a child gets to write down what it has
_TAIL = 4096  # bytes of its output that are kept for the reason of a crash


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a child ended."""

    code: int  # negative: the signal that killed it
    cut: bool  # it was told to stop
    tail: str  # the last lines that it wrote


@dataclass(slots=True)
class Child:
    """A process that can be waited for, cut short or killed, from any thread."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, deadline: float) -> Ended:
        """Start it and wait; at the deadline (monotonic seconds) it is told to finish its report."""
        with (self.folder / "output.txt").open("w+b") as output:
            try:
                process = self._start(output)
            except OSError as error:
                return Ended(code=1, cut=False, tail=f"it could not be started: {error}")
            if process is None:
                return Ended(code=0, cut=True, tail="")
            cut = False
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                cut = True
                self._finish(process)
            finally:
                _kill(process)
            return Ended(code=process.returncode, cut=cut or self._stopped.is_set(), tail=_tail(output))

    def stop(self) -> None:
        """Kill it and everything it started; one that has not been started never will be."""
        self._stopped.set()
        with self._lock:
            if self._process is not None:
                _kill(self._process)

    def _start(self, output: IO[bytes]) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped.is_set():
                return None
            self._process = subprocess.Popen(
                [sys.executable, "-m", "harness.checks.drivers.schemathesis_child", *self.arguments],
                stdin=subprocess.PIPE,  # its end tells the child that we are gone
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=dict(self.environment),
                start_new_session=True,
            )
            return self._process

    def _finish(self, process: subprocess.Popen[bytes]) -> None:
        # Interrupted, Schemathesis still writes the scenario it is in: a failure seen there is kept.
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _TAIL))
    return output.read().decode("utf-8", "replace").strip()


def _end_with_parent() -> None:
    """Wait for the pipe from the parent to close, then end at once."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Be the child."""
    import runpy

    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv[0] = "schemathesis"
    runpy.run_module("schemathesis.cli", run_name="__main__", alter_sys=False)


if __name__ == "__main__":
    main()
