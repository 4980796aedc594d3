"""How migrations make tables: names of constraints as the program's own tables have them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op


def table(name: str, *parts: Any) -> None:
    """A table whose ids are never given twice."""
    key = sa.PrimaryKeyConstraint("id", name=f"pk_{name}")
    op.create_table(name, sa.Column("id", sa.Integer), *parts, key, sqlite_autoincrement=True)


def text(*names: str) -> list[sa.Column[str]]:
    """Columns of text that is always there."""
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def maybe(*names: str) -> list[sa.Column[str]]:
    """Columns of text that may be missing."""
    return [sa.Column(name, sa.Text) for name in names]


def prose(*names: str, nullable: bool = True) -> list[sa.Column[bytes]]:
    """Columns of text that may hold anything."""
    return [sa.Column(name, sa.LargeBinary, nullable=nullable) for name in names]


def number(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    """Columns of whole numbers."""
    return [sa.Column(name, sa.Integer, nullable=nullable) for name in names]


def truth(*names: str) -> list[sa.Column[bool]]:
    """Columns that say yes or no."""
    return [sa.Column(name, sa.Boolean, nullable=False) for name in names]


def flag(name: str) -> sa.Column[bool]:
    """A yes or no that is a no unless somebody says so."""
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """No two rows alike in these."""
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def reference(table: str, column: str, target: str, *, nullable: bool = False) -> list[Any]:
    """A row of another table."""
    key = sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")
    return [sa.Column(column, sa.Integer, nullable=nullable), key]


def index(table: str, *columns: str) -> None:
    """A way to find rows by these."""
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
