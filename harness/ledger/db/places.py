"""Environments as the API tells them: rows in, values out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from harness.evidence import ALWAYS_REQUIRED
from harness.ledger.db import traces
from harness.ledger.db.rows import by_name as by_name_key
from harness.ledger.db.rows import insert, new_uuid
from harness.ledger.db.tables import deployments, environments, releases
from harness.ledger.display_names import display_name

_PACTS = json.dumps(ALWAYS_REQUIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentDescription:
    """What a client says of an environment."""

    name: str
    display_name: str
    production: bool
    contacts: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment."""

    id: int
    uuid: str
    name: str
    display_name: str
    production: bool
    contacts: Sequence[Any] | None
    created_at: str
    updated_at: str  # "" when it never changed


# Made once: making a statement costs more than asking it.
_ALL = sa.select(environments).where(environments.c.uuid.is_not(None))
_NAMED = _ALL.where(environments.c.name == sa.bindparam("named"))
_CALLED = sa.select(environments).where(environments.c.uuid == sa.bindparam("called"))


def list_environments(db: sa.Connection, name: str = "") -> list[Environment]:
    """The environments of this broker, by name; with a name only that one."""
    rows = db.execute(_NAMED, {"named": name}) if name else db.execute(_ALL)
    return sorted(map(_value, rows), key=lambda each: by_name_key(each.name))


def by_uuid(db: sa.Connection, uuid: str) -> Environment | None:
    """The one that the API calls so."""
    row = db.execute(_CALLED, {"called": uuid}).one_or_none()
    return None if row is None else _value(row)


def by_name(db: sa.Connection, name: str) -> Environment | None:
    """The one with a name, when this broker has it."""
    found = list_environments(db, name)
    return found[0] if found else None


def is_name_taken(db: sa.Connection, name: str, *, but_by: str = "") -> bool:
    """Whether another environment has the name."""
    found = by_name(db, name)
    return found is not None and found.uuid != but_by


def create(db: sa.Connection, described: EnvironmentDescription, now: str) -> Environment:
    """A new one; one that everybody has becomes this broker's."""
    values = {**_columns(described), "uuid": new_uuid(), "created_at": now}
    same = environments.c.name == described.name
    changed = db.execute(sa.update(environments).where(same).values(values))
    if not changed.rowcount:
        insert(db, environments, **values, require=_PACTS)
    found = by_name(db, described.name)
    assert found is not None
    return found


def replace(db: sa.Connection, there: Environment, described: EnvironmentDescription, now: str) -> Environment:
    """Another description of the same one; its policy stays."""
    values = {**_columns(described), "updated_at": now}
    db.execute(sa.update(environments).where(environments.c.id == there.id).values(values))
    found = by_uuid(db, there.uuid)
    assert found is not None
    return found


def delete(db: sa.Connection, there: Environment, now: str) -> None:
    """It and everything that was recorded there."""
    traces.environment_ended(db, there.name, now)
    for table in (deployments, releases):
        db.execute(sa.delete(table).where(table.c.environment_id == there.id))
    db.execute(sa.delete(environments).where(environments.c.id == there.id))


def _columns(described: EnvironmentDescription) -> dict[str, Any]:
    return {
        "name": described.name,
        "display_name": described.display_name,
        "production": described.production,
        "contacts": None if described.contacts is None else json.dumps(described.contacts),
    }


def _value(row: Any) -> Environment:
    return Environment(
        id=row.id,
        uuid=row.uuid,
        name=row.name,
        display_name=row.display_name or display_name(row.name),
        production=row.production,
        contacts=None if row.contacts is None else json.loads(row.contacts),
        created_at=row.created_at or "",
        updated_at=row.updated_at or "",
    )
