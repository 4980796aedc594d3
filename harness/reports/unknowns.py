"""Everything that a run could not tell, grouped by cause, each with the command that resolves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.evidence import Subject
from harness.gate import commands
from harness.gate.resolutions import first, instead
from harness.reports.brevity import unit_text
from harness.reports.phrases import resolving, title, version_text
from harness.reports.run_summary import by_promise
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.reports.run_summary import ReportedFinding, RunSummary, ServiceSummary, TaskSummary
    from harness.verdicts import Exercised, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """One thing that is not known: why, for which promises, and what to do."""

    about: str  # "orders 2", "web 1 needs orders 2"
    cause: Cause
    because: str
    command: str
    remedy: str = ""
    subjects: tuple[str, ...] = ()  # the promises that stay open
    log_tail: tuple[str, ...] = ()


@dataclass(slots=True)
class _Open:
    about: str
    cause: Cause
    because: str
    command: str
    remedy: str = ""
    subjects: list[str] = field(default_factory=list)
    log_tail: tuple[str, ...] = ()


def unknowns(story: RunSummary) -> tuple[Unknown, ...]:
    """Each unknown once; never empty when nothing else explains why the answer is no yes."""
    entries: dict[object, _Open] = {}
    for service in story.services:
        if not service.up:
            entries["service", service.name] = _service(service, interrupted=story.interrupted)
    for task in story.tasks:
        _add_task(entries, story, task)
    for reason in unexplained_reasons(story, Verdict.UNKNOWN):
        name = reason.provider.pacticipant if reason.provider else ""
        if reason.cause is None or _failed_service(entries, reason.cause, name) is None:
            entries["reason", reason.text] = _reason(reason)
    if (
        story.interrupted
        and story.finished is None
        and not any(e.cause is Cause.INTERRUPTED for e in entries.values())
    ):
        entries["interrupted"] = _Open(
            "the run", Cause.INTERRUPTED, "the record ends before the run did", "harness run"
        )
    if not entries and not _is_explained(story):
        entries["silence"] = _silence(story)
    return tuple(_close_entry(entry) for entry in entries.values())


def _close_entry(entry: _Open) -> Unknown:
    return Unknown(
        about=entry.about,
        cause=entry.cause,
        because=entry.because,
        command=entry.command,
        remedy=entry.remedy,
        subjects=tuple(entry.subjects),
        log_tail=entry.log_tail,
    )


def _is_explained(story: RunSummary) -> bool:
    """Whether something else on the page says why the answer is no yes."""
    if story.verdict is Verdict.FAILED:
        return bool(story.broken or any(unexplained_reasons(story, Verdict.FAILED)))
    return story.verdict is Verdict.PASSED


def _silence(story: RunSummary) -> _Open:
    if story.verdict is Verdict.FAILED:
        return _Open("the run", Cause.BROKEN_PROMISE, "it says no and does not say why", "harness run --fresh")
    if story.interrupted:
        return _Open("the run", Cause.INTERRUPTED, "it was stopped before it could answer", "harness run")
    return _Open("the run", Cause.NOTHING_EXERCISED, "it has not exercised a single promise", "harness doctor")


def _service(service: ServiceSummary, *, interrupted: bool) -> _Open:
    cut = interrupted and service.state != "failed"
    return _Open(
        about=unit_text(service.name, service.version),
        cause=Cause.INTERRUPTED if cut else Cause.DID_NOT_START,
        because="the run ended while it was being started" if cut else service.because,
        command="harness run" if cut else service.resolve or commands.up(service.name),
        log_tail=service.log_tail,
    )


def _add_task(entries: dict[object, _Open], story: RunSummary, task: TaskSummary) -> None:
    provider = task.id.provider
    found = by_promise(task)
    for each in task.results:
        if task.standing(each) is Verdict.UNKNOWN:
            cause = each.cause or Cause.NOT_VERIFIED
            entry = _failed_service(entries, cause, task.lost or provider.pacticipant)
            if entry is None:
                key = (provider, task.id.consumer, cause, each.because)
                entry = entries.setdefault(key, _promise(story, task, each, found.get(each.subject, ())))
                if entry.subjects:
                    entry.command = instead(cause, _command(story, task))  # not the replay of the first alone
            entry.subjects.append(each.subject)
    if task.verdict is Verdict.UNKNOWN and not any(e.verdict is Verdict.UNKNOWN for e in task.results):
        _add_whole(entries, story, task)


def _add_whole(entries: dict[object, _Open], story: RunSummary, task: TaskSummary) -> None:
    """A task that as a whole is unknown."""
    cause = task.cause or Cause.NOT_VERIFIED
    entry = _failed_service(entries, cause, task.lost or task.id.provider.pacticipant)
    if entry is None and cause is Cause.INTERRUPTED:
        entry = entries.setdefault("interrupted", _Open("the run", cause, task.because, "harness run"))
    if entry is None:
        about = title(task.id)
        entries[task.id, cause] = _Open(about, cause, task.because, _command(story, task), remedy=first(cause))
    else:
        entry.subjects.append(title(task.id))


def _failed_service(entries: dict[object, _Open], cause: Cause, name: str) -> _Open | None:
    """The service whose failure explains it."""
    return entries.get(("service", name)) if cause is Cause.DID_NOT_START else None


def _promise(story: RunSummary, task: TaskSummary, each: Exercised, found: Sequence[ReportedFinding]) -> _Open:
    finding = next((b.finding for b in found if b.verdict is Verdict.UNKNOWN), None)
    told = finding.replay if finding else ""
    return _Open(
        about=title(task.id),
        cause=each.cause or Cause.NOT_VERIFIED,
        because=each.because,
        command=instead(each.cause or Cause.NOT_VERIFIED, each.replay or told or _command(story, task)),
        remedy=(finding.remedy if finding else "") or first(each.cause or Cause.NOT_VERIFIED),
    )


def _command(story: RunSummary, task: TaskSummary) -> str:
    for reason in story.decided.reasons if story.decided else ():
        if reason.resolution and covers(task, reason):
            return reason.command or reason.resolution  # what must be done first is the promise's own remedy
    return resolving(task.id)


def covers(task: TaskSummary, reason: Reason) -> bool:
    """Whether a reason of the decision is about this task."""
    told_later = not task.id.contract and task.id.kind.subject is Subject.DOCUMENT and reason.consumer is None
    if reason.contract != task.id.contract and not told_later:
        return False
    if task.id.kind.is_suite:
        return bool(reason.contract)  # a suite speaks of every member of the set
    return reason.provider in (None, task.id.provider) and reason.consumer in (None, task.id.consumer)


def unexplained_reasons(story: RunSummary, verdict: Verdict) -> Iterator[Reason]:
    """Reasons of the decision that no task of this run explains."""
    for reason in story.decided.reasons if story.decided else ():
        told = any(task.verdict is not Verdict.PASSED and covers(task, reason) for task in story.tasks)
        if reason.verdict is verdict and not told:
            yield reason


def _reason(reason: Reason) -> _Open:
    parties = [version_text(each) for each in (reason.consumer, reason.provider) if each]
    return _Open(
        " and ".join(parties) or "the set", reason.cause or Cause.NOT_VERIFIED, reason.text, reason.resolution
    )
