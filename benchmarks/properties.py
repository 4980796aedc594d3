"""Property checks against `schemathesis run`: the same service, seed and examples, in one run, as ratios.

    python benchmarks/properties.py [--examples 30] [--rounds 3] [--jobs 2]

Ours must report every failure that the union of Schemathesis' own runs reports, and send at least one and a
half times as many requests per second on two cores. Load of the machine hits both alike: they take turns.
Both find Hypothesis' table of characters made, as on a machine where they have run before (1.1 s each without it).
"""

from __future__ import annotations

import argparse
import os
import resource
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

from harness.checks.api import CheckSettings, CheckTarget
from harness.checks.engines.schemathesis_failures import code_of
from harness.checks.engines.schemathesis_run import exercise
from harness.checks.engines.schemathesis_stream import Failure, observe
from harness.contracts.openapi_reader import read_openapi
from harness.ports import Endpoint, Instance
from harness.services.system import Budget, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
    processor: float  # seconds of the processors, without the service's
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


def theirs(url: str, folder: Path, examples: int, seed: int, kept: Path) -> Round:
    """`schemathesis run` as its documentation shows it."""
    report = folder / "theirs.ndjson"
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--no-color"]
    command += ["-n", str(examples), "--seed", str(seed), "--generation-database", "none"]
    used, began = processor_seconds(), time.monotonic()
    subprocess.run(
        [*command, "--report", "ndjson", "--report-ndjson-path", str(report)],
        cwd=folder,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(kept / "hypothesis")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )
    seconds, used = time.monotonic() - began, processor_seconds() - used
    with report.open("rb") as lines:
        seen = observe(lines)
    return Round(seen.requests, seconds, used, named(seen.failures))


def ours(url: str, folder: Path, examples: int, seed: int, kept: Path, jobs: int) -> Round:
    """What the harness runs for one service, reading of the reports included."""
    document = read_openapi(httpx.get(f"{url}/openapi.json").content, "service", "openapi.json")
    target = CheckTarget(
        service=Service(name="service", budget=Budget(examples=examples, seconds=600)),
        instance=Instance(name="service", version="1", endpoints=(Endpoint(name="http", url=url, inside=url),)),
        document=document,
        recorder=None,  # type: ignore[arg-type]  # property checks go to the service itself
        settings=CheckSettings(jobs=jobs, seed=seed, scratch=folder, kept=kept),
    )
    used, began = processor_seconds(), time.monotonic()
    told = exercise(target, document)
    seconds, used = time.monotonic() - began, processor_seconds() - used
    failures = named(failure for each in told for failure in each.seen.failures)
    return Round(sum(each.seen.requests for each in told), seconds, used, failures)


@dataclass(frozen=True, slots=True)
class Bench:
    """What every round has in common."""

    examples: int
    seed: int
    jobs: int
    kept: Path

    def warm(self) -> None:
        """Let Hypothesis make its tables before the clock runs, for both."""
        with self._fresh() as (url, folder):
            theirs(url, folder, 1, self.seed, self.kept)

    def round(self, number: int) -> tuple[Round, Round]:
        """Theirs and ours, one after the other; who is first changes from round to round."""
        if number % 2:
            first = self._theirs()
            return first, self._ours()
        second = self._ours()
        return self._theirs(), second

    def _theirs(self) -> Round:
        with self._fresh() as (url, folder):
            return theirs(url, folder, self.examples, self.seed, self.kept)

    def _ours(self) -> Round:
        with self._fresh() as (url, folder):
            return ours(url, folder, self.examples, self.seed, self.kept, self.jobs)

    @contextmanager
    def _fresh(self) -> Iterator[tuple[str, Path]]:
        with tempfile.TemporaryDirectory() as scratch, served(Path(scratch)) as url:
            yield url, Path(scratch)


def processor_seconds() -> float:
    """What the child processes that have ended took of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Print the table; 1 when ours misses a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as kept:
        bench = Bench(asked.examples, asked.seed, asked.jobs, Path(kept))
        bench.warm()
        print(f"{'theirs / ours':14}" + "".join(f"{name:>18}" for name in COLUMNS) + f"{'ratio':>8}")
        pairs = []
        for number in range(1, asked.rounds + 1):
            first, second = bench.round(number)
            pairs.append((first, second))
            print(f"round {number:<8}{row(first, second)}", flush=True)
    return report(pairs)


COLUMNS = ("requests", "seconds", "cpu seconds", "requests/s")


def row(a: Round, b: Round) -> str:
    """Two contenders side by side, and the ratio of their rates."""
    return (
        f"{a.requests:>9}{b.requests:>9}{a.seconds:>9.1f}{b.seconds:>9.1f}{a.processor:>9.1f}{b.processor:>9.1f}"
        f"{a.rate:>9.0f}{b.rate:>9.0f}{b.rate / a.rate:>8.2f}"
    )


def report(pairs: Sequence[tuple[Round, Round]]) -> int:
    """Print the ratios and which failures were found; 1 when ours misses one."""
    ratios = sorted(b.rate / a.rate for a, b in pairs)
    best = max(b.rate for _, b in pairs) / max(a.rate for a, _ in pairs)
    print(
        f"ratio of requests per second: median {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}), "
        f"best round to best round {best:.2f} (to reach: 1.5)"
    )
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
