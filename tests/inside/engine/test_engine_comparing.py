"""A run says of each pact whether it fits the provider's document, before anything is started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pact_and_document import answering, get, pact_of
from sample_events import ORDERS, WEB, good_run, pact_task

from harness.contracts.openapi import OpenApi
from harness.engine.conduct import compare_tasks
from harness.engine.events import CheckFinished, Compared, Event
from harness.engine.plan import Inputs, Plan, Task
from harness.reports.terminal import plain
from harness.services.system import Service, System
from harness.verdicts import Verdict

ORDER = {"type": "object", "properties": {"id": {"type": "integer"}}}


def plan(body: Any, paths: Any = None) -> Plan:
    document = {"openapi": "3.1.0", "info": {"title": "o", "version": "1"}, "paths": paths or answering(ORDER)}
    openapi = OpenApi(provider="orders", specification="3.1.0", operations=(), key="k", document=document)
    pact = pact_of({"request": get(), "response": {"body": body}})
    task = Task(id=pact_task(WEB, ORDERS), service=Service(name="orders"), pact=pact, identity="")
    inputs = Inputs(
        system=System(root=Path(), manifest=Path("harness.toml"), services=()),
        versions={"web": WEB, "orders": ORDERS},
        artifacts={},
        pacts=(pact,),
        documents={"orders": openapi},
        settings={},
    )
    return Plan(inputs=inputs, tasks=(task,), candidates=(ORDERS,), starts=())


def test_what_does_not_fit_is_told_with_everything_that_is_wrong() -> None:
    (event,) = compare_tasks(plan({"id": "1", "total": 1}))
    assert event.verdict is Verdict.FAILED
    assert len(event.errors) == 2
    assert event.because == event.errors[0]
    assert event.because.startswith("'number 0': response body at /")


def test_what_fits_is_told_as_that() -> None:
    assert [each.verdict for each in compare_tasks(plan({"id": 1}))] == [Verdict.PASSED]


def test_a_document_that_cannot_be_read_is_no_answer() -> None:
    (event,) = compare_tasks(plan({"id": 1}, {"/orders": {"get": {"$ref": "#/nowhere"}}}))
    assert event.verdict is Verdict.UNKNOWN
    assert "#/paths/~1orders/get" in event.because


def test_without_a_document_nothing_is_said() -> None:
    made = plan({"id": 1})
    assert list(compare_tasks(replace(made, inputs=replace(made.inputs, documents={})))) == []


def told(document: Verdict, running: Verdict) -> str:
    task = pact_task(WEB, ORDERS)
    said = Compared(task=task, verdict=document, because="'an order': `total` is not declared")

    def with_it(event: Event) -> list[Event]:
        if isinstance(event, CheckFinished) and event.task == task:
            return [said, replace(event, verdict=running)]
        return [event]

    return " ".join(plain(each for event in good_run() for each in with_it(event)).split())


def test_the_report_says_where_the_document_and_the_provider_differ() -> None:
    kept = told(Verdict.FAILED, Verdict.PASSED)
    assert "web 1 needs orders 1: kept, though the provider's document does not promise it" in kept
    assert "`total` is not declared" in kept
    broken = told(Verdict.PASSED, Verdict.FAILED)
    assert "does not do what its document says" in broken
    open_ = told(Verdict.FAILED, Verdict.UNKNOWN)
    assert "the provider's document does not promise it" in open_
    assert "the provider's document" not in told(Verdict.PASSED, Verdict.PASSED)
