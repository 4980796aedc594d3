"""API tokens: only their hashes are kept, so nobody who reads the database can use one."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from harness.ledger import refusals
from harness.ledger.db.access_decisions import decide
from harness.ledger.db.rows import insert, new_uuid
from harness.ledger.db.tables import tokens

PREFIX = "cht_"  # so that scanners of repositories find a token that was committed


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as people see it: never the secret."""

    uuid: str
    description: str
    role: str
    pacticipants: Sequence[str]  # () is all
    created_at: str
    used_at: str = ""
    revoked_at: str = ""


def create(
    db: sa.Connection, description: str, role: str, pacticipants: Sequence[str], now: str
) -> tuple[Token, str]:
    """A new token and its secret, which is told this once; whoever makes one means that it is asked for."""
    refusals.check_name("the token", description)
    for each in pacticipants:
        refusals.check_name("the pacticipant", each)
    secret = PREFIX + secrets.token_urlsafe(32)
    uuid = new_uuid()
    scopes = json.dumps(list(pacticipants))
    values = {"uuid": uuid, "description": description, "role": role, "scopes": scopes, "created_at": now}
    insert(db, tokens, **values, hash=hash_secret(secret))
    decide(db, controlled=True, why="a token was made", now=now)
    return _one(db, uuid), secret


def regenerate(db: sa.Connection, uuid: str) -> str | None:
    """Another secret for the same token; the old one ends. None for a token that is not there or revoked."""
    secret = PREFIX + secrets.token_urlsafe(32)
    live = sa.and_(tokens.c.uuid == uuid, tokens.c.revoked_at.is_(None))
    changed = db.execute(sa.update(tokens).where(live).values(hash=hash_secret(secret)))
    return secret if changed.rowcount else None


def all_tokens(db: sa.Connection) -> list[Token]:
    """All tokens, oldest first, with those that were revoked."""
    return [_value(row) for row in db.execute(sa.select(tokens).order_by(tokens.c.id))]


def revoke(db: sa.Connection, uuid: str, now: str) -> bool:
    """End a token at once; whether there was one to end."""
    live = sa.and_(tokens.c.uuid == uuid, tokens.c.revoked_at.is_(None))
    return bool(db.execute(sa.update(tokens).where(live).values(revoked_at=now)).rowcount)


def find_token(db: sa.Connection, secret: str) -> Token | None:
    """The live token with a secret."""
    live = sa.and_(tokens.c.hash == hash_secret(secret), tokens.c.revoked_at.is_(None))
    row = db.execute(sa.select(tokens).where(live)).one_or_none()
    return None if row is None else _value(row)


def record_use(db: sa.Connection, uuid: str, now: str) -> None:
    """Remember when a token was last used."""
    db.execute(sa.update(tokens).where(tokens.c.uuid == uuid).values(used_at=now))


def hash_secret(secret: str) -> str:
    """What is kept of a secret; it is long and random, so one round is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _one(db: sa.Connection, uuid: str) -> Token:
    return _value(db.execute(sa.select(tokens).where(tokens.c.uuid == uuid)).one())


def _value(row: Any) -> Token:
    return Token(
        uuid=row.uuid,
        description=row.description,
        role=row.role,
        pacticipants=tuple(json.loads(row.scopes)),
        created_at=row.created_at,
        used_at=row.used_at or "",
        revoked_at=row.revoked_at or "",
    )
