"""The user's own pytest suites as checks: what writes the pacts, and what meets the whole running system."""

from __future__ import annotations

import contextlib
import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks.engines.pytest_reads import READS, ROOT
from harness.checks.engines.pytest_suite import SuiteOutcome, replay, root_of, run_suite
from harness.checks.engines.pytest_system import VARIABLE, write_system
from harness.comparison.coverage import Coverage, covered_by
from harness.errors import ToolCrashed
from harness.evidence import EvidenceKind
from harness.services.proxies import direct, hosts_of
from harness.verdicts import Cause, Covered, Exercised, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.checks.api import CheckTarget
    from harness.ports import Instance, Recording
    from harness.services.system import Suite

_NAMED = 3  # tests that a sentence names
_RUN_AGAIN = ("rerun", "retried")  # what plug-ins that run a failed test again call its first try
_TESTS_FAILED, _NOTHING_COLLECTED = 1, 5  # pytest's own exit codes; 0 is "all passed"


@dataclass(frozen=True, slots=True)
class SuiteCheck:
    """Runs a suite and tells each of its tests as a promise; a skipped test is no evidence."""

    kind: EvidenceKind

    def run(self, target: CheckTarget) -> Iterator[Exercised | Finding]:
        """Run the suite's tests; closing the iterator early is safe, for the process has ended by then."""
        suite = target.suite
        assert suite is not None
        with ExitStack() as stack:
            recordings: dict[str, Recording] = {}
            addresses = [each.url for instance in target.running.values() for each in instance.endpoints]
            environment = {**direct(os.environ, hosts_of(addresses)), **_noting(suite)}
            if self.kind is EvidenceKind.INTEGRATION:
                recordings = _recordings(target, suite, stack)
                environment[VARIABLE] = str(_system(target, recordings))
            outcome = run_suite(
                suite.path,
                timeout=suite.timeout,
                scratch=target.settings.scratch,
                environment=environment,
                options=(f"--pacts={suite.writes}",) if suite.writes else (),
                ending=target.settings.ending,
            )
            covered = tuple(_service_coverage(recordings)) if _has_passed(outcome) else ()
        remark = _https_remark(target, suite) if self.kind is EvidenceKind.INTEGRATION else ""
        yield from _with(covered, _with_remark(tell(suite, outcome), remark))


def _noting(suite: Suite) -> dict[str, str]:
    """What makes a session write down what it loads; what an earlier one loaded is forgotten."""
    if suite.reads is None:
        return {}
    with contextlib.suppress(OSError):  # then nobody knows, and the suite runs again the next time
        suite.reads.parent.mkdir(parents=True, exist_ok=True)
        suite.reads.unlink(missing_ok=True)
    return {READS: str(suite.reads), ROOT: str(suite.root or root_of(suite.path))}


def _recordings(target: CheckTarget, suite: Suite, stack: ExitStack) -> dict[str, Recording]:
    """A recorder before everything that speaks HTTP: what the tests ask counts as exercised."""
    trusts = dict(suite.trusts)
    return {
        name: stack.enter_context(
            target.recorder.record(instance.url, within=suite.timeout, trust=trusts.get(name))
        )
        for name, instance in target.running.items()
        if instance.url.startswith("http://") or (suite.record_https and _speaks_https(instance))
    }


def _speaks_https(instance: Instance) -> bool:
    return instance.url.startswith("https://")


def _https_remark(target: CheckTarget, suite: Suite) -> str:
    """What the suite's words do not show: how it met what speaks HTTPS."""
    names = ", ".join(sorted(name for name, instance in target.running.items() if _speaks_https(instance)))
    if not names:
        return ""
    if suite.record_https:
        return f"{names}: asked at the recorder over plain HTTP, and by it over HTTPS (else: record-https = false)"
    return f"{names}: what was asked over HTTPS was not recorded and counts as nothing (record-https = false)"


def _system(target: CheckTarget, recordings: Mapping[str, Recording]) -> Path:
    """The file that tells the tests where everything runs."""
    told = []
    for name, instance in target.running.items():
        endpoints = instance.endpoints
        if name in recordings:
            endpoints = (replace(endpoints[0], url=recordings[name].url), *endpoints[1:])
        told.append(replace(instance, endpoints=endpoints))
    folder = Path(tempfile.mkdtemp(prefix="system-", dir=target.settings.scratch))
    write_system(folder / "system.json", told)
    return folder / "system.json"


def _has_passed(outcome: SuiteOutcome) -> bool:
    """Whether nothing failed: nobody knows which request belongs to which test."""
    return outcome.exit == 0 and not (outcome.crash or outcome.timed_out or outcome.not_collected)


def _service_coverage(recordings: Mapping[str, Recording]) -> Iterator[Covered]:
    for name, recording in recordings.items():
        found = Coverage.of(c for each in recording.exchanges() if (c := covered_by(each)) is not None)
        yield from (replace(each, service=name) for each in found.seen)


def _with(covered: tuple[Covered, ...], items: Iterator[Exercised | Finding]) -> Iterator[Exercised | Finding]:
    """What the whole suite saw, told with its first test."""
    for item in items:
        if covered and isinstance(item, Exercised) and item.verdict is Verdict.PASSED:
            yield replace(item, covered=covered)
            covered = ()
        else:
            yield item


def _with_remark(items: Iterator[Exercised | Finding], remark: str) -> Iterator[Exercised | Finding]:
    """A remark on the whole suite, told with its first test."""
    for item in items:
        if remark and isinstance(item, Exercised):
            yield replace(item, remark="; ".join(filter(None, (item.remark, remark))))
            remark = ""
        else:
            yield item


def tell(suite: Suite, outcome: SuiteOutcome) -> Iterator[Exercised | Finding]:
    """What the outcome says of every test; pure. Raises ToolCrashed when pytest contradicts its own results."""
    failed = False
    told = [item for test in outcome.collected for item in _of_test(test, suite, outcome)]
    for item in _with_left_out(told, outcome.deselected):
        failed |= isinstance(item, Finding)
        yield item
    for report in outcome.not_collected:
        yield _uncollected_result(report)
    if outcome.crash:
        raise ToolCrashed(outcome.crash)
    if outcome.timed_out:
        raise TimeoutError(f"the suite did not end within {suite.timeout:g} s")
    expected = _TESTS_FAILED if failed else 0
    unusual = outcome.exit not in (expected, _NOTHING_COLLECTED)
    if unusual and not outcome.not_collected and not _has_errors(outcome):
        raise ToolCrashed(f"pytest ended with exit code {outcome.exit}: {_told_by(outcome.last_words)}")


def _told_by(last_words: str) -> str:
    """What a session said at its end, without the lines that only decorate it."""
    lines = [line.strip() for line in last_words.splitlines()]
    return "; ".join(line for line in lines if line and not line.endswith("%]") and not line.startswith("=="))


def _of_test(test: str, suite: Suite, outcome: SuiteOutcome) -> Iterator[Exercised | Finding]:
    again = replay(Path(outcome.root) if outcome.root else root_of(suite.path), test)
    yield from _test(test, outcome.phases.get(test, []), again, timed_out=outcome.timed_out)


def _with_left_out(told: Sequence[Exercised | Finding], left_out: Sequence[str]) -> Iterator[Exercised | Finding]:
    """The first test says what the suite's own selection left out; where nothing is left, that is the answer."""
    if not left_out:
        yield from told
        return
    more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
    tests = "1 test was" if len(left_out) == 1 else f"{len(left_out)} tests were"
    text = f"{tests} deselected and not run: {', '.join(left_out[:_NAMED])}{more}"
    if not told:
        cause = Cause.NOTHING_EXERCISED
        yield Exercised(subject="the suite", verdict=Verdict.UNKNOWN, cause=cause, because=text)
    yield from _with_remark(iter(told), text)


def _has_errors(outcome: SuiteOutcome) -> bool:
    """Whether a set-up or tear-down that failed explains pytest's exit code."""
    return any(p["outcome"] == "failed" and p["phase"] != "call" for ps in outcome.phases.values() for p in ps)


def _test(
    test: str, phases: Sequence[dict[str, Any]], again: str, *, timed_out: bool
) -> Iterator[Exercised | Finding]:
    seconds = sum(phase["seconds"] for phase in phases)
    place = phases[0]["place"] if phases else ""
    verdict, cause, because = _test_verdict(phases, timed_out=timed_out)
    yield Exercised(
        subject=test,
        verdict=verdict,
        cause=cause,
        because=because,
        place=place,
        seconds=seconds,
        replay=again,
        remark=_again(test, phases) if verdict is Verdict.PASSED else "",
    )
    if verdict is Verdict.FAILED:
        yield Finding(
            code="suite.test-failed",
            subject=test,
            expected="the test passes",
            actual=because,
            place=place,
            replay=again,
        )


def _again(test: str, phases: Sequence[dict[str, Any]]) -> str:
    """What a test that failed first and was then run again has to say of its yes."""
    tries = [phase for phase in phases if phase["outcome"] in _RUN_AGAIN]
    if not tries:
        return ""
    failed = "once" if len(tries) == 1 else f"{len(tries)} times"
    return f"{test} passed only when it was run again; it failed {failed}: {_gist(tries[0]['text'])}"


def _test_verdict(phases: Sequence[dict[str, Any]], *, timed_out: bool) -> tuple[Verdict, Cause | None, str]:
    """The verdict of one test by all its phases; a failure on one worker is not undone by a pass on another."""
    for phase in phases:
        words = _gist(phase["text"]) or "it failed without a word"
        if phase["outcome"] == "failed" and phase["phase"] in ("call", "teardown"):
            return Verdict.FAILED, Cause.BROKEN_PROMISE, words
        if phase["outcome"] == "failed":
            what = "its set-up failed" if phase["phase"] == "setup" else "its process died"
            return Verdict.UNKNOWN, Cause.TOOL_CRASHED, f"{what}: {words}"
    for phase in phases:
        if phase["outcome"] in ("skipped", "xfailed"):
            return Verdict.UNKNOWN, Cause.NOTHING_EXERCISED, f"{phase['outcome']}: {_gist(phase['text'])}"
    if not {"call", "teardown"} <= {phase["phase"] for phase in phases}:
        cause = Cause.TIME_RAN_OUT if timed_out else Cause.NOTHING_EXERCISED
        return Verdict.UNKNOWN, cause, "it did not come to an end"
    return Verdict.PASSED, None, ""


def _gist(text: str) -> str:
    """The lines that pytest marks as the error, else the last one."""
    lines = text.strip().splitlines()
    marked = [line[1:].strip() for line in lines if line.startswith("E ")]
    return " ".join(marked[:4]) or (lines[-1].strip() if lines else "")


def _uncollected_result(report: dict[str, Any]) -> Exercised:
    what = "could not be collected" if report["outcome"] == "failed" else "was skipped"
    cause = Cause.UNREADABLE if report["outcome"] == "failed" else Cause.NOTHING_EXERCISED
    return Exercised(
        subject=report["test"] or "the suite",
        verdict=Verdict.UNKNOWN,
        cause=cause,
        because=f"{what}: {_gist(report['text'])}",
    )
