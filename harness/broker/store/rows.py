"""What every module of the store does with rows."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MOST_AT_ONCE = 500  # values in one IN (…): databases have limits

T = TypeVar("T")


def insert(db: sa.Connection, table: sa.Table, **values: Any) -> int:
    """A new row; its id."""
    made = db.execute(sa.insert(table).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """The values in lists that fit into one IN (…)."""
    listed = list(values)
    for start in range(0, len(listed), MOST_AT_ONCE):
        yield listed[start : start + MOST_AT_ONCE]


def new_uuid() -> str:
    """A name for a row that nobody else has."""
    return str(uuid.uuid4())


def contains(name: str, asked: str) -> bool:
    """Whether a name holds what was asked for, in any case.

    Not asked in SQL, where letters outside ASCII are folded, and ordered, by each database in its own way.
    """
    return asked.casefold() in name.casefold()


def by_name(name: str) -> tuple[str, str]:
    """The key by which names are sorted in lists."""
    return name.casefold(), name
