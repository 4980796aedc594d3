"""Jobs: work that is done once, before what needs it, on containers and as local processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from runtime_bench import REAL, SERVICE, Bench, bench_for, on

from harness.errors import ServiceDidNotStart
from harness.services.system import ImageBuild, Ready, ReadyKind, Resource, ResourceKind


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return bench_for(request.param, tmp_path)


def job(code: int, wanted: str = "0") -> Resource:
    base = os.environ.get("HARNESS_PYTHON_IMAGE", "python:3.12-slim")
    program = f"import sys; print('did it'); sys.exit({code})"
    return Resource(
        name="migrate",
        kind=ResourceKind.JOB,
        build=ImageBuild(context=SERVICE, dockerfile=SERVICE / "Dockerfile", args=(("BASE", base),)),
        command=("python", "-c", program),
        container_command=("python3", "-c", program),
        directory=SERVICE,
        ready=Ready(kind=ReadyKind.EXIT, target=wanted, within=30.0),
    )


@on(*REAL)
def test_a_job_is_over_when_it_has_ended_well(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        done = session.start(job(0), {})
        assert not session.alive(done)
        assert "did it" in session.log_tail(done)
        assert done.endpoints == ()


@on(*REAL)
def test_a_job_may_end_with_the_code_that_is_wanted(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        assert session.start(job(3, wanted="3"), {}).name == "migrate"


@on(*REAL)
def test_a_job_that_fails_did_not_start_and_says_how_it_ended(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session, pytest.raises(ServiceDidNotStart) as failure:
        session.start(job(4), {})
    assert "it ended with exit code 4, and 0 was to come" in str(failure.value)
    assert "did it" in failure.value.log_tail
