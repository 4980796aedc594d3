"""`harness diff`: what changed between two OpenAPI documents, whether it breaks anybody, and whom."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words
from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.app.source_lines import LinesOfFiles
    from harness.comparison.affected_consumers import Affected, Consumer
    from harness.comparison.diff import Diff


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--environment", "environments", multiple=True, help="Say whom it hits there; may be repeated.")
@click.option(
    "--against",
    multiple=True,
    metavar="CONSUMER@VERSION",
    help="Say whether it hits this version; may be repeated.",
)
@click.option("--provider", default="", help="Whose document it is. Default: as OLD, NEW or the manifest tell it.")
@click.option(
    "--fail-on",
    type=click.Choice(["any", "used"]),
    default="any",
    show_default=True,
    help="Fail on any breaking change, or only on one that hits a consumer that was asked about.",
)
@click.option(
    "--notice", "days", type=click.IntRange(min=0), default=0, help="Days of notice before a sunset date."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "sarif"]),
    default="text",
    show_default=True,
    help="How to answer.",
)
@words.manifest_option
@words.broker_option
@words.json_option
def command(  # noqa: PLR0913, PLR0917 - one argument per option
    old: str,
    new: str,
    environments: tuple[str, ...],
    against: tuple[str, ...],
    provider: str,
    fail_on: str,
    days: int,
    form: str,
    manifest: Path | None,
    broker: str | None,
    *,
    as_json: bool,
) -> int:
    """Say what changed from OLD to NEW, two OpenAPI documents, and what of it breaks whom.

    OLD and NEW are files, URLs, a file at a git revision (main:openapi.yaml) or a version in the ledger
    (orders@1.4). Exit codes: 1 when something breaks, 3 when something could not be decided and nothing breaks,
    0 otherwise; with --fail-on used only what hits somebody counts.
    """
    from harness.app.documents import document_source, service_of
    from harness.app.kept_documents import keeping_reader
    from harness.comparison.affected_consumers import exit_of, who_is_hit
    from harness.comparison.diff import Notice, diff, read_document
    from harness.reports import openapi_changes

    asked = bool(environments or against)
    if fail_on == "used" and not asked:
        raise UsageError("--fail-on used needs to know whom to ask", hint="add --environment or --against")
    sources = [document_source(given, partial(composition.memory, manifest, broker)) for given in (old, new)]
    reader = keeping_reader(os.environ)
    before, after = (read_document(source.text, source.place, reader, source.beside) for source in sources)
    found = diff(before, after, Notice(today=datetime.now(UTC).date(), stable_days=days, beta_days=days))
    found, lines = _on_lines(found)
    affected: Sequence[Affected] | None = None
    if asked:
        named = (each.service for each in reversed(sources))
        system = None if provider else composition.system_if_any(manifest)
        name = provider or next(filter(None, named), "") or service_of(system, new) or service_of(system, old)
        affected = who_is_hit(found, before, _consumers(name, environments, against, manifest, broker))
    where = f"in {' and '.join(environments)}" if environments else ""
    if as_json:
        words.say_json(openapi_changes.as_document(found, affected))
    elif form == "sarif":
        words.say_json(openapi_changes.as_sarif(found, new, lines))
    elif form == "markdown":
        words.say(openapi_changes.as_markdown(found, affected, where))
    else:
        words.say(openapi_changes.for_people(found, affected, where))
    return int(exit_of(affected or ()) if fail_on == "used" else found.exit)


def _on_lines(found: Diff) -> tuple[Diff, LinesOfFiles]:
    from harness.app.source_lines import LinesOfFiles, on_lines

    lines = LinesOfFiles()
    told = replace(found, problems=on_lines(found.problems, lines), remarks=on_lines(found.remarks, lines))
    return told, lines


def _consumers(
    provider: str,
    environments: Sequence[str],
    against: Sequence[str],
    manifest: Path | None,
    broker: str | None,
) -> list[Consumer]:
    from harness.app.consumers import consumers_of
    from harness.app.documents import version_named

    if not provider:
        hint = "--provider orders, or write OLD or NEW as a version: orders@1.4"
        raise UsageError("whose document is it? no service of the manifest has it", hint=hint)
    versions = []
    for given in against:
        version = version_named(given)
        if version is None:
            raise UsageError(f"'{given}' is not CONSUMER@VERSION", hint="--against web@1.4")
        versions.append(version)
    with composition.memory(manifest, broker) as ledger:
        return consumers_of(ledger, provider, environments, versions)
