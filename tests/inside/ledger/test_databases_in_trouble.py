"""A broker whose database cannot be used says so: 503, when to come back, and nothing of the machine it is on."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from broker_client import Client

from harness.broker.access.guard import AccessRules, Guard
from harness.broker.app import broker, router
from harness.broker.http.routing import Route
from harness.broker.settings import BrokerSettings
from harness.cli.main import answer
from harness.errors import EnvironmentProblem, Exit, LedgerUnavailable
from harness.ledger.db.database import Database, open_database, trouble
from harness.ledger.db.tokens import PREFIX
from harness.web.pages import Pages

PLACE = "postgresql://shop:***@db.internal:5432/shop"
WHY = 'connection to server at "10.1.2.3", port 5432 failed: Connection refused (/var/lib/shop)'
TELLING = ("db.internal", "10.1.2.3", "5432", "/var/lib", "postgres", "shop", "refused (")


@dataclass(frozen=True, slots=True)
class Gone(Database):
    """A database that nobody reaches."""

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Cannot."""
        if self.place:
            raise trouble(WHY, self.place)
        yield self.engine.connect()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Cannot."""
        with self.reading() as db:
            yield db


@pytest.fixture
def gone() -> Client:
    database = Gone(sa.create_engine("sqlite://"), PLACE)
    app = broker(database, pages=Pages(database=database, settings=BrokerSettings()))
    app.threaded = False
    return Client(app=app)


def path_of(route: Route) -> str:
    return route.path.replace("{", "").replace("}", "")


def test_no_route_blames_the_client_or_tells_where_the_database_is(gone: Client) -> None:
    unable = 0
    for route in router().routes:
        media = route.takes[0] if route.takes else "application/json"
        for accept in ("application/hal+json", "application/problem+json, application/hal+json", "text/html"):
            if route.path == "/test/error":
                continue
            found = gone.send(route.method, path_of(route), {}, media=media, accept=accept)
            assert found.status != 500, (route.method, route.path)
            assert not any(word in found.text for word in TELLING), (route.method, route.path, found.text)
            assert not any(word in str(found.headers) for word in TELLING)
            if found.status == 503:
                unable += 1
                assert int(found.headers["retry-after"]) > 0
            if route.method in ("GET", "DELETE") and accept != "text/html":
                assert found.status >= 400 or not needs_the_database(route), (route.method, route.path)
    assert unable > 100


def needs_the_database(route: Route) -> bool:
    own = ("/", "/user", "/metrics/teams", "/diagnostic/status/heartbeat", "/api/ai/entitlement")
    return not (route.path in own or route.path.startswith("/preferences/") or route.hidden)


def test_that_it_lives_asks_no_database_and_that_it_can_work_says_no(
    gone: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert gone.get("/diagnostic/status/heartbeat").status == 200
    assert caplog.records == []
    found = gone.get("/diagnostic/status/dependencies")
    assert (found.status, found.json) == (503, {"database": {"ok": False}})
    assert [(each.levelno, PLACE in each.getMessage()) for each in caplog.records] == [(logging.ERROR, True)]


def test_a_closed_broker_lives_as_well_and_lets_nobody_in_unseen(gone: Client) -> None:
    gone.app.access = Guard(database=gone.app.database, rules=AccessRules())
    token = {"authorization": f"Bearer {PREFIX}x"}
    assert gone.get("/diagnostic/status/heartbeat").status == 401
    assert gone.get("/diagnostic/status/heartbeat", headers=token).status == 200
    for method, path in (("GET", "/environments"), ("DELETE", "/pacticipants/web"), ("GET", "/user")):
        assert gone.send(method, path, headers=token).status == 503
        assert gone.send(method, path).status == 401


# --- what a database says -------------------------------------------------------------------------------------

SAID = [
    ("connection failed: Connection refused", Exit.UNKNOWN, "running and reachable"),
    ("server closed the connection unexpectedly", Exit.UNKNOWN, "running and reachable"),
    ("database is locked", Exit.UNKNOWN, "another process has been writing"),
    ("canceling statement due to lock timeout", Exit.UNKNOWN, "another process has been writing"),
    ("database or disk is full", Exit.UNKNOWN, "make room"),
    ('could not extend file "base/1/2": No space left on device', Exit.UNKNOWN, "make room"),
    ("QueuePool limit of size 5 overflow 10 reached, connection timed out", Exit.UNKNOWN, "too many ask at once"),
    ("FATAL: sorry, too many clients already", Exit.UNKNOWN, "max_connections"),
    ("FATAL: the database system is starting up", Exit.UNKNOWN, "starting"),
    ("database disk image is malformed", Exit.UNKNOWN, "backup"),
    ("disk I/O error", Exit.UNKNOWN, "backup"),
    ("attempt to write a readonly database", Exit.USAGE, "writable"),
    ("unable to open database file", Exit.USAGE, "writable"),
    ("file is not a database", Exit.USAGE, "another file"),
    ('FATAL: password authentication failed for user "x"', Exit.USAGE, "password"),
    ('FATAL: database "x" does not exist', Exit.USAGE, "createdb"),
    ("something that nobody has heard before", Exit.UNKNOWN, "running and reachable"),
]


@pytest.mark.parametrize(("said", "code", "remedy"), SAID)
def test_each_trouble_has_the_remedy_that_fits(said: str, code: Exit, remedy: str) -> None:
    found = trouble(said, "here")
    assert found.exit == code
    assert said in found.problems[0].text
    assert remedy in found.problems[0].hint
    assert isinstance(found, LedgerUnavailable) == (code == Exit.UNKNOWN)


def test_an_outage_is_no_wrong_usage_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["broker", "token", "list", "--database-url", "postgresql://127.0.0.1:1/x"]) == Exit.UNKNOWN
    assert "see that the database is running" in capsys.readouterr().err


# --- real ones ------------------------------------------------------------------------------------------------


@pytest.fixture
def client(sqlite_database: Database) -> Client:
    app = broker(sqlite_database)
    app.threaded = False
    return Client(app=app)


def environments(client: Client) -> list[str]:
    found = client.get("/environments").json["_embedded"]["environments"]
    return [each["name"] for each in found]


def test_a_disk_that_is_full_is_told_and_nothing_of_the_change_is_kept(client: Client) -> None:
    database = client.app.database
    with database.reading() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar()
        db.exec_driver_sql(f"PRAGMA max_page_count = {pages}")  # the connection goes back to the pool with it
    before = environments(client)
    contacts = [{"name": "x" * 100_000}]
    refused = client.post("/environments", {"name": "big", "production": False, "contacts": contacts})
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert environments(client) == before
    with database.reading() as db:
        db.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert client.post("/environments", {"name": "big", "production": False, "contacts": contacts}).status == 201


def test_a_database_that_somebody_holds_is_told_and_read_meanwhile(client: Client) -> None:
    with client.app.database.reading() as db:
        db.exec_driver_sql("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(client.app.database.place, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert client.post("/environments", {"name": "e", "production": False}).status == 503
        assert client.get("/environments").status == 200
    assert client.post("/environments", {"name": "e", "production": False}).status == 201


def test_a_pool_without_a_connection_left_is_told(tmp_path: Path) -> None:
    opened = open_database(str(tmp_path / "ledger.db"))
    engine = sa.create_engine(opened.engine.url, pool_size=1, max_overflow=0, pool_timeout=0.01)
    database = Database(engine, "here")
    with database.reading(), pytest.raises(LedgerUnavailable, match="QueuePool"), database.reading():
        raise AssertionError("there was one more")
    engine.dispose()
    opened.close()


def test_a_database_whose_file_is_spoilt_is_told(client: Client, sqlite_database: Database) -> None:
    sqlite_database.close()
    Path(sqlite_database.place).write_bytes(b"spoilt" * 1000)
    for beside in ("-wal", "-shm"):
        Path(sqlite_database.place + beside).unlink(missing_ok=True)
    assert client.get("/environments").status == 503
    with pytest.raises(EnvironmentProblem, match="not a database"):
        open_database(sqlite_database.place)
