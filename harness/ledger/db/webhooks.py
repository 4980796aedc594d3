"""Webhooks: rows in, values out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from harness.ledger.db.rows import insert
from harness.ledger.db.tables import labels, pacticipants, triggers, webhooks
from harness.ledger.db.tables import secrets as kept_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whom a webhook is about: one pacticipant, all with a label, or everybody."""

    name: str | None = None
    label: str | None = None

    @property
    def anybody(self) -> bool:
        """Whether it is about everybody."""
        return self.name is None and self.label is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Whom to tell what."""

    id: int = 0
    uuid: str = ""
    description: str | None = None
    enabled: bool = True
    events: Sequence[str] = ()
    consumer: Party = field(default_factory=Party)
    provider: Party = field(default_factory=Party)
    method: str = "POST"
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    username: str | None = None
    password: str | None = None
    team: str | None = None
    created_at: str = ""
    updated_at: str = ""

    @property
    def host(self) -> str:
        """The name of whom it talks to."""
        return (
            self.url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2].partition(":")[0]
        )

    @property
    def title(self) -> str:
        """What people call it."""
        return self.description or f"{self.method} {self.host}"


def new_uuid() -> str:
    """22 characters, as the original has them."""
    return secrets.token_urlsafe(16)


def create(db: sa.Connection, webhook: Webhook, now: str) -> Webhook:
    """Keep a new one."""
    uuid = webhook.uuid or new_uuid()
    insert(db, webhooks, **_columns(webhook), uuid=uuid, created_at=now)
    return _must(db, uuid)


def replace(db: sa.Connection, there: Webhook, webhook: Webhook, now: str) -> Webhook:
    """Describe it anew."""
    values = {**_columns(webhook), "updated_at": now}
    db.execute(sa.update(webhooks).where(webhooks.c.id == there.id).values(values))
    return _must(db, there.uuid)


def delete(db: sa.Connection, there: Webhook) -> None:
    """Forget it; what it was triggered by stays readable, and what was not sent yet will not be."""
    mine = triggers.c.webhook_id == there.id
    waiting = sa.and_(mine, triggers.c.due.is_not(None))
    db.execute(sa.update(triggers).where(waiting).values(due=None, status="failure"))
    db.execute(sa.update(triggers).where(mine).values(webhook_id=None))
    db.execute(sa.delete(webhooks).where(webhooks.c.id == there.id))


def by_uuid(db: sa.Connection, uuid: str) -> Webhook | None:
    """The one that the API calls so."""
    row = db.execute(sa.select(webhooks).where(webhooks.c.uuid == uuid)).one_or_none()
    return None if row is None else _value(row)


def by_ids(db: sa.Connection, ids: Collection[int]) -> dict[int, Webhook]:
    """Some of them, by their rows."""
    return {row.id: _value(row) for row in db.execute(sa.select(webhooks).where(webhooks.c.id.in_(ids)))}


def all_webhooks(db: sa.Connection) -> list[Webhook]:
    """All, oldest first."""
    return [_value(row) for row in db.execute(_ALL)]


_ALL = sa.select(webhooks).order_by(webhooks.c.id)
_ANY_ENABLED = sa.select(webhooks.c.id).where(webhooks.c.enabled.is_(True)).limit(1)


def any_enabled(db: sa.Connection) -> bool:
    """Whether anybody at all wants to be told of anything."""
    return db.execute(_ANY_ENABLED).scalar() is not None


def exactly_for(db: sa.Connection, consumer: str | None, provider: str | None) -> list[Webhook]:
    """Those that are about just these two."""
    return [
        each
        for each in all_webhooks(db)
        if each.consumer == Party(name=consumer) and each.provider == Party(name=provider)
    ]


def matching(db: sa.Connection, event: str, consumer: str, provider: str) -> list[Webhook]:
    """Those that want to be told of an event between two pacticipants."""
    wanted = [each for each in all_webhooks(db) if each.enabled and event in each.events]
    if not wanted:
        return []
    labelled = _labels(db, (consumer, provider))
    return [
        each
        for each in wanted
        if _about(each.consumer, consumer, labelled) and _about(each.provider, provider, labelled)
    ]


def configured_for(db: sa.Connection, consumer: str, provider: str) -> bool:
    """Whether any webhook, of whatever event, is about the two."""
    found = all_webhooks(db)
    if not found:
        return False
    labelled = _labels(db, (consumer, provider))
    return any(
        _about(each.consumer, consumer, labelled) and _about(each.provider, provider, labelled) for each in found
    )


def _about(party: Party, name: str, labelled: Mapping[str, set[str]]) -> bool:
    if party.label is not None:
        return party.label in labelled.get(name, ())
    return party.name is None or party.name == name


def _labels(db: sa.Connection, names: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    query = sa.select(pacticipants.c.name, labels.c.name).join_from(pacticipants, labels)
    for name, label in db.execute(query.where(pacticipants.c.name.in_(names))):
        found.setdefault(name, set()).add(label)
    return found


def secret_values(db: sa.Connection, names: Collection[str]) -> dict[str, str]:
    """The values of some secrets."""
    query = sa.select(kept_secrets.c.name, kept_secrets.c.value).where(kept_secrets.c.name.in_(names))
    return {row.name: row.value for row in db.execute(query)}


def _columns(webhook: Webhook) -> dict[str, Any]:
    return {
        "description": webhook.description,
        "enabled": webhook.enabled,
        "events": json.dumps(list(webhook.events)),
        "consumer_name": webhook.consumer.name,
        "consumer_label": webhook.consumer.label,
        "provider_name": webhook.provider.name,
        "provider_label": webhook.provider.label,
        "method": webhook.method,
        "url": webhook.url,
        "headers": json.dumps(dict(webhook.headers)),
        "body": None if webhook.body is None else json.dumps(webhook.body),
        "username": webhook.username,
        "password": webhook.password,
        "team": webhook.team,
    }


def _must(db: sa.Connection, uuid: str) -> Webhook:
    found = by_uuid(db, uuid)
    assert found is not None
    return found


def _value(row: Any) -> Webhook:
    return Webhook(
        id=row.id,
        uuid=row.uuid,
        description=row.description,
        enabled=row.enabled,
        events=tuple(json.loads(row.events)),
        consumer=Party(name=row.consumer_name, label=row.consumer_label),
        provider=Party(name=row.provider_name, label=row.provider_label),
        method=row.method,
        url=row.url,
        headers=json.loads(row.headers),
        body=None if row.body is None else json.loads(row.body),
        username=row.username,
        password=row.password,
        team=row.team,
        created_at=row.created_at,
        updated_at=row.updated_at or "",
    )
