"""What changed between two OpenAPI documents, and whom it hits: for people, as Markdown, JSON and SARIF."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from harness.comparison.affected_consumers import ConsumerEffect
from harness.comparison.severity import Severity
from harness.contracts.openapi_source import escape_pointer_step
from harness.reports.sarif import LEVELS, SarifPlace, SarifResult, sarif

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.comparison.affected_consumers import Affected, Hit
    from harness.comparison.diff.change import Change, Diff
    from harness.errors import Problem

_SIGNS = {Severity.ERROR: "✗ breaks", Severity.WARNING: "! may break", Severity.INFO: "· compatible"}
_EXAMPLES = {
    "request": "was accepted, is refused now:",
    "response": "never came before, may come now:",
    "none": "for example",
}
_MOST_HITS = 12  # of one consumer, for people; JSON has all


def for_people(found: Diff, affected: Sequence[Affected] | None, asked: str = "") -> str:
    """The answer, then whom it hits, then every change, the worst first."""
    lines = [headline(found), *document_problems(found.problems, found.remarks)]
    if affected is not None:
        lines += ["", *_affected_lines(affected, asked), ""]
    for each in found.changes:
        lines += _change(each)
    return "\n".join(lines)


_MOST_TOLD = 40  # of a document, for people; JSON has all


def document_problems(problems: Sequence[Problem], remarks: Sequence[Problem]) -> Iterator[str]:
    """What of a document could not be read, and what nobody needs, each with its place."""
    for sign, told in (("?", problems), ("·", remarks)):
        for each in told[:_MOST_TOLD]:
            yield f"  {sign} {each.where}: {each.text}{f' ({each.hint})' if each.hint else ''}"
        if len(told) > _MOST_TOLD:
            yield f"  {sign} and {len(told) - _MOST_TOLD} more places; --json has all"


def headline(found: Diff) -> str:
    """The answer in one line."""
    counts = Counter(each.severity for each in found.changes)
    parts = [many(counts[severity], noun) for severity, noun in _NOUNS.items() if counts[severity]]
    return f"{found.verdict.value}: {', '.join(parts) or 'nothing changed'}"


_NOUNS = {
    Severity.ERROR: "breaking change",
    Severity.WARNING: "change that may break",
    Severity.INFO: "compatible change",
}


def many(number: int, noun: str) -> str:
    """`1 change`, `2 changes`."""
    word, _, rest = noun.partition(" that ")
    several = f"{word}s that {rest}" if rest else f"{noun}s"
    return f"{number} {noun if number == 1 else several}"


def _change(each: Change) -> Iterator[str]:
    sign = "? undecided" if each.undecided else _SIGNS[each.severity]
    yield f"  {sign}  {where(each)}: {each.text}"
    if each.schema:
        first, *others = each.operations
        yield f"      reached by {first}{f' and {many(len(others), _OPERATION)} more' if others else ''}"
    yield f"      {' '.join((each.id, *filter(None, [each.path])))}"
    if each.witness is not None:
        yield f"      {_EXAMPLES[each.side.value]} {_short(each.witness[0])}"


_OPERATION = "operation"


def where(each: Change) -> str:
    """What a change belongs to, in a few words."""
    if each.schema:
        return f"schema {each.schema}"
    first, *others = each.operations
    return f"{first or 'the document'}{f' (and {many(len(others), _OPERATION)} more)' if others else ''}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"


# --- who is hit --------------------------------------------------------------------------------------------------


def _affected_lines(affected: Sequence[Affected], asked: str) -> Iterator[str]:
    yield f"Who is hit {asked}:".replace(" :", ":")
    if not affected:
        yield "  nobody: no consumer there needs it"
    for each in affected:
        yield f"  {effect_line(each)}"
        for hit in each.hits[:_MOST_HITS]:
            yield f"      {_hit_text(hit)}"
        if len(each.hits) > _MOST_HITS:
            yield f"      and {len(each.hits) - _MOST_HITS} more; --json has all"


def effect_line(each: Affected) -> str:
    """What a diff means to one consumer, in one line."""
    version = str(each.consumer.version)
    if each.consumer.pact is None and each.effect is ConsumerEffect.UNKNOWN:
        return f"? cannot tell for {version}: what it needs is not known (no pact)"
    words = {
        ConsumerEffect.BREAKS: f"✗ breaks {version}",
        ConsumerEffect.UNKNOWN: f"? cannot tell for {version}",
        ConsumerEffect.WARNS: f"! may break {version}",
        ConsumerEffect.ENDS: f"· {version} uses what is to go",
        ConsumerEffect.NONE: f"· not used by {version}",
    }
    return words[each.effect]


def _hit_text(hit: Hit) -> str:
    sure = "" if hit.certain else "; whether it uses that cannot be decided"
    return f"interaction '{hit.interaction}' {hit.what} ({hit.change.id}{sure}): {hit.change.text}"


# --- for programs ------------------------------------------------------------------------------------------------


def as_document(found: Diff, affected: Sequence[Affected] | None) -> dict[str, Any]:
    """The documented JSON."""
    made: dict[str, Any] = {"verdict": found.verdict.value, "changes": [_as_json(each) for each in found.changes]}
    made["document_problems"] = [f"{each.where}: {each.text}" for each in found.problems]
    made["document_remarks"] = [f"{each.where}: {each.text}" for each in found.remarks]
    if affected is not None:
        made["consumers"] = [_consumer(each) for each in affected]
    return made


def _as_json(each: Change) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": each.id,
        "severity": each.severity.value,
        "direction": each.side.value,
        "operation": each.operation,
        "path": each.path,
        "text": each.text,
        "operations": list(each.operations),
    }
    if each.schema:
        made["schema"] = each.schema
    if each.undecided:
        made["undecided"] = True
    return made if each.witness is None else {**made, "witness": each.witness[0]}


def _consumer(each: Affected) -> dict[str, Any]:
    version = each.consumer.version
    return {
        "name": version.pacticipant,
        "version": version.number,
        "effect": each.effect.value,
        "uses": [
            {
                "change": hit.change.id,
                "operation": hit.operation,
                "path": hit.change.at(hit.place),
                "interaction": hit.interaction,
                "certain": hit.certain,
            }
            for hit in each.hits
        ],
    }


def as_sarif(found: Diff, document: str, line: Callable[[str, str], int]) -> dict[str, Any]:
    """SARIF 2.1.0, each change a result in the new document."""
    return sarif([_sarif_result(each, document) for each in found.changes], line)


def _sarif_result(each: Change, document: str) -> SarifResult:
    name = " ".join(filter(None, [each.operation, each.path])) or "the document"
    return SarifResult(
        rule=each.id,
        about=each.id.replace("-", " "),
        level=LEVELS[each.severity.value],
        text=f"{where(each)}: {each.text}",
        place=SarifPlace(file=document, pointer=_pointer(each), name=name),
    )


def _pointer(each: Change) -> str:
    """Where the document says it: the named schema, else the operation."""
    if each.origin:
        return each.origin[0]
    method, _, path = each.operation.partition(" ")
    return f"#/paths/{escape_pointer_step(path)}/{method.lower()}" if path else "#"


def as_markdown(found: Diff, affected: Sequence[Affected] | None, asked: str = "") -> str:
    """A comment for a pull request: whom it hits, then the changes as a table."""
    lines = [f"## OpenAPI: {headline(found)}", ""]
    if affected is not None:
        lines += [f"- {_cell(line.strip())}" for line in list(_affected_lines(affected, asked))[1:]] + [""]
    shown = [each for each in found.changes if each.severity is not Severity.INFO]
    if shown:
        lines += ["| | where | what changed | kind |", "|---|---|---|---|"]
        lines += [
            f"| {'undecided' if each.undecided else each.severity.value} | {_cell(where(each))} "
            f"| {_cell(each.text)} | `{each.id}` |"
            for each in shown
        ]
        lines.append("")
    rest = [each for each in found.changes if each.severity is Severity.INFO]
    if rest:
        lines += [f"<details><summary>{many(len(rest), 'compatible change')}</summary>", ""]
        lines += [f"- {_cell(where(each))}: {_cell(each.text)}" for each in rest]
        lines += ["", "</details>", ""]
    return "\n".join(lines).rstrip()


def _cell(text: str) -> str:
    """Foreign text as one cell: no column, no tag and no line of its own."""
    flat = " ".join(text.split())
    return flat.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
