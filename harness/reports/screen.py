"""The end of a run on one screen: the answer, what is broken and whom it hits, what is unknown, what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reports import phrases
from harness.reports.phrases import MARKS, Group
from harness.reports.run_summary import summarize
from harness.reports.sanitize import columns, duration, line, many, number, wrap_text
from harness.reports.unknowns import Unknown, unexplained_reasons, unknowns
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.text import Text

    from harness.engine.events import Event
    from harness.reports.run_summary import RunSummary, TaskSummary
    from harness.verdicts import Finding

WIDTH = 80
MOST_GROUPS = 12  # findings told in full
MOST_UNKNOWNS = 8
MOST_TASKS = 16
MOST_REMARKS = 6
_LABEL = 12
_NO_PLACES = frozenset(("also", "request"))  # what else showed, and in which ways: not where
_INDENT = "     "
_COLOURS = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.UNKNOWN: "yellow"}

Line = tuple[tuple[str, str], ...]  # a line as (style, text) parts; the text is already fit to be read


def summary(events: Iterable[Event], width: int = WIDTH) -> Text:
    """The screen that ends a run, for rich to print."""
    from rich.text import Text

    lines = screen(summarize(events), width)
    return Text("\n", no_wrap=True, overflow="ignore").join(
        Text.assemble(*((t, s) for s, t in row)) for row in lines
    )


def plain(events: Iterable[Event]) -> str:
    """The same screen without colour, 80 columns wide."""
    rows = ("".join(text for _, text in row).rstrip() for row in screen(summarize(events), WIDTH))
    return "\n".join(rows) + "\n"


def screen(story: RunSummary, width: int = WIDTH) -> Iterator[Line]:
    """The lines of the screen; commands and places are never broken, so that they can be copied."""
    yield from _answer(story, width)
    yield from _broken_lines(story, width)
    yield from _unknown(story, width)
    if story.verdict is Verdict.PASSED:
        yield from _tasks(story)
        yield from _rests(story)
    yield from _notices(story, width)
    yield from _remarks(story, width)
    yield from _contradiction_lines(story, width)
    yield from _accepted_lines(story, width)
    yield from _effort(story, width)


def _answer(story: RunSummary, width: int) -> Iterator[Line]:
    style = f"bold {_COLOURS[story.verdict]}"
    first, *rest = wrap_text(f"{MARKS[story.verdict]} {phrases.headline(story)}", width)
    yield ((style, first),)
    yield from (((style, f"  {each}"),) for each in rest)
    yield (("", f"  {phrases.tally(story)}"),)
    if story.interrupted and story.verdict is Verdict.FAILED:
        yield (("yellow", "  The run was interrupted: there may be more."),)


def _broken_lines(story: RunSummary, width: int) -> Iterator[Line]:
    groups = phrases.group_findings(story.broken)
    reasons = tuple(unexplained_reasons(story, Verdict.FAILED))
    if not groups and not reasons:
        return
    yield ()
    yield (("bold", "BROKEN PROMISES"),)
    for index, group in enumerate(groups[:MOST_GROUPS], 1):
        yield from _group(index, group, width)
    if len(groups) > MOST_GROUPS:
        yield _more(len(groups) - MOST_GROUPS, "finding")
    for reason in reasons:
        yield from _bullet("✘", line(reason.text), width, "red")
        for each in reason.broken:
            yield from _field("broken", line(str(each)))
        yield from _field("resolve", line(reason.resolution))


def _more(count: int, noun: str) -> Line:
    text = f"   … and {many(count, f'more {noun}')}: harness report RUN.ndjson --format html"
    return (("dim", text),)


def _group(index: int, group: Group, width: int) -> Iterator[Line]:
    finding = group.first.finding
    yield from _bullet(f"{index}", phrases.who(group.first), width, "bold")
    code = f" [{line(finding.code)}]" if finding.code else ""
    times = f", {number(finding.count)} times" if finding.count > 1 else ""
    yield from _text(f"{line(finding.subject, 160)}{times}{code}", width)
    yield from _contrast(finding, width)
    if group.first.task.consumer and finding.exchange and finding.exchange.status:
        answered = f"{finding.exchange.status} {line(finding.exchange.response_body, 160)}"
        yield from _field("answered", answered.rstrip(), width)
    if group.also:
        yield from _field("also in", group.also, width)
    for each in finding.log[-_LOG_LINES:]:
        yield from _field("log", line(each, 160), width)
    if finding.place:
        yield from _field("written", line(finding.place))
    if finding.remedy:
        yield from _field("mend", line(finding.remedy, 240), width)
    if finding.replay:
        yield from _field("replay", line(finding.replay))


_LOG_LINES = 6  # of what the services wrote, the last of which tells where the rest is


def _contrast(finding: Finding, width: int) -> Iterator[Line]:
    """What was expected and what came, on one line where there is room."""
    expected, came = line(finding.expected, 200), line(finding.actual, 200)
    both = f"{expected}; came {came}"
    if expected and came and columns(both) <= width - len(_INDENT) - _LABEL:
        yield from _field("expected", both)
    else:
        for label, text in (("expected", expected), ("came", came)):
            if text:
                yield from _field(label, text, width)
    places = list(dict.fromkeys(line(d.place, 60) for d in finding.differences if d.place not in _NO_PLACES))
    if len(places) > 1 or (places and places[0] not in expected + came):
        more = f" and {many(len(places) - 3, 'more place')}" if len(places) > 3 else ""
        yield from _field("differs at", f"{', '.join(places[:3])}{more}", width)


def _bullet(mark: str, text: str, width: int, style: str) -> Iterator[Line]:
    first, *rest = wrap_text(text, width - len(_INDENT))
    yield ((style, f"{mark:>3}  "), (style, first))
    yield from (((style, f"{_INDENT}{each}"),) for each in rest)


def _text(text: str, width: int) -> Iterator[Line]:
    yield from ((("", f"{_INDENT}{each}"),) for each in wrap_text(text, width - len(_INDENT)))


def _field(label: str, text: str, width: int = 0) -> Iterator[Line]:
    """A labelled value; without a width it stays on one line, to be copied whole."""
    inner = max(width - len(_INDENT) - _LABEL, 20)
    first, *rest = wrap_text(text, inner) if width else (text,)
    yield (("dim", f"{_INDENT}{label:<{_LABEL}}"), ("", first))
    yield from ((("", f"{_INDENT}{'':<{_LABEL}}{each}"),) for each in rest)


def _unknown(story: RunSummary, width: int) -> Iterator[Line]:
    entries = unknowns(story)
    if not entries:
        return
    yield ()
    yield (("bold", "UNKNOWN"),)
    for entry in entries[:MOST_UNKNOWNS]:
        yield from _entry(entry, width)
    if len(entries) > MOST_UNKNOWNS:
        yield _more(len(entries) - MOST_UNKNOWNS, "unknown")


def _entry(entry: Unknown, width: int) -> Iterator[Line]:
    count = f" ({number(len(entry.subjects))} open)" if len(entry.subjects) > 1 else ""
    yield from _bullet("?", f"{line(entry.about)}: {entry.cause}{count}", width, "yellow")
    subjects = list(dict.fromkeys(line(each, 70) for each in entry.subjects))
    if subjects:
        more = f" and {number(len(subjects) - 2)} more" if len(subjects) > 2 else ""
        yield from _field("open", f"{'; '.join(subjects[:2])}{more}", width)
    yield from _field("because", line(entry.because, 300), width)
    for each in entry.log_tail[-3:]:
        yield from _field("log", line(each, 160), width)
    if entry.remedy:
        yield from _field("mend", line(entry.remedy, 240), width)
    yield from _field("resolve", line(entry.command))


def _tasks(story: RunSummary) -> Iterator[Line]:
    if not story.tasks:
        return
    yield ()
    for task in story.tasks[:MOST_TASKS]:
        yield _task(task)
    if len(story.tasks) > MOST_TASKS:
        yield _more(len(story.tasks) - MOST_TASKS, "check")


def _rests(story: RunSummary) -> Iterator[Line]:
    """A yes says of whom nothing was tried."""
    for version, text in phrases.rests(story)[:MOST_TASKS]:
        yield (("dim", "  ·  "), ("", f"{line(phrases.version_text(version), 40):<40} {text}"))


def _task(task: TaskSummary) -> Line:
    title = line(phrases.title(task.id), 46)
    note = "known" if task.reused else duration(task.seconds)
    count = f"{number(task.exercised)} of {number(task.promised)}"
    return ((_COLOURS[task.verdict], f"  {MARKS[task.verdict]}  "), ("", f"{title:<46} {count:>12}  {note}"))


def _notices(story: RunSummary, width: int) -> Iterator[Line]:
    """What changes no verdict, and should be known of it."""
    told = phrases.all_notices(story)
    if told:
        yield ()
    for about, text in told[:MOST_REMARKS]:
        yield from _bullet("!", f"{line(about, 60)}: {line(text, 600)}", width, "yellow")
    if len(told) > MOST_REMARKS:
        yield _more(len(told) - MOST_REMARKS, "notice")


def _remarks(story: RunSummary, width: int) -> Iterator[Line]:
    """A yes says what it does not rest on."""
    found = phrases.remarked_promises(story)
    if found:
        yield ()
    for task, each in found[:MOST_REMARKS]:
        text = f"{line(each.subject, 60)} of {phrases.version_text(task.id.provider)}: {line(each.remark, 240)}"
        yield from _bullet("!", text, width, "dim")
    if len(found) > MOST_REMARKS:
        yield _more(len(found) - MOST_REMARKS, "remark")
    if found:
        yield from _text(phrases.REACH, width)


def _contradiction_lines(story: RunSummary, width: int) -> Iterator[Line]:
    """The running provider and its document say different things: one of them is to be mended."""
    found = phrases.find_contradictions(story)
    if found:
        yield ()
    for task, text in found[:MOST_REMARKS]:
        yield from _bullet("!", f"{phrases.title(task.id)}: {line(text, 300)}", width, "yellow")
    if len(found) > MOST_REMARKS:
        yield _more(len(found) - MOST_REMARKS, "contradiction")


def _accepted_lines(story: RunSummary, width: int) -> Iterator[Line]:
    """Findings that the manifest says to live with stay in sight; so do results that disagree."""
    groups = phrases.group_findings(story.accepted)
    disagreeing = phrases.flaky(story)
    if groups or disagreeing:
        yield ()
    for group in groups[:MOST_UNKNOWNS]:
        finding = group.first.finding
        text = f"accepted: {_named_code(finding)} by {phrases.version_text(group.first.task.provider)}"
        places = (
            f" in {many(len(group.others) + 1, 'place')}" if group.others else f", {line(finding.subject, 60)}"
        )
        yield from _bullet("!", text + places, width, "dim")
    if len(groups) > MOST_UNKNOWNS:
        yield _more(len(groups) - MOST_UNKNOWNS, "accepted finding")
    yield from _flaky(disagreeing, width)


def _named_code(finding: Finding) -> str:
    return line(finding.code) or "broken promise"


def _flaky(tasks: Sequence[TaskSummary], width: int) -> Iterator[Line]:
    for task in tasks[:MOST_UNKNOWNS]:
        text = f"flaky: results of equal content disagree for {phrases.title(task.id)}; the latest stands"
        yield from _bullet("!", text, width, "yellow")
    if len(tasks) > MOST_UNKNOWNS:
        yield _more(len(tasks) - MOST_UNKNOWNS, "flaky check")


def _effort(story: RunSummary, width: int) -> Iterator[Line]:
    yield ()
    reused = phrases.reuse(story)
    if reused:
        yield from ((("", f"  {each}"),) for each in wrap_text(reused, width - 2))
    yield from ((("dim", f"  {each}"),) for each in wrap_text(phrases.effort(story), width - 2))
    if story.started and story.started.note:
        yield from ((("dim", f"  {each}"),) for each in wrap_text(line(story.started.note), width - 2))
    for remark in story.started.remarks if story.started else ():
        yield from _bullet("!", line(remark, 300), width, "yellow")
