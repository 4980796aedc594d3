"""Who talks to whom: rows in, rows out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.ledger.db.rows import contains, in_order, insert
from harness.ledger.db.tables import integrations, pacticipants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.ledger.db.paging import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """A consumer and a provider."""

    consumer: str
    provider: str
    consumer_row: int
    provider_row: int
    contract_at: str  # the last publication or result between them


def list_integrations(db: sa.Connection, containing: str, page: Page | None) -> tuple[Sequence[Integration], int]:
    """Who talks to whom, by names, and how many pairs there are."""
    consumer, provider = pacticipants.alias("consumer"), pacticipants.alias("provider")
    query = (
        sa.select(
            consumer.c.name.label("consumer"),
            provider.c.name.label("provider"),
            integrations.c.consumer_id,
            integrations.c.provider_id,
            integrations.c.contract_at,
        )
        .join_from(integrations, consumer, consumer.c.id == integrations.c.consumer_id)
        .join(provider, provider.c.id == integrations.c.provider_id)
    )
    if containing:
        everybody = db.execute(sa.select(pacticipants.c.id, pacticipants.c.name))
        meant = [row for row, name in everybody if contains(name, containing)]
        query = query.where(sa.or_(consumer.c.id.in_(meant), provider.c.id.in_(meant)))
    ordered = query.order_by(in_order(consumer.c.name), in_order(provider.c.name), integrations.c.id)
    total = 0
    if page is not None:
        total = db.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()
        ordered = ordered.limit(page.size).offset(page.offset)
    found = [
        Integration(
            consumer=row.consumer,
            provider=row.provider,
            consumer_row=row.consumer_id,
            provider_row=row.provider_id,
            contract_at=row.contract_at,
        )
        for row in db.execute(ordered)
    ]
    return found, total if page is not None else len(found)


def touch(db: sa.Connection, consumer: int, provider: int, now: str) -> None:
    """Something was published or verified between the two."""
    changed = db.execute(_TOUCH, {"consumer": consumer, "provider": provider, "now": now})
    if not changed.rowcount:
        insert(db, integrations, consumer_id=consumer, provider_id=provider, created_at=now, contract_at=now)


_TOUCH = (
    sa.update(integrations)
    .where(
        integrations.c.consumer_id == sa.bindparam("consumer"),
        integrations.c.provider_id == sa.bindparam("provider"),
    )
    .values(contract_at=sa.bindparam("now"))
)
