"""Start-up in parallel against one after another, in one run; prints ratios, and what the graphs allow at best.

Usage: python benchmarks/startup.py [--runtime auto|docker|process] [--rounds N]

A service starts when all that it needs is ready, so no start-up is shorter than its longest chain. The sample
system is nearly one chain; six services that need nothing show what there is to gain. Each of them waits half a
second before it listens, as a service does that connects to something.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import composition
from harness.composition.runs import SystemClock, new_run
from harness.engine.events import ServiceReady
from harness.engine.startup import Startup
from harness.runtime.choice import choose
from harness.services.graph import start_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.services.system import System

SAMPLE = Path(__file__).parents[1] / "fixtures" / "harness.toml"
INDEPENDENT = 6
SERVICE = """
import os, time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

time.sleep(0.5)
ThreadingHTTPServer(("", int(os.environ["PORT"])), SimpleHTTPRequestHandler).serve_forever()
"""
DOCKERFILE = 'ARG BASE\nFROM ${BASE}\nCOPY service.py /service.py\nCMD ["python3", "/service.py"]\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class BringUp:
    """How long it took, as a whole and each service from its start to its being ready."""

    seconds: float
    each: dict[str, float]


def bring_up(system: System, runtime_name: str, workers: int) -> BringUp:
    """From nothing to everything ready; images are built already."""
    runtime, _ = choose(runtime_name, system.root, os.environ)
    order = start_order(system, [s.name for s in system.services if s.startable])
    with runtime.session(new_run()) as session:
        for name in order:
            session.prepare(system.unit(name))
        startup = Startup(session=session, system=system, clock=SystemClock())
        began = time.perf_counter()
        events = list(startup.events(order, workers=workers))
        seconds = time.perf_counter() - began
        assert not startup.failed, startup.failed
    return BringUp(seconds=seconds, each={e.name: e.seconds for e in events if isinstance(e, ServiceReady)})


def possible(system: System, alone: BringUp) -> float:
    """The longest chain as a share of the sum, both as measured one after another."""
    chain: dict[str, float] = {}
    for name, seconds in alone.each.items():  # each after what it needs
        chain[name] = seconds + max((chain[need] for need in system.unit(name).needs), default=0.0)
    return max(chain.values()) / sum(alone.each.values())


def independent(folder: Path) -> Path:
    """A system of services that need nothing; the manifest's path."""
    (folder / "service").mkdir()
    (folder / "service" / "service.py").write_text(SERVICE)
    (folder / "service" / "Dockerfile").write_text(DOCKERFILE)
    base = '"${env.HARNESS_PYTHON_IMAGE:-python:3.12-slim}"'
    told = (
        f'[services.s{number}]\nversion = "1"\nbuild = {{ context = "service", args = {{ BASE = {base} }} }}\n'
        'command = ["python", "service.py"]\nport = 8000\nready = "/"\n'
        for number in range(INDEPENDENT)
    )
    (folder / "harness.toml").write_text("\n".join(told))
    return folder / "harness.toml"


def row(what: str, system: System, options: argparse.Namespace) -> str:
    """Measure both ways in turn, so that a drifting machine hits both."""
    bring_up(system, options.runtime, 8)
    pairs = [[bring_up(system, options.runtime, n) for n in (1, 8)] for _ in range(options.rounds)]
    one, many = (statistics.median(each.seconds for each in column) for column in zip(*pairs, strict=True))
    ratios = [parallel.seconds / serial.seconds for serial, parallel in pairs]
    best = statistics.median(possible(system, serial) for serial, _ in pairs)
    return f"| {what} | {one:.2f} s | {many:.2f} s | {_spread(ratios)} | {best:.2f} |"


def _spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    """Print one row for each system."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| start-up | one after another | in parallel | ratio (median, min to max) | longest chain / sum |")
    print("|---|---|---|---|---|")
    print(row("sample system", composition.system(SAMPLE), options))
    with tempfile.TemporaryDirectory() as folder:
        manifest = independent(Path(folder))
        print(row(f"{INDEPENDENT} services that need nothing", composition.system(manifest), options))


if __name__ == "__main__":
    main()
