"""`harness diff`: what changed between two OpenAPI documents, and whether it breaks those who use the old one."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageError

if TYPE_CHECKING:
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
    click.echo(json.dumps(_document(found), indent=2, ensure_ascii=False) if as_json else _for_people(found))
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
    }
    if each.undecided:
        told["undecided"] = True
    return told if each.witness is None else {**told, "witness": each.witness[0]}


def _for_people(found: Diff) -> str:
    lines = [f"{found.verdict.value}: {len(found.changes)} changes in {max(found.operations)} operations"]
    for each in found.changes:
        undecided = " (undecided)" if each.undecided else ""
        lines.append(
            f"  {_SIGNS[each.severity.value]}{undecided}  {each.operation or 'the document'}: {each.text}"
        )
        lines.append(f"      {' '.join((each.id, *filter(None, [each.path])))}")
        if each.witness is not None:
            lines.append(f"      for example {json.dumps(each.witness[0], ensure_ascii=False)[:200]}")
    return "\n".join(lines)
