"""`harness broker export`: everything that a broker keeps, in a file."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import words
from harness.cli.copying import shown_progress


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "origin", required=True, metavar="URL", help="A broker (https://…) or a ledger.")
@click.option("--history", is_flag=True, help="Also what was deployed before; asks for each version by itself.")
@click.option("--fresh", is_flag=True, help="Begin anew instead of going on with what the file has.")
@words.json_option
def command(file: Path, origin: str, *, history: bool, fresh: bool, as_json: bool) -> int:
    """Copy everything that a broker keeps to FILE; run again after an interruption, it goes on.

    Credentials come from the URL or from PACT_BROKER_TOKEN, PACT_BROKER_USERNAME and PACT_BROKER_PASSWORD.
    """
    from harness.composition.copying import export
    from harness.transfer.records import PLURALS

    with shown_progress() as progress:
        archive = export(origin, file, progress, fresh=fresh, history=history)
    counts = archive.counts()
    if as_json:
        words.say_json({"from": archive.origin, "file": str(file), "counts": {k: counts[k] for k in PLURALS}})
    else:
        words.say(f"{file}: everything of {archive.origin}")
        for kind, name in PLURALS.items():
            words.say(f"  {counts[kind]:>6} {name}")
        words.say(f"put it into a ledger with: harness broker import --from {file} --to LEDGER")
    return 0
