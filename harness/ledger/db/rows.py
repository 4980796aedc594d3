"""What every module of the store does with rows."""

from __future__ import annotations

import uuid
from functools import cache
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MOST_AT_ONCE = 500  # values in one IN (…): databases have limits

T = TypeVar("T")


def insert(db: sa.Connection, table: sa.Table, **values: Any) -> int:
    """A new row; its id."""
    made = db.execute(_insertion(table), values).inserted_primary_key
    assert made is not None
    return int(made[0])


@cache
def _insertion(table: sa.Table) -> sa.Insert:
    return sa.insert(table)  # made once: making a statement costs more than asking it


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

    Not asked in SQL, where each database folds letters outside ASCII in its own way.
    """
    return asked.casefold() in name.casefold()


class in_order(FunctionElement[str]):  # noqa: N801 - reads as a function of SQL, and is one
    """Names in the order of their letters, ASCII ones in any case, whatever a database's locale says.

    The usual PostgreSQL sorts as a dictionary does, so that lists would differ from those of SQLite.
    """

    type = sa.Text()
    inherit_cache = True


@compiles(in_order)
def _in_order(element: in_order, compiler: Any, **more: Any) -> str:
    return f"lower({compiler.process(element.clauses, **more)})"


@compiles(in_order, "postgresql")
def _in_order_of_c(element: in_order, compiler: Any, **more: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **more)}) COLLATE "C")'


def by_name(name: str) -> tuple[str, str]:
    """The key that sorts names as `in_order` does."""
    return name.translate(_ASCII), name


_ASCII = str.maketrans(ascii_uppercase, ascii_lowercase)
