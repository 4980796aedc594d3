"""Services as containers: a private network per run, each service known there by its name."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.cancellation import CancelToken, RunIsOver
from harness.errors import ServiceDidNotStart
from harness.ports import Endpoint, Instance, MadeOf, Tell, Unit, silent
from harness.runtime import artifacts, sweeping
from harness.runtime.addressing import address, inside_of, ports_of, tail
from harness.runtime.attached import answers, attach
from harness.runtime.container_orders import Order, volume_of
from harness.runtime.contents import Contents, kept_contents
from harness.runtime.docker_engine import HOST, LOCK, ROOT, RUN, Engine
from harness.runtime.dockerfiles import unset_in_from
from harness.runtime.interrupts import defer_interrupts
from harness.runtime.process_identity import Surroundings
from harness.runtime.readiness import NotReady, database_probe, exit_probe, probe_for, wait_until_ready
from harness.runtime.source_builds import SourceBuilds
from harness.runtime.sweeping import RunFolder
from harness.runtime.written_files import read_written
from harness.services.environment import expand, resolve
from harness.services.proxies import direct, hosts_of
from harness.services.spelling import plain
from harness.services.system import ImageBuild, MountKind, ReadyKind, Resource, Service


@dataclass(slots=True)
class ContainerRuntime:
    """Runs services as containers of a Docker engine."""

    root: Path
    environ: Mapping[str, str] = field(repr=False)
    apart: tuple[Path, ...] = ()  # pacts and the like, which count on their own wherever they lie
    fresh: bool = False  # build anew, whether or not anything has changed
    engine: Engine = field(init=False, repr=False)
    contents: Contents = field(init=False, repr=False)
    builds: SourceBuilds = field(init=False, repr=False)
    _images: dict[ImageBuild, str] = field(default_factory=dict, repr=False)  # identities that were worked out
    _started: dict[str, str] = field(default_factory=dict, repr=False)  # container to the unit's name

    def __post_init__(self) -> None:
        self.engine = Engine(self.environ)
        self.contents = kept_contents(self.environ)
        around = Surroundings(
            root=self.root,
            environ=self.environ,
            contents=self.contents,
            apart=self.apart,
            written=read_written(self.root, self.environ),
        )
        self.builds = SourceBuilds(around, fresh=self.fresh)

    @property
    def name(self) -> str:
        """`docker`."""
        return "docker"

    @property
    def in_containers(self) -> bool:
        """Everything that is said of containers has an effect."""
        return True

    def artifact(self, unit: Unit) -> str:
        """What would be started: the inputs of its image, or the digest of the image that is pulled."""
        if isinstance(unit, Service) and unit.url:
            return ""
        return artifacts.of_container(unit, self.image_identity(unit), self.contents)

    def to_build(self, unit: Unit) -> bool:
        """Whether its `build-command` would run before its image is made."""
        return isinstance(unit, Service) and self.builds.due(unit)

    def build(self, unit: Unit, tell: Tell = silent) -> None:
        """Run its `build-command`, where something of it has changed. Raises ServiceDidNotStart."""
        if isinstance(unit, Service):
            self.builds.build(unit, tell)

    def made_of(self, unit: Unit) -> MadeOf:
        """The files of the context that its image is built from, but for those that a build command wrote."""
        if unit.build is None or (isinstance(unit, Service) and unit.url):
            return MadeOf()
        files = tuple(unit.build.context / name for name in artifacts.context_files(unit.build))
        return MadeOf(files=self.builds.not_made(unit, files) if isinstance(unit, Service) else files)

    def touched(self) -> Mapping[Path, str]:
        """A container writes into no folder of this machine."""
        return {}

    def killed(self) -> Mapping[str, float]:
        """Of the containers that were given time to stop: what was made to, and how many seconds it had."""
        return {name: self.engine.killed[it] for it, name in self._started.items() if it in self.engine.killed}

    def note_started(self, container: str, unit: Unit) -> None:
        """Remember whose container it is."""
        self._started[container] = unit.name

    def image_identity(self, unit: Unit) -> str:
        """The identity of a unit's image alone, whatever it is started with. Raises ServiceDidNotStart."""
        if unit.build is None:
            return self.engine.image_id(self.image(unit), unit.name, unit.container.platform)
        if unit.build not in self._images:
            if why := unset_in_from(artifacts.read_dockerfile(unit.build), dict(unit.build.args)):
                raise ServiceDidNotStart(unit.name, f"{unit.build.dockerfile}: {why}")
            self._images[unit.build] = artifacts.of_build(
                unit.build, lambda name: self.engine.image_id(name, unit.name), self.contents
            )
        return self._images[unit.build]

    def image(self, unit: Unit) -> str:
        """The name of the image to start; a built one is named by its identity, so that it is built once."""
        if unit.build is not None:
            return f"contract-harness/{plain(unit.name).lower()}:{self.image_identity(unit)[:16]}"
        if unit.image:
            return unit.image.replace("{version}", unit.version) if isinstance(unit, Service) else unit.image
        if isinstance(unit, Resource) and unit.kind.image:
            return expand(unit.kind.image, {}, {}, self.environ)
        raise ServiceDidNotStart(
            unit.name, "it has neither 'image' nor 'build' to make a container from; or run with --runtime process"
        )

    @contextmanager
    def session(self, run: str, *, keep: bool = False) -> Iterator[ContainerSession]:
        """A place to start containers for one run; with `keep` they stay when the context ends well."""
        with sweeping.hold_run_folder(run, self.environ) as folder:
            folder.note(root=str(self.root), containers=True)
            session = ContainerSession(self, folder)
            kept = False
            try:
                yield session
                kept = keep
            finally:
                with defer_interrupts():
                    session.close(keep=kept)

    def sweep(self) -> int:
        """Remove containers, networks, processes and folders of dead runs of this host."""
        count = sweeping.sweep(self.environ, self.engine.remove_run)
        host = sweeping.host_name(self.environ)
        count += self.engine.remove_unless(host, lambda run: sweeping.lives_or_is_kept(run, self.environ))
        return count

    def down(self) -> int:
        """Stop what `harness up` left running for this project."""
        return sweeping.stop_kept(self.root, self.environ, self.engine.remove_run)


@dataclass(slots=True)
class ContainerSession:
    """The containers of one run."""

    runtime: ContainerRuntime
    folder: RunFolder
    _networked: bool = False
    _here: set[str] = field(default_factory=set)  # images that were seen, so that a start need not ask again
    _filled: set[str] = field(default_factory=set)  # volumes of this run
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _filling: threading.Lock = field(default_factory=threading.Lock)
    _ending: CancelToken = field(default_factory=CancelToken)

    def prepare(self, unit: Unit, tell: Tell = silent) -> None:
        """Build or pull its image, unless one of the same identity is here. Raises ServiceDidNotStart."""
        if isinstance(unit, Service) and unit.url:
            return
        try:
            self._ending.unless_over(lambda: self._make_image(unit, tell))
        except RunIsOver as error:
            raise ServiceDidNotStart(unit.name, str(error)) from error

    def _make_image(self, unit: Unit, tell: Tell) -> None:
        self.runtime.build(unit, tell)
        runtime, name = self.runtime, self.runtime.image(unit)
        if name in self._here:
            return
        if unit.build is None:
            runtime.engine.image_id(name, unit.name, unit.container.platform, tell)
        elif runtime.fresh or not runtime.engine.has_image(name):
            runtime.engine.build(unit.name, unit.build, name, tell, anew=runtime.fresh)
        self._here.add(name)

    def start(self, unit: Unit, peers: Mapping[str, Instance], slot: str = "") -> Instance:
        """Start it and wait until it is ready. Raises ServiceDidNotStart after removing what it started."""
        if isinstance(unit, Service) and unit.url:
            return attach(unit, slot, self._ending)
        self.prepare(unit)
        self._network()
        alias = plain(f"{unit.called}-{slot}" if slot else unit.called)
        engine, container = self.runtime.engine, ""
        try:
            container = engine.start(self._order(unit, peers, alias, slot))
            self.runtime.note_started(container, unit)
            endpoints = self._endpoints(unit, alias, engine.published(container))
            self._wait(unit, container, endpoints)
        except BaseException as error:
            log = self._taken_down(container) if container else ()
            if isinstance(error, NotReady | RunIsOver):
                raise ServiceDidNotStart(unit.name, str(error), log) from error
            raise
        return Instance(
            name=unit.name,
            version=unit.version if isinstance(unit, Service) else "",
            slot=slot,
            endpoints=tuple(endpoints.values()),
            artifact=self.runtime.artifact(unit),
            handle=container,
        )

    def cancel(self) -> None:
        """Give up what is being pulled, built or waited for."""
        self._ending.declare()
        self.runtime.builds.cancel()

    def stop(self, instance: Instance) -> None:
        """Remove the container; stopping twice is harmless."""
        if instance.handle:
            self.runtime.engine.remove_container(instance.handle)

    def alive(self, instance: Instance) -> bool:
        """Whether the container still runs."""
        if not instance.handle:
            return answers(instance)
        return not self.runtime.engine.over(instance.handle)

    def log_tail(self, instance: Instance, lines: int = 40) -> tuple[str, ...]:
        """The last lines of its output."""
        return tail(self.runtime.engine.log(instance.handle, lines), lines) if instance.handle else ()

    def log_position(self, instance: Instance) -> float:
        """The time, by which the engine tells what a container wrote since."""
        return time.time()

    def log_between(self, instance: Instance, begin: float, end: float | None = None) -> tuple[str, ...]:
        """The last lines that it wrote between two moments."""
        return tail(self.runtime.engine.log(instance.handle, 40, begin, end)) if instance.handle else ()

    def listening(self, instance: Instance) -> tuple[str, ...]:
        """Where something in its container accepts connections."""
        return self.runtime.engine.listening(instance.handle) if instance.handle else ()

    def close(self, *, keep: bool) -> None:
        """Remove everything, or mark it to be kept."""
        self._ending.declare()
        if keep:
            self.folder.note(keep=True)
        else:
            self.runtime.engine.remove_run(self.folder.run)
        self.runtime.engine.close()

    def _network(self) -> None:
        with self._guard:
            if not self._networked:
                self.runtime.engine.network(self.folder.run, self._labels())
                self._networked = True

    def _labels(self) -> dict[str, str]:
        return {
            RUN: self.folder.run,
            HOST: sweeping.host_name(self.runtime.environ),
            LOCK: str(self.folder.path / "lock"),
            ROOT: str(self.runtime.root),
        }

    def _volumes(self, unit: Unit, image: str) -> None:
        """The run's volumes that it mounts, each filled once with the folder for which it stands."""
        with self._filling:
            for mount in unit.container.mounts:
                name = volume_of(mount, self.folder.run)
                if name and name not in self._filled:
                    self.runtime.engine.volume(name, self._labels())
                    if mount.kind is MountKind.COPY:
                        self.runtime.engine.fill(name, mount.source, image, self._labels())
                    self._filled.add(name)

    def _order(self, unit: Unit, peers: Mapping[str, Instance], alias: str, slot: str) -> Order:
        ports, inside, environ = dict(ports_of(unit)), inside_of(peers), self.runtime.environ
        environment = {"PORT": str(next(iter(ports.values())))} if ports else {}
        environment |= _login(unit) | resolve(unit.environment, inside, ports, environ)
        beside = hosts_of(url for endpoints in inside.values() for url in endpoints.values())
        environment |= direct(environment, (alias, *unit.container.names, *beside))
        image, settings = self.runtime.image(unit), unit.container
        self._volumes(unit, image)
        return Order(
            image=image,
            run=self.folder.run,
            # Other names mean the service itself, not one of its versions beside another.
            aliases=(alias,) if slot else (alias, *settings.names),
            environment=environment,
            ports=tuple(ports.values()),
            labels=self._labels(),
            command=tuple(expand(word, inside, ports, environ) for word in unit.container_command),
            settings=settings,
            stop_timeout=unit.stop_timeout,
        )

    def _endpoints(self, unit: Unit, alias: str, published: Mapping[int, int]) -> dict[str, Endpoint]:
        host = self.runtime.engine.host
        return {
            name: Endpoint(
                name=name,
                url=address(unit, name, host, published.get(port, 0)),
                inside=address(unit, name, alias, port),
            )
            for name, port in ports_of(unit)
        }

    def _wait(self, unit: Unit, container: str, endpoints: Mapping[str, Endpoint]) -> None:
        engine, ending = self.runtime.engine, self._ending
        if unit.ready.kind is ReadyKind.EXIT:
            probe = exit_probe(unit.ready.target, lambda: engine.exit_code(container))
        elif isinstance(unit, Resource) and unit.kind.postgres:
            probe = database_probe(next(iter(endpoints.values())).url)
        else:
            probe = probe_for(
                unit,
                endpoints,
                lambda: engine.log(container, 5000),
                lambda command: engine.run_inside(container, command),
            )
        wait_until_ready(
            lambda: ending.unless_over(probe),
            lambda: ending.why or ("" if unit.ready.kind is ReadyKind.EXIT else engine.over(container)),
            unit.ready.within,
            ending.pause,
        )

    def _taken_down(self, container: str) -> tuple[str, ...]:
        """Remove a container that did not become ready; the last lines that it wrote."""
        log = () if self._ending.why else tail(self.runtime.engine.log(container, 40))
        self.runtime.engine.remove_container(container)
        return log


def _login(unit: Unit) -> dict[str, str]:
    """What images of its kind want to be told."""
    if not isinstance(unit, Resource):
        return {}
    said = {"user": unit.user, "password": unit.password, "database": unit.database}
    return {name: value.format(**said) for name, value in unit.kind.login}
