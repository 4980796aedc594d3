"""Start-up of the sample system in parallel against one after another, in one run; prints ratios.

Usage: python benchmarks/startup.py [--runtime auto|docker|process] [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

from harness import wiring
from harness.engine.startup import Startup
from harness.runtime.choice import choose
from harness.services.graph import start_order
from harness.wiring.adapters import SystemClock, new_run

MANIFEST = Path(__file__).parents[1] / "fixtures" / "harness.toml"


def bring_up(runtime_name: str, workers: int) -> float:
    """Seconds from nothing to everything ready; images are built already."""
    system = wiring.system(MANIFEST)
    runtime, _ = choose(runtime_name, system.root, os.environ)
    order = start_order(system, [s.name for s in system.services if s.startable])
    with runtime.session(new_run()) as session:
        for name in order:
            session.prepare(system.unit(name))
        startup = Startup(session=session, system=system, clock=SystemClock())
        began = time.perf_counter()
        for _ in startup.events(order, workers=workers):
            pass
        seconds = time.perf_counter() - began
        assert not startup.failed, startup.failed
    return seconds


def main() -> None:
    """Measure both ways in turn, so that a drifting machine hits both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    bring_up(options.runtime, 8)
    pairs = [(bring_up(options.runtime, 1), bring_up(options.runtime, 8)) for _ in range(options.rounds)]
    one, many = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [parallel / serial for serial, parallel in pairs]
    print("| start-up | one after another | in parallel | ratio (median, min to max) |")
    print("|---|---|---|---|")
    print(
        f"| sample system | {one:.2f} s | {many:.2f} s | {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}) |"
    )


if __name__ == "__main__":
    main()
