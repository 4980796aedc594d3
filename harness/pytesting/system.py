"""The running system for integration tests: given by `harness run`, or started here once per session.

Under xdist the first worker that asks starts the system and is its owner. The others read its addresses from a
folder that all workers of one session share; the owner waits until the last of them is done before it stops it.
A lock ends with its process, so neither a dead owner nor a dead user is waited for.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.drivers.pytest_system import SYSTEM, read_system, write_system
from harness.errors import UnknownName, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import pytest

    from harness.ports import Instance

    Starts = Callable[[], AbstractContextManager[Mapping[str, Instance]]]

_GLANCE = 0.1  # seconds between two looks at whether another worker is done


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """Every running service and resource, by name."""

    instances: Mapping[str, Instance]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that runs."""
        return tuple(sorted(self.instances))

    def __getitem__(self, name: str) -> Instance:
        """One running service; a name that does not run is an error that says which do."""
        try:
            return self.instances[name]
        except KeyError:
            hint = did_you_mean(name, self.names)
            raise UnknownName(f"no service '{name}' runs in this system", hint=hint) from None

    def url(self, service: str, endpoint: str = "") -> str:
        """Where the service answers: its main address, or that of a named endpoint."""
        instance = self[service]
        if not endpoint and instance.endpoints:
            return instance.url
        urls = {each.name: each.url for each in instance.endpoints}
        if endpoint not in urls:
            raise UnknownName(f"{service} has no endpoint '{endpoint}'", hint=did_you_mean(endpoint, urls))
        return urls[endpoint]


@contextmanager
def _running(config: pytest.Config) -> Iterator[RunningSystem]:
    import os

    given = os.environ.get(SYSTEM, "")
    if given:
        yield RunningSystem(read_system(Path(given)))
        return
    worker: dict[str, str] | None = getattr(config, "workerinput", None)
    with _started(config)() if worker is None else _shared(worker, _started(config)) as instances:
        yield RunningSystem(instances)


def running(config: pytest.Config) -> Iterator[RunningSystem]:
    """The system of this session, until the generator is closed; for `yield from` in a session fixture."""
    with _running(config) as system:
        yield system


def _started(config: pytest.Config) -> Starts:
    def start() -> AbstractContextManager[Mapping[str, Instance]]:
        from harness.wiring.systems import running_system

        named = config.getoption("harness_manifest")
        manifest = Path(config.invocation_params.dir, named) if named else None
        return running_system(manifest, config.getoption("harness_runtime"))

    return start


@contextmanager
def _shared(worker: Mapping[str, str], start: Starts) -> Iterator[Mapping[str, Instance]]:
    folder = Path(tempfile.gettempdir(), f"harness-system-{worker['testrunuid']}")
    with shared(folder, worker["workerid"], start) as instances:
        yield instances


@contextmanager
def shared(folder: Path, worker: str, start: Starts) -> Iterator[Mapping[str, Instance]]:
    """The one system of all workers that name this folder; who finds none starts it, and stops it last of all."""
    from filelock import FileLock

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    turn = FileLock(folder / "turn.lock")
    told = folder / "system.json"
    with ExitStack() as stack:
        with turn:
            folder.mkdir(mode=0o700, exist_ok=True)  # an owner may have removed it while we waited
            owns = _free(folder / "owner.lock")
            if owns:
                stack.callback(_close, folder, turn)
                stack.enter_context(FileLock(folder / "owner.lock"))
                instances = stack.enter_context(start())
                write_system(told, instances)
            else:
                instances = read_system(told)
                stack.enter_context(FileLock(folder / f"user-{worker}.lock"))
        try:
            yield instances
        finally:
            if owns:
                _wait_for_users(folder, turn)


def _free(lock: Path) -> bool:
    from filelock import FileLock, Timeout

    try:
        with FileLock(lock, timeout=0):
            return True
    except Timeout:
        return False


def _wait_for_users(folder: Path, turn: AbstractContextManager[object]) -> None:
    """Until nobody uses the system; from then on nobody can begin to."""
    while True:
        with turn:
            if all(_free(lock) for lock in folder.glob("user-*.lock")):
                (folder / "system.json").unlink(missing_ok=True)
                return
        time.sleep(_GLANCE)


def _close(folder: Path, turn: AbstractContextManager[object]) -> None:
    with turn:
        if _free(folder / "owner.lock") and all(_free(lock) for lock in folder.glob("user-*.lock")):
            shutil.rmtree(folder, ignore_errors=True)
