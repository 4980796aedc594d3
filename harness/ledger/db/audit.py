"""Who changed what and when: appended with the change itself, and read; nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from harness.ledger.db.rows import insert, new_uuid
from harness.ledger.db.tables import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change."""

    uuid: str
    at: str
    who: str
    action: str  # the method and the route: "PUT /environments/{uuid}"
    subject: str  # the path as it was sent
    details: dict[str, Any]


def append(db: sa.Connection, *, at: str, who: str, action: str, subject: str, details: dict[str, Any]) -> None:
    """Remember a change in the transaction that makes it."""
    values = {"at": at, "who": who, "action": action, "subject": subject, "details": json.dumps(details)}
    insert(db, audit, uuid=new_uuid(), **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which changes are asked for: since a time, beyond an entry, by somebody, of a kind; "" is any."""

    since: str = ""
    after: str = ""
    who: str = ""
    action: str = ""
    newest_first: bool = False
    limit: int = 100


def entries(db: sa.Connection, wanted: Wanted) -> list[Entry]:
    """The changes that are asked for."""
    order = audit.c.id.desc() if wanted.newest_first else audit.c.id
    query = sa.select(audit).order_by(order).limit(wanted.limit)
    if wanted.since:
        query = query.where(audit.c.at >= wanted.since)
    if wanted.who:
        query = query.where(audit.c.who == wanted.who)
    if wanted.action:
        query = query.where(audit.c.action == wanted.action)
    if wanted.after:
        row = sa.select(audit.c.id).where(audit.c.uuid == wanted.after).scalar_subquery()
        query = query.where(audit.c.id < row if wanted.newest_first else audit.c.id > row)
    return [_value(row) for row in db.execute(query)]


def _value(row: Any) -> Entry:
    return Entry(
        uuid=row.uuid,
        at=row.at,
        who=row.who,
        action=row.action,
        subject=row.subject,
        details=json.loads(row.details),
    )
