"""Whether a served broker asks who may do what: decided once, and kept with what it protects."""

from __future__ import annotations

import sqlalchemy as sa

from harness.ledger.db.rows import insert
from harness.ledger.db.tables import access_decisions


def is_controlled(db: sa.Connection) -> bool:
    """Whether only those may in who say who they are; what was decided last stands."""
    return bool(db.execute(_LATEST).scalar())


_LATEST = sa.select(access_decisions.c.controlled).order_by(access_decisions.c.id.desc()).limit(1)


def decide(db: sa.Connection, *, controlled: bool, why: str, now: str) -> bool:
    """Keep a decision; whether it changed anything."""
    if is_controlled(db) == controlled:
        return False
    insert(db, access_decisions, at=now, controlled=controlled, why=why)
    return True
