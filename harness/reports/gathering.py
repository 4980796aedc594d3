"""The events of a run, sorted by what they are about; nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, assert_never

from harness.engine.events import (
    CheckFinished,
    CheckFound,
    CheckStarted,
    Compared,
    Decided,
    Noticed,
    Planned,
    PromiseExercised,
    RunFinished,
    RunStarted,
    ServiceFailed,
    ServicePreparing,
    ServiceReady,
    ServiceStarting,
    ServiceStep,
    TaskId,
)
from harness.verdicts import Exercised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.engine.events import Event

E = TypeVar("E", Decided, RunFinished, CheckFinished)
ServiceEvent = ServicePreparing | ServiceStarting | ServiceReady | ServiceFailed


@dataclass(slots=True)
class Gathered:
    """What has been read of a stream so far; `tasks` keeps the order in which they were first named."""

    started: RunStarted | None = None
    planned: Planned | None = None
    decided: Decided | None = None
    finished: RunFinished | None = None
    tasks: dict[TaskId, None] = field(default_factory=dict)
    promised: dict[TaskId, int] = field(default_factory=dict)
    results: dict[TaskId, list[Exercised]] = field(default_factory=dict)
    found: dict[TaskId, list[CheckFound]] = field(default_factory=dict)
    ends: dict[TaskId, CheckFinished] = field(default_factory=dict)
    compared: dict[TaskId, Compared] = field(default_factory=dict)
    notices: dict[Noticed, None] = field(default_factory=dict)
    services: dict[tuple[str, str, str], ServiceEvent] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Sort one event in; an event after the end reopens the run."""
        match event:
            case RunStarted():
                self.started = self.started or event
            case Planned():
                self.planned = event
                self.tasks |= dict.fromkeys((*event.tasks, *event.reused))
            case Compared() | Noticed():
                self._remark(event)
            case ServicePreparing() | ServiceStep() | ServiceStarting() | ServiceReady() | ServiceFailed():
                self._service(event)
            case CheckStarted() | PromiseExercised() | CheckFound() | CheckFinished():
                self._check(event)
            case Decided():
                self.decided = _worse(self.decided, event)
            case RunFinished():
                self.finished = _worse(self.finished, event)
            case _:
                assert_never(event)

    def _remark(self, event: Compared | Noticed) -> None:
        if isinstance(event, Noticed):
            self.notices[event] = None
        else:
            self.compared[event.task] = event

    def _check(self, event: CheckStarted | PromiseExercised | CheckFound | CheckFinished) -> None:
        self.tasks.setdefault(event.task)
        match event:
            case CheckStarted():
                self.promised[event.task] = event.promised
            case PromiseExercised():
                self.results.setdefault(event.task, []).append(event.exercised)
            case CheckFound():
                self.found.setdefault(event.task, []).append(event)
            case CheckFinished():
                self.ends[event.task] = _worse(self.ends.get(event.task), event)

    def _service(self, event: ServiceEvent | ServiceStep) -> None:
        """The latest event of an instance stands; a slot is known only once it is ready."""
        if isinstance(event, ServiceStep):
            return  # only of use while it goes on
        plain = (event.name, event.version, "")
        if isinstance(event, ServiceReady) and event.slot:
            before = self.services.get(plain)
            if before is not None and not isinstance(before, ServiceReady):
                del self.services[plain]
            self.services[event.name, event.version, event.slot] = event
        else:
            self.services[plain] = event


def _worse(before: E | None, event: E) -> E:
    return event if before is None or event.verdict >= before.verdict else before


def gather(events: Iterable[Event]) -> Gathered:
    """All events, sorted; in whatever order they come, none is lost."""
    gathered = Gathered()
    for event in events:
        gathered.take(event)
    return gathered
