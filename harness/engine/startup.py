"""Bringing a system up: along its graph, independent services in parallel, each failure kept to itself."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.engine.events import (
    Event,
    ServiceFailed,
    ServicePreparing,
    ServiceReady,
    ServiceStarting,
    ServiceStep,
)
from harness.errors import HarnessError, ServiceDidNotStart
from harness.ports import Clock, Instance, Session, Unit
from harness.services.system import ReadyKind, Service, System

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

TOLD_EVERY = 0.5  # seconds between two steps of a build that are told


@dataclass(slots=True)
class Startup:
    """One bring-up in progress; `running` and `failed` are complete when `events` has ended."""

    session: Session
    system: System
    clock: Clock
    running: dict[str, Instance] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # name to why
    resolve: dict[str, str] = field(default_factory=dict)  # name of what failed to the command that resolves it
    _steps: dict[str, str] = field(default_factory=dict)  # the latest step of each that is being prepared
    _prepared: dict[str, float] = field(default_factory=dict)  # seconds that preparing it took
    _waiting: dict[str, Unit] = field(default_factory=dict)  # prepared, but not yet all that it needs
    _took: dict[str, float] = field(default_factory=dict)  # seconds from its start to its being ready

    def events(self, order: Sequence[str], workers: int = 8) -> Generator[Event]:
        """Prepare all at once, start each when what it needs is ready; closing the stream gives up the rest."""
        pool = ThreadPoolExecutor(max_workers=max(workers, 1), thread_name_prefix="start")
        pending: dict[Future[Instance | None], tuple[str, Unit]] = {}
        ended = False
        try:
            for name in order:
                unit = self.system.unit(name)
                yield ServicePreparing(name=name, version=_version(unit))
                pending[pool.submit(self._prepare, unit)] = (name, unit)
            while pending:
                steps = TOLD_EVERY if len(self._prepared) < len(order) else None
                done, _ = wait(pending, steps, return_when=FIRST_COMPLETED)
                yield from self._told()
                for future in done:
                    name, unit = pending.pop(future)
                    yield from self._settle(name, unit, future)
                for unit in self._startable():
                    prepared = self._prepared[unit.name]
                    yield ServiceStarting(name=unit.name, version=_version(unit), prepared=prepared)
                    peers = {self.system.unit(need).called: self.running[need] for need in unit.needs}
                    pending[pool.submit(self._start, unit, peers)] = (unit.name, unit)
                yield from self._blocked()
            ended = True
        finally:
            if not ended:
                self.session.cancel()
            pool.shutdown(wait=True, cancel_futures=True)

    def _prepare(self, unit: Unit) -> None:
        """Make what it needs and note how long that took; its steps are told from the stream."""
        began = self.clock.seconds()
        try:
            self.session.prepare(unit, lambda step: self._steps.update({unit.name: step}))
        finally:
            self._prepared[unit.name] = self.clock.seconds() - began

    def _told(self) -> Iterator[Event]:
        """The latest step of each that is being prepared; what came between is not worth an event."""
        for name in list(self._steps):
            text = self._steps.pop(name)
            yield ServiceStep(name=name, version=_version(self.system.unit(name)), text=text)

    def _start(self, unit: Unit, peers: Mapping[str, Instance]) -> Instance:
        """Start it and note its own time, without what it spent in the queue of the workers."""
        began = self.clock.seconds()
        instance = self.session.start(unit, peers)
        self._took[unit.name] = self.clock.seconds() - began
        return instance

    def _settle(self, name: str, unit: Unit, future: Future[Instance | None]) -> Iterator[Event]:
        """One step of one unit ended: prepared, ready, or failed."""
        try:
            instance = future.result()
        except ServiceDidNotStart as error:
            yield self._failure(unit, error.why, error.log_tail, error.resolve)
        except HarnessError as error:
            yield self._failure(unit, str(error))
        else:
            if instance is None:
                self._waiting[name] = unit
                return
            self.running[name] = instance
            yield ServiceReady(
                name=name,
                version=instance.version,
                slot=instance.slot,
                endpoints=instance.endpoints,
                seconds=self._took[name],
                prepared=self._prepared[name],
                proven=unit.ready.kind is not ReadyKind.LOG or bool(unit.ready.target),
            )

    def _startable(self) -> list[Unit]:
        ready = [unit for unit in self._waiting.values() if all(need in self.running for need in unit.needs)]
        for unit in ready:
            del self._waiting[unit.name]
        return ready

    def _blocked(self) -> Iterator[Event]:
        """What needs something that failed has failed as well; repeated until nothing more follows."""
        again = True
        while again:
            again = False
            for unit in list(self._waiting.values()):
                lost = [need for need in unit.needs if need in self.failed]
                if lost:
                    del self._waiting[unit.name]
                    why = f"it needs {lost[0]}, which did not start"
                    yield self._failure(unit, why, resolve=self.resolve[lost[0]])
                    again = True

    def _failure(self, unit: Unit, why: str, log_tail: tuple[str, ...] = (), resolve: str = "") -> ServiceFailed:
        self.failed[unit.name] = why
        self.resolve[unit.name] = resolve
        return ServiceFailed(
            name=unit.name, version=_version(unit), because=why, log_tail=log_tail, resolve=resolve
        )


def _version(unit: Unit) -> str:
    return unit.version if isinstance(unit, Service) else ""
