"""`harness record-support-ended`: bookkeeping of what is where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words
from harness.cli.versions import in_full

if TYPE_CHECKING:
    from pathlib import Path


@click.command("record-support-ended")
@click.argument("subject", metavar="SERVICE=VERSION")
@click.option("--environment", required=True, help="The environment, by name.")
@words.manifest_option
@words.broker_option
@words.json_option
def command(subject: str, environment: str, manifest: Path | None, broker: str | None, *, as_json: bool) -> None:
    """It is no longer supported there."""
    version = words.version(subject)
    with composition.memory(manifest, broker) as ledger:
        version = in_full(version, ledger)
        ledger.record_support_ended(environment, version)
    if as_json:
        words.say_json({"recorded": "support-ended", **words.versions([version])[0], "environment": environment})
    else:
        words.say(f"{version} is no longer supported in {environment}")
