"""The Schemathesis processes of one service: started, watched, cut short, never left behind."""

from __future__ import annotations

import contextlib
import json
import os
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
_NURSERY = "harness.checks.engines.schemathesis_forkserver"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildExit:
    """How a child ended."""

    code: int  # negative: the signal that killed it
    cut: bool  # it was told to stop
    tail: str  # the last lines that it wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemathesisJob:
    """One Schemathesis that is to run; it writes `output.txt` into its folder."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


@dataclass(slots=True)
class Family:
    """Children that run side by side, and can be cut short or killed from any thread."""

    children: Sequence[SchemathesisJob]
    home: Path
    environment: Mapping[str, str]
    _nursery: subprocess.Popen[bytes] | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _codes: dict[int, int] = field(default_factory=dict)

    def run(self, deadline: float) -> list[ChildExit]:
        """Start them and wait; at the deadline (monotonic seconds) they are told to finish their reports."""
        output = self.home / "output.txt"
        with output.open("w+b") as said:
            try:
                nursery = self._start(said)
            except OSError as error:
                return [
                    ChildExit(code=1, cut=False, tail=f"it could not be started: {error}") for _ in self.children
                ]
            if nursery is None:
                return [ChildExit(code=0, cut=True, tail="") for _ in self.children]
            late: set[int] = set()
            reader = threading.Thread(target=self._listen, args=(nursery,), daemon=True)
            reader.start()
            try:
                reader.join(max(0.0, deadline - time.monotonic()))
                if reader.is_alive():
                    late = self._finish(nursery, reader)
            finally:
                _end(nursery)
                reader.join()
                if nursery.stdout is not None:
                    nursery.stdout.close()
            crashed = nursery.returncode if nursery.returncode else 1
            return [self._ended(n, crashed, said, late) for n in range(len(self.children))]

    def stop(self) -> None:
        """Kill all of them and what they started; what has not been started never will be."""
        self._stopped.set()
        with self._lock:
            if self._nursery is not None:
                _end(self._nursery)

    def _start(self, output: IO[bytes]) -> subprocess.Popen[bytes] | None:
        plan = [
            {"arguments": [*c.arguments], "folder": str(c.folder), "environment": {**c.environment}}
            for c in self.children
        ]
        with self._lock:
            if self._stopped.is_set():
                return None
            self._nursery = subprocess.Popen(
                [sys.executable, "-m", _NURSERY],
                stdin=subprocess.PIPE,  # says what to run; its end tells the nursery that we are gone
                stdout=subprocess.PIPE,
                stderr=output,
                cwd=self.home,
                env={**self.environment},
                start_new_session=True,
            )
            _tell(self._nursery, json.dumps(plan))
            return self._nursery

    def _listen(self, nursery: subprocess.Popen[bytes]) -> None:
        """Note how each child ended, until all have."""
        assert nursery.stdout is not None
        for line in nursery.stdout:
            words = line.split()
            if len(words) == 2:
                self._codes[int(words[0])] = int(words[1])

    def _finish(self, nursery: subprocess.Popen[bytes], reader: threading.Thread) -> set[int]:
        # Interrupted, Schemathesis still writes the scenario it is in: a failure seen there is kept.
        late = set(range(len(self.children))) - self._codes.keys()
        for number in sorted(late):
            _tell(nursery, f"interrupt {number}")
        reader.join(_GRACE)
        return late

    def _ended(self, number: int, crashed: int, said: IO[bytes], late: set[int]) -> ChildExit:
        own = self.children[number].folder / "output.txt"
        tail = ""
        if own.exists():
            with own.open("rb") as output:
                tail = _tail(output)
        cut = number in late or self._stopped.is_set()
        return ChildExit(code=self._codes.get(number, crashed), cut=cut, tail=tail or _tail(said))


def _tell(nursery: subprocess.Popen[bytes], line: str) -> None:
    assert nursery.stdin is not None
    with contextlib.suppress(OSError, ValueError):  # one that is dead says so by its exit code
        nursery.stdin.write(f"{line}\n".encode())
        nursery.stdin.flush()


def _end(nursery: subprocess.Popen[bytes]) -> None:
    """Close its input, which ends it and every child; what does not hear that is killed."""
    if nursery.stdin is not None:
        with contextlib.suppress(OSError):
            nursery.stdin.close()
    try:
        nursery.wait(_GRACE)
    except subprocess.TimeoutExpired:
        nursery.kill()
        nursery.wait()


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _TAIL))
    return output.read().decode("utf-8", "replace").strip()
