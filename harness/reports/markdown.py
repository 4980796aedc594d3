"""Markdown fit for a comment on a pull request: the answer first, everything else folded away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.reports import phrases
from harness.reports.phrases import MARKS, WORDS, Group
from harness.reports.run_summary import summarize
from harness.reports.sanitize import block, duration, line, many, number
from harness.reports.unknowns import unexplained_reasons, unknowns
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.engine.events import Event
    from harness.reports.run_summary import RunSummary, TaskSummary
    from harness.reports.unknowns import Unknown
    from harness.verdicts import Exchange, Finding

LIMIT = 60_000  # characters; GitHub refuses a comment over 65,536
_NOTE_ROOM = 400
_MOST_ROWS = 60
_BODY = 1_500
_FIELD = 600

# Whatever means something to Markdown or HTML, as an entity: it then means itself everywhere, in tables too.
# `@` would call people, `#` would link issues, `:` would make addresses into links.
_MEANINGFUL = re.compile(r"[\\`*_{}\[\]<>()#+!|@&~^$\"'=]|:(?=[\w/+-])")


def markdown(events: Iterable[Event]) -> str:
    """The run as Markdown of at most 60,000 characters, with a note of what was left out."""
    return _fit_parts(list(_parts(summarize(events))))


def _fit_parts(parts: Sequence[str]) -> str:
    """As many whole parts as fit; the first always does."""
    taken, length = [], 0
    for index, part in enumerate(parts):
        rest = len(parts) - index
        room = LIMIT if rest == 1 else LIMIT - _NOTE_ROOM
        if length + len(part) + 1 > room:
            taken.append(
                f"\n_{many(rest, 'section')} left out to fit into a comment;"
                " `harness report RUN.ndjson --format html` shows everything._\n"
            )
            break
        taken.append(part)
        length += len(part) + 1
    return "\n".join(taken)


def _parts(story: RunSummary) -> Iterator[str]:
    yield _answer(story)
    groups = phrases.group_findings(story.broken)
    entries = unknowns(story)
    reasons = tuple(unexplained_reasons(story, Verdict.FAILED))
    if groups or reasons:
        yield f"\n### Broken promises ({number(len(groups) + len(reasons))})\n"
    for group in groups:
        yield _finding(group)
    for reason in reasons:
        yield f"- ✘ {text(reason.text)}: {code(reason.resolution)}\n"
        yield from (f"  - {text(str(each))}\n" for each in reason.broken)
    if entries:
        yield f"\n### Unknown ({number(len(entries))})\n"
    for entry in entries:
        yield _unknown(entry)
    yield _table(story)
    yield from _notices(story)
    yield from _remarks(story)
    yield from _accepted_findings(story)
    yield _effort(story)


def text(value: str, limit: int = _FIELD) -> str:
    """Foreign text on one line that means nothing but itself."""
    return _MEANINGFUL.sub(lambda match: f"&#{ord(match.group())};", line(value, limit))


def code(value: str, limit: int = 1_000) -> str:
    """Foreign text in code letters; an HTML element, because backticks cannot be quoted inside of backticks."""
    return f"<code>{text(value, limit)}</code>" if value else ""


def code_block(value: str, limit: int = _BODY) -> str:
    """Foreign text as a block of code, behind a fence longer than any inside of it."""
    inner = block(value, limit)
    longest = max((len(run) for run in re.findall("`+", inner)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{inner}\n{fence}"


def _answer(story: RunSummary) -> str:
    answer, rest = phrases.ANSWERS[story.verdict], phrases.headline(story)
    sentence = text(rest.removeprefix(answer), 2_000)
    cut = "\n\nThe run was interrupted: there may be more." if story.interrupted else ""
    return f"## {MARKS[story.verdict]} {answer}{sentence}\n\n{text(phrases.tally(story))}.{cut}\n"


def _finding(group: Group) -> str:
    finding = group.first.finding
    head = f"<b>{text(phrases.who(group.first))}</b>: {text(finding.subject, 160)}"
    rows = [f"- {label}: {value}" for label, value in _facts(group, finding) if value]
    parts = [f"<details><summary>✘ {head}</summary>", "", *rows]
    parts += _differences(finding)
    if finding.replay:
        parts += ["", "Replay:", "", code_block(finding.replay)]
    if finding.log:
        parts += ["", "What the services wrote meanwhile:", "", code_block("\n".join(finding.log), 2 * _BODY)]
    if finding.exchange:
        parts += ["", code_block(_exchange(finding.exchange), 2 * _BODY)]
    return "\n".join([*parts, "", "</details>", ""])


def _facts(group: Group, finding: Finding) -> Iterator[tuple[str, str]]:
    yield "expected", text(finding.expected)
    yield "came", text(finding.actual)
    yield "seen", f"in {number(finding.count)} cases" if finding.count > 1 else ""
    yield "also in", text(group.also)
    yield "written", code(finding.place)
    yield "code", code(finding.code)
    yield "mend", text(finding.remedy)


def _differences(finding: Finding) -> list[str]:
    shown = finding.differences[:10]
    if not shown:
        return []
    rows = ["", "| place | expected | came |", "|---|---|---|"]
    rows += [f"| {code(d.place, 120)} | {text(d.expected, 160)} | {text(d.actual, 160)} |" for d in shown]
    left = len(finding.differences) - len(shown)
    return [*rows, f"\n{many(left, 'more difference')}."] if left else rows


def _exchange(exchange: Exchange) -> str:
    sent = [f"{exchange.method} {exchange.url}"]
    sent += [f"{name}: {value}" for name, value in exchange.request_headers]
    came = [str(exchange.status) if exchange.status else "no response"]
    came += [f"{name}: {value}" for name, value in exchange.response_headers]
    parts = ("\n".join(sent), exchange.request_body[:_BODY], "\n".join(came), exchange.response_body[:_BODY])
    return "\n\n".join(part for part in parts if part)


def _unknown(entry: Unknown) -> str:
    subjects = list(dict.fromkeys(entry.subjects))
    shown = "".join(f"\n  - {text(subject, 160)}" for subject in subjects[:5])
    more = f"\n  - and {number(len(subjects) - 5)} more" if len(subjects) > 5 else ""
    mend = f" {text(entry.remedy)}" if entry.remedy else ""
    log = f"\n\n{code_block(chr(10).join(entry.log_tail[-10:]))}\n" if entry.log_tail else ""
    head = f"- **? {text(entry.about, 200)}: {entry.cause}.** {text(entry.because)}{mend}"
    return f"{head} Resolve: {code(entry.command)}{shown}{more}{log}\n"


def _table(story: RunSummary) -> str:
    if not story.tasks:
        return ""
    rows = ["\n### Checks\n", "| | check | promises | time |", "|---|---|---:|---:|"]
    rows += [
        _row(task) for task in sorted(story.tasks, key=lambda t: -list(Verdict).index(t.verdict))[:_MOST_ROWS]
    ]
    left = len(story.tasks) - _MOST_ROWS
    return "\n".join([*rows, f"\n{many(left, 'more check')}." if left > 0 else "", ""])


def _row(task: TaskSummary) -> str:
    time = "known already" if task.reused else duration(task.seconds)
    count = f"{number(task.exercised)} of {number(task.promised)}"
    flaky = ", flaky" if task.flaky else ""
    mark = f"{MARKS[task.verdict]} {WORDS[task.verdict]}{flaky}"
    return f"| {mark} | {text(phrases.title(task.id), 160)} | {count} | {time} |"


def _notices(story: RunSummary) -> Iterator[str]:
    """What changes no verdict, and should be known of it."""
    told = phrases.worth_knowing(story)[:_MOST_ROWS]
    rows = [f"- **{text(about, 60)}**: {text(sentence)}" for about, sentence in told]
    if rows:
        yield "\n".join(["", *rows, ""])


def _remarks(story: RunSummary) -> Iterator[str]:
    """A yes says what it does not rest on."""
    found = phrases.remarked_promises(story)
    rows = [
        f"- {code(each.subject)} of {text(phrases.version_text(task.id.provider))}: {text(each.remark, 300)}"
        for task, each in found[:_MOST_ROWS]
    ]
    if rows:
        yield "\n".join(
            ["<details><summary>Remarks</summary>", "", *rows, "", phrases.REACH, "", "</details>", ""]
        )


def _accepted_findings(story: RunSummary) -> Iterator[str]:
    groups = phrases.group_findings(story.accepted)
    if groups:
        rows = [
            f"- {code(g.first.finding.code)} by {text(phrases.version_text(g.first.task.provider))}, "
            f"{text(g.first.finding.subject, 160)}"
            for g in groups
        ]
        yield "\n".join(["<details><summary>Accepted findings</summary>", "", *rows, "", "</details>", ""])


def _effort(story: RunSummary) -> str:
    parts = [phrases.reuse(story), phrases.effort(story)]
    return "\n".join(f"<sub>{text(part, 2_000)}</sub>  " for part in parts if part) + "\n"
