"""A run as a reader needs it: one value, folded once from the events, which every report renders.

The worst that any event tells stands: a stream that ends early, a task without an end and a promise that
nobody spoke of are UNKNOWN here, whatever else was said, and a broken promise is never overruled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from harness.engine.events import Compared, Decided, Noticed, Planned, RunFinished, RunStarted, TaskId
from harness.evidence.facts import Subject
from harness.identity import Version
from harness.ports import Endpoint
from harness.reports.brevity import said_briefly
from harness.reports.gathering import Gathered, gather
from harness.verdicts import Cause, Exercised, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from harness.engine.events import CheckFinished, CheckFound, Event

_STATE_CODES = "provider-state."  # findings about the provider's states say nothing about the promise itself


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFinding:
    """One thing that was found, whom it hits and whom it does not."""

    task: TaskId
    finding: Finding
    verdict: Verdict  # UNKNOWN where the promise itself could not be tried
    accepted: bool = False
    hits: tuple[Version, ...] = ()
    spares: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSummary:
    """How one service or resource came up, or did not."""

    name: str
    version: str
    slot: str = ""
    state: str  # "ready", "running" (nothing says when it is ready), "failed", or how far: "preparing", "starting"
    seconds: float = 0.0
    prepared: float = 0.0  # seconds that making its image took
    resolve: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    because: str = ""
    log_tail: tuple[str, ...] = ()

    @property
    def up(self) -> bool:
        """Whether it came as far as it can."""
        return self.state in {"ready", "running"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSummary:
    """One task: its verdict, its promises and what was found."""

    id: TaskId
    verdict: Verdict
    cause: Cause | None
    because: str
    promised: int
    exercised: int
    seconds: float = 0.0
    reused: str = ""
    flaky: bool = False
    lost: str = ""  # the service that did not start, where that is the cause
    ended: bool = True
    results: tuple[Exercised, ...] = ()
    found: tuple[ReportedFinding, ...] = ()
    document: Compared | None = None  # what its provider's document says of it
    broken: frozenset[str] = frozenset()  # the subjects that a finding breaks, whatever their own result says

    def standing(self, exercised: Exercised) -> Verdict:
        """The verdict of one promise: a finding is never overruled by a yes."""
        return Verdict.FAILED if exercised.subject in self.broken else exercised.verdict


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """All of a run."""

    verdict: Verdict
    interrupted: bool  # the stream has no proper end
    started: RunStarted | None
    planned: Planned | None
    decided: Decided | None
    finished: RunFinished | None
    services: tuple[ServiceSummary, ...]
    tasks: tuple[TaskSummary, ...]
    notices: tuple[Noticed, ...] = ()

    @property
    def set(self) -> tuple[Version, ...]:
        """The versions that the run answers for."""
        return self.decided.set if self.decided else self.started.set if self.started else ()

    @property
    def seconds(self) -> float:
        """How long the run took; 0 when its end is not known."""
        return self.finished.seconds if self.finished else 0.0

    @cached_property
    def found(self) -> tuple[ReportedFinding, ...]:
        """Everything that was found, in the order of the tasks."""
        return tuple(each for task in self.tasks for each in task.found)

    @cached_property
    def broken(self) -> tuple[ReportedFinding, ...]:
        """The findings that make the answer a no."""
        return tuple(b for b in self.found if _breaks(b))

    @cached_property
    def doubtful(self) -> tuple[ReportedFinding, ...]:
        """The findings that leave a promise open."""
        return tuple(b for b in self.found if b.verdict is Verdict.UNKNOWN and not b.accepted)

    @cached_property
    def accepted(self) -> tuple[ReportedFinding, ...]:
        """The findings that the manifest says to live with."""
        return tuple(b for b in self.found if b.accepted)

    @property
    def reused(self) -> tuple[TaskSummary, ...]:
        """The tasks that earlier evidence answered."""
        return tuple(task for task in self.tasks if task.reused)

    @cached_property
    def kept(self) -> int:
        """How many promises were seen kept."""
        return sum(_kept_count(task) for task in self.tasks)

    @cached_property
    def broken_promises(self) -> int:
        """How many promises were seen broken."""
        return sum(_failures(task) for task in self.tasks)

    @cached_property
    def open_promises(self) -> int:
        """How many promises nobody knows about."""
        return sum(
            max(_promise_count(t) - _kept_count(t) - _failures(t), 0)
            for t in self.tasks
            if t.verdict is not _PASSED
        )

    @property
    def promised(self) -> int:
        """How many promises there are in all."""
        return self.kept + self.broken_promises + self.open_promises


_PASSED = Verdict.PASSED


def _promise_count(task: TaskSummary) -> int:
    return max(task.promised, len(task.results))


def _kept_count(task: TaskSummary) -> int:
    if task.results:
        return sum(task.standing(each) is Verdict.PASSED for each in task.results)
    return task.exercised if task.verdict is Verdict.PASSED else 0


def _failures(task: TaskSummary) -> int:
    told = sum(task.standing(each) is Verdict.FAILED for each in task.results)
    subjects = {each.subject for each in task.results}
    return told + len({_spot(b.finding, subjects) for b in task.found if _breaks(b)} - subjects)


def _breaks(found: ReportedFinding) -> bool:
    return found.verdict is Verdict.FAILED and not found.accepted


def summarize(events: Iterable[Event]) -> RunSummary:
    """The story of a run; the same events always give the same story."""
    gathered = gather(map(said_briefly, events))
    interrupted = gathered.finished is None or gathered.finished.interrupted
    tasks = tuple(_task(task, gathered, interrupted=interrupted) for task in gathered.tasks)
    services = tuple(_services(gathered))
    return RunSummary(
        verdict=Verdict.worst(_verdicts(gathered, tasks, services, interrupted=interrupted)),
        interrupted=interrupted,
        started=gathered.started,
        planned=gathered.planned,
        decided=gathered.decided,
        finished=gathered.finished,
        services=services,
        tasks=tasks,
        notices=tuple(gathered.notices),
    )


def _verdicts(
    gathered: Gathered, tasks: Sequence[TaskSummary], services: Sequence[ServiceSummary], *, interrupted: bool
) -> Iterator[Verdict]:
    if gathered.finished is not None:
        yield gathered.finished.verdict
    if interrupted:
        yield Verdict.UNKNOWN
    if gathered.decided:
        yield gathered.decided.verdict
        yield from (reason.verdict for reason in gathered.decided.reasons)
    elif not tasks:
        yield Verdict.UNKNOWN  # nothing was asked and nothing was answered
    yield from (task.verdict for task in tasks)
    yield from (Verdict.UNKNOWN for service in services if not service.up)


def _services(gathered: Gathered) -> Iterator[ServiceSummary]:
    for key, event in gathered.services.items():
        match event.event:
            case "service-ready":
                yield ServiceSummary(
                    name=event.name,
                    version=event.version,
                    slot=event.slot,
                    state="ready" if event.proven else "running",
                    seconds=event.seconds,
                    prepared=event.prepared,
                    endpoints=event.endpoints,
                )
            case "service-failed":
                yield ServiceSummary(
                    name=event.name,
                    version=event.version,
                    state="failed",
                    because=event.because,
                    log_tail=event.log_tail,
                    resolve=event.resolve,
                )
            case _:
                state = event.event.removeprefix("service-")
                yield ServiceSummary(name=key[0], version=key[1], state=state, because="it never became ready")


def _task(task: TaskId, gathered: Gathered, *, interrupted: bool) -> TaskSummary:
    results = tuple(gathered.results.get(task, ()))
    end = gathered.ends.get(task)
    verdicts = _by_subject(results)
    told = [_broken_promise(each, verdicts) for each in gathered.found.get(task, ())]
    found = (*told, *_unfound(task, results, told))
    verdict, cause, because = _judge_task(end, results, found, interrupted=interrupted)
    if verdict is Verdict.FAILED and not any(map(_breaks, found)):
        found = (*found, _unexplained_failure(task, because))  # the check says no and does not say where
    promised = max(gathered.promised.get(task, 0), end.promised if end else 0, len(results))
    seen = sum(each.verdict is not Verdict.UNKNOWN for each in results)
    return TaskSummary(
        id=task,
        verdict=verdict,
        cause=cause,
        because=because,
        promised=promised,
        exercised=end.exercised if end else seen,
        seconds=end.seconds if end else sum(each.seconds for each in results),
        reused=end.reused if end else "",
        flaky=end.flaky if end else False,
        lost=end.lost if end else "",
        ended=end is not None,
        results=results,
        found=found,
        document=gathered.compared.get(task),
        broken=frozenset(_spot(b.finding, verdicts) for b in found if _breaks(b)),
    )


def _by_subject(results: Iterable[Exercised]) -> dict[str, Verdict]:
    """The worst that is told of each promise."""
    worst: dict[str, Verdict] = {}
    for each in results:
        worst[each.subject] = max(each.verdict, worst.get(each.subject, each.verdict))
    return worst


def _spot(finding: Finding, subjects: Container[str]) -> str:
    """The promise that a finding is about: its subject, or the operation where that is what was exercised."""
    return (
        finding.operation if finding.subject not in subjects and finding.operation in subjects else finding.subject
    )


def by_promise(task: TaskSummary) -> dict[str, list[ReportedFinding]]:
    """What was found about each promise, by its subject; also what is about none that was exercised."""
    subjects = {each.subject for each in task.results}
    found: dict[str, list[ReportedFinding]] = {}
    for each in task.found:
        found.setdefault(_spot(each.finding, subjects), []).append(each)
    return found


def _broken_promise(event: CheckFound, verdicts: Mapping[str, Verdict]) -> ReportedFinding:
    about = verdicts.get(_spot(event.finding, verdicts))
    stateless = event.finding.code.startswith(_STATE_CODES)
    open_ = about is Verdict.UNKNOWN or (stateless and about is not Verdict.FAILED)
    verdict = Verdict.UNKNOWN if open_ else Verdict.FAILED
    hits = event.hits
    if not hits and event.task.consumer and not event.accepted:
        hits = (event.task.consumer,)
    return ReportedFinding(
        task=event.task,
        finding=event.finding,
        verdict=verdict,
        accepted=event.accepted,
        hits=hits,
        spares=tuple(each for each in event.spares if each not in hits),
    )


def _unfound(
    task: TaskId, results: Sequence[Exercised], told: Sequence[ReportedFinding]
) -> Iterator[ReportedFinding]:
    """Promises that are broken though no finding speaks of them: a stream may be cut between the two."""
    subjects = {each.subject for each in results}
    spoken = {_spot(each.finding, subjects) for each in told}
    for each in results:
        if each.verdict is Verdict.FAILED and each.subject not in spoken:
            yield replace(
                _unexplained_failure(task, each.because),
                finding=Finding(
                    code="",
                    subject=each.subject,
                    expected="",
                    actual=each.because,
                    operation=each.operation,
                    place=each.place,
                    replay=each.replay,
                    exchange=each.exchange,
                ),
            )


def _unexplained_failure(task: TaskId, because: str) -> ReportedFinding:
    """A no that no finding explains."""
    return ReportedFinding(
        task=task,
        verdict=Verdict.FAILED,
        finding=Finding(code="", subject=str(task), expected="", actual=because),
        hits=(task.consumer,) if task.consumer else (),
    )


def _judge_task(
    end: CheckFinished | None, results: Sequence[Exercised], found: Sequence[ReportedFinding], *, interrupted: bool
) -> tuple[Verdict, Cause | None, str]:
    """The worst that is told of a task, and why."""
    candidates = [*_own_word(end, interrupted=interrupted)]
    candidates += [(each.verdict, each.cause, each.because) for each in results]
    candidates += [
        (Verdict.FAILED, Cause.BROKEN_PROMISE, f"{b.finding.subject} is broken") for b in found if _breaks(b)
    ]
    worst = max(candidates, key=lambda each: each[0])  # the first of equals: the task's own word
    return worst if worst[0] is not Verdict.PASSED else (Verdict.PASSED, None, "")


def _own_word(end: CheckFinished | None, *, interrupted: bool) -> Iterator[tuple[Verdict, Cause | None, str]]:
    if end is None:
        cause = Cause.INTERRUPTED if interrupted else Cause.NOT_VERIFIED
        because = "the run ended before this check did" if interrupted else "it was planned and never ran"
        yield Verdict.UNKNOWN, cause, because
    elif end.verdict is Verdict.PASSED and not _is_covered(end):
        because = f"{end.exercised} of {end.promised} promises were exercised"
        yield Verdict.UNKNOWN, Cause.NOTHING_EXERCISED, because
    else:
        yield end.verdict, end.cause, end.because


def _is_covered(end: CheckFinished) -> bool:
    """Whether all that was promised was exercised; only a pact may promise nothing."""
    return end.exercised >= end.promised and (end.exercised > 0 or end.task.kind.subject is Subject.PACT)
