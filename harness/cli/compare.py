"""`harness compare`: whether an OpenAPI document promises what pacts need, without running anything."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words
from harness.errors import Exit
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from pathlib import Path

_EXITS = {Verdict.PASSED: Exit.PASSED, Verdict.FAILED: Exit.FAILED, Verdict.UNKNOWN: Exit.UNKNOWN}


@click.command("compare")
@click.argument("pacts", nargs=-1, required=True, metavar="PACT...")
@click.argument("document", metavar="OPENAPI")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "sarif"]),
    default="text",
    show_default=True,
    help="How to answer.",
)
@words.manifest_option
@words.broker_option
@words.json_option
def command(
    pacts: tuple[str, ...],
    document: str,
    form: str,
    manifest: Path | None,
    broker: str | None,
    *,
    as_json: bool,
) -> int:
    """Say whether OPENAPI, a document of a provider, promises what each PACT needs; nothing is started.

    PACT is a file or a folder; OPENAPI is a file, a URL, a file at a git revision (main:openapi.yaml) or a version
    in the ledger (orders@1.4). A static answer is worth what the document is worth: only a verification shows that
    the provider does what it says. Exit codes: 1 when something does not fit, 3 when it cannot be told, 0 when it
    fits.
    """
    from harness.app.compare import compare_pacts
    from harness.app.source_lines import LinesOfFiles
    from harness.reports import pact_comparisons

    told = compare_pacts(pacts, document, partial(composition.memory, manifest, broker))
    if as_json:
        words.say_json(pact_comparisons.as_document(told))
    elif form == "sarif":
        words.say_json(pact_comparisons.as_sarif(told, LinesOfFiles()))
    else:
        words.say(pact_comparisons.for_people(told))
    return int(_EXITS[pact_comparisons.overall(told)])
