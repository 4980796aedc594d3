"""`harness record-deployment`: bookkeeping of what is where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import deciding, words
from harness.cli.versions import in_full

if TYPE_CHECKING:
    from pathlib import Path


@click.command("record-deployment")
@click.argument("subject", metavar="SERVICE[@INSTANCE]=VERSION")
@click.option("--environment", required=True, help="The environment, by name.")
@click.option("--instance", default="", help="The application instance, where several run side by side.")
@words.manifest_option
@words.broker_option
@words.json_option
def command(
    subject: str, environment: str, instance: str, manifest: Path | None, broker: str | None, *, as_json: bool
) -> None:
    """It now runs there, instead of what ran there before."""
    version, named = words.placed_version(subject)
    instance = words.one_instance(named, instance)
    with composition.memory(manifest, broker) as ledger:
        version = in_full(version, ledger)
        ledger.record_deployment(environment, version, instance=instance)
        note = deciding.note_if_empty(ledger, version, environment)
    if as_json:
        words.say_json(
            {
                "recorded": "deployment",
                **words.versions([version])[0],
                "environment": environment,
                "instance": instance or None,
                "note": note or None,
            }
        )
    else:
        words.say(f"{version} runs in {environment}{f' on {instance}' if instance else ''}")
        deciding.say_note(note, version)
