"""Provider checks for pytest: what is promised, before anything starts, and the results, task by task."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.app.run import Run
from harness.app.service_documents import read_document
from harness.engine.answer import Notes, evidence_of
from harness.engine.conduct import replay_task, with_document
from harness.engine.events import CheckFinished, CheckFound, Event
from harness.engine.plan import Task
from harness.engine.run import promises, run_task
from harness.engine.startup import Startup
from harness.services.graph import start_order
from harness.verdicts import Exercised, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.ports import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """One promise document on one provider, and the promises in it as far as they are known before a start."""

    provider: str
    kind: str  # "pacts", "properties", or what a plug-in brings
    consumer: str  # "" for what a provider promises by itself
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What became of a task: of each promise, and of the task as a whole."""

    exercised: tuple[Exercised, ...]
    findings: tuple[Finding, ...]  # without those that the manifest accepts
    finished: CheckFinished


@dataclass(slots=True)
class SystemVerification:
    """The checks of one manifest; services are started when the first result of theirs is asked for."""

    run: Run
    stack: ExitStack
    _tasks: dict[PlannedTask, Task] = field(default_factory=dict)
    _startup: Startup | None = None

    def tasks(self) -> tuple[PlannedTask, ...]:
        """Everything that is to be checked, the same on every worker."""
        if not self._tasks:
            known = self.run.settled()
            for task in self.run.plan(known).tasks:
                if not task.id.kind.is_suite:
                    self._tasks[_plan_task(task)] = task
        return tuple(self._tasks)

    def events(self, planned: PlannedTask) -> Iterator[Event]:
        """Run the whole task; earlier evidence of equal content answers it."""
        task = self._tasks[planned]
        if task.reused is not None:
            yield from replay_task(task)
            return
        startup = self._bring_up(task)
        task = with_document(task, startup.running, read_document)
        bench = replace(
            self.run.bench, running=startup.running, failed=startup.failed, alive=startup.session.alive
        )
        notes = Notes()
        for event in run_task(task, bench):
            notes.take(event)
            yield event
        self._remember(task, notes)

    def _remember(self, task: Task, notes: Notes) -> None:
        """Keep the evidence, and the document that only the running service could tell."""
        if not task.id.contract and task.document is not None:
            self.run.learned(task.id.provider, task.document)
        self.run.keep(evidence_of(task, notes, run=self.run.run, at=self.run.bench.clock.now()))

    def _bring_up(self, task: Task) -> Startup:
        """Start what the task touches and does not run yet."""
        startup = self._startup
        if startup is None:
            session: Session = self.stack.enter_context(self.run.runtime.session(self.run.run))
            startup = Startup(session=session, system=self.run.system, clock=self.run.bench.clock)
            self._startup = startup
        done = startup.running.keys() | startup.failed.keys()
        order = [name for name in start_order(self.run.system, sorted(task.touches)) if name not in done]
        for _ in startup.events(order):
            pass
        return startup


def task_result(events: Iterable[Event]) -> TaskResult:
    """What the events of one task say; pure."""
    notes, accepted = Notes(), set()
    for event in events:
        notes.take(event)
        if isinstance(event, CheckFound) and event.accepted:
            accepted.add(event.finding)
    (finished,) = notes.finished.values()
    return TaskResult(
        exercised=tuple(notes.exercised.get(finished.task, ())),
        findings=tuple(f for f in notes.findings.get(finished.task, ()) if f not in accepted),
        finished=finished,
    )


def _plan_task(task: Task) -> PlannedTask:
    return PlannedTask(
        provider=task.id.provider.pacticipant,
        kind=task.id.kind.value,
        consumer=task.id.consumer.pacticipant if task.id.consumer else "",
        subjects=promises(task),
    )
