"""Runs a folder of pytest tests in a process of its own and tells what became of each."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.cancellation import CancelToken
from harness.checks.engines.pytest_system import VARIABLE
from harness.checks.engines.suite_session import LIFELINE, RESULTS
from harness.services.proxies import past_proxies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_OUTER = ("PYTEST_", "COV_CORE_", "TOX_", VARIABLE)  # belong to a pytest around us, not to the suite
_GRACE = 8.0  # seconds for an interrupted suite to tear down its fixtures, as many as a service has to stop
_ROOTS = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "harness.toml", ".git")


@dataclass(slots=True)
class SuiteOutcome:
    """What a suite's process told, and how it ended."""

    root: str = ""  # the folder that the names of tests start from
    collected: list[str] = field(default_factory=list)
    deselected: list[str] = field(default_factory=list)
    not_collected: list[dict[str, Any]] = field(default_factory=list)
    phases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by test, in order
    exit: int | None = None  # pytest's own exit code; None when the session never ended
    last_words: str = ""
    timed_out: bool = False
    crash: str = ""  # how the process died, when it did

    def take(self, fact: Mapping[str, Any]) -> None:
        """Add one fact."""
        match fact["event"]:
            case "started":
                self.root = fact["root"]
            case "collected":
                self.collected = list(dict.fromkeys([*self.collected, *fact["tests"]]))
            case "deselected":
                self.deselected = list(dict.fromkeys([*self.deselected, *fact["tests"]]))
            case "not collected":
                self.not_collected.append(dict(fact))
            case "phase":
                self.phases.setdefault(fact["test"], []).append(dict(fact))
            case "finished":
                self.exit = fact["exit"]


def run_suite(
    path: Path,
    *,
    timeout: float,
    scratch: Path,
    environment: Mapping[str, str],
    options: Sequence[str] = (),
    ending: CancelToken | None = None,
) -> SuiteOutcome:
    """Run the tests below a path; whatever happens to the process, nothing of it stays."""
    folder = Path(tempfile.mkdtemp(prefix="suite-", dir=scratch))
    results, output = folder / "results.jsonl", folder / "output"
    results.touch()
    # A cache of its own: earlier runs of the user's do not choose the tests, and ours do not change theirs.
    words = [*command(path), *options, f"--rootdir={root_of(path)}", "-o", f"cache_dir={folder / 'cache'}"]
    told = past_proxies({**_environment(), **environment, RESULTS: str(results)})
    with output.open("wb") as log, _suite_process(words, root_of(path), told, log) as process:
        outcome = SuiteOutcome()
        try:
            with (ending or CancelToken()).calling(lambda: _interrupt_aside(process)):
                process.wait(timeout)
        except subprocess.TimeoutExpired:
            outcome.timed_out = True
    for fact in _facts(results):
        outcome.take(fact)
    outcome.last_words = "\n".join(output.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
    if not outcome.timed_out and outcome.exit is None:
        outcome.crash = f"the suite {_how(process.returncode)}: {outcome.last_words[-500:] or 'it said nothing'}"
    return outcome


def command(path: Path) -> list[str]:
    """How the suite is started."""
    drivers = "harness.checks.engines"
    plugins = ("-p", f"{drivers}.pytest_results", "-p", f"{drivers}.pytest_reads")
    return [sys.executable, "-m", "pytest", str(path), *plugins, "-q"]


def replay(root: Path, test: str) -> str:
    """What a person types to see one test again."""
    return f"python -m pytest {shlex.quote(os.path.relpath(root / test))}"


def root_of(path: Path) -> Path:
    """Where a person would stand: the nearest folder above that configures pytest or holds the project."""
    for folder in path.parents:
        if any((folder / name).exists() for name in _ROOTS):
            return folder
    return path.parent


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OUTER)}


@contextlib.contextmanager
def _suite_process(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """The suite's process; it ends with this one, and its whole group ends with the context."""
    theirs, ours = os.pipe()
    process = None
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env={**environment, LIFELINE: str(theirs)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs,),
            start_new_session=True,
        )
        yield process
    except KeyboardInterrupt:
        if process is not None:
            _interrupt(process)
        raise
    finally:
        if process is not None:
            _end(process)
        os.close(theirs)
        os.close(ours)


def _interrupt_aside(process: subprocess.Popen[bytes]) -> None:
    """Interrupt it while whoever ends the run goes on: its other checks are waiting to be ended as well."""
    threading.Thread(target=_interrupt, args=(process,), name="interrupt", daemon=True).start()


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Let pytest tear down its fixtures, for a moment: they may hold what nobody else knows of."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """What a test started and forgot goes as well, also from a session of its own."""
    import psutil

    forgotten = []
    with contextlib.suppress(psutil.NoSuchProcess):
        forgotten = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for each in forgotten:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def _facts(results: Path) -> Iterator[dict[str, Any]]:
    for line in results.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # the last line of a killed process may be cut
            yield json.loads(line)


def _how(code: int) -> str:
    try:
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    except ValueError:
        return f"was killed by signal {-code}"
