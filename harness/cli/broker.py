"""`harness broker`: the memory of a team."""

from __future__ import annotations

import click

from harness.cli.lazily import lazy

COMMANDS = {
    "serve": "broker_serve",
    "token": "broker_token",
    "access": "broker_access",
    "prune": "broker_prune",
    "import": "broker_import",
    "export": "broker_export",
}


@click.group("broker", cls=lazy(COMMANDS))
def command() -> None:
    """Serve the broker for a team, and look after it."""
