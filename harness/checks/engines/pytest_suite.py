"""Runs a folder of pytest tests in a process of its own and tells what became of each."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cancellation import CancelToken
from harness.checks.engines.child import Child, how_it_ended
from harness.checks.engines.pytest_system import VARIABLE
from harness.checks.engines.suite_session import RESULTS
from harness.services.proxies import past_proxies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_OUTER = ("PYTEST_", "COV_CORE_", "TOX_", VARIABLE)  # belong to a pytest around us, not to the suite
_GRACE = 8.0  # seconds for an interrupted suite to tear down its fixtures, as many as a service has to stop
_TAIL = 64_000  # letters of its output, for its last lines
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
    results = folder / "results.jsonl"
    results.touch()
    # A cache of its own: earlier runs of the user's do not choose the tests, and ours do not change theirs.
    words = [*command(path), *options, f"--rootdir={root_of(path)}", "-o", f"cache_dir={folder / 'cache'}"]
    told = past_proxies({**_environment(), **environment, RESULTS: str(results)})
    outcome = SuiteOutcome()
    with Child("the suite", words, told, folder=root_of(path), scratch=folder) as child:
        try:
            with (ending or CancelToken()).calling(lambda: child.finish_aside(_GRACE)):
                outcome.timed_out = not child.wait(timeout)
        except KeyboardInterrupt:
            child.finish(_GRACE)  # its fixtures may hold what nobody else knows of
            raise
        ended, outcome.last_words = child.code, "\n".join(child.last_words(_TAIL).splitlines()[-15:])
    for fact in _facts(results):
        outcome.take(fact)
    if ended is not None and outcome.exit is None:
        outcome.crash = f"the suite {how_it_ended(ended)}: {outcome.last_words[-500:] or 'it said nothing'}"
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


def _facts(results: Path) -> Iterator[dict[str, Any]]:
    for line in results.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # the last line of a killed process may be cut
            yield json.loads(line)
