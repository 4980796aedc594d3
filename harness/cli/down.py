"""`harness down`: what `harness up` left running, stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import words

if TYPE_CHECKING:
    from pathlib import Path


@click.command("down")
@words.runtime_option
@words.manifest_option
@words.json_option
def command(runtime: str, manifest: Path | None, *, as_json: bool) -> None:
    """Stop what `harness up` left running."""
    from harness.composition.systems import stop_everything

    count = stop_everything(manifest, runtime)
    if as_json:
        words.say_json({"stopped": count})
    else:
        words.say(f"stopped {count} processes, containers and networks" if count else "nothing was running")
