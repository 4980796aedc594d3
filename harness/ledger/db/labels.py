"""Labels of pacticipants: rows in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.ledger import refusals
from harness.ledger.db.rows import insert
from harness.ledger.db.tables import labels, pacticipants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.ledger.db.paging import Page


@dataclass(frozen=True, slots=True)
class Label:
    """One label of one pacticipant."""

    name: str
    created_at: str


def find(db: sa.Connection, pacticipant: str, name: str) -> Label | None:
    """A label, when the pacticipant has it."""
    query = sa.select(labels.c.name, labels.c.created_at).join(pacticipants)
    row = db.execute(query.where(pacticipants.c.name == pacticipant, labels.c.name == name)).one_or_none()
    return None if row is None else Label(row.name, row.created_at)


def add(db: sa.Connection, pacticipant: int, name: str, now: str) -> None:
    """Give a pacticipant a label that it does not have."""
    refusals.check_name("the label", name)
    insert(db, labels, pacticipant_id=pacticipant, name=name, created_at=now)


def remove(db: sa.Connection, pacticipant: str, name: str) -> None:
    """Take a label away."""
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == pacticipant).scalar_subquery()
    db.execute(sa.delete(labels).where(labels.c.pacticipant_id == owner, labels.c.name == name))


def names(db: sa.Connection, page: Page | None) -> tuple[Sequence[str], int]:
    """The names of all labels, each once, and how many there are."""
    found = sorted(db.execute(sa.select(labels.c.name).distinct()).scalars())
    return (found if page is None else found[page.offset : page.offset + page.size]), len(found)
