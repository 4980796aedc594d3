"""A start that is given up ends at once, whatever it waits for, and leaves nothing."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from runtime_bench import ALL, REAL, Bench, bench_for, marked, on, service, silent, until

from harness.errors import ServiceDidNotStart
from harness.ports import Session, Unit
from harness.services.system import ImageBuild, Ready, ReadyKind

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return bench_for(request.param, tmp_path)


@contextmanager
def begun(session: Session, unit: Unit, *, only_prepared: bool = False) -> Iterator[list[BaseException]]:
    """A start in a thread of its own, and what it raised once the block has ended."""
    raised: list[BaseException] = []

    def begin() -> None:
        try:
            if only_prepared:
                session.prepare(unit)
            else:
                session.start(unit, {})
        except ServiceDidNotStart as error:
            raised.append(error)

    thread = threading.Thread(target=begin, daemon=True)
    thread.start()
    yield raised
    thread.join(timeout=20)  # most of what is waited for would take longer
    assert not thread.is_alive()


WAITS: dict[str, tuple[Ready, dict[str, Any]]] = {
    "never well": (Ready(target="/health", within=60), {"HEALTH": "503"}),
    "slow to listen": (Ready(target="/health", within=60), {"DELAY": "60"}),
    "a line that never comes": (Ready(kind=ReadyKind.LOG, target="no such line", within=60), {}),
    "a command that hangs": (Ready(kind=ReadyKind.EXEC, target="sleep 60", within=60), {}),
    "deaf to being asked to go": (Ready(kind=ReadyKind.EXEC, target="trap '' TERM; sleep 60", within=60), {}),
}


@pytest.mark.parametrize("wait", WAITS)
@on(*REAL)
def test_a_start_that_is_cancelled_ends_at_once_and_leaves_nothing(bench: Bench, wait: str) -> None:
    ready, environment = WAITS[wait]
    run = bench.run()
    with bench.runtime.session(run) as session:
        with begun(session, replace(service(**environment), ready=ready)) as raised:
            assert until(lambda: bool(bench.left()) and (bench.runtime.name == "docker" or bool(marked(run))))
            time.sleep(0.5)  # any moment of the start will do; this one is of its wait
            session.cancel()
        assert ["the run is over" in str(error) for error in raised] == [True]
    assert [path for path in bench.left() if not path.endswith("/host")] == []
    assert marked(run) == []


@on(*ALL)
def test_a_cancelled_session_starts_nothing_more(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        session.cancel()
        with pytest.raises(ServiceDidNotStart, match="the run is over"):
            session.start(service(), {})


@on(*REAL)
def test_a_service_that_runs_elsewhere_and_never_answers_is_given_up(bench: Bench) -> None:
    with silent() as (address, came), bench.runtime.session(bench.run()) as session:
        elsewhere = replace(service(), build=None, command=(), url=f"http://{address}")
        with begun(session, elsewhere) as raised:
            assert came.wait(10)
            session.cancel()
        assert "the run is over" in str(raised[0])


@on(REAL[1])
def test_a_pull_that_hangs_is_given_up(bench: Bench) -> None:
    with silent() as (address, came), bench.runtime.session(bench.run()) as session:
        image = f"{address}/no/such:1"
        with begun(session, replace(service(), build=None, image=image), only_prepared=True) as raised:
            assert came.wait(10)
            session.cancel()
        assert "the run is over" in str(raised[0])


@on(REAL[1])
def test_a_build_that_takes_long_is_given_up(bench: Bench, tmp_path: Path) -> None:
    base = dict(service().build.args)["BASE"]  # type: ignore[union-attr]  # it has one
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nRUN sleep 4 # {uuid.uuid4()}\n")
    long = replace(service(), build=ImageBuild(context=tmp_path, dockerfile=tmp_path / "Dockerfile"))
    with bench.runtime.session(bench.run()) as session:
        with begun(session, long, only_prepared=True) as raised:
            time.sleep(1)
            session.cancel()
        assert "the run is over" in str(raised[0])
