"""Streams of events as real runs have them, for the tests of everything that reads a run."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.engine.events import (
    CheckFinished,
    CheckFound,
    CheckStarted,
    Decided,
    Event,
    Planned,
    PromiseExercised,
    RunFinished,
    RunStarted,
    ServiceFailed,
    ServicePreparing,
    ServiceReady,
    ServiceStarting,
    TaskId,
    Uses,
)
from harness.evidence import EvidenceKind
from harness.identity import Version, content_key
from harness.ports import Endpoint
from harness.verdicts import Cause, Difference, Exchange, Exercised, Finding, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

WEB, CATALOG, ORDERS, PAYMENTS = (Version(name, "1") for name in ("web", "catalog", "orders", "payments"))
THE_SYSTEM = Version("the system", "")

PROMISES = {
    ("web", "catalog"): ("GET /products a list of products", "GET /products/p1 a product by id"),
    ("web", "orders"): (
        "POST /orders a new order",
        "GET /orders/7 an order by id",
        "GET /orders/999 an order that is not there",
    ),
    ("orders", "catalog"): ("GET /products/p1 the price of a product", "GET /products/nope a missing product"),
    ("orders", "payments"): ("POST /payments a charge", "POST /payments a declined card"),
}
OPERATIONS = {
    "catalog": ("GET /products", "GET /products/{id}"),
    "orders": ("POST /orders", "GET /orders/{id}", "GET /orders"),
    "payments": ("POST /payments", "GET /payments/{id}"),
}


def versions(**chosen: str) -> dict[str, Version]:
    """The sample system, with other versions of some services."""
    return {name: Version(name, chosen.get(name, "1")) for name in ("web", "catalog", "orders", "payments")}


def pact_task(consumer: Version, provider: Version) -> TaskId:
    key = content_key([consumer.pacticipant, provider.pacticipant])
    return TaskId(kind=EvidenceKind.PACTS, provider=provider, consumer=consumer, contract=key)


def document_task(provider: Version) -> TaskId:
    return TaskId(kind=EvidenceKind.PROPERTIES, provider=provider, contract=content_key(provider.pacticipant))


def suite_task(kind: EvidenceKind = EvidenceKind.INTEGRATION) -> TaskId:
    return TaskId(kind=kind, provider=THE_SYSTEM, contract=content_key(kind.value))


def tasks_of(system: dict[str, Version]) -> tuple[TaskId, ...]:
    pacts = (pact_task(system[consumer], system[provider]) for consumer, provider in PROMISES)
    documents = (document_task(system[name]) for name in OPERATIONS)
    return (*pacts, *documents, suite_task())


def exchange(method: str, path: str, status: int, body: str, sent: str = "") -> Exchange:
    return Exchange(
        method=method,
        url=f"http://127.0.0.1:32801{path}",
        request_headers=(("accept", "application/json"), ("authorization", "[redacted]")),
        request_body=sent,
        request_size=len(sent),
        status=status,
        response_headers=(("content-type", "application/json"), ("content-length", str(len(body)))),
        response_body=body,
        response_size=len(body),
        seconds=0.0042,
    )


def told(subject: str) -> tuple[str, str, str]:
    """`GET /a an answer` as operation, article and label."""
    match = re.fullmatch(r"(\S+ \S+) (an?|the) (.+)", subject)
    return (match[1], match[2], match[3]) if match else (subject, "", "")


def kept(subject: str, place: str = "", seconds: float = 0.0042) -> Exercised:
    operation, article, label = told(subject)
    method, _, path = operation.partition(" ")
    body = '{"id": "p1", "name": "Tea", "price": 12.5}'
    return Exercised(
        subject=f"{article} {label}" if label else subject,
        verdict=Verdict.PASSED,
        place=place,
        seconds=seconds,
        operation=operation if path.startswith("/") else "",
        exchange=exchange(method, path, 200, body) if label else None,
    )


def subjects(task: TaskId) -> tuple[str, ...]:
    if task.kind is EvidenceKind.PACTS and task.consumer:
        return PROMISES[task.consumer.pacticipant, task.provider.pacticipant]
    if task.kind is EvidenceKind.PROPERTIES:
        return OPERATIONS[task.provider.pacticipant]
    return ("suites/integration/test_orders.py::test_an_order_reaches_payments",)


def place(task: TaskId, index: int) -> str:
    if task.kind is EvidenceKind.PACTS and task.consumer:
        file = f"contracts/pacts/{task.consumer.pacticipant}-{task.provider.pacticipant}.json"
        return f"{file}#/interactions/{index}"
    return f"contracts/openapi/{task.provider.pacticipant}.json#/paths"


def started(system: dict[str, Version], run: str = "20260301-101500-a1b2c3") -> RunStarted:
    return RunStarted(
        run=run,
        harness="0.1.0",
        at="2026-03-01T10:15:00Z",
        runtime="docker",
        set=tuple(system.values()),
        seed=20,
    )


def uses(system: dict[str, Version]) -> tuple[Uses, ...]:
    return tuple(
        Uses(
            consumer=system[consumer],
            provider=system[provider],
            contract=pact_task(system[consumer], system[provider]).contract,
            operations=tuple(dict.fromkeys(told(p)[0] for p in promises)),
            interactions=len(promises),
        )
        for (consumer, provider), promises in PROMISES.items()
    )


def startup(system: dict[str, Version], failed: Sequence[ServiceFailed] = ()) -> Iterator[Event]:
    lost = {each.name: each for each in failed}
    units = {"orders-db": "", "catalog": system["catalog"].number, "payments": system["payments"].number}
    units["orders"] = system["orders"].number
    yield from (ServicePreparing(name=name, version=number) for name, number in units.items())
    for position, (name, number) in enumerate(units.items()):
        yield ServiceStarting(name=name, version=number)
        if name in lost:
            yield lost[name]
            continue
        address = Endpoint(name="http", url=f"http://127.0.0.1:3280{position}", inside=f"http://{name}:8000")
        yield ServiceReady(name=name, version=number, endpoints=(address,), seconds=0.61 + position / 10)


def passed(task: TaskId, reused: str = "") -> Iterator[Event]:
    promises = subjects(task)
    yield CheckStarted(task=task, promised=len(promises))
    for index, subject in enumerate(promises):
        yield PromiseExercised(task=task, exercised=kept(subject, place(task, index)))
    yield finished(task, Verdict.PASSED, len(promises), reused=reused)


def finished(task: TaskId, verdict: Verdict, exercised: int, *, cause: Cause | None = None, **more: str) -> Event:
    return CheckFinished(
        task=task,
        verdict=verdict,
        cause=cause,
        because=more.get("because", ""),
        promised=len(subjects(task)),
        exercised=exercised,
        seconds=0.84,
        reused=more.get("reused", ""),
    )


def decided(system: dict[str, Version], reasons: Iterable[Reason] = ()) -> Decided:
    given = tuple(reasons)
    return Decided(
        verdict=Verdict.worst(r.verdict for r in given) if given else Verdict.PASSED,
        set=tuple(system.values()),
        require=("pacts", "properties"),
        reasons=given,
    )


def reason(task: TaskId, verdict: Verdict, cause: Cause, text: str) -> Reason:
    command = f"harness run {task.provider.argument} --only {task.kind}"
    if task.consumer:
        command = f"harness verify {task.provider.argument} --against {task.consumer.argument}"
    return Reason(
        verdict=verdict,
        cause=cause,
        text=text,
        consumer=task.consumer,
        provider=task.provider,
        contract=task.contract,
        command=command,
    )


def good_run() -> list[Event]:
    """Everything starts, everything is kept."""
    system = versions()
    tasks = tasks_of(system)
    stream: list[Event] = [started(system)]
    stream.append(
        Planned(tasks=tasks, reused=(), starts=("orders-db", "catalog", "payments", "orders"), uses=uses(system))
    )
    stream += startup(system)
    for task in tasks:
        stream += passed(task)
    return [*stream, decided(system), RunFinished(verdict=Verdict.PASSED, seconds=31.42)]


def reused_run() -> list[Event]:
    """Nothing has changed: earlier evidence answers everything."""
    system = versions()
    tasks = tasks_of(system)
    stream: list[Event] = [started(system, "20260301-102000-d4e5f6")]
    stream.append(Planned(tasks=(), reused=tasks, starts=(), uses=uses(system)))
    for task in tasks:
        stream += passed(task, reused="20260301-101500-a1b2c3")
    return [*stream, decided(system), RunFinished(verdict=Verdict.PASSED, seconds=0.62)]


def did_not_start_run() -> list[Event]:
    """Payments does not come up; orders needs it, so nothing about the two is known."""
    system = versions(payments="2")
    tasks = tasks_of(system)
    why = "exited with code 3 after 0.4 s"
    log = (
        "Traceback (most recent call last):",
        '  File "/app/payments/app.py", line 12, in <module>',
        "KeyError: 'PAYMENTS_KEY'",
    )
    lost = [
        ServiceFailed(name="payments", version="2", because=why, log_tail=log),
        ServiceFailed(name="orders", version="1", because="it needs payments, which did not start"),
    ]
    stream: list[Event] = [started(system)]
    stream.append(
        Planned(tasks=tasks, reused=(), starts=("orders-db", "catalog", "payments", "orders"), uses=uses(system))
    )
    stream += startup(system, lost)
    reasons = []
    for task in tasks:
        name = "payments" if task.provider in (system["payments"], THE_SYSTEM) else task.provider.pacticipant
        failure = next((each for each in lost if each.name == name), None)
        if failure is None:
            stream += passed(task)
            continue
        because = f"{name} did not start: {failure.because}"
        for event in unknown(task, Cause.DID_NOT_START, because):
            stream.append(replace(event, lost=name) if isinstance(event, CheckFinished) else event)
        reasons.append(reason(task, Verdict.UNKNOWN, Cause.DID_NOT_START, f"{task} ({because})"))
    return [*stream, decided(system, reasons), RunFinished(verdict=Verdict.UNKNOWN, seconds=8.1)]


def unknown(task: TaskId, cause: Cause, because: str) -> Iterator[Event]:
    promises = subjects(task)
    yield CheckStarted(task=task, promised=len(promises))
    for subject in promises:
        exercised = replace(kept(subject), verdict=Verdict.UNKNOWN, cause=cause, because=because, exchange=None)
        yield PromiseExercised(task=task, exercised=exercised)
    yield finished(task, Verdict.UNKNOWN, 0, cause=cause, because=because)


def interrupted_run() -> list[Event]:
    """Killed after the second check began: no end, no decision."""
    stream = good_run()
    second = [i for i, event in enumerate(stream) if isinstance(event, CheckStarted)][1]
    return stream[: second + 2]


class Broken:
    """One broken promise of a task, and how its finding tells it."""

    def __init__(
        self, index: int, finding: Finding, hits: Sequence[Version], spares: Sequence[Version] = ()
    ) -> None:
        self.index, self.finding, self.hits, self.spares = index, finding, tuple(hits), tuple(spares)

    def events(self, task: TaskId) -> Iterator[Event]:
        yield CheckFound(task=task, finding=self.finding, hits=self.hits, spares=self.spares)


def finding(task: TaskId, index: int, code: str, expected: str, actual: str, **more: object) -> Finding:
    exercised = kept(subjects(task)[index], place(task, index))
    method, _, path = exercised.operation.partition(" ")
    if task.consumer:
        command = f"harness verify {task.provider.argument} --against {task.consumer.argument}"
        replay = f"{command} --only '{exercised.subject}'"
    else:
        replay = f"curl -X {method} http://127.0.0.1:32803{path}"
    made = Finding(
        code=code,
        subject=exercised.subject,
        expected=expected,
        actual=actual,
        consumer=task.consumer.pacticipant if task.consumer else "",
        operation=exercised.operation,
        place=exercised.place,
        replay=replay,
        exchange=exchange(method, path, 200, f'{{"id": "p1", "price": {actual}}}'),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def faults_of(system: dict[str, Version]) -> dict[TaskId, list[Broken]]:
    """Seven broken promises in all the ways that the sample system knows; the eighth is a missing state."""
    web, orders, catalog, payments = (system[n] for n in ("web", "orders", "catalog", "payments"))
    products, prices = pact_task(web, catalog), pact_task(orders, catalog)
    placing, charging = pact_task(web, orders), pact_task(orders, payments)
    own_orders, own_catalog = document_task(orders), document_task(catalog)
    price = Difference(place="$.price", expected="a number", actual='"12.50" (a string)', text="type differs")
    return {
        products: [
            Broken(
                1,
                finding(products, 1, "response.body.mismatch", "the field $.description", "it is missing"),
                [web],
                [orders],
            )
        ],
        prices: [
            Broken(
                0,
                finding(
                    prices, 0, "response.body.mismatch", "$.price is a number", '"12.50"', differences=(price,)
                ),
                [orders],
                [web],
            )
        ],
        placing: [
            Broken(0, finding(placing, 0, "response.status.mismatch", "status 201", "status 422"), [web]),
            Broken(
                1,
                finding(placing, 1, "response.body.mismatch", '$.state is one of "open", "paid"', '"OPEN"'),
                [web],
            ),
        ],
        charging: [
            Broken(
                0,
                finding(
                    charging,
                    0,
                    "request.redirect.followed",
                    "status 201 at /payments",
                    "status 307 to /payments/",
                    remedy="answer at /payments itself: not every client follows a redirect of a POST",
                ),
                [orders],
            )
        ],
        own_orders: [
            Broken(
                0,
                finding(
                    own_orders,
                    0,
                    "openapi.server-error",
                    "an answer below 500",
                    "status 500 for quantity 0",
                    count=14,
                ),
                [web],
            )
        ],
        own_catalog: [
            Broken(
                1,
                finding(own_catalog, 1, "openapi.undocumented-status", "one of 200, 404", "status 410", count=3),
                [web, orders],
            )
        ],
    }


def broken_task(task: TaskId, faults: Sequence[Broken], state: str = "") -> Iterator[Event]:
    """A task with broken promises, and perhaps one that could not be tried."""
    at = {fault.index: fault for fault in faults}
    promises = subjects(task)
    missing = len(promises) - 1 if state else -1
    yield CheckStarted(task=task, promised=len(promises))
    for index, subject in enumerate(promises):
        exercised = kept(subject, place(task, index))
        if index in at:
            seen = at[index].finding
            because = f"expected {seen.expected}, came {seen.actual}"
            exercised = replace(
                exercised,
                verdict=Verdict.FAILED,
                cause=Cause.BROKEN_PROMISE,
                because=because,
                replay=seen.replay,
                exchange=seen.exchange,
            )
        elif index == missing:
            because = f'{task.provider.pacticipant} has no state "{state}"'
            exercised = replace(
                exercised, verdict=Verdict.UNKNOWN, cause=Cause.STATE_MISSING, because=because, exchange=None
            )
        yield PromiseExercised(task=task, exercised=exercised)
    yield finished(
        task,
        Verdict.FAILED,
        len(promises) - (missing >= 0),
        cause=Cause.BROKEN_PROMISE,
        because=f"{len(faults)} of {len(promises)} promises broken",
    )


def faults_run() -> list[Event]:
    """Everything that the sample system has planted, found at once."""
    system = versions(catalog="2", orders="2", payments="2")
    tasks = tasks_of(system)
    faults = faults_of(system)
    charging = pact_task(system["orders"], system["payments"])
    stream: list[Event] = [started(system)]
    stream.append(
        Planned(tasks=tasks, reused=(), starts=("orders-db", "catalog", "payments", "orders"), uses=uses(system))
    )
    stream += startup(system)
    for task in tasks:
        if task in faults:
            stream += broken_task(task, faults[task], "a declined card exists" if task == charging else "")
        else:
            stream += passed(task)
    for task, broken in faults.items():
        for each in broken:
            stream += each.events(task)
    stream.append(CheckFound(task=charging, finding=missing_state(charging), hits=(system["orders"],)))
    stream.append(accepted(document_task(system["payments"])))
    reasons = [reason(t, Verdict.FAILED, Cause.BROKEN_PROMISE, f"{t} is broken") for t in faults]
    return [*stream, decided(system, reasons), RunFinished(verdict=Verdict.FAILED, seconds=42.7)]


def missing_state(task: TaskId) -> Finding:
    return finding(
        task,
        1,
        "provider-state.missing",
        'the state "a declined card exists"',
        "payments knows: a card exists",
        remedy='add the state "a declined card exists" to /_harness/states of payments',
        exchange=None,
    )


def accepted(task: TaskId) -> CheckFound:
    found = finding(
        task, 0, "openapi.undocumented-400", "one of 201, 402", "status 400 for a body that is no JSON"
    )
    return CheckFound(task=task, finding=found, accepted=True)


RUNS = {
    "good": good_run,
    "faults": faults_run,
    "did-not-start": did_not_start_run,
    "interrupted": interrupted_run,
    "reused": reused_run,
}
