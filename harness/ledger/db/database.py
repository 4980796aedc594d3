"""Where the ledger's rows are: opening SQLite or PostgreSQL, transactions, and the schema's age."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.errors import EnvironmentProblem, LedgerUnavailable, UsageError
from harness.ledger.db.tables import REVISION_TABLE, REVISIONS

if TYPE_CHECKING:
    from collections.abc import Iterator


BUSY = 30.0  # seconds that a writer waits for the others

_MISTAKEN = (  # what was named is not what was meant: wrong however often it is tried
    ("not a database", "name another file; this one was not written by the harness"),
    ("readonly", "make the file and its folder writable, or choose another ledger: --broker"),
    ("unable to open", "make the file and its folder writable, or choose another ledger: --broker"),
    ("permission", "let this user read and write it, or choose another ledger: --broker"),
    ("authentication failed", "see that the user and the password are those of the database"),
    ("no password supplied", "put the password into the URL, or into PGPASSWORD"),
    ("no pg_hba.conf entry", "let this machine and user in at the server (pg_hba.conf)"),
    (
        r'(database|role) ".*" does not exist',
        "make it on the server (createdb, createuser), or name another: --broker",
    ),
)
_PASSING = (  # what may be otherwise later
    ("disk is full", "make room on the disk that it is on, and ask again"),
    ("no space left", "make room on the disk of the database's server, and ask again"),
    ("locked", f"another process has been writing for {BUSY:.0f} seconds; end it and ask again"),
    ("lock timeout", f"another process has been writing for {BUSY:.0f} seconds; end it and ask again"),
    ("queuepool limit", "too many ask at once; ask again, or serve with more --workers"),
    (
        "too many (clients|connections)|remaining connection slots",
        "the server takes no more connections; ask again, or let it take more (max_connections)",
    ),
    ("starting up", "the server is starting; ask again"),
    ("shutting down", "the server is stopping; ask again once it runs"),
    ("malformed", "the file is damaged: put a backup in its place"),
    ("disk i/o error", "the disk fails, or the file was taken away: look at it, or put a backup in its place"),
)
_ELSE = "see that the database is running and reachable, or choose another ledger: --broker"


def trouble(why: str, place: str) -> EnvironmentProblem:
    """The error for what a database said at a place."""
    for kind, remedies in ((LedgerUnavailable, _PASSING), (EnvironmentProblem, _MISTAKEN)):
        for words, remedy in remedies:
            if re.search(words, why, re.IGNORECASE):
                return kind(f"the ledger cannot be used: {why}", where=place, hint=remedy)
    return LedgerUnavailable(f"the ledger cannot be used: {why}", where=place, hint=_ELSE)


_PREPARED = 300  # statements that PostgreSQL need not plan anew: ours, each for several lengths of its lists
_POOL = 16  # connections to PostgreSQL of one process: as many as have their turn in the broker, and its outbox
_CONNECT = 10  # seconds to reach a PostgreSQL server, and to wait for a connection that others have
_SILENT = 30_000  # milliseconds after which a server that confirms nothing is gone
_WRITERS = 0x68_61_72_6E_65_73_73  # PostgreSQL's advisory lock that makes writers queue up
_FORMS = "sqlite:///path/to/ledger.db, a path, or postgresql://user@host/database"


@dataclass(frozen=True, slots=True)
class Database:
    """Transactions on one database; what goes wrong in it is told in its own words."""

    engine: sa.Engine
    place: str  # for people: the path, or the URL without its password

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One unchanging view of everything that was committed."""
        with self._in_words(), self.engine.connect() as db:
            if db.dialect.name == "postgresql":
                db.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield db
            db.commit()  # there is nothing to keep; a rollback makes psycopg forget what it has prepared

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """All or nothing, one writer at a time; when the context ends, it is on the disk."""
        with self._in_words(), self.engine.connect() as db:
            db.execution_options(writes=True)
            with db.begin():
                if db.dialect.name == "postgresql":
                    db.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
                yield db

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.IntegrityError, sa.exc.DataError):
            raise  # our own mistake, not the machine's
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            why = str(getattr(error, "orig", error)).strip().partition("\n")[0]
            raise trouble(why, self.place) from error

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database of a URL or path, its schema brought up to date. Raises UsageError, EnvironmentProblem."""
    database = _postgres(url) if url.startswith(("postgres:", "postgresql")) else _sqlite(url)
    with ExitStack() as undo:
        undo.callback(database.close)
        _bring_up_to_date(database)
        undo.pop_all()
    return database


def _postgres(url: str) -> Database:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise UsageError("the ledger's URL cannot be read", hint=f"write {_FORMS}") from error
    if parsed.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise UsageError(f"no driver '{parsed.drivername}' for a ledger", hint=f"write {_FORMS}")
    engine = sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        connect_args={
            "connect_timeout": _CONNECT,
            "tcp_user_timeout": _SILENT,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
        },
        pool_size=_POOL,
        pool_timeout=_CONNECT,
        pool_pre_ping=True,  # the server may have been restarted since
    )
    sa.event.listen(engine, "connect", _remember)
    return Database(engine, parsed.render_as_string(hide_password=True))


def _sqlite(url: str) -> Database:
    path = _path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            f"the ledger's folder cannot be made: {error.strerror}",
            where=str(path.parent),
            hint="choose another place for the ledger: --broker",
        ) from error
    if path.is_dir():
        raise UsageError("the ledger is a file, and this is a folder", where=str(path), hint=f"{path}/ledger.db")
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY, "isolation_level": None},
        pool_timeout=_CONNECT,
    )
    sa.event.listen(engine, "connect", _durable)
    sa.event.listen(engine, "begin", _begin)
    return Database(engine, str(path))


def _path(url: str) -> Path:
    # Not read as a URL: a folder may be called "50% off?".
    scheme, separator, rest = url.partition("://")
    if not separator:
        name = url
    elif scheme == "sqlite" and rest.startswith("/"):
        name = rest[1:]
    else:
        shown = f"{scheme}://…" if "@" in rest else url
        raise UsageError(f"no ledger can be kept at {shown}", hint=f"write {_FORMS}")
    if name in ("", ":memory:") or "\0" in name:
        raise UsageError("the ledger needs a file to keep what it acknowledged", hint=f"write {_FORMS}")
    return Path(name).absolute()


def _remember(connection: Any, _record: Any) -> None:
    connection.prepared_max = _PREPARED
    connection.execute(f"SET lock_timeout = {BUSY * 1000:.0f}")
    connection.commit()


def _durable(connection: Any, _record: Any) -> None:
    """What SQLite needs so that several processes may write and a power cut loses nothing."""
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _write_ahead(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for its busy time-out here when another process opens the same new file.
    deadline = time.monotonic() + BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin(connection: sa.Connection) -> None:
    # A writer takes its lock first: one that upgrades from reading can fail however long it waits.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bring_up_to_date(database: Database) -> None:
    with database.reading() as db:
        if _revision(db, database.place) == REVISIONS[-1]:
            return  # the usual case; Alembic alone takes longer to import than an answer may take
    with database.writing() as db:
        if _revision(db, database.place) != REVISIONS[-1]:
            (_create if _is_new_file(db) else _upgrade)(db)


def _revision(db: sa.Connection, place: str) -> str:
    """The schema that is there; "" is none at all."""
    if not sa.inspect(db).has_table(REVISION_TABLE):
        return ""
    found = db.execute(sa.select(sa.column("version_num")).select_from(sa.table(REVISION_TABLE))).scalar() or ""
    if found and found not in REVISIONS:
        raise EnvironmentProblem(
            f"this ledger has schema {found}, and this harness knows none after {REVISIONS[-1]}",
            where=place,
            hint="a newer harness wrote it: pip install --upgrade contract-harness",
        )
    return str(found)


def _is_new_file(db: sa.Connection) -> bool:
    return db.dialect.name == "sqlite" and not db.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()


def _create(db: sa.Connection) -> None:
    # Every first command of a project pays for this: the steps one by one take thirty times as long.
    for statement in (Path(__file__).parent / "new_ledger.sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            db.exec_driver_sql(statement)


def _upgrade(db: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = db
    command.upgrade(config, "head")
