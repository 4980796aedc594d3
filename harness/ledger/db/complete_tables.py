"""The tables with their partial indexes, which load every dialect: for migrations, not for each start."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from harness.ledger.db.tables import IS_CHANGED, deployments, metadata, releases, versions


@cache
def complete_metadata() -> sa.MetaData:
    """All tables with all of their indexes."""
    _live(deployments, "environment_id", "pacticipant_id", "instance")
    _live(releases, "environment_id", "version_id")
    owner = versions.c.pacticipant_id
    sa.Index("ix_versions_changed", owner, sqlite_where=IS_CHANGED, postgresql_where=IS_CHANGED)
    return metadata


def _live(table: sa.Table, *columns: str) -> None:
    """One live row at a time, whatever a program does wrong."""
    now = table.c.until.is_(None)
    parts = (table.c[name] for name in columns)
    sa.Index(f"uq_{table.name}_live", *parts, unique=True, sqlite_where=now, postgresql_where=now)
