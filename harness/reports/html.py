"""One self-contained page of a run: it needs no network, no script, and nothing beside itself."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from harness.identity import Version
from harness.reports import phrases
from harness.reports.brevity import unit_text
from harness.reports.run_summary import ReportedFinding, TaskSummary, by_promise, summarize
from harness.reports.sanitize import block, duration, line, many, number
from harness.reports.unknowns import unexplained_reasons, unknowns
from harness.verdicts import Exercised, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jinja2 import Environment

    from harness.engine.events import Event
    from harness.reports.run_summary import RunSummary

BODY = 16_384  # characters of one body that the page shows; the recording keeps up to 64 KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseView:
    """One promise, and what was found about it."""

    exercised: Exercised
    verdict: Verdict
    found: tuple[ReportedFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One task on the page, under its anchor."""

    anchor: str
    finding: str  # the anchor of its first finding; "" when nothing is broken
    task: TaskSummary
    promises: tuple[PromiseView, ...]

    @property
    def count(self) -> int:
        """How many promises have the verdict of the whole."""
        alike = sum(promise.verdict is self.task.verdict for promise in self.promises)
        return alike or self.task.promised


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRowView:
    """One consumer, or what the providers promise by themselves: a section or nothing for each provider."""

    name: str
    sections: tuple[tuple[Section, ...], ...]


def html(events: Iterable[Event]) -> str:
    """The run as one HTML page."""
    story = summarize(events)
    groups = phrases.group_findings(story.broken)
    cards = {
        each: f"finding-{index}" for index, group in enumerate(groups, 1) for each in (group.first, *group.others)
    }
    sections = tuple(_section(index, task, cards) for index, task in enumerate(story.tasks, 1))
    providers = _providers(story)
    style = _environment().get_template("run.css").render()
    # No half of a character reaches the page: every foreign text passes `line` or `block`.
    return (
        _environment()
        .get_template("run.html")
        .render(
            story=story,
            style=style,
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            headline=_headline(story),
            answer=phrases.ANSWERS[story.verdict],
            groups=groups,
            cards=cards,
            accepted=phrases.group_findings(story.accepted),
            reasons=tuple(unexplained_reasons(story, Verdict.FAILED)),
            unknowns=unknowns(story),
            flaky=phrases.flaky(story),
            worth_knowing=phrases.worth_knowing(story),
            sections=sections,
            providers=providers,
            matrix=tuple(_matrix(sections, providers)),
            suites=tuple(s for s in sections if not _in_matrix(s.task)),
        )
    )


def _headline(story: RunSummary) -> str:
    """The sentence after the answer; a name and its version stay on one line."""
    sentence = phrases.headline(story).removeprefix(phrases.ANSWERS[story.verdict]).removeprefix(":").strip()
    for version in sorted(set(story.set), key=lambda v: -len(phrases.version_text(v))):
        sentence = sentence.replace(
            phrases.version_text(version), phrases.version_text(version).replace(" ", "\u00a0")
        )
    return sentence


def _section(index: int, task: TaskSummary, cards: Mapping[ReportedFinding, str]) -> Section:
    found = by_promise(task)
    promises = tuple(
        PromiseView(exercised=each, verdict=task.standing(each), found=tuple(found.get(each.subject, ())))
        for each in task.results
    )
    worst_first = sorted(promises, key=lambda promise: -list(Verdict).index(promise.verdict))
    finding = next((cards[each] for each in task.found if each in cards), "")
    return Section(anchor=f"check-{index}", finding=finding, task=task, promises=tuple(worst_first))


def _in_matrix(task: TaskSummary) -> bool:
    return not task.id.kind.is_suite


def _providers(story: RunSummary) -> tuple[Version, ...]:
    return tuple(sorted({task.id.provider for task in story.tasks if _in_matrix(task)}))


def _matrix(sections: Iterable[Section], providers: Iterable[Version]) -> Iterator[MatrixRowView]:
    """Consumers down, providers across; the last rows are what each provider promises by itself."""
    cells: dict[tuple[Version | str, Version], list[Section]] = {}
    for section in sections:
        if _in_matrix(section.task):
            task = section.task.id
            cells.setdefault((task.consumer or phrases.own_promise(task), task.provider), []).append(section)
    columns = tuple(providers)
    consumers = sorted({row for row, _ in cells if isinstance(row, Version)})
    rows: list[Version | str] = [*consumers, *dict.fromkeys(row for row, _ in cells if isinstance(row, str))]
    for row in rows:
        yield MatrixRowView(
            name=row if isinstance(row, str) else phrases.version_text(row),
            sections=tuple(tuple(cells.get((row, provider), ())) for provider in columns),
        )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("harness.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        line=line, block=block, duration=duration, number=number, named=phrases.version_text
    )
    environment.globals.update(_words())
    return environment


def _words() -> Mapping[str, object]:
    """What the template may say beside the story itself."""
    return {
        "BODY": BODY,
        "MARKS": {verdict.name: mark for verdict, mark in phrases.MARKS.items()},
        "WORDS": {verdict.name: word for verdict, word in phrases.WORDS.items()},
        "all_named": phrases.all_named,
        "effort": phrases.effort,
        "many": many,
        "reuse": phrases.reuse,
        "tally": phrases.tally,
        "title": phrases.title,
        "unit": unit_text,
        "who": phrases.who,
    }
