"""Pacticipants as the API tells them: rows in, values out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.ledger import refusals
from harness.ledger.db.rows import by_name as by_name_key
from harness.ledger.db.rows import chunks, contains, insert
from harness.ledger.db.tables import labels, pacticipants, versions
from harness.ledger.display_names import display_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from harness.ledger.db.paging import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class PacticipantDetails:
    """What people say of a pacticipant."""

    display_name: str | None = None
    main_branch: str | None = None
    repository_url: str | None = None
    repository_name: str | None = None
    repository_namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacticipant:
    """One service or application."""

    id: int
    name: str
    details: PacticipantDetails
    created_at: str
    updated_at: str

    @property
    def display_name(self) -> str:
        """What people call it."""
        return self.details.display_name or display_name(self.name)


def list_pacticipants(
    db: sa.Connection, *, containing: str = "", label: str | None = None, page: Page | None = None
) -> tuple[Sequence[Pacticipant], int]:
    """Pacticipants by name, and how many there are in all."""
    query = _NAMED if label is None else _NAMED.join(labels).where(labels.c.name == label)
    named = [(by_name_key(name), row) for row, name in db.execute(query) if contains(name, containing)]
    rows = [row for _, row in sorted(named)]
    wanted = rows if page is None else rows[page.offset : page.offset + page.size]
    found: dict[int, Pacticipant] = {}
    for part in chunks(wanted):
        for each in db.execute(_OF_ROWS, {"ids": part}):
            found[each.id] = _value(each)
    return [found[row] for row in wanted], len(rows)


def by_name(db: sa.Connection, name: str) -> Pacticipant | None:
    """The one with a name."""
    row = db.execute(_CALLED, {"named": name}).one_or_none()
    return None if row is None else _value(row)


# Made once: making a statement costs more than asking it.
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_NAMED = sa.select(pacticipants.c.id, pacticipants.c.name)
_CALLED = sa.select(pacticipants).where(pacticipants.c.name == sa.bindparam("named"))
_OF_ROWS = sa.select(pacticipants).where(pacticipants.c.id.in_(_IDS))
_LABELS = (
    sa.select(labels.c.pacticipant_id, labels.c.name)
    .where(labels.c.pacticipant_id.in_(_IDS))
    .order_by(labels.c.id)
)
_NEWEST = sa.select(versions.c.pacticipant_id, versions.c.number).where(
    versions.c.id.in_(
        sa.select(sa.func.max(versions.c.id))
        .where(versions.c.pacticipant_id.in_(_IDS))
        .group_by(versions.c.pacticipant_id)
    )
)
_KNOWN = sa.select(pacticipants.c.name).where(pacticipants.c.name.in_(sa.bindparam("names", expanding=True)))


def existing_names(db: sa.Connection, names: Collection[str]) -> set[str]:
    """Which of these names there are."""
    return {name for part in chunks(names) for name in db.execute(_KNOWN, {"names": part}).scalars()}


def all_names(db: sa.Connection) -> list[str]:
    """Every name, oldest first."""
    return list(db.execute(sa.select(pacticipants.c.name).order_by(pacticipants.c.id)).scalars())


def create(db: sa.Connection, name: str, details: PacticipantDetails, now: str) -> Pacticipant:
    """A new one."""
    refusals.check_name("the pacticipant", name)
    insert(db, pacticipants, name=name, **_columns(details), created_at=now)
    found = by_name(db, name)
    assert found is not None
    return found


def update(db: sa.Connection, there: Pacticipant, details: PacticipantDetails, now: str) -> Pacticipant:
    """The same with other details."""
    changed = sa.update(pacticipants).where(pacticipants.c.id == there.id)
    db.execute(changed.values(**_columns(details), updated_at=now))
    found = by_name(db, there.name)
    assert found is not None
    return found


def labels_of(db: sa.Connection, ids: Collection[int]) -> dict[int, list[str]]:
    """The labels of several, by their rows, oldest first."""
    found: dict[int, list[str]] = {}
    for part in chunks(ids):
        for row, name in db.execute(_LABELS, {"ids": part}):
            found.setdefault(row, []).append(name)
    return found


def latest_numbers(db: sa.Connection, ids: Collection[int]) -> Mapping[int, str]:
    """The number of the newest version of several, by their rows."""
    found: dict[int, str] = {}
    for part in chunks(ids):
        found |= {row: number for row, number in db.execute(_NEWEST, {"ids": part})}
    return found


def _columns(details: PacticipantDetails) -> dict[str, str | None]:
    return {field.name: getattr(details, field.name) for field in fields(details)}


def _value(row: Any) -> Pacticipant:
    return Pacticipant(
        id=row.id,
        name=row.name,
        details=PacticipantDetails(
            display_name=row.display_name,
            main_branch=row.main_branch,
            repository_url=row.repository_url,
            repository_name=row.repository_name,
            repository_namespace=row.repository_namespace,
        ),
        created_at=row.created_at or "",
        updated_at=row.updated_at or "",
    )
