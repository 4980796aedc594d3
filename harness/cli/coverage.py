"""`harness coverage`: what of a provider was exercised on a running service, of what it declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words
from harness.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path


@click.command("coverage")
@click.argument("provider", metavar="PROVIDER[=VERSION]")
@words.manifest_option
@words.broker_option
@words.json_option
def command(provider: str, manifest: Path | None, broker: str | None, *, as_json: bool) -> int:
    """Show what checks saw a version of PROVIDER do: operations, parameters, statuses, fields of responses.

    Only answers of the running provider count, in promises that were kept: verified pacts and property checks.
    Requests of the integration suite count when all of it passed. Without VERSION it is the newest that is known.
    Exit codes: 0 when something was exercised, 3 when nothing was.
    """
    from harness.app.cover import coverage_of_version
    from harness.reports import coverages

    name, number = words.service_and_version(provider)
    with composition.memory(manifest, broker) as ledger:
        told = coverage_of_version(name, number, ledger)
    if as_json:
        words.say_json(coverages.as_document(told))
    else:
        for line in coverages.for_people(told):
            words.say(line)
    return int(Exit.PASSED if told.coverage.seen else Exit.UNKNOWN)
