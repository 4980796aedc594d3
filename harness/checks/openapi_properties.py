"""Every operation of a provider's own OpenAPI document, exercised with generated requests."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.checks.api import CheckTarget
from harness.checks.engines.child import how_it_ended
from harness.checks.engines.first_answer import never_answered
from harness.checks.engines.log_timeline import LogOf, LogTimeline, no_log
from harness.checks.engines.replaying import Again, again
from harness.checks.engines.schemathesis_failures import Sorted, pointer, sort_out
from harness.checks.engines.schemathesis_run import UNAVAILABLE, ShardOutcome, exercise, secret_headers
from harness.checks.engines.schemathesis_shards import OPERATION_PHASES, SEQUENCES
from harness.checks.engines.served_path import ServedPath, served_path
from harness.comparison.coverage import Coverage
from harness.contracts.openapi import OpenApi
from harness.evidence import EvidenceKind
from harness.verdicts import Cause, Difference, Exercised, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.checks.engines.schemathesis_stream import Sent
    from harness.contracts.openapi import Operation

DIED = "openapi.service-died"
_OF_ANY_DOCUMENT = frozenset({DIED, "openapi.server-error"})  # broken, whatever the document says
_REFUSED = frozenset({401, 403})
_DEADLINES = frozenset({"ReadTimeout", "ConnectTimeout", "Timeout", "UnresponsiveOperationError"})
_NETWORK = frozenset({"ConnectionError", "ChunkedEncodingError", "ServerUnavailable", "UnhealthyAPIError"})


def listens(url: str) -> bool:
    """Whether something accepts connections there."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=5.0):
            return True
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class OpenApiProperties:
    """Whether the running service answers as its own document says, whatever a consumer may send."""

    kind: EvidenceKind = field(default=EvidenceKind.PROPERTIES, init=False)
    explore: Callable[[CheckTarget, OpenApi, ServedPath], Sequence[ShardOutcome]] = exercise
    locate: Callable[[CheckTarget, OpenApi], ServedPath] = served_path
    answers: Callable[[str], bool] = listens

    def run(self, target: CheckTarget) -> Iterator[Exercised | Finding]:
        """One verdict per operation, and what is broken; closing it stops the child processes."""
        document = target.document
        if document is None or not document.operations:
            yield _nothing(target, document)
            return
        if silent := never_answered(target):
            yield from (_unknown(document, op, Cause.DID_NOT_START, silent) for op in document.operations)
            return
        if not self.answers(target.instance.url):
            gone = f"nothing listens at {target.instance.url}"
            yield from (_unknown(document, op, Cause.SERVICE_DIED, gone) for op in document.operations)
            return
        where = self.locate(target, document)
        absent = _absent(document, where)
        for operation in document.operations:
            if operation.label in absent:
                yield _unknown(document, operation, Cause.NOTHING_EXERCISED, absent[operation.label])
        there = tuple(each for each in document.operations if each.label not in absent)
        if there:
            yield from self._explored(target, replace(document, operations=there), where)

    def _explored(
        self, target: CheckTarget, document: OpenApi, where: ServedPath
    ) -> Iterator[Exercised | Finding]:
        with LogTimeline(target.logs) as timeline:
            told = self.explore(target, document, where)
        died = any(t.seen.stopped == UNAVAILABLE for t in told) or not self.answers(target.instance.url)
        remark = "; ".join(filter(None, (where.remark, *_mistakes(document))))
        yield from _add_remark(judge(target, document, told, died=died, log_of=timeline.between), remark)


def _absent(document: OpenApi, where: ServedPath) -> dict[str, str]:
    """The operations that the service serves nowhere, and what was asked for."""
    main = [each.label for each in document.operations if each.label not in where.own] if where.absent else []
    return {**dict.fromkeys(main, where.absent), **where.nowhere}


def judge(
    target: CheckTarget, document: OpenApi, told: Sequence[ShardOutcome], *, died: bool, log_of: LogOf = no_log
) -> Iterator[Exercised | Finding]:
    """What the reports of all processes together say about each operation; pure."""
    failures = [failure for each in told for failure in each.seen.failures]
    how = again(target, secret_headers(target))
    sorted_out = sort_out(failures, place=document.place, again=how, log_of=log_of)
    findings = list(sorted_out.findings)
    if died:
        findings.append(_death(document, told, how, log_of))
    known = {operation.label for operation in document.operations}
    ignored = frozenset(target.service.ignore)
    for operation in document.operations:
        yield _verdict(document, operation, told, _Known(findings, sorted_out, ignored, died))
    for finding in findings:
        if finding.subject not in known and finding.code not in ignored:
            yield _beside(finding)
    # By what is not known nothing is broken, whatever a tool makes of it.
    unread = {operation.label for operation in document.operations if operation.unread}
    yield from (each for each in findings if each.subject not in unread or each.code in _OF_ANY_DOCUMENT)


_MOST_TOLD = 3  # mistakes of a document; `harness doctor` tells all


def _mistakes(document: OpenApi) -> Iterator[str]:
    """What breaks the standard in a document, for one line."""
    for each in document.problems[:_MOST_TOLD]:
        yield each.sentence
    if len(document.problems) > _MOST_TOLD:
        yield f"and {len(document.problems) - _MOST_TOLD} more places of {document.place} (harness doctor)"


def _add_remark(items: Iterator[Exercised | Finding], remark: str) -> Iterator[Exercised | Finding]:
    """The same, the remark told once."""
    for item in items:
        if remark and isinstance(item, Exercised):
            yield replace(item, remark="; ".join(filter(None, (remark, item.remark))))
            remark = ""
        else:
            yield item


@dataclass(frozen=True, slots=True)
class _Known:
    findings: Sequence[Finding]
    sorted_out: Sorted
    ignored: frozenset[str]
    died: bool


def _verdict(document: OpenApi, operation: Operation, told: Sequence[ShardOutcome], known: _Known) -> Exercised:
    label = operation.label
    mine = [finding for finding in known.findings if finding.subject == label]
    broken = [finding for finding in mine if finding.code not in known.ignored]
    if broken and (not operation.unread or any(each.code in _OF_ANY_DOCUMENT for each in broken)):
        codes = ", ".join(dict.fromkeys(finding.code for finding in broken))
        return Exercised(
            subject=label,
            verdict=Verdict.FAILED,
            cause=Cause.BROKEN_PROMISE,
            because=f"{codes}: expected {broken[0].expected}, got {broken[0].actual}",
            place=f"{document.place}{pointer(label)}",
            operation=label,
            replay=broken[0].replay,
            exchange=broken[0].exchange,
        )
    if operation.unread:
        return _unknown(
            document, operation, Cause.UNREADABLE, f"what it promises is not known: {operation.unread}"
        )
    for doubt in (_cut_short, _stuck, _why_unexercised):
        found = doubt(label, told, died=known.died)
        if found is not None:
            return _unknown(document, operation, *found)
    return Exercised(
        subject=label,
        verdict=Verdict.PASSED,
        because=_answers_text(label, told, mine, known.sorted_out.remarks),
        place=f"{document.place}{pointer(label)}",
        operation=label,
        remark=_unseen(operation, _answers(label, told)),
        covered=Coverage.of(
            each for t in told if label in t.seen.covered for each in t.seen.covered[label].seen
        ).seen,
    )


def _cut_short(label: str, told: Sequence[ShardOutcome], *, died: bool) -> tuple[Cause, str] | None:
    """Whether a process that was to exercise the operation did not come to its end."""
    for each in told:
        if label not in each.shard.operations or _is_complete(label, each):
            continue
        if died:
            return Cause.SERVICE_DIED, "the service died before everything was tried"
        if each.ended.cut:
            return Cause.TIME_RAN_OUT, f"the time for this service ran out ({_missing(label, each)})"
        return _crash(each)
    return None


def _crash(each: ShardOutcome) -> tuple[Cause, str]:
    if "LoaderError" in each.seen.fatal or "SchemaError" in each.seen.fatal:
        return Cause.UNREADABLE, f"Schemathesis cannot read the document: {each.seen.fatal}"
    lines = each.ended.tail.splitlines()
    why = each.seen.fatal or (lines[-1] if lines else "it said nothing")
    return Cause.TOOL_CRASHED, f"Schemathesis {how_it_ended(each.ended.code)} before its work was done: {why}"


def _is_complete(label: str, each: ShardOutcome) -> bool:
    """Its own word that it completed is believed only together with every phase of the operation."""
    seen = each.seen
    if seen.fatal:
        return False
    if SEQUENCES in each.shard.phases and not (seen.stopped == "completed" and SEQUENCES in seen.phases):
        return False
    errored = any(error.operation == label for error in seen.errors)
    return all(
        label in seen.finished.get(phase, ()) or errored
        for phase in each.shard.phases
        if phase in OPERATION_PHASES
    )


def _missing(label: str, each: ShardOutcome) -> str:
    phases = [
        p for p in each.shard.phases if p not in each.seen.phases and label not in each.seen.finished.get(p, ())
    ]
    named = ", ".join("sequences of calls" if phase == SEQUENCES else phase for phase in phases)
    return f"not finished: {named}" if named else "not finished"


def _stuck(label: str, told: Sequence[ShardOutcome], *, died: bool) -> tuple[Cause, str] | None:
    """Whether Schemathesis met an error of its own, or of the network, with this operation."""
    errors = [error for each in told for error in each.seen.errors if error.operation == label]
    if not errors:
        return None
    first = errors[0]
    text = f"{first.kind}: {' '.join(first.message.split())[:300]}"
    if first.kind in _DEADLINES:
        return Cause.TIME_RAN_OUT, f"no answer came in time ({text})"
    if first.kind in _NETWORK or died:
        return Cause.SERVICE_DIED, f"the connection was lost ({text})"
    return Cause.NOTHING_EXERCISED, f"Schemathesis cannot make requests for it ({text})"


def _why_unexercised(label: str, told: Sequence[ShardOutcome], *, died: bool) -> tuple[Cause, str] | None:
    """Whether no request was answered, or every one refused for want of credentials."""
    answers = _answers(label, told)
    if not answers:
        reasons = [each.seen.skipped[label] for each in told if each.seen.skipped.get(label)]
        astray = [each.seen.astray[label] for each in told if label in each.seen.astray]
        if astray:
            return Cause.NOTHING_EXERCISED, f"no request meets it alone: what was made for it meets {astray[-1]}"
        why = reasons[-1] if reasons else "the service died first" if died else "no reason was given"
        return Cause.NOTHING_EXERCISED, f"no request was made: {why}"
    if set(answers) <= _REFUSED:
        told_it = " and ".join(map(str, sorted(answers)))
        return Cause.NOTHING_EXERCISED, f"every request was answered {told_it}; give the service its `auth`"
    return None


def _answers(label: str, told: Sequence[ShardOutcome]) -> Counter[int]:
    total: Counter[int] = Counter()
    for each in told:
        total.update(each.seen.statuses.get(label, {}))
    return total


def _answers_text(
    label: str, told: Sequence[ShardOutcome], accepted: Sequence[Finding], remarks: Mapping[str, Sequence[str]]
) -> str:
    answers = _answers(label, told)
    parts = [f"{answers.total()} requests, answered {', '.join(map(str, sorted(answers)))}"]
    if accepted:
        parts.append(f"accepted: {', '.join(sorted({finding.code for finding in accepted}))}")
    if remarks.get(label):
        parts.append(f"remarked: {', '.join(remarks[label])}")
    return "; ".join(parts)


def _unseen(operation: Operation, answers: Mapping[int, int]) -> str:
    """Says so when the service never did what the operation is for, however well it refused."""
    promised = [status for status in operation.statuses if status[:1] in ("2", "3")]
    if not promised or any(200 <= status < 400 for status in answers):
        return ""
    came = ", ".join(map(str, sorted(answers)))
    return f"{' or '.join(promised)} was never seen, only {came}"


def _unknown(document: OpenApi, operation: Operation, cause: Cause, because: str) -> Exercised:
    return Exercised(
        subject=operation.label,
        verdict=Verdict.UNKNOWN,
        cause=cause,
        because=because,
        place=f"{document.place}{pointer(operation.label)}",
        operation=operation.label,
    )


def _beside(finding: Finding) -> Exercised:
    """A promise of the whole service: it fails once, not in every operation that it touches."""
    return Exercised(
        subject=finding.subject,
        verdict=Verdict.FAILED,
        cause=Cause.BROKEN_PROMISE,
        because=f"{finding.code}: expected {finding.expected}, got {finding.actual}",
        place=finding.place,
        replay=finding.replay,
        exchange=finding.exchange,
    )


def _nothing(target: CheckTarget, document: OpenApi | None) -> Exercised:
    why = "the document has no operations" if document else "it has no OpenAPI document"
    return Exercised(
        subject=f"{target.service.name} openapi document",
        verdict=Verdict.UNKNOWN,
        cause=Cause.NOTHING_EXERCISED,
        because=why,
        place=document.place if document else target.service.where,
    )


def _death(document: OpenApi, told: Sequence[ShardOutcome], how: Again, log_of: LogOf) -> Finding:
    """The finding that the service died, with the last requests before it."""
    lost = sorted((sent for each in told for sent in each.seen.unanswered), key=lambda sent: sent.at)
    recent = sorted((sent for each in told for sent in each.seen.recent), key=lambda sent: sent.at)
    before = [sent for sent in recent if not lost or sent.at <= lost[0].at][-5:]
    suspect = lost[0] if lost else before[-1] if before else None
    subject = suspect.operation if suspect else document.operations[0].label
    return Finding(
        code=DIED,
        subject=subject,
        operation=subject if suspect else "",
        expected="the service goes on answering",
        actual="it stopped listening; the last requests are below",
        place=document.place,
        replay=how.command(suspect.exchange, suspect.body) if suspect else "",
        remedy="read the service's log; one of the last requests ended its process",
        differences=tuple(_last(sent, how) for sent in before),
        exchange=suspect.exchange if suspect else None,
        log=log_of(suspect.at, suspect.exchange.seconds) if suspect else (),
    )


def _last(sent: Sent, how: Again) -> Difference:
    answered = str(sent.exchange.status) if sent.exchange.status else "no answer"
    return Difference(
        place=sent.operation,
        expected="an answer",
        actual=answered,
        text=how.curl(sent.exchange, sent.body),
    )
