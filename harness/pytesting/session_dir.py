"""What the processes of one pytest session write down for each other; a killed session's is swept by the next."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.checks.engines.suite_session import RESULTS

_PREFIX = "harness-pytest-"
_HELD = "held"  # a file that is locked as long as its session lives


@dataclass(slots=True)
class Notebook:
    """A folder of the session, and what its owner makes of it."""

    folder: Path
    owner: bool  # the only process, or the controller of xdist: it merges at the end
    told: list[str] = field(default_factory=list)  # what the summary says
    wrong: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)  # the pacts that this session speaks of
    passed: set[str] = field(default_factory=set)  # names of tests
    lock: int = -1  # the owner's file descriptor

    def add(self, worker: str, entries: list[dict[str, Any]], *, kind: str) -> None:
        """Append entries to this worker's own file."""
        with (self.folder / f"{kind}-{worker}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in entries)

    def read(self, kind: str) -> list[dict[str, Any]]:
        """All entries of a kind, of all workers; a line that a dying worker did not finish is none."""
        lines = []
        for file in sorted(self.folder.glob(f"{kind}-*.jsonl")):
            lines += file.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def close(self) -> None:
        """Remove the folder, when it is ours."""
        if self.owner and self.lock >= 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(self.lock)
            self.lock = -1


def new_notebook() -> Notebook:
    """A notebook of this session's own; those of sessions that were killed go."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        _sweep(folder)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_of_the_run()))
    lock = os.open(folder / _HELD, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not (folder / _HELD).exists():  # another session swept it before it was locked
        os.close(lock)
        return new_notebook()
    return Notebook(folder, owner=True, lock=lock)


def _of_the_run() -> Path | None:
    """Where a run keeps what its suite writes: it goes with the run, also when the session was killed."""
    results = os.environ.get(RESULTS)
    return Path(results).parent if results else None


def notebook_at(folder: Path) -> Notebook:
    """The notebook that another process of the session made."""
    return Notebook(folder, owner=False)


def _sweep(folder: Path) -> None:
    """Remove the folder when nobody holds it; one without the file is being made this moment."""
    with contextlib.suppress(OSError):
        lock = os.open(folder / _HELD, os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
