"""What a run will do, decided before anything starts; pure, printable, the same for the same inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.contracts.openapi import OpenApi
from harness.contracts.pact import Pact
from harness.engine.events import TaskId, Uses
from harness.errors import Problem
from harness.evidence import Evidence, EvidenceKind, Subject
from harness.identity import Version, canonical_json, digest, run_identity
from harness.services.graph import reach, start_order
from harness.services.spelling import heading
from harness.services.system import Service, Suite, System

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Lookup = Callable[[EvidenceKind, str, str], Evidence | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that a plan rests on."""

    system: System
    versions: Mapping[str, Version]  # service name to the version that this run records
    artifacts: Mapping[str, str]  # service or resource name to artifact identity; "" cannot be known
    pacts: tuple[Pact, ...]
    unread: tuple[Problem, ...] = ()  # what should hold pacts and cannot be read
    documents: Mapping[str, OpenApi]  # by service; those at a running URL only when already known
    kinds: tuple[EvidenceKind, ...] = tuple(EvidenceKind)  # all that can be checked here
    settings: Mapping[EvidenceKind, str]  # what of the tools and choices can change a verdict, as a key
    service_settings: Mapping[tuple[str, EvidenceKind], str] = field(default_factory=dict)
    suite_keys: Mapping[EvidenceKind, str] = field(default_factory=dict)  # content of the suites' files
    selected: tuple[str, ...] = ()  # services asked for; empty is all
    only: tuple[EvidenceKind, ...] = ()  # kinds asked for; empty is all


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One promise document against one running provider, and what already answers it."""

    id: TaskId
    service: Service | None  # None for a suite: it meets the whole system
    pact: Pact | None = None
    document: OpenApi | None = None
    suite: Suite | None = None
    identity: str  # run identity; "" is never reused
    artifact: str = ""
    touches: frozenset[str] = frozenset()  # every instance that it may change or depend on
    shared: bool = False  # True when it changes no state, so it may run beside its equals
    promised: int = 0  # 0 when only the running provider can tell
    reused: Evidence | None = None
    unreadable: str = ""  # why the running service's document cannot be read
    wanted: bool = True  # False: not asked for; only earlier evidence can answer it


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The tasks of a run in their order, and what must be started for them."""

    inputs: Inputs
    tasks: tuple[Task, ...]
    candidates: tuple[Version, ...]  # the set that the run answers for
    starts: tuple[str, ...]  # services and resources, needs first

    @property
    def open(self) -> tuple[Task, ...]:
        """What has to be run."""
        return tuple(t for t in self.tasks if t.wanted and t.reused is None)

    @property
    def answered(self) -> tuple[Task, ...]:
        """What earlier evidence of equal content answers."""
        return tuple(t for t in self.tasks if t.reused is not None)

    def uses(self) -> tuple[Uses, ...]:
        """Who uses which operations of whom, by the pacts."""
        return tuple(_uses(t) for t in self.tasks if t.pact is not None)


def make_plan(inputs: Inputs, lookup: Lookup, *, fresh: bool = False) -> Plan:
    """Plan a run: every pact whose two sides are in the system, every document, every suite.

    `lookup` finds conclusive evidence of equal content and identity; `fresh` does not ask it.
    """
    tasks = [
        task
        for subject, tasks_of in _TASKS.items()
        for kind in inputs.kinds
        if kind.subject is subject
        for task in tasks_of(inputs, kind)
    ]
    answered = [t if fresh else _reuse_evidence(t, lookup) for t in tasks]
    kept = tuple(t for t in answered if t.wanted or t.reused)
    return Plan(
        inputs=inputs,
        tasks=kept,
        candidates=tuple(inputs.versions[name] for name in _selection(inputs)),
        starts=_starts(inputs, kept),
    )


def why_nothing(inputs: Inputs) -> tuple[str, ...]:
    """Why a plan has no task, each with what would give it one."""
    startable = {service.name for service in inputs.system.services if service.startable}
    told = [
        f"{pact.consumer} needs {pact.provider}, and {_not_here(pact.provider, pact.provider in inputs.versions)}"
        for pact in inputs.pacts
        if pact.provider not in startable
    ]
    if not inputs.pacts:
        told.append("no pact was found: say where they are with pacts = [...] in the manifest")
    if not any(service.openapi for service in inputs.system.services if service.startable):
        told.append('no service that can be started has a document: give one openapi = "..." in the manifest')
    if inputs.only or inputs.selected:
        told.append("only a part was asked for: harness run --plan without SERVICE and --only shows the rest")
    return tuple(dict.fromkeys(told))


def _not_here(name: str, known: bool) -> str:  # noqa: FBT001 - one question, asked once
    way = f"give {heading(name)} an image, build, command or url"
    return f"nothing says how to start it: {way}" if known else f"the manifest has no {heading(name)}: {way}"


def _selection(inputs: Inputs) -> tuple[str, ...]:
    return inputs.selected or tuple(inputs.versions)


def _reuse_evidence(task: Task, lookup: Lookup) -> Task:
    if not task.identity or not task.id.contract:
        return task
    return replace(task, reused=lookup(task.id.kind, task.id.contract, task.identity))


def _is_requested(inputs: Inputs, kind: EvidenceKind, *names: str) -> bool:
    """A task is asked for when its kind is, and one of its two sides is."""
    if inputs.only and kind not in inputs.only:
        return False
    return not inputs.selected or any(name in inputs.selected for name in names)


def _pact_tasks(inputs: Inputs, kind: EvidenceKind) -> Iterator[Task]:
    services = {s.name: s for s in inputs.system.services if s.startable}
    for pact in inputs.pacts:
        service = services.get(pact.provider)
        if service is None or pact.consumer not in inputs.versions:
            continue  # the gate names a provider that is not in the set
        yield Task(
            id=TaskId(
                kind=kind,
                provider=inputs.versions[pact.provider],
                consumer=inputs.versions[pact.consumer],
                contract=pact.key,
            ),
            service=service,
            pact=pact,
            identity=_identity(inputs, service.name, kind),
            artifact=inputs.artifacts.get(service.name, ""),
            touches=reach(inputs.system)[service.name],
            shared=not any(i.states for i in pact.interactions),
            promised=len(pact.interactions),
            wanted=_is_requested(inputs, kind, pact.consumer, pact.provider),
        )


def _document_tasks(inputs: Inputs, kind: EvidenceKind) -> Iterator[Task]:
    for service in inputs.system.services:
        if not (service.startable and service.openapi):
            continue
        document = inputs.documents.get(service.name)
        yield Task(
            id=TaskId(
                kind=kind,
                provider=inputs.versions[service.name],
                contract=document.key if document else "",
            ),
            service=service,
            document=document,
            identity=_identity(inputs, service.name, kind),
            artifact=inputs.artifacts.get(service.name, ""),
            touches=reach(inputs.system)[service.name],
            promised=len(document.operations) if document else 0,
            wanted=_is_requested(inputs, kind, service.name),
        )


def _suite_tasks(inputs: Inputs, kind: EvidenceKind) -> Iterator[Task]:
    """The integration suite meets everything at once; the consumers' suite has run before there is a plan."""
    suite = inputs.system.integration_suite
    if suite is None:
        return
    names = tuple(s.name for s in inputs.system.services if s.startable)
    artifacts = [inputs.artifacts.get(name, "") for name in names]
    known = all(artifacts)
    everything = frozenset(start_order(inputs.system, names))
    yield Task(
        id=TaskId(
            kind=kind,
            provider=Version(SYSTEM, ""),
            contract=inputs.suite_keys.get(kind, ""),
        ),
        service=None,
        suite=suite,
        identity=_system_identity(inputs, kind, everything) if known else "",
        touches=everything,
        wanted=_is_requested(inputs, kind, *inputs.selected),
    )


def _service_tasks(inputs: Inputs, kind: EvidenceKind) -> Iterator[Task]:
    """A plug-in's check of every service whose manifest has its table; what the table says is what is promised."""
    for service in inputs.system.services:
        table = service.table_of(kind)
        if table is None or not service.startable:
            continue
        yield Task(
            id=TaskId(
                kind=kind,
                provider=inputs.versions[service.name],
                contract=digest(kind, canonical_json(table)),
            ),
            service=service,
            identity=_identity(inputs, service.name, kind),
            artifact=inputs.artifacts.get(service.name, ""),
            touches=reach(inputs.system)[service.name],
            wanted=_is_requested(inputs, kind, service.name),
        )


# How each subject is planned, in the order in which checks run; who writes pacts has run before there is a plan.
_TASKS: Mapping[Subject, Callable[[Inputs, EvidenceKind], Iterator[Task]]] = {
    Subject.PACT: _pact_tasks,
    Subject.SYSTEM: _suite_tasks,
    Subject.DOCUMENT: _document_tasks,
    Subject.SERVICE: _service_tasks,
}

SYSTEM = "the system"  # what a suite's evidence is about: all services together


def _system_identity(inputs: Inputs, kind: EvidenceKind, names: Iterable[str]) -> str:
    parts = [f"{name}:{inputs.artifacts.get(name, '')}" for name in sorted(names)]
    return run_identity(digest(*parts), (), inputs.settings.get(kind, ""))


def _identity(inputs: Inputs, name: str, kind: EvidenceKind) -> str:
    """The run identity of one provider; "" when a part of what runs cannot be known."""
    around = reach(inputs.system)[name]
    artifacts = {other: inputs.artifacts.get(other, "") for other in around}
    if not all(artifacts.values()):
        return ""
    dependencies = [f"{other}:{key}" for other, key in artifacts.items() if other != name]
    settings = [inputs.settings.get(kind, ""), inputs.service_settings.get((name, kind), "")]
    return run_identity(artifacts[name], dependencies, settings)


def _starts(inputs: Inputs, tasks: Iterable[Task]) -> tuple[str, ...]:
    """What the open tasks touch, and what of the set no evidence has seen running: a yes is about all of it."""
    touched: dict[bool, set[str]] = {True: set(), False: set()}
    for task in tasks:
        touched[task.wanted and task.reused is None] |= task.touches
    startable = {service.name for service in inputs.system.services if service.startable}
    unseen = startable.intersection(_selection(inputs)) - touched[False]
    # A suite that needs nothing to run.
    alone = bool(inputs.only) and all(kind.subject is Subject.WRITERS for kind in inputs.only)
    return start_order(inputs.system, sorted(touched[True] | (set() if alone else unseen)))


def _uses(task: Task) -> Uses:
    assert task.pact is not None
    assert task.id.consumer is not None
    operations = tuple(dict.fromkeys(f"{i.method} {i.path}" for i in task.pact.interactions if i.method))
    return Uses(
        consumer=task.id.consumer,
        provider=task.id.provider,
        contract=task.pact.key,
        operations=operations,
        interactions=len(task.pact.interactions),
    )
