"""New databases for tests: migrated once, and what was compiled of a statement serves one test after the other."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from harness.ledger.db.database import Database, open_database
from harness.ledger.sql_ledger import SqlLedger

_DIALECTS: dict[str, sa.Dialect] = {}
_COMPILED: dict[Any, Any] = {}


def new_ledger(path: Path) -> SqlLedger:
    """The ledger in that file, which is made, with its folder and empty, where it is not there."""
    return SqlLedger(sqlite_in(path))


def sqlite_in(path: Path) -> Database:
    """The database in that file, which is made, with its folder and empty, where it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(_migrated())
    return opened(str(path))


def opened(url: str) -> Database:
    """A database whose statements are compiled once in this process, and not once for every test."""
    database = open_database(url)
    engine = database.engine
    engine.dialect = _DIALECTS.setdefault(engine.dialect.name, engine.dialect)  # it is a part of the cache's key
    engine.update_execution_options(compiled_cache=_COMPILED)
    if engine.dialect.name == "sqlite":  # that it waits for the disk is held by test_broker_durability
        sa.event.listen(engine, "connect", _forgetful)
        engine.dispose()
    return database


def _forgetful(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        open_database(str(path)).close()
        return path.read_bytes()
