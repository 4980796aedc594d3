"""Whom a broken promise hits, and whom it does not; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import ContractError
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.contracts.openapi import OpenApi
    from harness.contracts.openapi_routing import RouteTable
    from harness.engine.events import CheckFinished, CheckFound, TaskId
    from harness.engine.plan import Task
    from harness.identity import Version


def readable_routes(document: OpenApi) -> RouteTable | None:
    """The operations that requests meet; None where the document cannot be followed, which its checks tell."""
    from harness.comparison.pact_fit.routing import routes_of  # here: only a finding needs it

    try:
        return routes_of(document)
    except (ContractError, RecursionError):
        return None


def with_impact(
    found: CheckFound,
    tasks: Sequence[Task],
    findings: Iterable[CheckFound],
    finished: Mapping[TaskId, CheckFinished],
    routes: RouteTable | None,
) -> CheckFound:
    """The finding together with the consumers that it hits and those it spares.

    A pact's finding hits its consumer, and every other consumer whose own verification broke on the same
    operation; those whose verification passed are spared. A finding of the property checks hits the
    consumers whose pacts use the operation. A consumer that could not be checked is in neither list.
    """
    neighbours = [t for t in tasks if t.pact is not None and t.id.provider == found.task.provider]
    if found.task.consumer:
        hits, spares = _by_evidence(found, neighbours, findings, finished, routes)
    elif found.finding.operation:
        hits, spares = _by_use(found.finding.operation, neighbours, routes)
    else:
        hits, spares = set(), set()
    return replace(found, hits=tuple(sorted(hits)), spares=tuple(sorted(spares - hits)))


def _by_evidence(
    found: CheckFound,
    neighbours: Sequence[Task],
    findings: Iterable[CheckFound],
    finished: Mapping[TaskId, CheckFinished],
    routes: RouteTable | None,
) -> tuple[set[Version], set[Version]]:
    where = template(found.finding.operation, routes)
    same = {
        other.task
        for other in findings
        if other.finding.code == found.finding.code and template(other.finding.operation, routes) == where
    }
    hits = {t.id.consumer for t in neighbours if t.id == found.task or t.id in same}
    passed = {t.id.consumer for t in neighbours if t.id in finished and finished[t.id].verdict is Verdict.PASSED}
    return {v for v in hits if v}, {v for v in passed if v}


def _by_use(
    operation: str, neighbours: Sequence[Task], routes: RouteTable | None
) -> tuple[set[Version], set[Version]]:
    hits: set[Version] = set()
    spares: set[Version] = set()
    for task in neighbours:
        assert task.pact is not None
        assert task.id.consumer is not None
        uses = {_uses(f"{each.method} {each.path}", operation, routes) for each in task.pact.interactions}
        if True in uses:
            hits.add(task.id.consumer)
        elif None not in uses:
            spares.add(task.id.consumer)
    return hits, spares


def _uses(request: str, operation: str, routes: RouteTable | None) -> bool | None:
    """Whether a request meets an operation; None when it meets others equally."""
    meant = (routes.meanings(request) if routes else ()) or (request,)
    if len(meant) > 1:
        return None if operation in meant else False
    return meant[0] == template(operation, routes)


def template(operation: str, routes: RouteTable | None) -> str:
    """`GET /orders/7` as the document writes it: `GET /orders/{id}`; unchanged where it does not say."""
    meant = routes.meanings(operation) if routes else ()
    return meant[0] if len(meant) == 1 else operation
