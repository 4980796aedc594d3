"""A whole run as one stream of events: start the system, run the open tasks, keep the evidence, answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.contracts.openapi import OpenApi
from harness.contracts.openapi_routing import RouteTable
from harness.engine.answer import Notes, decide, evidence_of, members, spread
from harness.engine.events import (
    CheckFinished,
    CheckFound,
    CheckStarted,
    Compared,
    Event,
    Noticed,
    Planned,
    PromiseExercised,
    RunFinished,
)
from harness.engine.impact import readable_routes, with_impact
from harness.engine.plan import Plan, Task
from harness.engine.run import RunContext, run_task
from harness.engine.startup import Startup
from harness.engine.workers import Workers
from harness.errors import ContractError
from harness.evidence import Evidence, Known, Subject
from harness.gate import resolutions
from harness.identity import Version
from harness.ports import Instance, Session
from harness.services.system import Service
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.pact_fit import Comparison


@dataclass(slots=True, kw_only=True)
class PlanRunner:
    """Holds what a run gathers; `events` is the run."""

    plan: Plan
    run: str
    bench: RunContext
    session: Callable[[], AbstractContextManager[Session]]
    known: dict[Version, Known]
    require: Sequence[str]
    document: Callable[[Service, Instance], OpenApi]  # asks the running service; raises ContractError
    keep: Callable[[Evidence], None]  # called as soon as a task has finished, or was answered
    learned: Callable[[Version, OpenApi], None]  # called when a running service told its document
    notices: Callable[[], Iterable[Noticed]] = tuple  # asked when everything that ran has ended
    standing: Callable[[Sequence[Evidence]], Iterable[Noticed]] = lambda _: ()  # what else speaks of what was seen
    jobs: int = 2
    decides: bool = True  # False: only the verdicts of the tasks are asked for
    earlier: Sequence[CheckFinished] = ()  # verdicts from before the plan: the consumers' suite
    earlier_evidence: Sequence[Evidence] = ()  # theirs; that which is new is kept
    _notes: Notes = field(default_factory=Notes)
    _evidence: list[Evidence] = field(default_factory=list)
    _tasks: dict[object, Task] = field(default_factory=dict)
    _held: list[CheckFound] = field(default_factory=list)
    _told: list[CheckFound] = field(default_factory=list)
    _documents: dict[str, OpenApi] = field(default_factory=dict)
    _lost: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # what did not start: why, what resolves it
    _routes: dict[str, RouteTable | None] = field(default_factory=dict)  # by the document's content key

    def events(self) -> Iterator[Event]:
        """The run, from its plan to its verdict."""
        began = self.bench.clock.seconds()
        for earlier in self.earlier_evidence:
            self._keep(earlier)
            self._evidence.append(earlier)
        self._documents = dict(self.plan.inputs.documents)
        self._tasks = {task.id: task for task in self.plan.tasks}
        yield Planned(
            tasks=tuple(t.id for t in self.plan.open),
            reused=tuple(t.id for t in self.plan.answered),
            starts=self.plan.starts,
            uses=self.plan.uses(),
        )
        yield from compare_tasks(self.plan)
        for task in self.plan.answered:
            yield from self._observe(task, replay_task(task))
        if self.plan.starts or self.plan.open:
            yield from self._with_system()
            yield from self.notices()
        yield from self._release(final=True)
        yield from self.standing(self._evidence)
        verdicts = [f.verdict for f in (*self.earlier, *self._notes.finished.values())]
        if self.decides:
            decided = decide(self.plan, self._evidence, self.known, self.require, self._lost)
            system = self.plan.inputs.system
            decided = replace(decided, reasons=tuple(resolutions.here(r, system) for r in decided.reasons))
            yield decided
            verdicts.append(decided.verdict)
        yield RunFinished(verdict=Verdict.worst(verdicts), seconds=self.bench.clock.seconds() - began)

    def _with_system(self) -> Iterator[Event]:
        with ExitStack() as stack:
            session = stack.enter_context(self.session())
            startup = Startup(session=session, system=self.plan.inputs.system, clock=self.bench.clock)
            yield from startup.events(self.plan.starts)
            self._lost = {name: (why, startup.resolve[name]) for name, why in startup.failed.items()}
            bench = replace(
                self.bench,
                running=startup.running,
                failed=startup.failed,
                alive=session.alive,
                listening=session.listening,
                logs=replace(self.bench.logs, session=session, running=startup.running),
            )
            stack.callback(bench.logs.keep)
            tasks = [self._informed(task, startup.running) for task in self.plan.open]
            self._tasks.update({task.id: task for task in tasks})
            workers = Workers(
                jobs=self.jobs, work=lambda task: run_task(task, bench), ending=self.bench.settings.ending
            )
            stream = workers.events(tasks)
            stack.callback(stream.close)
            yield from self._observe_all(stream)

    def _informed(self, task: Task, running: Mapping[str, Instance]) -> Task:
        """The task with its document, where only the running service can tell it."""
        informed = with_document(task, running, self.document)
        if task.document is None and informed.document is not None:
            version = task.id.provider
            self._documents[version.pacticipant] = informed.document
            self.known[version] = replace(self.known[version], openapi=informed.document.key)
            self.learned(version, informed.document)
        return informed

    def _observe_all(self, stream: Iterator[Event]) -> Iterator[Event]:
        for event in stream:
            task = self._tasks[event.task]  # type: ignore[union-attr]  # tasks yield only events of tasks
            yield from self._observe(task, [event])

    def _observe(self, task: Task, events: Sequence[Event] | Iterator[Event]) -> Iterator[Event]:
        """Note each event; hold back findings until it is known whom they hit."""
        for event in events:
            self._notes.take(event)
            if isinstance(event, CheckFound):
                self._held.append(event)
                continue
            yield event
            if isinstance(event, CheckFinished):
                evidence = evidence_of(task, self._notes, run=self.run, at=self.bench.clock.now())
                self._keep(task.reused or evidence)
                self._evidence.append(task.reused or evidence)
                yield from self._release()

    def _keep(self, evidence: Evidence) -> None:
        for each in spread(evidence, members(self.plan, evidence.kind)):
            self.keep(each)

    def _release(self, *, final: bool = False) -> Iterator[Event]:
        """Tell the findings of every provider whose pacts have all been checked."""
        tasks = list(self._tasks.values())
        busy = {t.id.provider for t in tasks if t.pact and t.id not in self._notes.finished}
        ready = [f for f in self._held if final or f.task.provider not in busy]
        self._held = [f for f in self._held if f not in ready]
        everything = [*ready, *self._told]
        for found in ready:
            routes = self._routes_of(found.task.provider.pacticipant)
            yield with_impact(found, tasks, everything, self._notes.finished, routes)
        self._told += ready

    def _routes_of(self, provider: str) -> RouteTable | None:
        document = self._documents.get(provider)
        if document is None:
            return None
        if document.key not in self._routes:
            self._routes[document.key] = readable_routes(document)
        return self._routes[document.key]


def with_document(
    task: Task, running: Mapping[str, Instance], ask: Callable[[Service, Instance], OpenApi]
) -> Task:
    """The task with the document that the running service tells; why it cannot, where it does not."""
    service = task.service
    if service is None or task.id.kind.subject is not Subject.DOCUMENT or task.document is not None:
        return task
    if service.name not in running:
        return task
    try:
        document = ask(service, running[service.name])
    except Exception as error:  # noqa: BLE001 - told again as the task's own verdict
        return replace(task, unreadable=str(error))
    return replace(task, document=document, promised=len(document.operations))


def replay_task(task: Task) -> Iterator[Event]:
    """The events of a task that earlier evidence answers."""
    evidence = task.reused
    assert evidence is not None
    yield CheckStarted(task=task.id, promised=evidence.promised)
    for exercised in evidence.results:
        yield PromiseExercised(task=task.id, exercised=exercised)
    accepted = frozenset(task.service.ignore) if task.service else frozenset()
    for finding in evidence.findings:
        yield CheckFound(task=task.id, finding=finding, accepted=finding.code in accepted)
    yield CheckFinished(
        task=task.id,
        verdict=evidence.verdict,
        cause=evidence.cause,
        because=evidence.because,
        promised=evidence.promised,
        exercised=evidence.exercised,
        seconds=evidence.seconds,
        reused=evidence.run,
    )


def compare_tasks(plan: Plan) -> Iterator[Compared]:
    """How each pact that is to be verified fits its provider's document, where that is known already."""
    of_provider: dict[str, list[Task]] = {}
    for task in plan.open:
        if task.pact is not None:
            of_provider.setdefault(task.id.provider.pacticipant, []).append(task)
    for name, tasks in of_provider.items():
        document = plan.inputs.documents.get(name)
        if document is not None:
            yield from _compare_provider(tasks, document)


def _compare_provider(tasks: Sequence[Task], document: OpenApi) -> Iterator[Compared]:
    # Here: an unchanged run compares nothing, and needs none of it.
    from harness.comparison.diff import document_of
    from harness.comparison.pact_fit import compare_all

    pacts = [task.pact for task in tasks if task.pact is not None]
    try:
        found = list(compare_all(pacts, document_of(document.document, document.place)))
    except (ContractError, RecursionError) as error:
        # The document is read for the checks as well, which say what is wrong with it.
        told = str(error) or "it is nested too deeply"
        yield from (Compared(task=task.id, verdict=Verdict.UNKNOWN, because=told) for task in tasks)
        return
    for task, each in zip(tasks, found, strict=True):
        yield _event(task, each)


def _event(task: Task, comparison: Comparison) -> Compared:
    from harness.comparison.severity import Severity

    errors = [each for each in comparison.findings if each.severity is Severity.ERROR]
    told = tuple(f"'{each.description}': {each.text}" for each in errors)
    because = told[0] if told else next(iter(comparison.unknown), "")
    return Compared(task=task.id, verdict=comparison.verdict, because=because, errors=told)
