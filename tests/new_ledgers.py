"""New ledgers in SQLite; the schema is migrated once for all of them."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from harness.ledger.sql_ledger import SqlLedger, open_ledger


def new_ledger(path: Path) -> SqlLedger:
    """An empty ledger in that file, which is made with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(_migrated())
    return open_ledger(f"sqlite:///{path}")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        open_ledger(f"sqlite:///{path}").close()
        return path.read_bytes()
