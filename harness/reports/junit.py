"""JUnit XML as Jenkins and GitLab read it: one suite per check, one case per promise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from harness.reports import phrases
from harness.reports.brevity import unit_text
from harness.reports.run_summary import by_promise, summarize
from harness.reports.sanitize import block, line
from harness.reports.unknowns import unknowns
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.engine.events import Event
    from harness.reports.run_summary import ReportedFinding, RunSummary, TaskSummary
    from harness.verdicts import Exercised

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    name: str
    group: str
    seconds: float = 0.0
    failure: tuple[str, str, str] | None = None  # type, message, text
    error: tuple[str, str, str] | None = None
    note: str = ""


def junit(events: Iterable[Event]) -> str:
    """The run as one JUnit document; its last suite is the answer, so that a cut-off run is never all green."""
    story = summarize(events)
    suites = [(phrases.title(task.id), _cases(task), task.seconds) for task in story.tasks]
    suites += [("services", _services(story), 0.0)] if story.services else []
    suites.append(("answer", [_answer(story)], story.seconds))
    every = [case for _, cases, _ in suites for case in cases]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    total = sum(seconds for _, _, seconds in suites[:-1]) if story.interrupted else story.seconds
    lines.append(f"<testsuites{_attributes(name='contract-harness', **_counts(every))} time={_time(total)}>")
    for name, cases, seconds in suites:
        lines += _suite(story, name, cases, seconds)
    return "\n".join([*lines, "</testsuites>", ""])


def _suite(story: RunSummary, name: str, cases: Sequence[_Case], seconds: float) -> Iterator[str]:
    moment = _MOMENT.match(story.started.at) if story.started else None
    when = f" timestamp={quoteattr(moment.group())}" if moment else ""
    yield f"  <testsuite{_attributes(name=name, **_counts(cases))} time={_time(seconds)}{when}>"
    for case in cases:
        yield from _case(case)
    yield "  </testsuite>"


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    return {
        "tests": str(len(cases)),
        "failures": str(sum(case.failure is not None for case in cases)),
        "errors": str(sum(case.error is not None for case in cases)),
        "skipped": "0",
    }


def _case(case: _Case) -> Iterator[str]:
    head = f"    <testcase{_attributes(classname=case.group, name=case.name)} time={_time(case.seconds)}"
    if not (case.failure or case.error or case.note):
        yield f"{head}/>"
        return
    yield f"{head}>"
    for tag, told in (("failure", case.failure), ("error", case.error)):
        if told:
            kind, message, text = told
            yield f"      <{tag}{_attributes(type=kind, message=message)}>{_escape_text(text)}</{tag}>"
    if case.note:
        yield f"      <system-out>{_escape_text(case.note)}</system-out>"
    yield "    </testcase>"


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(line(value))}" for name, value in values.items())


def _escape_text(text: str) -> str:
    return escape(block(text))


def _time(seconds: float) -> str:
    return f'"{max(seconds, 0.0):.3f}"'


def _cases(task: TaskSummary) -> list[_Case]:
    group = phrases.title(task.id)
    found = by_promise(task)
    cases = [_promise(task, each, found.pop(each.subject, ()), group) for each in task.results]
    cases += [_finding_case(each, group) for others in found.values() for each in others]
    worst = Verdict.worst(_verdict(case) for case in cases)
    if worst < task.verdict or not cases:
        cases.append(_whole(task, group))
    return cases


def _verdict(case: _Case) -> Verdict:
    return Verdict.FAILED if case.failure else Verdict.UNKNOWN if case.error else Verdict.PASSED


def _promise(task: TaskSummary, each: Exercised, about: Sequence[ReportedFinding], group: str) -> _Case:
    open_ = [found for found in about if not found.accepted]
    notes = [f"answered by run {task.reused}"] if task.reused else []
    notes += [f"accepted: {found.finding.code}\n{_finding_text(found)}" for found in about if found.accepted]
    verdict = task.standing(each)
    text = "\n\n".join([_finding_text(found) for found in open_] or [_bare(each)])
    kind = ", ".join(dict.fromkeys(f.finding.code for f in open_ if f.finding.code)) or "broken promise"
    because = each.because or (f"{open_[0].finding.expected}: {open_[0].finding.actual}" if open_ else "")
    return _Case(
        name=each.subject,
        group=group,
        seconds=each.seconds,
        failure=(kind, because, text) if verdict is Verdict.FAILED else None,
        error=(str(each.cause), because, text) if verdict is Verdict.UNKNOWN else None,
        note="\n".join(notes),
    )


def _bare(each: Exercised) -> str:
    parts = [each.because, f"written: {each.place}" if each.place else ""]
    parts.append(f"replay: {each.replay}" if each.replay else "")
    return "\n".join(part for part in parts if part)


def _finding_case(found: ReportedFinding, group: str) -> _Case:
    finding = found.finding
    told = (
        finding.code or "broken promise",
        f"expected {finding.expected}, came {finding.actual}",
        _finding_text(found),
    )
    failed = found.verdict is Verdict.FAILED and not found.accepted
    return _Case(
        name=finding.subject,
        group=group,
        failure=told if failed else None,
        error=told if found.verdict is Verdict.UNKNOWN and not found.accepted else None,
        note=f"accepted: {finding.code}\n{_finding_text(found)}" if found.accepted else "",
    )


def _finding_text(found: ReportedFinding) -> str:
    finding = found.finding
    lines = [phrases.who(found)]
    lines += [f"{name}: {value}" for name, value in _facts(found) if value]
    lines += [d.sentence for d in finding.differences]
    lines += [f"log: {each}" for each in finding.log]
    return "\n".join(lines)


def _facts(found: ReportedFinding) -> Iterator[tuple[str, str]]:
    finding = found.finding
    yield "expected", finding.expected
    yield "came", finding.actual
    yield "seen", f"in {finding.count} cases" if finding.count > 1 else ""
    yield "written", finding.place
    yield "mend", finding.remedy
    yield "replay", finding.replay


def _whole(task: TaskSummary, group: str) -> _Case:
    """The verdict of the check as a whole, where no single promise tells it."""
    told = (str(task.cause or "unknown"), task.because, task.because)
    return _Case(
        name="the check as a whole",
        group=group,
        seconds=task.seconds,
        failure=told if task.verdict is Verdict.FAILED else None,
        error=told if task.verdict is Verdict.UNKNOWN else None,
    )


def _services(story: RunSummary) -> list[_Case]:
    return [
        _Case(
            name=unit_text(each.name, each.version),
            group="services",
            seconds=each.seconds,
            error=None
            if each.up
            else ("service did not start", each.because, "\n".join((each.because, *each.log_tail))),
        )
        for each in story.services
    ]


def _answer(story: RunSummary) -> _Case:
    headline = phrases.headline(story)
    lines = [phrases.tally(story)]
    lines += (
        [
            "\n  ".join((r.text, *map(str, r.broken)))
            for r in story.decided.reasons
            if r.verdict is not Verdict.PASSED
        ]
        if story.decided
        else []
    )
    lines += [f"{each.about}: {each.cause}: {each.because}\n  resolve: {each.command}" for each in unknowns(story)]
    told = ("deployment", headline, "\n".join(lines))
    beside = [f"{about}: {text}" for about, text in phrases.worth_knowing(story)]
    return _Case(
        name="can these versions be deployed together",
        group="answer",
        failure=told if story.verdict is Verdict.FAILED else None,
        error=told if story.verdict is Verdict.UNKNOWN else None,
        note="\n".join([*([headline] if story.verdict is Verdict.PASSED else []), *beside]),
    )
