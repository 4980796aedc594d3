"""One task against one running provider; the only place where exceptions become values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.checks.api import Check, CheckSettings, CheckTarget
from harness.engine.events import CheckFinished, CheckFound, CheckStarted, Event, PromiseExercised
from harness.engine.plan import SYSTEM, Task
from harness.engine.service_logs import ServiceLogs
from harness.errors import (
    ContractError,
    EnvironmentProblem,
    HarnessError,
    ServiceDidNotStart,
    StateFailed,
    StateMissing,
    ToolCrashed,
    not_installed,
)
from harness.evidence import EvidenceKind
from harness.ports import Clock, Instance, ProviderStates, Recorder
from harness.services.system import Service
from harness.verdicts import Cause, Exercised, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What tasks are run with: the adapters, and the running system."""

    checks: Mapping[EvidenceKind, Check]
    recorder: Recorder
    clock: Clock
    settings: CheckSettings
    states: Callable[[Service, Instance, Mapping[str, Instance]], ProviderStates | None]
    alive: Callable[[Instance], bool] = lambda _: True
    listening: Callable[[Instance], tuple[str, ...]] = lambda _: ()
    logs: ServiceLogs = field(default_factory=ServiceLogs)
    running: Mapping[str, Instance] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)  # what did not start, and why


@dataclass(slots=True)
class Tally:
    """What has been seen of a task so far."""

    exercised: list[Exercised] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    crash: Exercised | None = None  # why the check ended early, as a value
    lost: str = ""  # the service whose start is missing


def run_task(task: Task, bench: RunContext) -> Iterator[Event]:
    """Run one task to its verdict; whatever the check does, a CheckFinished ends the stream."""
    began = bench.clock.seconds()
    tally = Tally()
    yield CheckStarted(task=task.id, promised=task.promised)
    accepted = frozenset(task.service.ignore) if task.service else frozenset()
    stream = _attempt(task, bench, tally)
    for item in stream if not accepted else _accept(list(stream), accepted, tally):
        if isinstance(item, Finding):
            yield CheckFound(task=task.id, finding=item, accepted=item.code in accepted)
        else:
            yield PromiseExercised(task=task.id, exercised=item)
    for missing in _unanswered_promises(task, tally):
        tally.exercised.append(missing)
        yield PromiseExercised(task=task.id, exercised=missing)
    yield finish(task, tally, bench.clock.seconds() - began, accepted)


def _attempt(task: Task, bench: RunContext, tally: Tally) -> Iterator[Exercised | Finding]:
    """Ask the check; a promise already seen broken stays broken, otherwise we cannot tell."""
    try:
        target = _target(task, bench)
        for item in bench.checks[task.id.kind].run(target):
            (tally.findings if isinstance(item, Finding) else tally.exercised).append(item)  # type: ignore[arg-type]
            yield item
    except Exception as error:  # noqa: BLE001 - a check is a plug-in and may raise anything
        tally.lost = error.service if isinstance(error, ServiceDidNotStart) else ""
        tally.crash = Exercised(
            subject=str(task.id), verdict=Verdict.UNKNOWN, cause=_cause(error), because=_because(error)
        )


def _target(task: Task, bench: RunContext) -> CheckTarget:
    lost = sorted(name for name in task.touches if name in bench.failed)
    if lost:
        raise ServiceDidNotStart(lost[0], bench.failed[lost[0]])
    if task.unreadable:
        raise ContractError(task.unreadable)
    instance = bench.running[task.service.name] if task.service else _NOBODY
    if task.service and not bench.alive(instance):
        raise _ServiceDied(f"{instance.name} {instance.version} has died since it was started")
    states = bench.states(task.service, instance, bench.running) if task.service and task.pact else None
    return CheckTarget(
        service=task.service or Service(name=SYSTEM),
        instance=instance,
        running=bench.running,
        consumer=task.id.consumer,
        pact=task.pact,
        document=task.document,
        suite=task.suite,
        table=dict((task.service and task.service.table_of(task.id.kind)) or ()),
        states=states,
        recorder=bench.recorder,
        settings=bench.settings,
        runs=lambda: bool(instance.handle) and bench.alive(instance),
        listening=lambda: bench.listening(instance),
        logs=bench.logs,
    )


_NOBODY = Instance(name=SYSTEM, version="", endpoints=())


class _ServiceDied(HarnessError):
    """The provider was running and is not any more."""


_CAUSES: tuple[tuple[type[Exception], Cause], ...] = (
    (ServiceDidNotStart, Cause.DID_NOT_START),
    (_ServiceDied, Cause.SERVICE_DIED),
    (StateMissing, Cause.STATE_MISSING),
    (StateFailed, Cause.STATE_FAILED),
    (ToolCrashed, Cause.TOOL_CRASHED),
    (EnvironmentProblem, Cause.TOOL_CRASHED),
    (HarnessError, Cause.UNREADABLE),
    (TimeoutError, Cause.TIME_RAN_OUT),
)


def _cause(error: Exception) -> Cause:
    return next((cause for kind, cause in _CAUSES if isinstance(error, kind)), Cause.TOOL_CRASHED)


def _because(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        error = not_installed(error.name)
    if isinstance(error, HarnessError):
        return "; ".join(str(problem) for problem in error.problems)
    return f"{type(error).__name__}: {error}"


def _accept(items: list[Exercised | Finding], accepted: frozenset[str], tally: Tally) -> list[Exercised | Finding]:
    """Turn promises that are broken only in accepted ways into kept ones that say so."""
    broken = {f.subject for f in items if isinstance(f, Finding) and f.code not in accepted}
    codes = {f.subject: f.code for f in items if isinstance(f, Finding) and f.code in accepted}
    result = [
        replace(item, verdict=Verdict.PASSED, cause=None, because=f"accepted: {codes[item.subject]}")
        if isinstance(item, Exercised)
        and item.verdict is Verdict.FAILED
        and item.subject in codes
        and item.subject not in broken
        else item
        for item in items
    ]
    tally.exercised = [item for item in result if isinstance(item, Exercised)]
    return result


def _unanswered_promises(task: Task, tally: Tally) -> list[Exercised]:
    """Promises that the check never spoke of; silence is UNKNOWN, never a yes."""
    spoken = Counter(e.subject for e in tally.exercised)
    missing = Counter(promises(task)) - spoken
    cause = (tally.crash and tally.crash.cause) or Cause.NOTHING_EXERCISED
    because = tally.crash.because if tally.crash else "the check ended without speaking of it"
    return [
        Exercised(subject=subject, verdict=Verdict.UNKNOWN, cause=cause, because=because)
        for subject in missing.elements()
    ]


def promises(task: Task) -> tuple[str, ...]:
    """The subjects that a task must speak of, as far as its document tells."""
    if task.pact is not None:
        return tuple(interaction.label for interaction in task.pact.interactions)
    if task.document is not None:
        return tuple(operation.label for operation in task.document.operations)
    return ()


def finish(task: Task, tally: Tally, seconds: float, accepted: frozenset[str] = frozenset()) -> CheckFinished:
    """The verdict of a task: the worst of its promises; a finding is never overruled by a yes."""
    verdict = Verdict.PASSED if _is_empty(task) else Verdict.worst(e.verdict for e in tally.exercised)
    if verdict is Verdict.PASSED and any(f.code not in accepted for f in tally.findings):
        verdict = Verdict.FAILED
    if tally.crash is not None:
        verdict = max(verdict, Verdict.UNKNOWN)
    cause, because = _explain(tally, verdict)
    return CheckFinished(
        task=task.id,
        verdict=verdict,
        cause=cause,
        because=because,
        promised=max(task.promised, len(tally.exercised)),
        exercised=sum(e.verdict is not Verdict.UNKNOWN for e in tally.exercised),
        seconds=seconds,
        lost=tally.lost,
    )


def _is_empty(task: Task) -> bool:
    """Whether it is a pact that was read and promises nothing: all of it is kept, by whoever runs."""
    return task.pact is not None and not task.pact.interactions and not task.promised and not task.unreadable


def _explain(tally: Tally, verdict: Verdict) -> tuple[Cause | None, str]:
    if verdict is Verdict.PASSED:
        return None, ""
    if verdict is Verdict.FAILED:
        broken = sum(e.verdict is Verdict.FAILED for e in tally.exercised)
        return Cause.BROKEN_PROMISE, f"{broken} of {len(tally.exercised)} promises broken"
    first = tally.crash or next((e for e in tally.exercised if e.verdict is Verdict.UNKNOWN), None)
    if first is None:
        return Cause.NOTHING_EXERCISED, "it holds no promise that could be exercised"
    return first.cause, first.because
