"""A pytest plugin for `tox -e mutants`: collects the tests once, and asks them of many faults, each in a fork.

What it is asked stands in the file that `NOTICING` names: with `reach`, which tests reach which function, and how
long each takes; with `faults`, by the name of each fault, the tests that are to notice it, in their order, and
after how many seconds of the processor it counts as one that never ends.
A fork knows nothing that another one found out, and nothing was run before it but the collecting.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from mutmut.mutation import trampoline

LIVES, NOTICED, TOO_LONG = "lives", "noticed", "too long"
_reached: set[str] = set()
_failed: list[str] = []


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """A law that does not hold is enough: the smallest example is not looked for."""
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("noticing", settings(), phases=phases, report_multiple_bugs=False, database=None)
    settings.load_profile("noticing")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Which tests did not pass."""
    if report.failed:
        _failed.append(report.nodeid)


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Answer what is asked, instead of running everything."""
    asked = json.loads(Path(os.environ["NOTICING"]).read_text())
    answers = Path(asked["answers"])
    tests = {item.nodeid: item for item in session.items}
    if "reach" in asked:
        jobs = [(name, _learning(list(some))) for name, some in groupby(session.items, key=_file)]
    else:
        faults = asked["faults"].items()
        jobs = [(name, _noticing(name, [tests[one] for one in ids], most)) for name, (ids, most) in faults]
    with answers.open("a") as file:
        for name, answer in _in_forks(jobs, asked["workers"]):
            file.write(json.dumps([name, answer]) + "\n")
            file.flush()
    return True


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _used() -> float:
    return sum(os.times()[:4])


def _run(item: pytest.Item, following: pytest.Item | None) -> bool:
    before = len(_failed)
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return len(_failed) == before


Job = Callable[[], Any]


def _reach(function: str, caller: str | None = None) -> None:
    del caller
    _reached.add(function)


def _learning(items: Sequence[pytest.Item]) -> Job:
    def learn() -> dict[str, Any]:
        trampoline.record_trampoline_hit = _reach
        trampoline.set_mutant_under_test("stats")
        told: dict[str, Any] = {}
        for item, following in zip(items, [*items[1:], None], strict=True):
            _reached.clear()
            began = _used()
            passed = _run(item, following)
            told[item.nodeid] = {"took": _used() - began, "passed": passed, "reached": sorted(_reached)}
        return told

    return learn


def _noticing(name: str, items: Sequence[pytest.Item], seconds: int) -> Job:
    def notice() -> dict[str, Any]:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        trampoline.set_mutant_under_test(name)
        for item, following in zip(items, [*items[1:], None], strict=True):
            if not _run(item, following):
                return {"came": NOTICED, "by": item.nodeid}
        return {"came": LIVES, "by": ""}

    return notice


def _in_forks(jobs: Sequence[tuple[str, Job]], workers: int) -> Iterator[tuple[str, Any]]:
    waiting, running = list(jobs), dict[int, tuple[str, Path]]()
    while waiting or running:
        while waiting and len(running) < workers:
            name, job = waiting.pop(0)
            folder = Path(tempfile.mkdtemp(prefix="noticing-"))
            running[_forked(job, folder)] = (name, folder)
        pid, status = os.wait()
        if pid in running:
            name, folder = running.pop(pid)
            yield name, _answered(folder, status)
            shutil.rmtree(folder, ignore_errors=True)


def _answered(folder: Path, status: int) -> Any:
    if os.WIFSIGNALED(status):
        return {"came": TOO_LONG, "by": signal.Signals(os.WTERMSIG(status)).name}
    return json.loads((folder / "answer.json").read_text())


def _forked(job: Job, folder: Path) -> int:
    sys.stdout.flush()
    if pid := os.fork():
        return pid
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
    try:
        written = folder / "answer.part"
        written.write_text(json.dumps(job()))
        written.rename(folder / "answer.json")
    finally:  # nothing of pytest is to go on in here
        os._exit(0)
