"""What the outcome of a suite's session says of its tests: never a yes that pytest itself contradicts."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from harness.checks import suites
from harness.checks.engines.pytest_reads import ROOT
from harness.checks.engines.pytest_results import LeftOut, Results
from harness.checks.engines.pytest_suite import SuiteOutcome, command, replay, root_of
from harness.checks.suites import tell
from harness.errors import ToolCrashed
from harness.services.system import Suite
from harness.verdicts import Cause, Exercised, Finding, Verdict

SUITE = Suite(path=Path("/x/suite"), timeout=2.5)
PHASES = ("setup", "call", "teardown")


def phase(name: str, how: str = "passed", text: str = "", place: str = "t.py:7") -> dict[str, Any]:
    return {"phase": name, "outcome": how, "text": text, "place": place, "seconds": 0.25}


def outcome(*phases: dict[str, Any], **changes: Any) -> SuiteOutcome:
    return SuiteOutcome(
        **{"root": "/x", "collected": ["t.py::t"], "phases": {"t.py::t": list(phases)}, "exit": 0, **changes}
    )


def told(said: SuiteOutcome) -> tuple[Exercised, list[Finding]]:
    exercised, *findings = tell(SUITE, said)
    assert isinstance(exercised, Exercised)
    return exercised, [each for each in findings if isinstance(each, Finding)]


PASSES = [phase(name) for name in PHASES]


def test_a_test_passes_only_when_all_its_phases_passed_and_it_came_to_its_end() -> None:
    for hows in product(("passed", "failed", "skipped", "xfailed", "rerun", ""), repeat=3):
        phases = [phase(name, how) for name, how in zip(PHASES, hows, strict=True) if how]
        exercised, findings = told(outcome(*phases, exit=1 if "failed" in hows else 0))
        kept = set(hows) <= {"passed", "rerun"} and hows[1] != "" and hows[2] != ""
        kept |= hows[0] == "" and set(hows[1:]) <= {"passed", "rerun"}
        assert (exercised.verdict is Verdict.PASSED) == kept, hows
        broken = next((name for name, how in zip(PHASES, hows, strict=True) if how == "failed"), "")
        assert (exercised.verdict is Verdict.FAILED) == bool(findings) == (broken in ("call", "teardown")), hows
        assert (exercised.cause is None) == kept, hows


@pytest.mark.parametrize(
    ("phases", "cause", "because"),
    [
        ([phase("setup"), phase("call", "failed", "x\nE   a\nE   b")], Cause.BROKEN_PROMISE, "a b"),
        ([*PASSES[:2], phase("teardown", "failed", "")], Cause.BROKEN_PROMISE, "it failed without a word"),
        ([phase("setup", "failed", "E x")], Cause.TOOL_CRASHED, "its set-up failed: x"),
        ([phase("?", "failed", "one\n two ")], Cause.TOOL_CRASHED, "its process died: two"),
        ([phase("setup", "skipped", "no database")], Cause.NOTHING_EXERCISED, "skipped: no database"),
        ([phase("setup"), phase("call", "xfailed", "E 1"), PASSES[2]], Cause.NOTHING_EXERCISED, "xfailed: 1"),
        ([phase("setup"), phase("call")], Cause.NOTHING_EXERCISED, "it did not come to an end"),
        ([*PASSES, phase("call", "failed", "on another worker")], Cause.BROKEN_PROMISE, "on another worker"),
        (
            [phase("call", "failed", "\n".join(f"E {n}" for n in range(6))), PASSES[2]],
            Cause.BROKEN_PROMISE,
            "0 1 2 3",
        ),
    ],
)
def test_what_became_of_a_test_has_its_cause_and_its_words(phases: Any, cause: Cause, because: str) -> None:
    is_red = any(each["outcome"] == "failed" for each in phases)
    exercised, findings = told(outcome(*phases, exit=int(is_red)))
    assert (exercised.cause, exercised.because, exercised.remark) == (cause, because, "")
    assert (exercised.subject, exercised.place, exercised.seconds) == ("t.py::t", "t.py:7", 0.25 * len(phases))
    assert exercised.replay == f"python -m pytest {os.path.relpath('/x/t.py::t')}"
    for finding in findings:
        assert (finding.code, finding.subject, finding.actual) == ("suite.test-failed", "t.py::t", because)
        assert (finding.place, finding.replay) == (exercised.place, exercised.replay)


def test_a_test_that_was_collected_and_never_ran_is_unknown() -> None:
    exercised, _ = told(outcome(phases={}))
    assert (exercised.verdict, exercised.cause) == (Verdict.UNKNOWN, Cause.NOTHING_EXERCISED)
    assert (exercised.place, exercised.seconds) == ("", 0)


def test_of_a_suite_that_ran_out_of_time_what_ended_stands_and_the_rest_is_unknown() -> None:
    said = outcome(*PASSES, collected=["t.py::t", "t.py::u"], exit=None, timed_out=True)
    stream = tell(SUITE, said)
    first, second = next(stream), next(stream)
    assert isinstance(first, Exercised)
    assert isinstance(second, Exercised)
    assert (first.verdict, second.cause) == (Verdict.PASSED, Cause.TIME_RAN_OUT)
    with pytest.raises(TimeoutError, match=r"did not end within 2\.5 s"):
        next(stream)


def test_of_a_suite_that_crashed_what_ended_stands_before_it_is_told() -> None:
    stream = tell(SUITE, outcome(*PASSES, exit=None, crash="the suite was killed"))
    assert next(stream).subject == "t.py::t"
    with pytest.raises(ToolCrashed, match="the suite was killed"):
        next(stream)


FAILS = [phase("setup"), phase("call", "failed", "E no"), phase("teardown")]
ERRS = [phase("setup", "failed", "E no"), phase("teardown")]
UNREAD = {"test": "t.py", "outcome": "failed", "text": "E SyntaxError"}


@pytest.mark.parametrize(
    ("phases", "exit_code", "not_collected", "is_believed"),
    [
        (PASSES, 0, [], True),
        (PASSES, 1, [], False),
        (PASSES, 3, [], False),
        (PASSES, 5, [], True),
        (FAILS, 1, [], True),
        (FAILS, 0, [], False),
        (FAILS, 2, [], False),
        (ERRS, 1, [], True),
        (ERRS, 3, [], True),
        (PASSES, 2, [UNREAD], True),
        (PASSES, None, [], False),
    ],
)
def test_an_exit_code_that_the_results_do_not_explain_is_not_believed(
    phases: Any, exit_code: int | None, not_collected: Any, is_believed: bool
) -> None:
    words = "== 1 passed ==\n  \nt.py . [100%]\n INTERNALERROR \nof a plug-in"
    said = outcome(*phases, exit=exit_code, not_collected=not_collected, last_words=words)
    if is_believed:
        assert list(tell(SUITE, said))
        return
    with pytest.raises(ToolCrashed) as caught:
        list(tell(SUITE, said))
    assert str(caught.value) == f"pytest ended with exit code {exit_code}: INTERNALERROR; of a plug-in"


@pytest.mark.parametrize(
    ("report", "subject", "cause", "because"),
    [
        (UNREAD, "t.py", Cause.UNREADABLE, "could not be collected: SyntaxError"),
        ({**UNREAD, "test": ""}, "the suite", Cause.UNREADABLE, "could not be collected: SyntaxError"),
        ({**UNREAD, "outcome": "skipped", "text": "why"}, "t.py", Cause.NOTHING_EXERCISED, "was skipped: why"),
    ],
)
def test_what_was_not_collected_is_unknown(report: Any, subject: str, cause: Cause, because: str) -> None:
    exercised, _ = told(outcome(collected=[], not_collected=[report], exit=2))
    assert (exercised.subject, exercised.verdict, exercised.cause) == (subject, Verdict.UNKNOWN, cause)
    assert exercised.because == because


@pytest.mark.parametrize(
    ("left_out", "text"),
    [
        (["a"], "1 test was deselected and not run: a"),
        (["a", "b", "c"], "3 tests were deselected and not run: a, b, c"),
        (["a", "b", "c", "d"], "4 tests were deselected and not run: a, b, c and 1 more"),
    ],
)
def test_what_a_suite_leaves_out_is_told_with_its_first_test_or_is_all_that_is_told(
    left_out: list[str], text: str
) -> None:
    both = outcome(*PASSES, deselected=left_out, collected=["t.py::t", "t.py::t"])
    first, second = tell(SUITE, both)
    assert isinstance(first, Exercised)
    assert isinstance(second, Exercised)
    assert (first.remark, second.remark) == (text, "")
    nothing, _ = told(outcome(collected=[], deselected=left_out, exit=5))
    assert (nothing.subject, nothing.verdict, nothing.cause) == (
        "the suite",
        Verdict.UNKNOWN,
        Cause.NOTHING_EXERCISED,
    )
    assert nothing.because == text


@pytest.mark.parametrize("called", ["rerun", "retried"])  # by pytest-rerunfailures, by pytest-retry
@pytest.mark.parametrize(("tries", "times"), [(1, "once"), (2, "2 times")])
def test_a_yes_of_a_second_try_tells_of_the_first(called: str, tries: int, times: str) -> None:
    failed = [phase("setup"), phase("call", called, "E   no answer")] * tries
    exercised, _ = told(outcome(*failed, *PASSES, deselected=["a"]))
    assert exercised.verdict is Verdict.PASSED
    again = f"t.py::t passed only when it was run again; it failed {times}: no answer"
    assert exercised.remark == f"{again}; 1 test was deselected and not run: a"


# --- what its process writes -----------------------------------------------------------------------------------


FACTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"event": "started", "root": "/r"}, {"root": "/r"}),
    ({"event": "collected", "tests": ["a", "b", "a"]}, {"collected": ["a", "b"]}),
    ({"event": "deselected", "tests": ["c", "c"]}, {"deselected": ["c"]}),
    ({"event": "not collected", "test": "m"}, {"not_collected": [{"event": "not collected", "test": "m"}]}),
    ({"event": "phase", "test": "a", "n": 1}, {"phases": {"a": [{"event": "phase", "test": "a", "n": 1}]}}),
    ({"event": "finished", "exit": 5}, {"exit": 5}),
    ({"event": "something new"}, {}),
]


@pytest.mark.parametrize(("fact", "known"), FACTS)
def test_each_fact_is_taken_and_told_twice_it_is_no_other(fact: dict[str, Any], known: dict[str, Any]) -> None:
    taken = SuiteOutcome()
    taken.take(fact)
    assert taken == SuiteOutcome(**known)
    taken.take(fact)
    if fact["event"] in ("not collected", "phase"):
        assert taken != SuiteOutcome(**known)
    else:
        assert taken == SuiteOutcome(**known)


def test_facts_are_written_line_by_line_so_that_a_crash_loses_nothing(tmp_path: Path) -> None:
    place = tmp_path / "results.jsonl"
    written = Results(str(place), "/root")
    written.tell(event="finished", exit=0)
    lines = place.read_text().splitlines()
    written._file.close()
    assert [json.loads(line) for line in lines] == [
        {"event": "started", "root": "/root"},
        {"event": "finished", "exit": 0},
    ]


class Item:
    def __init__(self, name: str) -> None:
        self.nodeid = name


def test_what_a_worker_leaves_out_reaches_its_controller(tmp_path: Path) -> None:
    output: dict[str, Any] = {}
    worker: Any = LeftOut(output)
    worker.pytest_deselected([Item("a")])
    worker.pytest_deselected([Item("b")])
    controller: Any = Results(str(tmp_path / "results.jsonl"), "/")
    controller.pytest_testnodedown(type("Node", (), {"workeroutput": output}))
    controller.pytest_testnodedown(type("Node", (), {"workeroutput": {}}))
    controller.pytest_testnodedown(type("Node", (), {}))
    controller.pytest_deselected([Item("c")])
    controller.pytest_xdist_node_collection_finished(None, ("t", "u"))
    controller.pytest_collection_finish(type("Session", (), {"items": []}))
    controller.pytest_collection_finish(type("Session", (), {"items": [Item("v")]}))
    controller._file.close()
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()[1:]]
    assert lines == [
        {"event": "deselected", "tests": ["a", "b"]},
        {"event": "deselected", "tests": ["c"]},
        {"event": "collected", "tests": ["t", "u"]},
        {"event": "collected", "tests": ["v"]},
    ]


# --- how it is started -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "harness.toml", ".git"])
def test_a_suite_is_run_from_the_nearest_folder_that_configures_it(tmp_path: Path, name: str) -> None:
    suite = tmp_path / "project" / "deep" / "suite"
    suite.mkdir(parents=True)
    (tmp_path / "project" / name).touch()
    (tmp_path / "harness.toml").touch()
    assert root_of(suite) == tmp_path / "project"
    (suite / name).touch()  # what is in the suite itself is not above it
    assert root_of(suite) == tmp_path / "project"
    assert str(suite) in command(suite)


def test_a_suite_below_nothing_that_configures_it_is_run_from_beside_it() -> None:
    assert root_of(Path("/nowhere/at/all")) == Path("/nowhere/at")
    assert replay(Path("/nowhere"), "a b.py::t").endswith("nowhere/a b.py::t'")


def test_what_a_session_loads_is_told_from_its_project_also_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    noting = suites._noting(replace(SUITE, reads=tmp_path / "file" / "reads.json"))
    assert noting[ROOT] == str(root_of(SUITE.path))
