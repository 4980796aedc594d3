"""Property checks against `schemathesis run`: the same service, seed and examples, in one run, as ratios.

    python benchmarks/properties.py [--examples 30] [--rounds 3] [--jobs 2]

Ours must report every failure that the union of Schemathesis' own runs reports, and send at least one and a
half times as many requests per second on two cores. Load of the machine hits both alike: they take turns.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import httpx

from harness.checks.api import Settings, Target
from harness.checks.drivers.schemathesis_failures import code_of
from harness.checks.drivers.schemathesis_run import exercise
from harness.checks.drivers.schemathesis_stream import Failure, observe
from harness.contracts.openapi_reader import read_openapi
from harness.ports import Endpoint, Instance
from harness.services.system import Budget, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SERVICE = """
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

app = FastAPI()


class Thing(BaseModel):
    id: int
    name: str
    size: float


class New(BaseModel):
    name: str = Field(min_length=1, max_length=30)
    amount: int = Field(ge=0, le=2147483647)
    note: str | None = None


def resource(name, fault):
    things = {1: {"id": 1, "name": "first", "size": 1.0}}

    @app.post(f"/{name}", status_code=201, response_model=Thing)
    async def create(new: New):
        if fault == "boundary" and new.amount == 0:
            raise RuntimeError("nothing")
        if fault == "greatest" and new.amount == 2147483647:
            raise RuntimeError("too much")
        key = max(things) + 1
        things[key] = {"id": key, "name": new.name, "size": 1.0}
        return things[key]

    @app.get(f"/{name}", response_model=list[Thing])
    async def find(q: str = "x", limit: int = 10):
        if fault == "empty" and not q:
            return q[0]
        return list(things.values())[: max(0, min(limit, 20))]

    @app.get(f"/{name}/{{id}}", response_model=Thing, responses={404: {}})
    async def get(id: int):
        if id not in things:
            raise HTTPException(404)
        if fault == "type":
            return JSONResponse({**things[id], "size": "1.0"})
        if fault == "missing":
            return JSONResponse({"id": id, "name": "x"})
        return things[id]

    @app.delete(f"/{name}/{{id}}", status_code=204, responses={404: {}})
    async def remove(id: int):
        if id not in things:
            raise HTTPException(409 if fault == "status" else 404)
        if id != 1:
            del things[id]
        return Response(status_code=204)


for name, fault in [("orders", "boundary"), ("items", "type"), ("carts", "greatest"), ("users", "missing"),
                    ("bills", "empty"), ("notes", "status")]:
    resource(name, fault)
"""

# `uvicorn --fd` takes the socket for a local one and leaves Nagle's algorithm on: 40 ms per answer.
START = """
import socket, sys, uvicorn
sock = socket.socket(fileno=int(sys.argv[1]))
uvicorn.Server(uvicorn.Config("service:app", log_level="critical", access_log=False)).run(sockets=[sock])
"""


@dataclass(frozen=True, slots=True)
class Round:
    """One run of one contender."""

    requests: int
    seconds: float
    failures: frozenset[tuple[str, str, int]]

    @property
    def rate(self) -> float:
        """Requests per second, start and end of its processes included."""
        return self.requests / self.seconds


def named(failures: Iterable[Failure]) -> frozenset[tuple[str, str, int]]:
    """What failed where, whatever the value was."""
    return frozenset((code_of(f), f.operation, f.status) for f in failures)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A fresh service: each run meets the same data."""
    (folder / "service.py").write_text(SERVICE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = str(listener.fileno())
        process = subprocess.Popen([sys.executable, "-c", START, number], cwd=folder, pass_fds=[listener.fileno()])
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            httpx.get(f"{url}/openapi.json", timeout=30)
            yield url
        finally:
            process.kill()
            process.wait()


def theirs(url: str, folder: Path, examples: int, seed: int) -> Round:
    """`schemathesis run` as its documentation shows it."""
    report = folder / "theirs.ndjson"
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--no-color"]
    command += ["-n", str(examples), "--seed", str(seed), "--generation-database", "none"]
    began = time.monotonic()
    subprocess.run(
        [*command, "--report", "ndjson", "--report-ndjson-path", str(report)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )
    seconds = time.monotonic() - began
    with report.open("rb") as lines:
        seen = observe(lines)
    return Round(seen.requests, seconds, named(seen.failures))


def ours(url: str, folder: Path, examples: int, seed: int, jobs: int) -> Round:
    """What the harness runs for one service, reading of the reports included."""
    document = read_openapi(httpx.get(f"{url}/openapi.json").content, "service", "openapi.json")
    target = Target(
        service=Service(name="service", budget=Budget(examples=examples, seconds=600)),
        instance=Instance(name="service", version="1", endpoints=(Endpoint(name="http", url=url, inside=url),)),
        document=document,
        recorder=None,  # type: ignore[arg-type]  # property checks go to the service itself
        settings=Settings(jobs=jobs, seed=seed, scratch=folder),
    )
    began = time.monotonic()
    told = exercise(target, document)
    seconds = time.monotonic() - began
    failures = named(failure for each in told for failure in each.seen.failures)
    return Round(sum(each.seen.requests for each in told), seconds, failures)


def one_round(examples: int, seed: int, jobs: int) -> tuple[Round, Round]:
    """Theirs and ours, one after the other."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with served(folder) as url:
            first = theirs(url, folder, examples, seed)
        with served(folder) as url:
            return first, ours(url, folder, examples, seed, jobs)


def main() -> int:
    """Print the table; 1 when ours misses a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    asked = parser.parse_args()
    print(f"{'theirs / ours':14}{'requests':>16}{'seconds':>18}{'requests/s':>20}{'ratio':>8}")
    pairs = []
    for number in range(1, asked.rounds + 1):
        first, second = one_round(asked.examples, asked.seed, asked.jobs)
        pairs.append((first, second))
        print(
            f"round {number:<8}{first.requests:>7}{second.requests:>9}{first.seconds:>9.1f}{second.seconds:>9.1f}"
            f"{first.rate:>10.0f}{second.rate:>10.0f}{second.rate / first.rate:>8.2f}",
            flush=True,
        )
    print(f"median ratio of requests per second: {median(b.rate / a.rate for a, b in pairs):.2f} (to reach: 1.5)")
    wanted = frozenset[tuple[str, str, int]]().union(*(first.failures for first, _ in pairs))
    worst = 0
    for number, (_, second) in enumerate(pairs, start=1):
        missed = sorted(wanted - second.failures)
        worst |= bool(missed)
        found, extra = len(wanted) - len(missed), len(second.failures - wanted)
        print(f"round {number}: {found} of the {len(wanted)} failures of their union, and {extra} more")
        for code, operation, status in missed:
            print(f"  missed: {code} {operation} {status}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
