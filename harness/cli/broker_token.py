"""`harness broker token`: who may use a served broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli import words

if TYPE_CHECKING:
    from harness.ledger.db.tokens import Token


@click.group("token")
def command() -> None:
    """Make, list and end the tokens that clients show to a served broker."""


@command.command("create")
@click.argument("name")
@click.option("--role", default="publish", show_default=True, help="read, publish, deploy or admin.")
@click.option("--pacticipant", "pacticipants", multiple=True, help="It may change only these; may be given again.")
@words.broker_database_option
@words.json_option
def create(*, name: str, role: str, pacticipants: tuple[str, ...], database_url: str, as_json: bool) -> int:
    """Make a token; it is shown once."""
    from harness.composition import tokens

    token, secret = tokens.create(database_url, name, role, pacticipants)
    if as_json:
        words.say_json({**_token_json(token), "token": secret})
    else:
        words.say(secret)
        click.echo("It is shown this once. Clients send it as a bearer token, or as the password.", err=True)
        click.echo("The broker of this database asks everybody for one from now on.", err=True)
    return 0


@command.command("list")
@words.broker_database_option
@words.json_option
def show(*, database_url: str, as_json: bool) -> int:
    """List the tokens, also those that were revoked."""
    from harness.composition import tokens

    found = tokens.list_tokens(database_url)
    if as_json:
        words.say_json([_token_json(each) for each in found])
        return 0
    for each in found:
        state = f"revoked {each.revoked_at}" if each.revoked_at else f"last used {each.used_at or 'never'}"
        reach = ", ".join(each.pacticipants) or "all pacticipants"
        words.say(f"{each.uuid}  {each.role:<7}  {each.description}  ({reach}; {state})")
    if not found:
        words.say("no tokens")
    return 0


@command.command("revoke")
@click.argument("token")
@words.broker_database_option
@words.json_option
def revoke(*, token: str, database_url: str, as_json: bool) -> int:
    """End a token, by its uuid or its name; it is refused from now on."""
    from harness.composition import tokens

    ended = tokens.revoke(database_url, token)
    if as_json:
        words.say_json([_token_json(each) for each in ended])
    else:
        for each in ended:
            words.say(f"revoked {each.uuid}  {each.description}")
    return 0


def _token_json(token: Token) -> dict[str, Any]:
    return {
        "uuid": token.uuid,
        "name": token.description,
        "role": token.role,
        "pacticipants": list(token.pacticipants),
        "created_at": token.created_at,
        "used_at": token.used_at or None,
        "revoked_at": token.revoked_at or None,
    }
