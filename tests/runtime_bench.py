"""What the tests of the runtimes share: a small service, a database, and a runtime to start them on."""

from __future__ import annotations

import json
import os
import socket
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from fakes import FakeRuntime

from harness.errors import HarnessError
from harness.ports import Instance, Runtime
from harness.runtime import engine_address, postgres, sweeping
from harness.runtime.choice import choose
from harness.runtime.containers import ContainerRuntime
from harness.services.system import ImageBuild, Ready, Resource, ResourceKind, Service

SERVICE = Path(__file__).parent / "ports" / "runtime" / "service"
REAL = [
    pytest.param("process", marks=pytest.mark.slow),
    pytest.param("docker", marks=[pytest.mark.slow, pytest.mark.docker]),
]
ALL = [pytest.param("fake"), *REAL]


@dataclass
class Bench:
    """One runtime with a state folder of its own."""

    runtime: Runtime
    environ: dict[str, str]

    def run(self) -> str:
        return f"test-{uuid.uuid4().hex[:8]}"

    def left(self) -> list[str]:
        """What runs have left behind: folders, containers and networks."""
        found = [str(p) for p in (Path(self.environ["HARNESS_STATE_DIR"]) / "runs").rglob("*")]
        if isinstance(self.runtime, ContainerRuntime):
            host = sweeping.host_name(self.environ)
            found += [t.id for t in self.runtime.engine.labelled(f"contract-harness.host={host}")]
            self.runtime.engine.close()
        return found


def need_docker() -> None:
    answer = engine_address.ask(os.environ)
    if answer.why_not:
        if os.environ.get("HARNESS_REQUIRE_DOCKER") == "1":
            pytest.fail(f"HARNESS_REQUIRE_DOCKER=1, but {answer.why_not}")
        pytest.skip(f"no Docker engine answers: {answer.why_not}")


def bench_for(kind: str, folder: Path) -> Bench:
    """A runtime whose project and state are in a folder."""
    environ = {**os.environ, "HARNESS_STATE_DIR": str(folder / "state"), "A_SECRET": "from outside"}
    if kind == "fake":
        return Bench(FakeRuntime(environ), environ)
    if kind == "docker":
        need_docker()
    runtime, _ = choose(kind, folder, environ)
    return Bench(runtime, environ)


def on(*runtimes: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("bench", runtimes, indirect=True)


def service(name: str = "catalog", version: str = "1", within: float = 30.0, **environment: str) -> Service:
    base = os.environ.get("HARNESS_PYTHON_IMAGE", "python:3.12-slim")
    return Service(
        name=name,
        version=version,
        build=ImageBuild(context=SERVICE, dockerfile=SERVICE / "Dockerfile", args=(("BASE", base),)),
        command=("python", "serve.py"),
        directory=SERVICE,
        endpoints=(("http", 8000),),
        ready=Ready(target="/health", within=within),
        environment=tuple(environment.items()),
    )


def database(name: str = "db") -> Resource:
    return Resource(name=name, kind=ResourceKind.POSTGRES, database='or"ders', user="own-er", password="p:w@/%")


def ask(instance: Instance, path: str = "/environment") -> Mapping[str, str]:
    with urllib.request.urlopen(instance.url + path, timeout=10) as response:
        answer: Mapping[str, str] = json.load(response)
        return answer


def accepts(instance: Instance) -> bool:
    host, port = instance.url.rpartition("/")[2].split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def until(seen: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not (result := seen()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return result


@contextmanager
def listening() -> Iterator[str]:
    """The URL of a server of somebody else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def need_postgres(bench: Bench) -> None:
    if isinstance(bench.runtime, ContainerRuntime):
        name = bench.runtime.image(database())
        try:
            bench.runtime.engine.image_id(name, "db")
        except HarnessError as error:
            if os.environ.get("HARNESS_REQUIRE_DOCKER") == "1":
                pytest.fail(str(error))
            pytest.skip(str(error))
    elif postgres.find(bench.environ) is None:
        pytest.skip(f"no PostgreSQL binaries; {postgres.REMEDY}")


def marked(run: str) -> list[int]:
    from harness.runtime.process_handle import processes_of_run as processes

    return sorted(life.pid for life in processes(run))


def shared_memory() -> set[str]:
    """The segments that nobody has attached: what somebody who is gone has left."""
    path = Path("/proc/sysvipc/shm")
    lines = [line.split() for line in path.read_text().splitlines()[1:]] if path.exists() else []
    return {line[1] for line in lines if line[6] == "0"}


@contextmanager
def silent() -> Iterator[tuple[str, Event]]:
    """An address that takes connections and never answers, and whether anybody has come."""
    came = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        over = Event()
        taken: list[socket.socket] = []

        def take() -> None:
            while not over.is_set():
                try:
                    taken.append(server.accept()[0])
                    came.set()
                except TimeoutError:
                    continue

        thread = Thread(target=take)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}", came
        finally:
            over.set()
            thread.join()
            for each in taken:
                each.close()
