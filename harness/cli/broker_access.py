"""`harness broker access`: whether a served broker asks who may do what."""

from __future__ import annotations

import click

from harness.cli import words


@click.command("access")
@click.argument("wanted", metavar="[closed|open]", type=click.Choice(["closed", "open"]), required=False)
@words.broker_database_option
@words.json_option
def command(*, wanted: str | None, database_url: str, as_json: bool) -> int:
    """Say whether the broker of a database is closed: whether it asks everybody for a token or a password.

    The first token closes it, and so does serving it with users; it stays closed when the last token is revoked.
    `open` opens it again: to this machine alone, and once it is started again.
    """
    from harness.composition import doors

    if wanted is not None:
        doors.decide(database_url, closed=wanted == "closed")
    closed = doors.is_closed(database_url)
    if as_json:
        words.say_json({"closed": closed})
        return 0
    words.say("closed: it asks everybody for a token, or a name and a password" if closed else _OPEN)
    if wanted == "open":
        click.echo("A broker that serves it now stays closed until it is started again.", err=True)
    return 0


_OPEN = "open: whoever reaches it may do everything; it serves this machine alone"
