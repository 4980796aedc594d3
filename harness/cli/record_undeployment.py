"""`harness record-undeployment`: bookkeeping of what is where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words

if TYPE_CHECKING:
    from pathlib import Path


@click.command("record-undeployment")
@click.argument("service", metavar="SERVICE[@INSTANCE]")
@click.option("--environment", required=True, help="The environment, by name.")
@click.option("--instance", default="", help="The application instance, where several run side by side.")
@words.manifest_option
@words.broker_option
@words.json_option
def command(
    service: str, environment: str, instance: str, manifest: Path | None, broker: str | None, *, as_json: bool
) -> None:
    """It no longer runs there."""
    name, named = words.placed_name(service)
    instance = words.one_instance(named, instance)
    with composition.memory(manifest, broker) as ledger:
        count = ledger.record_undeployment(environment, name, instance=instance)
    if as_json:
        words.say_json({"recorded": "undeployment", "name": name, "environment": environment, "count": count})
    else:
        words.say(f"{name} no longer runs in {environment}{f' on {instance}' if instance else ''}")
