"""Run folders: what a run holds while it lives, and how the next command clears up after one that was killed.

STATE/host                  a name for whoever uses this state folder; containers carry it as a label
STATE/runs/RUN/lock         held (flock) by the run while it lives; the kernel lets go when it dies
STATE/runs/RUN/run.json     what it is about to start, written before it starts it
STATE/runs/RUN/processes/   one record per local process: pid, start time, signal
STATE/runs/RUN/logs/  data/  scratch/
STATE/kept/                 what tools compute once for a machine; may be removed at any time
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EnvironmentProblem
from harness.runtime.interrupts import defer_interrupts
from harness.runtime.process_handle import EndedProcesses, ProcessHandle, end, family, processes_of_run, read_life
from harness.runtime.shared_memory import remove_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What a sweep has to know of a run."""

    root: str = ""  # the project's folder
    keep: bool = False  # `harness up` left it running on purpose
    containers: bool = False  # it may have containers and networks, with its name as their label


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's own folder, while its lock is held."""

    path: Path
    run: str

    def place(self, kind: str) -> Path:
        """A folder in it, made when it is not there: `logs`, `data`, `scratch`, `processes`."""
        folder = self.path / kind
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def record(self) -> RunRecord:
        """What was written down of the run so far."""
        return _read_record(self.path)

    def note(self, **changes: str | bool) -> None:
        """Write down what is about to be started, before it is."""
        changed = replace(self.record, **changes)  # type: ignore[arg-type]
        partial = self.path / f"run.json.{threading.get_ident()}.part"
        partial.write_text(json.dumps(asdict(changed)))
        partial.replace(self.path / "run.json")

    def end_processes(self) -> EndedProcesses:
        """End every process that the run started, wherever it has gone to."""
        if not (self.path / "processes").exists():
            return EndedProcesses()
        records = list((self.path / "processes").glob("*.json"))
        leaders = [life for record in records if (life := read_life(record))]
        families = {each.pid: each for life in leaders for each in family(life, self.run)}
        patience = max((life.grace for life in leaders), default=0.0)
        strays = {life.pid: replace(life, grace=patience) for life in processes_of_run(self.run)}
        ended = end((strays | families).values())
        ended += end(processes_of_run(self.run))  # what began while the others went
        for record in records:
            record.unlink(missing_ok=True)
        return ended

    def processes(self) -> list[ProcessHandle]:
        """The processes that were started and still run."""
        lives = map(read_life, (self.path / "processes").glob("*.json"))
        return [life for life in lives if life and life.goes_on]


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where this host remembers its runs: HARNESS_STATE_DIR, or below the person's state folder."""
    if own := environ.get("HARNESS_STATE_DIR"):
        return Path(own).absolute()
    home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".local" / "state")
    return Path(home) / "contract-harness"


def host_name(environ: Mapping[str, str]) -> str:
    """What tells this state folder's containers from those of others on the same engine."""
    path = _make_folder(state_folder(environ)) / "host"
    with suppress(FileNotFoundError):
        if name := path.read_text().strip():
            return name
    partial = path.with_name(f"host.{uuid.uuid4().hex}.part")
    partial.write_text(uuid.uuid4().hex)
    with suppress(FileExistsError):
        os.link(partial, path)  # the first one to name it wins
    partial.unlink()
    return path.read_text().strip()


@contextmanager
def run_folder(run: str, environ: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """A folder for a run's scratch files, removed at the end; when the run is killed, it is swept."""
    with hold_run_folder(run, environ) as folder:
        yield folder.place("scratch")


@contextmanager
def hold_run_folder(run: str, environ: Mapping[str, str]) -> Iterator[RunFolder]:
    """A run's folder with its lock; held several times at once in one process, it goes with the last."""
    path = _runs(environ) / run
    _LOCKS.acquire(path)
    folder = RunFolder(path, run)
    try:
        yield folder
    finally:
        with defer_interrupts(), _LOCKS.releasing(path) as last:
            if last and not folder.record.keep:
                _remove(path)


def sweep(environ: Mapping[str, str], remove_containers: Callable[[str], int] | None) -> int:
    """Clear up after runs that died; how many things were removed.

    Without an engine (`remove_containers` is None) a run that may have containers waits for the next sweep.
    """
    count = 0
    for folder in _dead(environ):
        record = folder.record
        kept = record.keep and (record.containers or bool(folder.processes()))
        if not kept and (remove_containers is not None or not record.containers):
            count += _clear(folder, remove_containers)
    return count


def stop_kept(root: Path, environ: Mapping[str, str], remove_containers: Callable[[str], int] | None) -> int:
    """Stop what `harness up` left running for this project; how many things were stopped."""
    count = 0
    for folder in _dead(environ):
        record = folder.record
        ours = record.keep and record.root == str(root)
        if ours and (remove_containers is not None or not record.containers):
            count += _clear(folder, remove_containers)
    return count


def lives_or_is_kept(run: str, environ: Mapping[str, str]) -> bool:
    """Whether a run's containers are to be left alone."""
    path = _runs(environ) / run
    if not path.exists():
        return False
    with _LOCKS.tried(path) as free:
        return not free or _read_record(path).keep


def leftovers(environ: Mapping[str, str]) -> list[str]:
    """The runs that died and have not been swept yet."""
    return [folder.run for folder in _dead(environ) if not folder.record.keep]


@dataclass(slots=True)
class _Locks:
    """The locks that this process holds, and how often; flock alone cannot be held twice by one process."""

    guard: threading.Lock = field(default_factory=threading.Lock)
    open: dict[Path, tuple[int, int]] = field(default_factory=dict)  # folder to (file descriptor, times)

    def acquire(self, folder: Path) -> None:
        with self.guard:
            if folder in self.open:
                held, times = self.open[folder]
                self.open[folder] = (held, times + 1)
                return
            deadline = time.monotonic() + 10
            while (descriptor := _lock_folder(folder, make=True)) is None:
                # A sweep has just taken the folder away, or is looking into it.
                if time.monotonic() > deadline:
                    raise EnvironmentProblem(
                        f"another run is called '{folder.name}'", hint="wait until it has ended"
                    )
                time.sleep(0.005)
            self.open[folder] = (descriptor, 1)

    @contextmanager
    def releasing(self, folder: Path) -> Iterator[bool]:
        """Give one hold back at the end; yields whether it is the last."""
        with self.guard:
            descriptor, times = self.open[folder]
            if times > 1:
                self.open[folder] = (descriptor, times - 1)
        if times > 1:
            yield False
            return
        try:
            yield True
        finally:
            with self.guard:
                del self.open[folder]
                os.close(descriptor)

    @contextmanager
    def tried(self, folder: Path) -> Iterator[bool]:
        """Hold a lock that nobody holds; yields whether that was so."""
        with self.guard:
            descriptor = None if folder in self.open else _lock_folder(folder, make=False)
            if descriptor is not None:
                self.open[folder] = (descriptor, 1)
        if descriptor is None:
            yield False
            return
        with self.releasing(folder):
            yield True


_LOCKS = _Locks()


def _lock_folder(folder: Path, *, make: bool) -> int | None:
    """An open file with the folder's lock; None when another holds it, or the folder went away meanwhile."""
    if make:
        _make_folder(folder)
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == (folder / "lock").stat().st_ino:
            return descriptor
    except OSError:
        pass  # held by another, or removed under our hands
    os.close(descriptor)
    return None


def _dead(environ: Mapping[str, str]) -> Iterator[RunFolder]:
    """Every run that has a folder but nobody who holds its lock; held by us while the caller looks at it."""
    for path in sorted(_runs(environ).iterdir()):
        with _LOCKS.tried(path) as free:
            if free:
                yield RunFolder(path, path.name)


def _clear(folder: RunFolder, remove_containers: Callable[[str], int] | None) -> int:
    count = folder.end_processes().count
    if remove_containers is not None:
        count += remove_containers(folder.run)
    return count + _remove(folder.path)


def _remove(path: Path) -> int:
    """Remove a run's folder, its lock last, so that a sweep that is killed can be swept itself."""
    remove_data(path / "data")
    for each in sorted(path.iterdir(), key=lambda p: (p.name == "lock", p.name == "run.json")):
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink(missing_ok=True)
    with suppress(OSError):
        path.rmdir()
    return 0 if path.exists() else 1


def _read_record(path: Path) -> RunRecord:
    try:
        told = json.loads((path / "run.json").read_text())
        return RunRecord(root=str(told["root"]), keep=bool(told["keep"]), containers=bool(told["containers"]))
    except (OSError, ValueError, KeyError, TypeError):
        return RunRecord()


def _runs(environ: Mapping[str, str]) -> Path:
    return _make_folder(state_folder(environ) / "runs")


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            f"the state folder cannot be written: {error}", hint="set HARNESS_STATE_DIR to a folder of yours"
        ) from error
    return folder
