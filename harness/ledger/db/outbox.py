"""What webhooks have to be told: written with the change itself, kept until it was told or given up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from harness.ledger.db.rows import insert, new_uuid
from harness.ledger.db.tables import attempts, triggers

NOT_RUN, RETRYING, SUCCESS, FAILURE = "not_run", "retrying", "success", "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One event for one webhook."""

    id: int
    uuid: str
    webhook_id: int | None  # None once the webhook is deleted
    webhook_uuid: str
    event: str
    context: Mapping[str, Any]
    consumer: str
    provider: str
    status: str
    attempts: int
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSubject:
    """What an event is about, as rows."""

    consumer: str
    provider: str
    consumer_version: int | None = None
    provider_version: int | None = None
    contract: int | None = None
    verification: int | None = None


def add(
    db: sa.Connection,
    webhook: tuple[int, str],
    event: str,
    context: Mapping[str, Any],
    cause: EventSubject,
    times: tuple[str, float],
) -> str:
    """Have a webhook told; its uuid. `times` are now and when it is due, in seconds since 1970."""
    uuid = new_uuid()
    now, due = times
    insert(
        db,
        triggers,
        uuid=uuid,
        webhook_id=webhook[0],
        webhook_uuid=webhook[1],
        event=event,
        context=json.dumps(context),
        consumer=cause.consumer,
        provider=cause.provider,
        consumer_version_id=cause.consumer_version,
        provider_version_id=cause.provider_version,
        contract_id=cause.contract,
        verification_id=cause.verification,
        status=NOT_RUN,
        attempts=0,
        due=due,
        created_at=now,
    )
    return uuid


def claim(db: sa.Connection, worker: str, now: float, *, seconds: float, limit: int) -> list[Trigger]:
    """Take what is due for this worker alone, for so many seconds; inside a writing transaction."""
    free = sa.or_(triggers.c.claimed_until.is_(None), triggers.c.claimed_until < now)
    query = (
        sa.select(triggers).where(triggers.c.due <= now, free).order_by(triggers.c.due, triggers.c.id).limit(limit)
    )
    rows = db.execute(query).all()
    if rows:
        mine = triggers.c.id.in_([row.id for row in rows])
        db.execute(sa.update(triggers).where(mine).values(claimed_by=worker, claimed_until=now + seconds))
    return [_value(row) for row in rows]


def next_due(db: sa.Connection) -> float | None:
    """When the next attempt is due; None when there is nothing to tell."""
    later = sa.func.coalesce(triggers.c.claimed_until, triggers.c.due)
    moment = sa.case((later > triggers.c.due, later), else_=triggers.c.due)
    return db.execute(sa.select(sa.func.min(moment)).where(triggers.c.due.is_not(None))).scalar()


def record_attempt(
    db: sa.Connection, trigger: Trigger, *, success: bool, log: str, now: str, due: float | None
) -> None:
    """Remember an attempt; `due` is when the next one is, None when there is none."""
    insert(db, attempts, trigger_id=trigger.id, success=success, log=log, at=now)
    status = SUCCESS if success else (FAILURE if due is None else RETRYING)
    values = {
        "status": status,
        "attempts": trigger.attempts + 1,
        "due": due,
        "claimed_by": None,
        "claimed_until": None,
    }
    db.execute(sa.update(triggers).where(triggers.c.id == trigger.id).values(values))


def by_uuid(db: sa.Connection, uuid: str) -> Trigger | None:
    """The one that the API calls so."""
    row = db.execute(sa.select(triggers).where(triggers.c.uuid == uuid)).one_or_none()
    return None if row is None else _value(row)


def log_of(db: sa.Connection, trigger: Trigger) -> str:
    """The logs of all attempts, one after the other."""
    query = sa.select(attempts.c.log).where(attempts.c.trigger_id == trigger.id).order_by(attempts.c.id)
    return "\n".join(db.execute(query).scalars())


def of_pair(db: sa.Connection, consumer: str, provider: str) -> list[Trigger]:
    """The latest of each webhook and event between two pacticipants, newest first."""
    newest = (
        sa.select(sa.func.max(triggers.c.id))
        .where(triggers.c.consumer == consumer, triggers.c.provider == provider)
        .group_by(triggers.c.webhook_uuid, triggers.c.event)
    )
    query = sa.select(triggers).where(triggers.c.id.in_(newest)).order_by(triggers.c.id.desc())
    return [_value(row) for row in db.execute(query)]


def of_publication(
    db: sa.Connection, consumer_version: int, provider: str, events: Sequence[str]
) -> list[Trigger]:
    """What the publication of a version's pact has triggered, newest first."""
    about = sa.and_(
        triggers.c.consumer_version_id == consumer_version,
        triggers.c.provider == provider,
        triggers.c.event.in_(events),
    )
    return [_value(row) for row in db.execute(sa.select(triggers).where(about).order_by(triggers.c.id.desc()))]


def of_verification(db: sa.Connection, verification: int) -> list[Trigger]:
    """What a result has triggered, newest first."""
    about = triggers.c.verification_id == verification
    return [_value(row) for row in db.execute(sa.select(triggers).where(about).order_by(triggers.c.id.desc()))]


def _value(row: Any) -> Trigger:
    return Trigger(
        id=row.id,
        uuid=row.uuid,
        webhook_id=row.webhook_id,
        webhook_uuid=row.webhook_uuid,
        event=row.event,
        context=json.loads(row.context),
        consumer=row.consumer,
        provider=row.provider,
        status=row.status,
        attempts=row.attempts,
        created_at=row.created_at,
    )
