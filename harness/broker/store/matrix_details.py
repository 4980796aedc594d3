"""What is told of the rows of a matrix, all at once; rows in, values out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.broker.display_names import display_name
from harness.broker.http.hal import given, link, moment
from harness.broker.store import shown_versions
from harness.broker.store.rows import chunks, in_order
from harness.broker.store.shown_versions import ShownVersion
from harness.broker.store.tables import contracts, deployments, environments, publications, releases, verifications

if TYPE_CHECKING:
    from harness.broker.matrices.rows import Row


@dataclass(frozen=True, slots=True)
class Publication:
    """When a pact was published, and its content."""

    at: str
    sha: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Everything that rows point at."""

    versions: Mapping[int, ShownVersion]
    published: Mapping[int, Publication]
    verified: Mapping[int, str]  # when
    places: Mapping[int, Sequence[str]]  # where versions are now: uuids
    environments: Mapping[str, Any]

    def environment(self, base: str, uuid: str) -> dict[str, Any]:
        """An environment as rows tell it."""
        row = self.environments[uuid]
        told = given(
            uuid=row.uuid,
            name=row.name,
            displayName=row.display_name or display_name(row.name),
            production=row.production,
            contacts=None if row.contacts is None else json.loads(row.contacts),
            createdAt=moment(row.created_at or ""),
            updatedAt=moment(row.updated_at) if row.updated_at else None,
        )
        where = link(f"{base}/environments/{uuid}", title="Environment", name=row.name)
        return {**told, "_links": {"self": where}}


def of(db: sa.Connection, rows: Sequence[Row]) -> Details:
    """What some rows point at, in a handful of queries."""
    ids = {row.consumer_version for row in rows} | {r.provider_version for r in rows if r.provider_version}
    versions = {each.id: each for each in shown_versions.shown(db, sorted(ids))}
    places = _places(db, sorted(ids))
    uuids = {uuid for listed in places.values() for uuid in listed}
    known = {}
    if uuids:
        query = sa.select(environments).where(environments.c.uuid.in_(sorted(uuids)))
        known = {row.uuid: row for row in db.execute(query)}
    return Details(
        versions=versions,
        published=_published(db, sorted({row.publication for row in rows})),
        verified=_verified(db, sorted({row.verification for row in rows if row.verification})),
        places=places,
        environments=known,
    )


def _places(db: sa.Connection, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, dict[str, None]] = {}
    for table in (deployments, releases):
        for part in chunks(ids):
            query = (
                sa.select(table.c.version_id, environments.c.uuid)
                .join_from(table, environments)
                .where(table.c.version_id.in_(part), table.c.until.is_(None), environments.c.uuid.is_not(None))
                .order_by(in_order(environments.c.name), table.c.id)
            )
            for version, uuid in db.execute(query):
                found.setdefault(version, {})[uuid] = None
    return {version: list(uuids) for version, uuids in found.items()}


def _published(db: sa.Connection, ids: Sequence[int]) -> dict[int, Publication]:
    found: dict[int, Publication] = {}
    for part in chunks(ids):
        query = (
            sa.select(publications.c.id, publications.c.published_at, contracts.c.key, publications.c.revision)
            .join_from(publications, contracts)
            .where(publications.c.id.in_(part))
        )
        found |= {row.id: Publication(row.published_at, row.key, row.revision) for row in db.execute(query)}
    return found


def _verified(db: sa.Connection, ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in chunks(ids):
        query = sa.select(verifications.c.id, verifications.c.at).where(verifications.c.id.in_(part))
        found |= {row.id: row.at for row in db.execute(query)}
    return found
