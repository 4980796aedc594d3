"""What a run's own evidence says about the set that ran, together; a fold over its events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.engine.events import CheckFinished, CheckFound, Decided, Event, PromiseExercised, TaskId
from harness.evidence import Evidence, EvidenceKind, Facts, Known, Live, Subject
from harness.gate import Decision, can_i_deploy, commands
from harness.verdicts import Cause, Exercised, Finding, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from harness.engine.plan import Plan, Task
    from harness.errors import Problem
    from harness.identity import Version

TOGETHER = ""  # the environment of a run: its own set, by itself


@dataclass(slots=True)
class Notes:
    """Everything that was seen of each task, gathered from the stream of events."""

    exercised: dict[TaskId, list[Exercised]] = field(default_factory=dict)
    findings: dict[TaskId, list[Finding]] = field(default_factory=dict)
    finished: dict[TaskId, CheckFinished] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Remember what the event tells."""
        match event:
            case PromiseExercised():
                self.exercised.setdefault(event.task, []).append(event.exercised)
            case CheckFound():
                self.findings.setdefault(event.task, []).append(event.finding)
            case CheckFinished():
                self.finished[event.task] = event
            case _:
                pass


def evidence_of(task: Task, notes: Notes, *, run: str, at: str) -> Evidence:
    """What the ledger keeps of a finished task."""
    finished = notes.finished[task.id]
    exercised = tuple(notes.exercised.get(task.id, ()))
    return Evidence(
        kind=task.id.kind,
        contract=task.document.key if task.document else task.id.contract,
        consumer=task.id.consumer.pacticipant if task.id.consumer else "",
        provider=task.id.provider,
        artifact=task.artifact,
        identity=task.identity,
        verdict=finished.verdict,
        cause=finished.cause,
        because=finished.because,
        promised=finished.promised,
        exercised=finished.exercised,
        complete=finished.verdict is not Verdict.UNKNOWN
        and finished.exercised == finished.promised == len(exercised)
        and (finished.promised > 0 or task.pact is not None),
        run=run,
        at=at,
        seconds=finished.seconds,
        results=exercised,
        findings=tuple(notes.findings.get(task.id, ())),
    )


def decide(
    plan: Plan,
    evidence: Iterable[Evidence],
    known: Mapping[Version, Known],
    require: Sequence[str],
    lost: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> Decided:
    """The answer for the set that ran: the gate, asked with nothing but this run's evidence.

    Services of the system that were not asked for stand beside the set as if they were deployed there. `lost` did
    not start (name to why, and the command that resolves it): nothing is known of those, whoever needs them.
    """
    beside = [v for name, v in plan.inputs.versions.items() if v not in plan.candidates and v in known]
    facts = Facts(
        versions=known,
        evidence=tuple(e for each in evidence for e in spread(each, members(plan, each.kind))),
        live=tuple(Live(environment=TOGETHER, version=v) for v in beside),
        environments={TOGETHER: tuple(require)},
    )
    decided = _event(can_i_deploy(plan.candidates, TOGETHER, facts), nothing=not facts.evidence)
    reasons = tuple(
        _not_started(each, *lost[each.pacticipant]) for each in plan.candidates if each.pacticipant in lost
    )
    asked = not plan.inputs.only or any(kind.subject is Subject.PACT for kind in plan.inputs.only)
    reasons += tuple(map(_not_read, plan.inputs.unread if asked else ()))
    if not reasons:
        return decided
    return replace(decided, verdict=max(decided.verdict, Verdict.UNKNOWN), reasons=(*decided.reasons, *reasons))


def _not_started(version: Version, why: str, resolve: str) -> Reason:
    return Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.DID_NOT_START,
        text=f"{version} did not start: {why}",
        provider=version,
        command=resolve or commands.up(version.pacticipant),
    )


def _not_read(problem: Problem) -> Reason:
    """Somebody promises something there, and nobody knows what."""
    return Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.UNREADABLE,
        text=f"{problem.where}: {problem.text}",
        command=commands.PLAN_OF_A_RUN,
    )


def spread(evidence: Evidence, members: Iterable[tuple[Version, str]]) -> Iterator[Evidence]:
    """A suite's evidence speaks of every member (version and artifact) that it met; other evidence of its own."""
    if evidence.kind.is_suite:
        yield from (replace(evidence, provider=version, artifact=artifact) for version, artifact in members)
    else:
        yield evidence


def members(plan: Plan, kind: EvidenceKind) -> tuple[tuple[Version, str], ...]:
    """Whom a suite's evidence speaks of: the consumers whose pacts it wrote, or everything that ran."""
    inputs = plan.inputs
    consumers = {pact.consumer for pact in inputs.pacts}
    chosen = (
        [name for name in inputs.versions if name in consumers]
        if kind.subject is Subject.WRITERS
        else [name for name in inputs.versions if inputs.artifacts.get(name)]
    )
    return tuple((inputs.versions[name], inputs.artifacts.get(name, "")) for name in chosen)


_NOTHING = Reason(
    verdict=Verdict.UNKNOWN,
    cause=Cause.NOTHING_EXERCISED,
    text="nothing was checked: no pact and no OpenAPI document led to a check of this set",
    command=commands.PLAN_OF_A_RUN,
)


def _event(decision: Decision, *, nothing: bool) -> Decided:
    """The decision as an event; a run that checked nothing cannot tell, whatever the set meets."""
    return Decided(
        verdict=max(decision.verdict, Verdict.UNKNOWN) if nothing else decision.verdict,
        set=decision.candidates,
        environment=decision.environment,
        require=decision.require,
        reasons=(_NOTHING, *decision.reasons) if nothing else decision.reasons,
    )
