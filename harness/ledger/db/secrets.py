"""Secrets for webhooks: written and used, never told; rows in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from harness.ledger.db.rows import insert, new_uuid
from harness.ledger.db.tables import secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret without its value."""

    uuid: str
    name: str
    description: str | None
    team: str | None
    created_at: str
    updated_at: str


def all_secrets(db: sa.Connection) -> list[Secret]:
    """All, by name."""
    return [_value(row) for row in db.execute(sa.select(secrets).order_by(secrets.c.name))]


def by_uuid(db: sa.Connection, uuid: str) -> Secret | None:
    """The one that the API calls so."""
    row = db.execute(sa.select(secrets).where(secrets.c.uuid == uuid)).one_or_none()
    return None if row is None else _value(row)


def is_name_taken(db: sa.Connection, name: str, *, but_by: str = "") -> bool:
    """Whether another secret has the name."""
    query = sa.select(secrets.c.uuid).where(secrets.c.name == name, secrets.c.uuid != but_by)
    return db.execute(query).scalar() is not None


def create(db: sa.Connection, values: dict[str, Any], now: str) -> str:
    """A new one; its uuid."""
    uuid = new_uuid()
    insert(db, secrets, **values, uuid=uuid, created_at=now)
    return uuid


def replace(db: sa.Connection, uuid: str, values: dict[str, Any], now: str) -> None:
    """Another name, description or value; what is left out stays."""
    db.execute(sa.update(secrets).where(secrets.c.uuid == uuid).values({**values, "updated_at": now}))


def delete(db: sa.Connection, uuid: str) -> None:
    """Forget it; webhooks that name it say nothing there."""
    db.execute(sa.delete(secrets).where(secrets.c.uuid == uuid))


def _value(row: Any) -> Secret:
    return Secret(
        uuid=row.uuid,
        name=row.name,
        description=row.description,
        team=row.team,
        created_at=row.created_at,
        updated_at=row.updated_at or "",
    )
