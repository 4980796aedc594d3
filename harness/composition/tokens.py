"""API tokens of a broker's own database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.broker.access.roles import Role
from harness.composition.doors import broker_database, now
from harness.errors import UnknownName, UsageError, did_you_mean
from harness.ledger.db import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.ledger.db.tokens import Token

ROLES = tuple(role.value for role in Role)


def create(database_url: str, name: str, role: str, pacticipants: Sequence[str]) -> tuple[Token, str]:
    """A new token and its secret. Raises UsageError for a role that is none."""
    if role not in ROLES:
        raise UsageError(f"no role '{role}'", hint=did_you_mean(role, ROLES))
    with broker_database(database_url) as database, database.writing() as db:
        return tokens.create(db, name, role, pacticipants, now())


def list_tokens(database_url: str) -> list[Token]:
    """Every token that there is or was."""
    with broker_database(database_url) as database, database.reading() as db:
        return tokens.all_tokens(db)


def revoke(database_url: str, named: str) -> list[Token]:
    """End the live tokens with a uuid or a name. Raises UnknownName."""
    with broker_database(database_url) as database, database.writing() as db:
        live = [each for each in tokens.all_tokens(db) if not each.revoked_at]
        meant = [each for each in live if named in (each.uuid, each.description)]
        if not meant:
            raise UnknownName(f"no token '{named}'", hint=did_you_mean(named, (each.description for each in live)))
        for each in meant:
            tokens.revoke(db, each.uuid, now())
    return meant
