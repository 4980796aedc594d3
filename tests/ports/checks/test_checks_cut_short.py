"""A check that waits for its child processes ends with the run, and so do they."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from runtime_bench import silent, until

from harness.cancellation import RunIsOver
from harness.checks.api import Check, CheckSettings, CheckTarget
from harness.checks.engines.pact_verifier import Verifiers
from harness.checks.openapi_properties import OpenApiProperties
from harness.checks.pact_provider import PactProvider
from harness.checks.suites import SuiteCheck
from harness.contracts.openapi_reader import read_openapi
from harness.contracts.pact_reader import read_pact
from harness.engine.events import CheckStarted, Event, TaskId
from harness.engine.plan import Task
from harness.engine.workers import Workers
from harness.errors import HarnessError
from harness.evidence import EvidenceKind
from harness.identity import Version
from harness.ports import Endpoint, Instance
from harness.runtime.recorder import HttpRecorder
from harness.services.system import Budget, Service, Suite

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "orders", "version": "1"},
    "paths": {"/orders": {"get": {"responses": {"200": {"description": "orders"}}}}},
}
PACT = {
    "consumer": {"name": "web"},
    "provider": {"name": "orders"},
    "interactions": [
        {
            "type": "Synchronous/HTTP",
            "description": f"orders, page {page}",
            "request": {"method": "GET", "path": "/orders", "query": {"page": [str(page)]}},
            "response": {"status": 200},
        }
        for page in range(30)
    ],
    "metadata": {"pactSpecification": {"version": "4.0"}},
}
SLOW = """
import pathlib, time, pytest

@pytest.fixture
def held():
    yield
    pathlib.Path(__file__).with_name("given back").touch()

def test_slow(held):
    pathlib.Path(__file__).with_name("began").touch()
    time.sleep(60)
"""


def target(folder: Path, address: str) -> CheckTarget:
    url = f"http://{address}"
    suite = folder / "suite"
    suite.mkdir()
    (suite / "test_slow.py").write_text(SLOW)
    scratch = folder / "scratch"
    scratch.mkdir()
    return CheckTarget(
        service=Service(name="orders", budget=Budget(examples=10, seconds=60, request_timeout=60)),
        instance=Instance(name="orders", version="1", endpoints=(Endpoint(name="http", url=url, inside=url),)),
        pact=read_pact(json.dumps(PACT), "web-orders.json"),
        document=read_openapi(json.dumps(DOCUMENT).encode(), "orders", "openapi.json"),
        suite=Suite(path=suite, timeout=60),
        recorder=HttpRecorder(),
        settings=CheckSettings(scratch=scratch, jobs=2),
    )


@pytest.fixture
def verifiers() -> Iterator[Verifiers]:
    pool = Verifiers()
    yield pool
    pool.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pacts", "properties", "integration"])
def test_a_check_that_waits_ends_with_the_run(tmp_path: Path, verifiers: Verifiers, kind: str) -> None:
    checks: dict[str, Check] = {
        "pacts": PactProvider(verifiers),
        "properties": OpenApiProperties(),
        "integration": SuiteCheck(EvidenceKind.INTEGRATION),
    }
    before = set(psutil.Process().children(recursive=True))
    with silent() as (address, came):
        told = target(tmp_path, address)

        def work() -> None:
            with suppress(RunIsOver, HarnessError):
                list(checks[kind].run(told))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        if kind == "integration":
            assert until((told.suite.path / "began").exists, 20)  # type: ignore[union-attr]  # it has one
        else:
            assert came.wait(20)
        told.settings.ending.declare()
        thread.join(20)  # it would wait for a minute
        assert not thread.is_alive()
    verifiers.close()
    assert set(psutil.Process().children(recursive=True)) - before == set()
    if kind == "integration":
        assert (tmp_path / "suite" / "given back").exists(), "its fixtures were torn down"


def test_closing_the_stream_of_the_workers_ends_their_work_and_waits_for_it() -> None:
    ended: list[str] = []

    def work(task: Task) -> Iterator[Event]:
        try:
            yield CheckStarted(task=task.id, promised=1)
            workers.ending.unless_over(threading.Event().wait)
        finally:
            time.sleep(0.1)  # it has something to clear up
            ended.append(task.id.contract)

    workers = Workers(jobs=2, work=work)
    stream = workers.events([_task("a"), _task("b"), _task("c")])
    seen = {next(stream).task.contract, next(stream).task.contract}  # type: ignore[union-attr]  # both have one
    stream.close()
    assert sorted(ended) == sorted(seen) == ["a", "b"]


def _task(name: str) -> Task:
    return Task(
        id=TaskId(kind=EvidenceKind.PACTS, provider=Version(name, "1"), contract=name),
        service=Service(name=name),
        identity="i",
        touches=frozenset({name}),
    )
