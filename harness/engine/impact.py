"""Whom a broken promise hits, and whom it does not; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.contracts.openapi_reader import find_operation
from harness.evidence import EvidenceKind
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.contracts.openapi import OpenApi
    from harness.engine.events import CheckFinished, CheckFound, TaskId
    from harness.engine.plan import Task
    from harness.identity import Version


def with_impact(
    found: CheckFound,
    tasks: Sequence[Task],
    findings: Iterable[CheckFound],
    finished: Mapping[TaskId, CheckFinished],
    document: OpenApi | None,
) -> CheckFound:
    """The finding together with the consumers that it hits and those it spares.

    A pact's finding hits its consumer, and every other consumer whose own verification broke on the same
    operation; those whose verification passed are spared. A finding of the property checks hits the
    consumers whose pacts use the operation. A consumer that could not be checked is in neither list.
    """
    neighbours = [t for t in tasks if t.pact is not None and t.id.provider == found.task.provider]
    if found.task.kind is EvidenceKind.PACTS:
        hits, spares = _by_evidence(found, neighbours, findings, finished, document)
    elif found.finding.operation:
        hits, spares = _by_use(found.finding.operation, neighbours, document)
    else:
        hits, spares = set(), set()
    return replace(found, hits=tuple(sorted(hits)), spares=tuple(sorted(spares - hits)))


def _by_evidence(
    found: CheckFound,
    neighbours: Sequence[Task],
    findings: Iterable[CheckFound],
    finished: Mapping[TaskId, CheckFinished],
    document: OpenApi | None,
) -> tuple[set[Version], set[Version]]:
    where = template(found.finding.operation, document)
    same = {
        other.task
        for other in findings
        if other.finding.code == found.finding.code and template(other.finding.operation, document) == where
    }
    hits = {t.id.consumer for t in neighbours if t.id == found.task or t.id in same}
    passed = {t.id.consumer for t in neighbours if t.id in finished and finished[t.id].verdict is Verdict.PASSED}
    return {v for v in hits if v}, {v for v in passed if v}


def _by_use(
    operation: str, neighbours: Sequence[Task], document: OpenApi | None
) -> tuple[set[Version], set[Version]]:
    where = template(operation, document)
    hits: set[Version] = set()
    spares: set[Version] = set()
    for task in neighbours:
        assert task.pact is not None
        assert task.id.consumer is not None
        used = {template(f"{i.method} {i.path}", document) for i in task.pact.interactions}
        (hits if where in used else spares).add(task.id.consumer)
    return hits, spares


def template(operation: str, document: OpenApi | None) -> str:
    """`GET /orders/7` as the document writes it: `GET /orders/{id}`; unchanged where it does not say."""
    method, _, path = operation.partition(" ")
    if document is None or not path:
        return operation
    known = {op.label for op in document.operations}
    if operation in known:
        return operation
    match = find_operation(document, method, path)
    return match.label if match else operation
