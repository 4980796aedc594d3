"""`harness diff`: what changed between two OpenAPI documents, and whether it breaks those who use the old one."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import words
from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.openapi_diff import Change, Diff

_SIGNS = {"error": "✗ breaks", "warning": "! may break", "info": "· compatible"}


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option(
    "--notice", "days", type=click.IntRange(min=0), default=0, help="Days of notice before a sunset date."
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def command(old: str, new: str, days: int, as_json: bool) -> int:  # noqa: FBT001 - click passes flags by name
    """Say what changed from OLD to NEW, two OpenAPI documents, and what of it breaks somebody.

    OLD and NEW are files, or a file at a git revision: main:openapi.yaml. Exit codes: 1 when something breaks,
    3 when something could not be decided and nothing breaks, 0 otherwise.
    """
    from harness.comparison.openapi_diff import Notice, diff, read_document

    before, after = (read_document(_text(given), given) for given in (old, new))
    notice = Notice(today=datetime.now(UTC).date(), stable_days=days, beta_days=days)
    found = diff(before, after, notice)
    if as_json:
        words.say_json(_document(found))
    else:
        words.say(_for_people(found))
    return int(found.exit)


def _text(given: str) -> bytes:
    path = Path(given)
    try:
        if path.exists() or ":" not in given:
            return path.read_bytes()
    except OSError as error:
        hint = "give a file, or a file at a git revision such as main:openapi.yaml"
        raise UsageError(f"cannot read the document: {error.strerror}", where=given, hint=hint) from error
    return _at_revision(given)


def _at_revision(given: str) -> bytes:
    arguments = ["git", "show", "--end-of-options", given]
    try:
        return subprocess.run(arguments, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        hint = "git show REVISION:PATH has to show it; the path is from the root of the repository"
        raise UsageError("there is no such file, nor one at a git revision", where=given, hint=hint) from error


def _document(found: Diff) -> dict[str, Any]:
    return {"verdict": found.verdict.value, "changes": [_change(each) for each in found.changes]}


def _change(each: Change) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": each.id,
        "severity": each.severity.value,
        "direction": each.side.value,
        "operation": each.operation,
        "path": each.path,
        "text": each.text,
        "operations": list(each.operations),
    }
    if each.schema:
        told["schema"] = each.schema
    if each.undecided:
        told["undecided"] = True
    return told if each.witness is None else {**told, "witness": each.witness[0]}


def _for_people(found: Diff) -> str:
    counted = _many(len(found.changes), "change"), _many(max(found.operations), "operation")
    lines = [f"{found.verdict.value}: {counted[0]}, {counted[1]} in all"]
    for each in found.changes:
        lines += _lines(each)
    return "\n".join(lines)


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _lines(each: Change) -> Iterator[str]:
    sign = "? undecided" if each.undecided else _SIGNS[each.severity.value]
    first, *others = each.operations
    where = f"schema {each.schema}" if each.schema else (first or "the document")
    more = f" (and {_many(len(others), 'operation')} more)" if others and not each.schema else ""
    yield f"  {sign}  {where}{more}: {each.text}"
    if each.schema:
        several = f" and {_many(len(others), 'operation')} more" if others else ""
        yield f"      reached by {first}{several}"
    yield f"      {' '.join((each.id, *filter(None, [each.path])))}"
    if each.witness is not None:
        yield f"      {_EXAMPLES[each.side.value]} {_short(each.witness[0])}"


_EXAMPLES = {
    "request": "was accepted, is refused now:",
    "response": "never came before, may come now:",
    "none": "for example",
}


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"
