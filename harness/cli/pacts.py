"""`harness pacts`: the files of pacts that tests have written."""

from __future__ import annotations

import click

from harness.cli.lazily import lazy

COMMANDS = {"merge": "pacts_merge"}


@click.group("pacts", cls=lazy(COMMANDS))
def command() -> None:
    """Look after the files of pacts that tests have written."""
