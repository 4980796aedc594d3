"""Versions as the API tells them, many at once: a handful of queries however many they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.ledger.db.rows import chunks, in_order
from harness.ledger.db.tables import (
    branch_versions,
    branches,
    deployments,
    environments,
    pacticipants,
    publications,
    releases,
    tags,
    versions,
)
from harness.ledger.display_names import display_name

if TYPE_CHECKING:
    from harness.ledger.db.paging import Page


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OnBranch:
    """A branch that a version is on."""

    name: str
    head: bool


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag of a version."""

    name: str
    head: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A deployment or a release that has not ended."""

    uuid: str
    environment: str
    display_name: str
    instance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVersion:
    """A version with everything that belongs to it."""

    id: int
    pacticipant: str
    number: str
    build_url: str
    created_at: str
    updated_at: str
    branches: Sequence[OnBranch] = ()
    tags: Sequence[Tagged] = ()
    providers: Sequence[str] = ()  # with whom it has a pact
    deployed: Sequence[Present] = ()
    released: Sequence[Present] = ()


# Made once: making a statement costs more than asking it.
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_FIND = (
    sa.select(versions.c.id)
    .join(pacticipants)
    .where(pacticipants.c.name == sa.bindparam("name"), versions.c.number == sa.bindparam("number"))
)
_BASICS = sa.select(versions, pacticipants.c.name).join(pacticipants).where(versions.c.id.in_(_IDS))
_newer = tags.alias()
_head = (  # asked as a maximum: one look into the index, where PostgreSQL may read all tags to find no newer one
    sa.select(sa.func.max(_newer.c.version_id))
    .where(_newer.c.pacticipant_id == tags.c.pacticipant_id, _newer.c.name == tags.c.name)
    .scalar_subquery()
)
_BELONGING = sa.union_all(  # the branches of versions, then their tags
    sa.select(
        sa.literal_column("0").label("kind"),
        branch_versions.c.id.label("nth"),
        branch_versions.c.version_id,
        branches.c.name,
        (branches.c.head_id == branch_versions.c.version_id).label("head"),
    )
    .join_from(branch_versions, branches)
    .where(branch_versions.c.version_id.in_(_IDS)),
    sa.select(sa.literal_column("1"), tags.c.id, tags.c.version_id, tags.c.name, tags.c.version_id == _head).where(
        tags.c.version_id.in_(_IDS)
    ),
).order_by("kind", "nth")
_PROVIDERS = (
    sa.select(publications.c.version_id, publications.c.counterpart)
    .where(publications.c.version_id.in_(_IDS), publications.c.kind == ContractKind.PACT.value)
    .order_by(in_order(publications.c.counterpart), publications.c.id)
)


def find(db: sa.Connection, pacticipant: str, number: str) -> int | None:
    """The row of a version."""
    return db.execute(_FIND, {"name": pacticipant, "number": number}).scalar()


def newest(db: sa.Connection, pacticipant: str) -> int | None:
    """The row of the newest version of a pacticipant."""
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == pacticipant).scalar_subquery()
    return db.execute(sa.select(sa.func.max(versions.c.id)).where(versions.c.pacticipant_id == owner)).scalar()


def page_of(
    db: sa.Connection, pacticipant: str, where: Sequence[sa.ColumnElement[bool]], page: Page | None
) -> tuple[list[int], int]:
    """The rows of a pacticipant's versions, newest first, and how many there are."""
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == pacticipant).scalar_subquery()
    query = sa.select(versions.c.id).where(versions.c.pacticipant_id == owner, *where)
    ordered = query.order_by(versions.c.id.desc())
    if page is None:
        found = list(db.execute(ordered).scalars())
        return found, len(found)
    total = db.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()
    return list(db.execute(ordered.limit(page.size).offset(page.offset)).scalars()), total


def on_branch(branch: int) -> sa.ColumnElement[bool]:
    """Versions on a branch."""
    return versions.c.id.in_(sa.select(branch_versions.c.version_id).where(branch_versions.c.branch_id == branch))


def with_tag(name: str) -> sa.ColumnElement[bool]:
    """Versions with a tag."""
    return sa.exists().where(tags.c.version_id == versions.c.id, tags.c.name == name)


def in_environment(environment: int) -> sa.ColumnElement[bool]:
    """Versions that are in an environment now."""
    live = [
        sa.select(table.c.version_id).where(table.c.environment_id == environment, table.c.until.is_(None))
        for table in (deployments, releases)
    ]
    return versions.c.id.in_(sa.union(*live))


def versions_of_rows(
    db: sa.Connection, ids: Sequence[int], *, places: bool = False, pacts: bool = True
) -> list[ShownVersion]:
    """The versions of some rows, in that order; with `places` also where they are now."""
    basics = {row.id: row for row in _rows(db, _BASICS, ids)}
    belonging = list(_rows(db, _BELONGING, ids))
    on = _group_by_row((row, OnBranch(name, bool(head))) for kind, _, row, name, head in belonging if not kind)
    marked = _group_by_row((row, Tagged(name, bool(head))) for kind, _, row, name, head in belonging if kind)
    promised = _group_by_row((row[0], row[1]) for row in _rows(db, _PROVIDERS, ids)) if pacts else {}
    there = present(db, ids, deployments) if places else {}
    supported = present(db, ids, releases) if places else {}
    return [
        ShownVersion(
            id=row,
            pacticipant=basics[row].name,
            number=basics[row].number,
            build_url=basics[row].build_url,
            created_at=basics[row].created_at,
            updated_at=basics[row].updated_at or "",
            branches=on.get(row, ()),
            tags=marked.get(row, ()),
            providers=promised.get(row, ()),
            deployed=there.get(row, ()),
            released=supported.get(row, ()),
        )
        for row in ids
        if row in basics
    ]


def _rows(
    db: sa.Connection, query: sa.Select[Any] | sa.CompoundSelect[Any], ids: Collection[int]
) -> Iterator[Any]:
    for part in chunks(ids):
        yield from db.execute(query, {"ids": part}).all()


def _group_by_row(pairs: Iterable[tuple[int, T]]) -> dict[int, list[T]]:
    found: dict[int, list[T]] = {}
    for row, value in pairs:
        found.setdefault(row, []).append(value)
    return found


def present_of_pacticipant(db: sa.Connection, pacticipant: int) -> list[Present]:
    """Where any version of a pacticipant is deployed now."""
    live = sa.and_(deployments.c.pacticipant_id == pacticipant, deployments.c.until.is_(None))
    rows = list(db.execute(sa.select(deployments.c.version_id).where(live)).scalars())
    return [place for each in present(db, rows, deployments).values() for place in each]


def present(db: sa.Connection, ids: Collection[int], table: sa.Table) -> dict[int, list[Present]]:
    """Where versions are deployed, or released, now."""
    found: dict[int, list[Present]] = {}
    instance = table.c.instance if "instance" in table.c else sa.literal("")
    for part in chunks(ids):
        query = (
            sa.select(table.c.version_id, table.c.uuid, instance, environments.c.name, environments.c.display_name)
            .join(environments)
            .where(table.c.version_id.in_(part), table.c.until.is_(None))
            .order_by(table.c.id)
        )
        for version, uuid, slot, name, shown_name in db.execute(query):
            place = Present(
                uuid=uuid or "",
                environment=name,
                display_name=shown_name or display_name(name),
                instance=slot,
            )
            found.setdefault(version, []).append(place)
    return found
