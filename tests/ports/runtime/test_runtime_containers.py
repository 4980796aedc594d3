"""What only containers do."""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from runtime_bench import Bench, bench_for, service

from harness.errors import ServiceDidNotStart
from harness.runtime import sweeping
from harness.runtime.containers import ContainerRuntime
from harness.services.system import ImageBuild

pytestmark = [pytest.mark.slow, pytest.mark.docker]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_for("docker", tmp_path)


def test_an_image_that_cannot_be_had_is_named(bench: Bench) -> None:
    missing = replace(service(), build=None, image="localhost:1/no/such-image:{version}")
    with pytest.raises(ServiceDidNotStart, match="localhost:1/no/such-image:1' is not here and cannot be pulled"):
        bench.runtime.artifact(missing)
    with bench.runtime.session(bench.run()) as session:
        for step in (session.prepare, lambda unit: session.start(unit, {})):
            with pytest.raises(ServiceDidNotStart, match="cannot be pulled"):
                step(missing)


def test_a_base_image_that_cannot_be_had_is_named(bench: Bench) -> None:
    build = service().build
    assert build is not None
    missing = replace(service(), build=replace(build, args=(("BASE", "localhost:1/no/base:1"),)))
    with pytest.raises(ServiceDidNotStart, match="localhost:1/no/base:1"):
        bench.runtime.artifact(missing)


@pytest.mark.parametrize(
    ("text", "told"),
    [("RUN echo before && false", "non-zero code"), ("COPY nowhere /", "nowhere"), ("NOSUCH x", "NOSUCH")],
)
def test_a_build_that_fails_is_told_with_its_last_lines(
    bench: Bench, tmp_path: Path, text: str, told: str
) -> None:
    base = os.environ.get("HARNESS_PYTHON_IMAGE", "python:3.12-slim")
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\n{text} # {uuid.uuid4()}\n")
    broken = replace(service(), build=ImageBuild(context=tmp_path, dockerfile=tmp_path / "Dockerfile"))
    could_not = pytest.raises(ServiceDidNotStart, match="could not be built")
    with bench.runtime.session(bench.run()) as session, could_not as failure:
        session.prepare(broken)
    assert told in str(failure.value)


def test_a_command_that_the_image_lacks_is_told(bench: Bench) -> None:
    lacking = replace(service(), container_command=("no-such-program",))
    with bench.runtime.session(bench.run()) as session, pytest.raises(ServiceDidNotStart, match="no-such-program"):
        session.start(lacking, {})


def test_a_command_may_replace_that_of_the_image(bench: Bench) -> None:
    said = replace(service(), container_command=("python3", "-X", "utf8", "-u", "/serve.py"))
    with bench.runtime.session(bench.run()) as session:
        assert session.alive(session.start(said, {}))


def test_an_image_of_equal_inputs_is_not_built_again(bench: Bench) -> None:
    runtime, run = bench.runtime, bench.run()
    assert isinstance(runtime, ContainerRuntime)
    build = service().build
    assert build is not None
    mine = replace(build, args=(*build.args, ("FOR", run)))  # others start the image of the others meanwhile
    with runtime.session(run) as session:
        session.prepare(replace(service(), build=mine))
        name = runtime.image(replace(service(), build=mine))
        before = runtime.engine.image_id(name, "catalog")
        began = time.time()
        other = replace(service(MODE="other"), build=mine)
        session.prepare(other)
        span: dict[str, Any] = {"since": began, "until": time.time()}
        happened = runtime.engine.client.events(**span, filters={"image": name})
        assert list(happened) == [], "a build would have given the image its name again"
        assert runtime.image(other) == name, "what a container is told does not change its image"
        assert runtime.engine.image_id(name, "catalog") == before
        labels = runtime.engine.client.images.get(name).labels
        assert labels["contract-harness"] == "image"


def test_containers_and_networks_carry_their_run(bench: Bench) -> None:
    runtime, run = bench.runtime, bench.run()
    assert isinstance(runtime, ContainerRuntime)
    with runtime.session(run) as session:
        instance = session.start(service(), {})
        labels = runtime.engine.client.containers.get(instance.handle).labels
        assert labels["contract-harness"] == run
        assert labels["contract-harness.host"] == sweeping.host_name(bench.environ)
        assert Path(labels["contract-harness.lock"]).exists()
        assert [t.kind == "network" for t in runtime.engine.labelled(f"contract-harness={run}")] == [False, True]


def test_ports_are_not_open_to_other_machines(bench: Bench) -> None:
    runtime = bench.runtime
    assert isinstance(runtime, ContainerRuntime)
    with runtime.session(bench.run()) as session:
        instance = session.start(service(), {})
        bound = runtime.engine.client.api.inspect_container(instance.handle)["NetworkSettings"]["Ports"]
        assert {each["HostIp"] for ports in bound.values() for each in ports or ()} == {"127.0.0.1"}
