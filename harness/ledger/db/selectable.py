"""What selectors ask of versions: branches, tags and where they are; rows in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.ledger.db.rows import chunks, in_order
from harness.ledger.db.tables import (
    branches,
    deployments,
    environments,
    integrations,
    pacticipants,
    publications,
    releases,
    tags,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrated:
    """A consumer of a provider, and what its main branch is."""

    consumer: str
    main_branch: str
    main_head: bool  # the main branch has a head version
    tagged_main: bool  # some version has a tag named like the main branch


@dataclass(frozen=True, slots=True)
class LivePlace:
    """Where a version is now."""

    environment: str
    released: bool


# Made once: making a statement costs more than asking it.
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_MAIN_BRANCHES = sa.select(pacticipants.c.name, pacticipants.c.main_branch).where(
    pacticipants.c.id.in_(
        sa.select(publications.c.pacticipant_id).where(
            publications.c.counterpart == sa.bindparam("provider"), publications.c.kind == "pact"
        )
    ),
    pacticipants.c.main_branch.is_not(None),
)
_HEADS = (
    sa.select(branches.c.head_id, branches.c.name)
    .where(branches.c.head_id.in_(_IDS))
    .order_by(in_order(branches.c.name), branches.c.id)
)
_newer = tags.alias()
_TAG_HEADS = (
    sa.select(tags.c.version_id, tags.c.name)
    .where(
        tags.c.version_id.in_(_IDS),
        # Asked as a maximum: one look into the index, where PostgreSQL may read all tags to find no newer one.
        tags.c.version_id
        == sa.select(sa.func.max(_newer.c.version_id))
        .where(_newer.c.pacticipant_id == tags.c.pacticipant_id, _newer.c.name == tags.c.name)
        .scalar_subquery(),
    )
    .order_by(in_order(tags.c.name), tags.c.id)
)


@cache
def _live(*, named: bool) -> sa.CompoundSelect[Any]:
    """Deployments, then releases."""
    parts = []
    for table, released in ((deployments, "0"), (releases, "1")):
        query = sa.select(
            table.c.version_id,
            environments.c.name,
            sa.literal_column(released).label("released"),
            in_order(environments.c.name).label("place"),
            table.c.id.label("nth"),
        )
        query = query.join_from(table, environments).where(table.c.version_id.in_(_IDS), table.c.until.is_(None))
        parts.append(query.where(environments.c.name == sa.bindparam("environment")) if named else query)
    return sa.union_all(*parts).order_by("released", "place", "nth")


def consumers_of(db: sa.Connection, provider: str) -> list[Integrated]:
    """The consumers of a provider, by name."""
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == provider).scalar_subquery()
    consumer = pacticipants.alias("consumer")
    head = sa.exists().where(
        branches.c.pacticipant_id == consumer.c.id,
        branches.c.name == consumer.c.main_branch,
        branches.c.head_id.is_not(None),
    )
    tagged = sa.exists().where(tags.c.pacticipant_id == consumer.c.id, tags.c.name == consumer.c.main_branch)
    query = (
        sa.select(consumer.c.name, consumer.c.main_branch, head.label("head"), tagged.label("tagged"))
        .join_from(integrations, consumer, consumer.c.id == integrations.c.consumer_id)
        .where(integrations.c.provider_id == owner)
        .order_by(in_order(consumer.c.name), integrations.c.id)
    )
    return [
        Integrated(
            consumer=row.name,
            main_branch=row.main_branch or "",
            main_head=bool(row.head),
            tagged_main=bool(row.tagged),
        )
        for row in db.execute(query)
    ]


def main_branches(db: sa.Connection, provider: str) -> dict[str, str]:
    """The main branch of each consumer that has one and has a pact with a provider."""
    return {row.name: row.main_branch for row in db.execute(_MAIN_BRANCHES, {"provider": provider})}


def branches_headed_by(db: sa.Connection, rows: Collection[int]) -> dict[int, list[str]]:
    """The branches whose head is each version, by name."""
    found: dict[int, list[str]] = {}
    for part in chunks(rows):
        for version, name in db.execute(_HEADS, {"ids": part}):
            found.setdefault(version, []).append(name)
    return found


def tags_headed_by(db: sa.Connection, rows: Collection[int]) -> dict[int, list[str]]:
    """The tags whose newest version is each, by name."""
    found: dict[int, list[str]] = {}
    for part in chunks(rows):
        for version, name in db.execute(_TAG_HEADS, {"ids": part}):
            found.setdefault(version, []).append(name)
    return found


def live(
    db: sa.Connection, rows: Collection[int], environment: str, *, deployed: bool, released: bool
) -> dict[int, list[LivePlace]]:
    """Where versions are deployed or released now; each environment once."""
    found: dict[int, list[LivePlace]] = {}
    query = _live(named=bool(environment))
    for ids in chunks(rows):
        for version, name, is_release, *_ in db.execute(query, {"ids": ids, "environment": environment}):
            place = LivePlace(name, bool(is_release))
            if (released if is_release else deployed) and place not in found.setdefault(version, []):
                found[version].append(place)
    return found


def work_in_progress(db: sa.Connection, provider: str, since: str) -> list[int]:
    """The publications with a provider of the heads of all branches and tags, published since a time."""
    return list(db.execute(_WORK_IN_PROGRESS, {"provider": provider, "since": since}).scalars())


_with_provider = (publications.c.counterpart == sa.bindparam("provider"), publications.c.kind == "pact")
_consumers = sa.select(publications.c.pacticipant_id).where(*_with_provider).distinct()
_heads = sa.union(
    sa.select(branches.c.head_id).where(
        branches.c.pacticipant_id.in_(_consumers), branches.c.head_id.is_not(None)
    ),
    sa.select(sa.func.max(tags.c.version_id))
    .where(tags.c.pacticipant_id.in_(_consumers))
    .group_by(tags.c.pacticipant_id, tags.c.name),
)
_WORK_IN_PROGRESS = (
    sa.select(publications.c.id)
    .join(versions, versions.c.id == publications.c.version_id)
    .where(
        *_with_provider,
        publications.c.published_at >= sa.bindparam("since"),
        publications.c.version_id.in_(_heads),
    )
    .order_by(publications.c.id)
)
