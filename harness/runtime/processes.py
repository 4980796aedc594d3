"""Services as local processes, each on a port of its own on 127.0.0.1; PostgreSQL likewise."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cancellation import OVER, CancelToken, RunIsOver
from harness.errors import ServiceDidNotStart
from harness.ports import Endpoint, Instance, MadeOf, Runtime, Tell, Unit, silent
from harness.runtime import artifacts, postgres, postgres_seeds, sweeping
from harness.runtime.addressing import address, inside_of, ports_of, tail
from harness.runtime.attached import answers, attach
from harness.runtime.contents import kept_contents
from harness.runtime.interrupts import defer_interrupts
from harness.runtime.process_files import found_here
from harness.runtime.process_handle import GRACE, EndedProcesses
from harness.runtime.process_identity import ProcessIdentity, Surroundings, as_process, changed_files, identify
from harness.runtime.process_refusals import command_of, refuse_containers
from harness.runtime.readiness import NotReady, database_probe, exit_probe, probe_for, wait_until_ready
from harness.runtime.shared_memory import remove_data
from harness.runtime.source_builds import SourceBuilds
from harness.runtime.spawning import (
    PORT_TAKEN,
    Program,
    Spawned,
    Spawner,
    exit_code,
    part_of,
    size_of,
    stop_signal,
    tail_of,
    words,
)
from harness.runtime.sweeping import RunFolder
from harness.runtime.written_files import read_written
from harness.services.environment import expand, resolve
from harness.services.proxies import past_proxies
from harness.services.spelling import plain
from harness.services.system import ReadyKind, Resource, Service

if TYPE_CHECKING:
    from harness.runtime.readiness import Probe

ATTEMPTS = 3  # another program may take a port between our choosing it and the service's binding it


@dataclass(slots=True)
class ProcessRuntime(Runtime):
    """Runs services as processes of this machine."""

    root: Path
    environ: Mapping[str, str] = field(repr=False)
    apart: tuple[Path, ...] = ()  # pacts and the like, which count on their own wherever they lie
    fresh: bool = False  # build anew, whether or not anything has changed
    _around: Surroundings | None = field(default=None, repr=False)
    _builds: SourceBuilds | None = field(default=None, repr=False)
    _identities: dict[Service, ProcessIdentity] = field(default_factory=dict, repr=False)
    _touched: dict[Path, str] = field(default_factory=dict, repr=False)
    _killed: dict[str, float] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """`process`."""
        return "process"

    def artifact(self, unit: Unit) -> str:
        """What would be started: its folder, what its command names, its environment; as it was at first."""
        if isinstance(unit, Resource) and not unit.kind.as_program:
            return artifacts.of_resource(unit, self.environ)
        process = as_process(unit)
        return "" if process.url else self.identity(process).key

    def identity(self, service: Service) -> ProcessIdentity:
        """The same with what it was made of. Raises ServiceDidNotStart."""
        if service not in self._identities:
            self._identities[service] = identify(service, self.around)
        return self._identities[service]

    @property
    def around(self) -> Surroundings:
        """What the processes of this project have in common."""
        if self._around is None:
            self._around = Surroundings(
                root=self.root,
                environ=self.environ,
                contents=kept_contents(self.environ),
                apart=self.apart,
                written=read_written(self.root, self.environ),
            )
        return self._around

    @property
    def builds(self) -> SourceBuilds:
        """The build commands of this project."""
        if self._builds is None:
            self._builds = SourceBuilds(self.around, fresh=self.fresh)
        return self._builds

    def to_build(self, unit: Unit) -> bool:
        """Whether its `build-command` would run before it starts."""
        return isinstance(unit, Service) and self.builds.due(unit)

    def build(self, unit: Unit, tell: Tell = silent) -> None:
        """Run its `build-command`, where something of it has changed. Raises ServiceDidNotStart."""
        if isinstance(unit, Service):
            self.builds.build(unit, tell)

    def made_of(self, unit: Unit) -> MadeOf:
        """What its identity was made of, as far as it lies in files and no build command wrote it."""
        if isinstance(unit, Resource) or unit.url or not unit.command:
            return MadeOf()
        identity = self.identity(unit)
        files = (*identity.artifacts, *(identity.folder / name for name in identity.stamps))
        return MadeOf(files=self.builds.not_made(unit, files), unknown=identity.unknown)

    def touched(self) -> Mapping[Path, str]:
        """The files in folders of services that appeared or changed while those ran, and whose folder it was."""
        return dict(self._touched)

    def killed(self) -> Mapping[str, float]:
        """What did not go when it was asked to, and the seconds that it had."""
        return dict(self._killed)

    def note_ended(self, units: Mapping[str, str], ended: EndedProcesses) -> None:
        """Remember whom it took more than asking; units' names by what they were started as."""
        self._killed |= {units[e.name]: e.grace for e in ended.killed if e.grace and e.name in units}

    def look_again(self, services: Iterable[Service]) -> None:
        """Note what is new in the folders of services that have ended."""
        around = self.around
        for service in services:
            for path in changed_files(service, self.identity(service), around):
                self._touched[path] = service.name

    @contextmanager
    def session(self, run: str, *, keep: bool = False) -> Iterator[ProcessSession]:
        """A place to start processes for one run; with `keep` they stay when the context ends well."""
        with sweeping.hold_run_folder(run, self.environ) as folder:
            folder.note(root=str(self.root))
            session = ProcessSession(self, folder, Spawner(folder, stay=keep))
            kept = False
            try:
                yield session
                kept = keep
            finally:
                with defer_interrupts():
                    session.close(keep=kept)

    def sweep(self) -> int:
        """End the processes of dead runs and remove their folders."""
        return sweeping.sweep(self.environ, None)

    def down(self) -> int:
        """Stop the processes that `harness up` left running for this project."""
        return sweeping.stop_kept(self.root, self.environ, None)


@dataclass(slots=True)
class ProcessSession:
    """The processes of one run."""

    runtime: ProcessRuntime
    folder: RunFolder
    spawner: Spawner
    _running: dict[str, Spawned] = field(default_factory=dict)
    _logs: dict[str, Path] = field(default_factory=dict)
    _started: list[Service] = field(default_factory=list)
    _called: dict[str, str] = field(default_factory=dict)
    _ending: CancelToken = field(default_factory=CancelToken)

    def prepare(self, unit: Unit, tell: Tell = silent) -> None:
        """Build it, and see that it can be started here at all. Raises ServiceDidNotStart."""
        self.runtime.build(unit, tell)
        if isinstance(unit, Resource) and not unit.kind.as_program:
            refuse_containers(unit, self.runtime.environ)
            postgres.binaries(unit.name, self.runtime.environ)
        elif isinstance(unit, Resource) or not unit.url:
            self._program(unit, {}, {}, resolved=False)

    def start(self, unit: Unit, peers: Mapping[str, Instance], slot: str = "") -> Instance:
        """Start it on free ports and wait until it is ready. Raises ServiceDidNotStart."""
        if isinstance(unit, Service) and unit.url:
            return attach(unit, slot, self._ending)
        self.prepare(unit)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt(unit, peers, slot)
            except _PortTaken as taken:
                if attempt == ATTEMPTS:
                    raise ServiceDidNotStart(unit.name, str(taken), taken.log_tail) from taken
        raise AssertionError("unreachable")

    def cancel(self) -> None:
        """Give up what is being waited for; what was started ends with the session, all at once."""
        self._ending.declare()
        self.runtime.builds.cancel()

    def stop(self, instance: Instance) -> None:
        """End the process with all that it started; stopping twice is harmless."""
        self._end(instance.handle)

    def _end(self, handle: str) -> None:
        if spawned := self._running.pop(handle, None):
            self.runtime.note_ended(self._called, spawned.end())
            remove_data(self._data(spawned))

    def alive(self, instance: Instance) -> bool:
        """Whether the process still runs."""
        if not instance.handle:
            return answers(instance)
        spawned = self._running.get(instance.handle)
        return spawned is not None and not spawned.over

    def log_tail(self, instance: Instance, lines: int = 40) -> tuple[str, ...]:
        """The last lines of its output."""
        log = self._logs.get(instance.handle)
        return tail(tail_of(log), lines) if log else ()

    def log_position(self, instance: Instance) -> float:
        """The size of its log."""
        log = self._logs.get(instance.handle)
        return float(size_of(log)) if log else 0.0

    def log_between(self, instance: Instance, begin: float, end: float | None = None) -> tuple[str, ...]:
        """The last lines that it wrote between two sizes of its log."""
        log = self._logs.get(instance.handle)
        return tail(part_of(log, int(begin), None if end is None else int(end))) if log else ()

    def listening(self, instance: Instance) -> tuple[str, ...]:
        """Where it or one of its family accepts connections."""
        spawned = self._running.get(instance.handle)
        return spawned.listening() if spawned else ()

    def close(self, *, keep: bool) -> None:
        """End everything, or mark it to be kept."""
        self._ending.declare()
        self.spawner.refuse()
        try:
            self._end_all(keep=keep)
        finally:
            self.spawner.close()

    def _end_all(self, *, keep: bool) -> None:
        if keep:
            self.folder.note(keep=True)
            for spawned in self._running.values():
                spawned.leave()
            return
        self.runtime.note_ended(self._called, self.folder.end_processes())
        for spawned in self._running.values():
            spawned.popen.wait(timeout=10)
        self._running.clear()
        remove_data(self.folder.path / "data")
        self.runtime.look_again(self._started)

    def _attempt(self, unit: Unit, peers: Mapping[str, Instance], slot: str) -> Instance:
        ports = {name: self.spawner.free_port() for name, _ in ports_of(unit)}
        called = plain(f"{unit.name}-{slot}" if slot else unit.name)
        self._called[called] = unit.name
        if isinstance(unit, Resource) and not unit.kind.as_program:
            program = self._database(unit, called, next(iter(ports.values())))
        else:
            program = self._program(unit, inside_of(peers), ports, called=called)
        spawned = self._spawn(unit, called, program)
        handle = str(spawned.popen.pid)
        self._running[handle], self._logs[handle] = spawned, program.log
        if isinstance(unit, Service) or unit.kind.as_program:
            self._started.append(as_process(unit))
        try:
            self._wait(unit, spawned, _endpoints(unit, ports))
            self._check_owner(spawned, ports)
            if isinstance(unit, Resource) and unit.kind.postgres:
                url = next(iter(_endpoints(unit, ports).values())).url
                postgres_seeds.plant(unit, url, self.runtime.environ, self.folder.place("scratch"))
        except BaseException as error:
            elsewhere = spawned.listening() if isinstance(error, NotReady) and ports else ()
            if not self._ending.why:  # else it ends with everything that runs, all at once
                self._end(handle)
            if isinstance(error, NotReady | RunIsOver):
                raise _failure(unit, error, spawned, elsewhere) from error
            raise
        return Instance(
            name=unit.name,
            version=unit.version if isinstance(unit, Service) else "",
            slot=slot,
            endpoints=tuple(_endpoints(unit, ports).values()),
            artifact=self.runtime.artifact(unit),
            handle=handle,
        )

    def _spawn(self, unit: Unit, called: str, program: Program) -> Spawned:
        if why := self._ending.why:
            raise ServiceDidNotStart(unit.name, why)
        try:
            return self.spawner.spawn(called, program)
        except RuntimeError as error:  # the thread that starts processes takes no more work
            raise ServiceDidNotStart(unit.name, OVER) from error
        except OSError as error:
            raise ServiceDidNotStart(unit.name, f"it cannot be run: {error}") from error

    def _wait(self, unit: Unit, spawned: Spawned, endpoints: Mapping[str, Endpoint]) -> None:
        probe, ending = self._probe(unit, spawned, endpoints), self._ending
        wait_until_ready(
            lambda: ending.unless_over(probe),
            lambda: ending.why or ("" if unit.ready.kind is ReadyKind.EXIT else spawned.over),
            unit.ready.within,
            ending.pause,
        )

    def _probe(self, unit: Unit, spawned: Spawned, endpoints: Mapping[str, Endpoint]) -> Probe:
        if unit.ready.kind is ReadyKind.EXIT:
            return exit_probe(unit.ready.target, spawned.popen.poll)
        if isinstance(unit, Resource) and unit.kind.postgres:
            return database_probe(next(iter(endpoints.values())).url)

        def run(command: str) -> int:
            return exit_code(command, spawned, unit.ready.within)

        return probe_for(unit, endpoints, spawned.text, run)

    def _check_owner(self, spawned: Spawned, ports: Mapping[str, int]) -> None:
        """What answered may be a stranger who took the port, while our service is about to fail."""
        port = next(iter(ports.values()), 0)
        if port and _accepts(port) and not spawned.listens(port):
            raise NotReady(f"address already in use: port {port} is answered by another program")

    def _program(
        self,
        service: Unit,
        peers: Mapping[str, Mapping[str, str]],
        ports: Mapping[str, int],
        *,
        called: str = "",
        resolved: bool = True,
    ) -> Program:
        command = words(command_of(service, self.runtime.environ), as_process(service).python)
        directory = (self.runtime.root / service.directory).absolute()
        if not directory.is_dir():
            raise ServiceDidNotStart(service.name, f"its folder {directory} does not exist")
        environ = self.runtime.environ
        own: dict[str, str] = {}
        if resolved:
            command = tuple(expand(word, peers, ports, environ) for word in command)
            own = {"PORT": str(next(iter(ports.values())))} if ports else {}
            own |= resolve(service.environment, peers, ports, environ)
            own = found_here(own, service.container.mounts, self.folder.place("files") / called)
        told = self.runtime.identity(as_process(service)).environment
        path = own.get("PATH", told.get("PATH", ""))
        if "/" not in command[0] and shutil.which(command[0], path=path) is None:
            raise ServiceDidNotStart(service.name, f"the command '{command[0]}' is not installed here")
        return Program(
            command=command,
            directory=directory,
            environment=past_proxies({**told, "PYTHONUNBUFFERED": "1", **own}),
            log=self.folder.place("logs") / f"{called}.log",
            stop=stop_signal(service),
            grace=GRACE if service.stop_timeout is None else service.stop_timeout,
        )

    def _database(self, resource: Resource, called: str, port: int) -> Program:
        data, log = self.folder.place("data") / called, self.folder.place("logs") / f"{called}.log"
        return postgres.program(resource, data, log, port, self.runtime.environ)

    def _data(self, spawned: Spawned) -> Path:
        return self.folder.path / "data" / spawned.program.log.stem


class _PortTaken(Exception):
    """Somebody else has the port that was chosen."""

    def __init__(self, why: str, log_tail: tuple[str, ...]) -> None:
        super().__init__(why)
        self.log_tail = log_tail


def _failure(unit: Unit, error: Exception, spawned: Spawned, elsewhere: Sequence[str]) -> Exception:
    text = tail_of(spawned.program.log)
    if PORT_TAKEN.search(f"{error}\n{text}"):
        return _PortTaken(str(error), tail(text))
    where = f"; it listens on {', '.join(elsewhere)}: give its command or environment ${{self.port}}"
    return ServiceDidNotStart(unit.name, f"{error}{where if elsewhere else ''}", tail(text))


def _endpoints(unit: Unit, ports: Mapping[str, int]) -> dict[str, Endpoint]:
    urls = {name: address(unit, name, "127.0.0.1", port) for name, port in ports.items()}
    return {name: Endpoint(name=name, url=url, inside=url) for name, url in urls.items()}


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
