"""What a run says in words: the answer first, who is hit, what is unknown and the command that resolves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.evidence import Subject
from harness.gate import commands
from harness.plugins import find_kind
from harness.reports.brevity import unit_text
from harness.reports.run_summary import ReportedFinding
from harness.reports.sanitize import duration, join_items, line, many, number
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.engine.events import TaskId
    from harness.identity import Version
    from harness.reports.run_summary import RunSummary, TaskSummary
    from harness.verdicts import Exercised

ANSWERS = {Verdict.PASSED: "YES", Verdict.FAILED: "NO", Verdict.UNKNOWN: "CANNOT TELL"}
MARKS = {Verdict.PASSED: "✔", Verdict.FAILED: "✘", Verdict.UNKNOWN: "?"}
WORDS = {Verdict.PASSED: "kept", Verdict.FAILED: "broken", Verdict.UNKNOWN: "unknown"}


def version_text(version: Version | None) -> str:
    """`orders 1.4`; only the name where there is no version."""
    return line(unit_text(version.pacticipant, version.number)) if version else ""


def all_named(versions: Iterable[Version], most: int = 8) -> str:
    """`catalog 1, orders 2 and web 1`."""
    return join_items([version_text(version) for version in versions], most)


def title(task: TaskId) -> str:
    """What a task is about, in a few words."""
    kind = find_kind(task.kind)
    words = kind.title if kind else f"{{provider}} and its {task.kind}, a kind of evidence that nobody here knows"
    return words.format(provider=version_text(task.provider), consumer=version_text(task.consumer))


def own_promise(task: TaskId) -> str:
    """What a provider is checked for by itself, as its row in a table."""
    kind = find_kind(task.kind)
    return (kind and kind.row) or f"its {task.kind}"


def headline(story: RunSummary) -> str:
    """The answer to the one question, in one sentence that begins with it."""
    chosen = all_named(story.set)
    if not chosen or (story.decided is None and not story.interrupted):
        return f"{ANSWERS[story.verdict]}: {_without_gate(story)}"
    where = f" to {line(story.decided.environment)}" if story.decided and story.decided.environment else ""
    target = f"{where} together" if len(story.set) > 1 else where
    match story.verdict:
        case Verdict.PASSED:
            return f"YES: {chosen} can be deployed{target}."
        case Verdict.FAILED:
            return f"NO: {_refusal(story, chosen, where)}"
        case Verdict.UNKNOWN:
            why = "; the run was interrupted" if story.interrupted else ""
            return f"CANNOT TELL whether {chosen} can be deployed{target}{why}."


def _without_gate(story: RunSummary) -> str:
    match story.verdict:
        case Verdict.PASSED:
            return "every promise that was checked is kept."
        case Verdict.FAILED:
            return "a promise that was checked is broken."
        case Verdict.UNKNOWN:
            return "the run was interrupted." if story.interrupted else "not every promise could be checked."


def _refusal(story: RunSummary, chosen: str, where: str) -> str:
    """Who cannot go with whom, where there is one culprit; all of them otherwise."""
    culprits = list(dict.fromkeys(b.task.provider for b in story.broken))
    if len(culprits) == 1 and len(story.set) > 1 and culprits[0] in story.set:
        hits = list(dict.fromkeys(hit for b in story.broken for hit in b.hits if hit != culprits[0]))
        if hits:
            return f"{version_text(culprits[0])} cannot be deployed{where} with {all_named(hits)}."
        return f"{version_text(culprits[0])} cannot be deployed{where}; it breaks its own promises."
    together = " together" if len(story.set) > 1 else ""
    return f"{chosen} cannot be deployed{where}{together}."


def tally(story: RunSummary) -> str:
    """How many promises are kept, broken and unknown."""
    parts = [f"{number(story.kept)} kept"]
    parts += [f"{number(story.broken_promises)} broken"] if story.broken_promises else []
    parts += [f"{number(story.open_promises)} unknown"] if story.open_promises else []
    extra = [f"{many(len(story.accepted), 'finding')} accepted"] if story.accepted else []
    return ", ".join([f"{many(story.promised, 'promise')}: {' · '.join(parts)}", *extra])


def impact(found: ReportedFinding) -> str:
    """Whom it hits, and whom it does not."""
    hits, spares = all_named(found.hits), all_named(found.spares)
    need = "needs" if len(found.spares) == 1 else "need"
    spared = f"; {spares} {'does' if need == 'needs' else 'do'} not need it" if spares else ""
    kind = find_kind(found.task.kind)
    breach = kind.breach if kind else f"breaks its {found.task.kind}"
    match found.task.kind.subject:
        case Subject.PACT:
            verb = "breaks" if found.verdict is Verdict.FAILED else "leaves open what it owes to"
            return f"{verb} {hits or 'nobody'}{spared}"
        case Subject.WRITERS | Subject.SYSTEM:
            return breach
        case Subject.SERVICE if not found.finding.operation:
            return breach
        case _:
            uses = "uses" if len(found.hits) == 1 else "use"
            hit = f"{hits} {uses} it" if hits else "no pact here uses it"
            return f"{breach}; {hit}{spared}"


def who(found: ReportedFinding) -> str:
    """The whole sentence: `orders 2 breaks web 1; orders 1 does not need it`."""
    return f"{version_text(found.task.provider)} {impact(found)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings that say the same of the same provider to the same readers."""

    first: ReportedFinding
    others: tuple[ReportedFinding, ...] = ()

    @property
    def also(self) -> str:
        """Where else it shows."""
        subjects = list(dict.fromkeys(line(b.finding.subject, 60) for b in self.others))
        return join_items(subjects, 4)


def group_findings(found: Sequence[ReportedFinding]) -> tuple[Group, ...]:
    """One group for what one cause broke in several promises; those who hit someone come first."""
    groups: dict[object, list[ReportedFinding]] = {}
    for each in found:
        finding = each.finding
        what = (finding.expected, finding.actual) if finding.expected else (finding.subject, finding.actual)
        key = (each.task.kind, each.task.provider, finding.code, *what, each.hits, each.spares)
        groups.setdefault(key, []).append(each)
    return tuple(
        Group(first=members[0], others=tuple(members[1:]))
        for members in sorted(groups.values(), key=lambda members: not members[0].hits)
    )


def effort(story: RunSummary) -> str:
    """What it took: services, checks, time, what was reused."""
    ready = [service for service in story.services if service.state == "ready"]
    running = [service for service in story.services if service.state == "running"]
    parts = [f"{many(len(ready), 'service')} started"] if ready else []
    parts += [f"{number(len(running))} running, not known to be ready"] if running else []
    parts.append(many(len(story.tasks), "check"))
    parts += [duration(story.seconds)] if story.seconds else []
    if story.started:
        parts += [line(story.started.runtime), f"seed {story.started.seed}", f"run {line(story.started.run)}"]
    return " · ".join(parts)


def rests(story: RunSummary) -> tuple[tuple[Version, str], ...]:
    """What the answer rests on for those of the set of whom no check tried a promise."""
    checked = {task.id.provider for task in story.tasks}
    up = {service.name for service in story.services if service.up}
    down = {service.name for service in story.services if not service.up}
    return tuple(
        (version, f"{'started' if version.pacticipant in up else 'not started'}, no promise checked")
        for version in story.set
        if version not in checked and version.pacticipant not in down
    )


def all_notices(story: RunSummary) -> tuple[tuple[str, str], ...]:
    """What changes no verdict, and what the evidence of suites lacks: about what, and a sentence."""
    lacking = [(title(task.id), each.remark) for task, each in _remarked_results(story) if task.id.kind.is_suite]
    return tuple(dict.fromkeys((*((each.about, each.text) for each in story.notices), *lacking)))


def worth_knowing(story: RunSummary) -> tuple[tuple[str, str], ...]:
    """All that whoever goes by the answer should know; a yes says of whom nothing was tried."""
    untried = rests(story) if story.verdict is Verdict.PASSED else ()
    return (*all_notices(story), *((version_text(version), text) for version, text in untried))


def reuse(story: RunSummary) -> str:
    """What earlier evidence answered; nothing where everything was run."""
    if not story.reused:
        return ""
    runs = join_items(list(dict.fromkeys(line(task.reused) for task in story.reused)), 3)
    count = f"{number(len(story.reused))} of {number(len(story.tasks))} answered by run {runs}"
    if len(story.reused) == len(story.tasks) and not story.interrupted:
        return f"nothing has changed: {count}"
    return f"{count}; the rest was run anew"


def remarked_promises(story: RunSummary) -> tuple[tuple[TaskSummary, Exercised], ...]:
    """The promises that were kept as far as anything touched them."""
    return tuple((task, each) for task, each in _remarked_results(story) if not task.id.kind.is_suite)


def _remarked_results(story: RunSummary) -> Iterator[tuple[TaskSummary, Exercised]]:
    return ((task, each) for task in story.tasks for each in task.results if each.remark)


REACH = "to reach them, put examples into the document that find something, or links from what makes it"


def find_contradictions(story: RunSummary) -> tuple[tuple[TaskSummary, str], ...]:
    """Where the running provider and its document say different things of a pact, or only the document says no."""
    told = ((task, _contradiction(task)) for task in story.tasks)
    return tuple((task, text) for task, text in told if text)


def _contradiction(task: TaskSummary) -> str:
    if task.document is None:
        return ""
    match task.document.verdict, task.verdict:
        case Verdict.FAILED, Verdict.PASSED:
            return f"kept, though the provider's document does not promise it: {task.document.because}"
        case Verdict.FAILED, Verdict.UNKNOWN:
            return f"the provider's document does not promise it: {task.document.because}"
        case Verdict.PASSED, Verdict.FAILED:
            return "fits the provider's document, and is broken: the provider does not do what its document says"
        case _:
            return ""


def flaky(story: RunSummary) -> tuple[TaskSummary, ...]:
    """Tasks for which complete results of equal content disagree."""
    return tuple(task for task in story.tasks if task.flaky)


def resolving(task: TaskId) -> str:
    """The command that runs one task again."""
    if task.consumer:
        return commands.verify(task.provider, task.consumer)
    return commands.run("" if task.kind.is_suite else _argument(task.provider), task.kind)


def _argument(version: Version) -> str:
    return version.argument if version.number else version.pacticipant
