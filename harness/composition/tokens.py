"""API tokens of a broker's own database."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness import composition
from harness.broker.access.roles import Role
from harness.errors import UnknownName, UsageError, did_you_mean
from harness.ledger.db import tokens
from harness.ledger.db.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.ledger.db.database import Database
    from harness.ledger.db.tokens import Token

ROLES = tuple(role.value for role in Role)


@contextmanager
def _closing_database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url or composition.embedded_ledger_url(Path.cwd()))
    try:
        yield database
    finally:
        database.close()


def create(database_url: str, name: str, role: str, pacticipants: Sequence[str]) -> tuple[Token, str]:
    """A new token and its secret. Raises UsageError for a role that is none."""
    if role not in ROLES:
        raise UsageError(f"no role '{role}'", hint=did_you_mean(role, ROLES))
    with _closing_database(database_url) as database, database.writing() as db:
        return tokens.create(db, name, role, pacticipants, _now())


def list_tokens(database_url: str) -> list[Token]:
    """Every token that there is or was."""
    with _closing_database(database_url) as database, database.reading() as db:
        return tokens.all_tokens(db)


def revoke(database_url: str, named: str) -> list[Token]:
    """End the live tokens with a uuid or a name. Raises UnknownName."""
    with _closing_database(database_url) as database, database.writing() as db:
        live = [each for each in tokens.all_tokens(db) if not each.revoked_at]
        meant = [each for each in live if named in (each.uuid, each.description)]
        if not meant:
            raise UnknownName(f"no token '{named}'", hint=did_you_mean(named, (each.description for each in live)))
        for each in meant:
            tokens.revoke(db, each.uuid, _now())
    return meant


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
