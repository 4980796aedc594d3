"""`harness init`: a first manifest."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from harness.cli import words
from harness.errors import UsageError
from harness.services.drafting.draft import draft
from harness.services.manifest.file import manifest_above


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--force", is_flag=True, help="Replace a harness.toml that is there.")
@words.json_option
def command(folder: Path, *, force: bool, as_json: bool) -> None:
    """Write harness.toml from what is found: compose file, Dockerfiles, OpenAPI documents, pacts."""
    if not folder.is_dir():
        raise UsageError("no such folder", where=str(folder))
    target = folder / "harness.toml"
    if target.exists() and not force:
        raise UsageError("there is a manifest already", where=str(target), hint="harness init --force replaces it")
    made = draft(folder.resolve(), os.environ)
    if above := manifest_above(folder.resolve()):
        told = (
            f"{above} is a manifest above: from now on runs in {folder.resolve()} go by the new one, not by that"
        )
        made = replace(made, remarks=(told, *made.remarks))
    target.write_text(made.text, encoding="utf-8")
    if as_json:
        words.say_json({"written": str(target), "manifest": made.text, "remarks": list(made.remarks)})
    else:
        for remark in made.remarks:
            words.say(f"!  {remark}")
        words.say(f"wrote {target}; read it, then: harness run --plan")
