"""Pacts held against the documents of their providers before anything is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.engine.events import Compared
from harness.errors import ContractError
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.comparison.pact_fit import Comparison
    from harness.contracts.openapi import OpenApi
    from harness.engine.plan import Plan, Task


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
