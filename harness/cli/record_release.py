"""`harness record-release`: bookkeeping of what is where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import deciding, words
from harness.cli.versions import in_full

if TYPE_CHECKING:
    from pathlib import Path


@click.command("record-release")
@click.argument("subject", metavar="SERVICE=VERSION")
@click.option("--environment", required=True, help="The environment, by name.")
@words.manifest_option
@words.broker_option
@words.json_option
def command(subject: str, environment: str, manifest: Path | None, broker: str | None, *, as_json: bool) -> None:
    """It is now supported there, beside what is supported already."""
    version = words.version(subject)
    with composition.memory(manifest, broker) as ledger:
        version = in_full(version, ledger)
        ledger.record_release(environment, version)
        note = deciding.note_if_empty(ledger, version, environment)
    if as_json:
        told = {**words.versions([version])[0], "environment": environment, "note": note or None}
        words.say_json({"recorded": "release", **told})
    else:
        words.say(f"{version} is released to {environment}")
        deciding.say_note(note, version)
