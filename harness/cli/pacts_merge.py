"""`harness pacts merge`: parts of pacts, put together."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import words


@click.command("merge")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--into",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the whole pacts are written, beside what is there.",
)
@words.json_option
def command(paths: tuple[Path, ...], folder: Path, *, as_json: bool) -> None:
    """Put together the pacts that several runners wrote, each with a part of the tests.

    Interactions of one pair come into one file. Parts that give one interaction different content are refused,
    with both, and nothing is written.
    """
    from harness.app.merge_pacts import merge_into

    written = merge_into(folder, paths)
    if as_json:
        words.say_json({"written": [str(path) for path in written]})
        return
    for path in written:
        words.say(f"wrote {path}")
    if not written:
        words.say(f"{folder} has all of it already")
