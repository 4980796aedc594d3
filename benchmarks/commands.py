"""How long whole commands take, as processes, beside a bare Python; prints medians and ratios.

Usage: python benchmarks/commands.py [--rounds N]; `harness run` on the sample must have run before (make demo).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

MANIFEST = Path(__file__).parents[1] / "fixtures" / "harness.toml"
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "harness --version": ["-m", "harness", "--version"],
    "harness can-i-deploy": [
        "-m", "harness", "can-i-deploy", "web=1", "catalog=1", "orders=1", "payments=1",
        "--to", "production", "--manifest", str(MANIFEST),
    ],
    "harness run (unchanged)": ["-m", "harness", "run", "--manifest", str(MANIFEST)],
}  # fmt: skip
TARGETS = {"harness --version": 4, "harness can-i-deploy": 15, "harness run (unchanged)": 45}  # times bare Python


def once(arguments: list[str]) -> float:
    """Seconds of one whole process."""
    began = time.perf_counter()
    # As it is installed: bytecode is kept, whatever the environment of who measures says.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, *arguments], capture_output=True, check=False, env=environment)
    return time.perf_counter() - began


def main() -> None:
    """Measure all commands in turn, round by round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for arguments in COMMANDS.values():
        once(arguments)
    for _ in range(options.rounds):
        for name, arguments in COMMANDS.items():
            times[name].append(once(arguments))
    bare = statistics.median(times["python -c pass"])
    print("| command | median | to a bare Python | to reach |")
    print("|---|---|---|---|")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        target = f"{TARGETS[name]} x" if name in TARGETS else ""
        print(f"| `{name}` | {median * 1000:.0f} ms | {median / bare:.1f} x | {target} |")


if __name__ == "__main__":
    main()
