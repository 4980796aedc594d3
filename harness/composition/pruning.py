"""Forgetting old versions of a broker's own database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from harness import composition
from harness.ledger.db import pruning
from harness.ledger.db.database import open_database

if TYPE_CHECKING:
    from harness.ledger.db.pruning import PrunableVersion


def prune(database_url: str, *, days: int, limit: int, dry_run: bool) -> list[PrunableVersion]:
    """Forget versions older than so many days that nothing keeps; with `dry_run` only say which they are."""
    database = open_database(database_url or composition.embedded_ledger_url(Path.cwd()))
    now = datetime.now(UTC)
    before = (now - timedelta(days=days)).isoformat(timespec="milliseconds")
    try:
        if dry_run:
            with database.reading() as db:
                return pruning.candidates(db, before, limit=limit)
        with database.writing() as db:
            found = pruning.candidates(db, before, limit=limit)
            pruning.prune(db, found, before, now.isoformat(timespec="milliseconds"))
            return found
    finally:
        database.close()
