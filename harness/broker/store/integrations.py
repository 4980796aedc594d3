"""Who talks to whom: rows in, rows out."""

from __future__ import annotations

import sqlalchemy as sa

from harness.broker.store.rows import insert
from harness.broker.store.tables import integrations


def touch(db: sa.Connection, consumer: int, provider: int, now: str) -> None:
    """Something was published or verified between the two."""
    pair = {"consumer_id": consumer, "provider_id": provider}
    changed = db.execute(sa.update(integrations).filter_by(**pair).values(contract_at=now))
    if not changed.rowcount:
        insert(db, integrations, **pair, created_at=now, contract_at=now)
