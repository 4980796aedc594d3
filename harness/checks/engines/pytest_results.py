"""A pytest plugin that tells, line by line, what became of every test; loaded with `-p` in a suite's own process.

The file is named by HARNESS_SUITE_RESULTS. Under xdist only the controller writes.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from harness.checks.engines.child import end_with_parent
from harness.checks.engines.suite_session import RESULTS

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_LEFT_OUT = "harness_suite_left_out"


class Results:
    """Writes each fact as one JSON line, at once, so that a crash loses nothing that was seen."""

    def __init__(self, path: str, root: str) -> None:
        self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - open for the whole session
        self.tell(event="started", root=root)

    def tell(self, **fact: Any) -> None:
        """Append one fact."""
        self._file.write(json.dumps(fact) + "\n")
        self._file.flush()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Every test that will be tried; under xdist each worker collects the same, and the controller nothing."""
        if session.items:
            self.tell(event="collected", tests=[item.nodeid for item in session.items])

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Tests that the session leaves out: by `-m`, `-k`, `--deselect` or a plug-in."""
        self.tell(event="deselected", tests=[item.nodeid for item in items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """The same, told by a worker at its end."""
        if left_out := getattr(node, "workeroutput", {}).get(_LEFT_OUT):
            self.tell(event="deselected", tests=left_out)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """The same, told by a worker."""
        del node
        self.tell(event="collected", tests=list(ids))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """What could not be collected, or was skipped whole."""
        if report.failed or report.skipped:
            self.tell(
                event="not collected",
                test=report.nodeid,
                outcome=report.outcome,
                text=_last_lines(report.longreprtext),
            )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test."""
        self.tell(
            event="phase",
            test=report.nodeid,
            phase=report.when,
            outcome="xfailed" if hasattr(report, "wasxfail") else report.outcome,
            text=_reason(report),
            place=f"{report.location[0]}:{(report.location[1] or 0) + 1}",
            seconds=report.duration,
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """The end, as every plugin has left it; a session without it was cut off."""
        result = yield
        self.tell(event="finished", exit=int(session.exitstatus))
        return result


class LeftOut:
    """What a worker of xdist leaves out, for its controller, who collects nothing itself."""

    def __init__(self, output: dict[str, Any]) -> None:
        self._output = output

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Add them to what the worker hands over."""
        self._output.setdefault(_LEFT_OUT, []).extend(item.nodeid for item in items)


def _reason(report: pytest.TestReport) -> str:
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return _last_lines(report.longreprtext) if report.longrepr else str(getattr(report, "wasxfail", ""))


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


def pytest_configure(config: pytest.Config) -> None:
    """Write results, unless this is a worker of xdist, whose reports the controller sees."""
    end_with_parent()
    path = os.environ.get(RESULTS)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Results(path, str(config.rootpath)), "harness-suite-results")
    elif path and hasattr(config, "workeroutput"):
        config.pluginmanager.register(LeftOut(config.workeroutput), "harness-suite-left-out")
