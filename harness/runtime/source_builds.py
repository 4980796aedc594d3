"""Building a service from its sources before it starts, where anything has changed since it was built last."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import ServiceDidNotStart
from harness.identity import canonical_json, digest
from harness.ports import Tell, silent
from harness.runtime import sweeping
from harness.runtime.addressing import tail
from harness.runtime.command_words import CommandWords
from harness.runtime.contents import stamps
from harness.runtime.process_environment import environment_key
from harness.runtime.process_identity import Surroundings, inputs_key, own_files, told_environment
from harness.runtime.spawning import Program, Spawner, tail_of, words
from harness.services.proxies import past_proxies

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.runtime.spawning import Spawned
    from harness.services.system import Service

_SHOWN = 100  # characters of a command that a sentence repeats
_LOOK = 0.5  # seconds between two looks at what a build says


@dataclass(frozen=True, slots=True)
class LastBuild:
    """What a build command left at its last success."""

    key: str = ""  # of all that it was made of and made
    made: frozenset[str] = frozenset()  # the files that it wrote, then or before


@dataclass(slots=True)
class SourceBuilds:
    """Runs the build commands of one project; each at most once in the life of this value."""

    around: Surroundings
    fresh: bool = False  # build whether or not anything has changed
    _done: dict[str, ServiceDidNotStart | None] = field(default_factory=dict)
    _running: set[Spawner] = field(default_factory=set)

    def due(self, service: Service) -> bool:
        """Whether its build command would run before it starts."""
        if not service.build_command or self._place(service) in self._done:
            return False
        return self.fresh or self._last(service).key != self._key(service)

    def not_made(self, service: Service, files: Iterable[Path]) -> tuple[Path, ...]:
        """Those of some files that its build command did not write."""
        made = self._last(service).made if service.build_command else frozenset()
        return tuple(each for each in files if os.path.realpath(each) not in made)

    def build(self, service: Service, tell: Tell = silent) -> None:
        """Run its build command, where anything has changed. Raises ServiceDidNotStart with what that said."""
        place = self._place(service)
        if service.build_command and place not in self._done:
            self._done[place] = self._failure(service, tell) if self.due(service) else None
        if failed := self._done.get(place):
            raise ServiceDidNotStart(service.name, failed.why, failed.log_tail)

    def cancel(self) -> None:
        """End what is being built."""
        for spawner in list(self._running):
            spawner.close()

    def _failure(self, service: Service, tell: Tell) -> ServiceDidNotStart | None:
        before = stamps(own_files(service, self.around))
        try:
            self._run(service, tell)
        except ServiceDidNotStart as failed:
            return failed
        after = stamps(own_files(service, self.around))
        wrote = {name for name, stamp in after.items() if before.get(name) != stamp}
        folder = self.around.root / service.directory
        made = {each for each in self._last(service).made if os.path.lexists(each)} | {
            os.path.realpath(folder / name) for name in wrote
        }
        self._keep(service, LastBuild(self._key(service), frozenset(made)))
        return None

    def _run(self, service: Service, tell: Tell) -> None:
        command = words(service.build_command, service.python)
        told = self._environment(service)
        if "/" not in command[0] and shutil.which(command[0], path=told.get("PATH", "")) is None:
            raise ServiceDidNotStart(service.name, f"its build-command '{command[0]}' is not installed here")
        shown = shlex.join(service.build_command)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        tell(f"build-command: {shown}")
        with sweeping.hold_run_folder(f"build-{uuid.uuid4().hex[:12]}", self.around.environ) as folder:
            spawner = Spawner(folder, stay=False)
            self._running.add(spawner)
            program = Program(
                command=command,
                directory=(self.around.root / service.directory).absolute(),
                environment=past_proxies(told),
                log=folder.place("logs") / "build.log",
            )
            try:
                spawned = spawner.spawn(service.name, program)
                code = _wait_for_exit(spawned, tell)
                said = tail(tail_of(program.log))
            except OSError as error:
                raise ServiceDidNotStart(service.name, f"its build-command cannot be run: {error}") from error
            finally:
                self._running.discard(spawner)
                self.around.contents.forget()
                folder.end_processes()
                spawner.close()
        if code:
            why = f"its build-command ended with exit code {code}: {shown}"
            raise ServiceDidNotStart(service.name, why, said)

    def _environment(self, service: Service) -> dict[str, str]:
        told = told_environment(service, own_files(service, self.around), self.around)
        return {**told, **_plain(service.environment)}

    def _key(self, service: Service) -> str:
        """All that decides what a build makes, and what it made: whatever of it changes, it is built again."""
        folder = self.around.root / service.directory
        files = own_files(service, self.around)
        told = told_environment(service, files, self.around)
        named = CommandWords(self.around.contents, folder, told, self.around.root)
        named.read(words(service.build_command, service.python))
        tree = self.around.contents.of_files(folder, files, f"built {service.name}")
        said = canonical_json([service.build_command])
        inputs = inputs_key(service, self.around.contents)
        return digest("built", tree, said, inputs, environment_key(service, told), *sorted(named.parts))

    def _place(self, service: Service) -> str:
        folder = os.path.realpath(self.around.root / service.directory)
        return digest("built 1", os.fsencode(folder), service.version, *service.build_command)[:40]

    def _file(self, service: Service) -> Path:
        return sweeping.state_folder(self.around.environ) / "kept" / "builds" / f"{self._place(service)}.json"

    def _last(self, service: Service) -> LastBuild:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._file(service).read_text(encoding="utf-8"))
            return LastBuild(str(kept["key"]), frozenset(map(str, kept["made"])))
        return LastBuild()

    def _keep(self, service: Service, built: LastBuild) -> None:
        place = self._file(service)
        part = place.with_suffix(f".{os.getpid()}.part")
        with contextlib.suppress(OSError):  # what cannot be kept is built again
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(json.dumps({"key": built.key, "made": sorted(built.made)}), encoding="utf-8")
            part.replace(place)


def _wait_for_exit(spawned: Spawned, tell: Tell) -> int:
    """Its exit code; what it says last is told now and then."""
    while True:
        try:
            return spawned.popen.wait(timeout=_LOOK)
        except subprocess.TimeoutExpired:
            if said := tail_of(spawned.program.log).strip():
                tell(said.rpartition("\n")[2])


def _plain(environment: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """What the manifest sets; what refers to another service is not known before that runs."""
    return {name: value for name, value in environment if "${" not in value}
