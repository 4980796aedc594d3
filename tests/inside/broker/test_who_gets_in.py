"""A broker fails closed: who gets in is decided before anything is done, and stays as it was decided."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from broker_client import Client
from hypothesis import given
from hypothesis import strategies as st

from harness.broker.access.guard import AccessRules, Guard, User
from harness.broker.access.loopback import LoopbackDoor
from harness.broker.access.roles import Role
from harness.broker.app import broker, router
from harness.broker.http.answers import HAL, JSON
from harness.broker.http.routing import MERGE_PATCH, Route
from harness.broker.http.serving import BrokerApplication
from harness.broker.settings import BrokerSettings
from harness.composition.doors import door_of
from harness.ledger.db import access_decisions, tables, tokens
from harness.ledger.db.database import Database

AT = "2026-01-01T00:00:00.000+00:00"
ROUTES = router().routes
CHANGING = [each for each in ROUTES if not each.reads]
WITH_BODY = [each for each in ROUTES if each.takes]
FOREIGN = ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json")


@dataclass(frozen=True, slots=True)
class Untouchable(Database):
    """A database that says so when it is asked."""

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Nobody may."""
        assert not self.place, "the database was asked"
        yield self.engine.connect()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Nobody may."""
        assert not self.place, "a write was begun"
        yield self.engine.connect()


def untouched() -> Database:
    return Untouchable(sa.create_engine("sqlite://"), "nowhere")


def path_of(route: Route) -> str:
    return route.path.replace("{", "").replace("}", "")


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


USERS = tuple(User(name=role.value, password="p", role=role) for role in Role)


def basic(name: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:p".encode()).decode()}


def guarded(database: Database) -> Client:
    return at_once(broker(database, access=Guard(database=database, rules=AccessRules(users=USERS))))


def at_once(app: BrokerApplication) -> Client:
    app.threaded = False
    return Client(app=app)


# --- before anything happens ----------------------------------------------------------------------------------


def test_nothing_is_done_and_no_database_asked_for_whoever_may_not() -> None:
    client = guarded(untouched())
    for route in ROUTES:
        for role in ("nobody", *Role):
            if role == "nobody" or not Role(role).includes(route.role):
                answer = client.send(route.method, path_of(route), b"{", headers=basic(role))
                assert answer.status in (401, 429), (named(route), role, answer.status)
        client = guarded(client.app.database)  # whoever guesses too often is sent away


def test_what_another_site_can_send_unasked_is_refused_before_anything_is_done() -> None:
    client = at_once(broker(untouched()))
    for route in WITH_BODY:
        for media in FOREIGN:
            answer = client.send(route.method, path_of(route), b"{", media=media)
            assert (answer.status, answer.content) == (415, b""), (named(route), media)


def test_whatever_changes_something_needs_a_type_that_no_form_has() -> None:
    # A page of another site may send forms and plain text unasked; browsers ask first for all else.
    assert [named(each) for each in CHANGING if each.method != "DELETE" and not each.takes] == []
    assert {media for each in WITH_BODY for media in each.takes} == {HAL, JSON, MERGE_PATCH}


# --- on loopback ----------------------------------------------------------------------------------------------


def open_door(
    database: Database, *hosts: str, clock: list[float] | None = None, looked: float = -1.0
) -> LoopbackDoor:
    times = clock if clock is not None else [0.0]
    guard = Guard(database=database, rules=AccessRules())
    return LoopbackDoor(database=database, guard=guard, hosts=hosts, clock=lambda: times[0], looked=looked)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9292", "localhost", "LOCALHOST:1", "[::1]:9292", "127.1.2.3", "harness.test:80"]
)
def test_an_open_broker_answers_to_its_own_names(sqlite_database: Database, host: str) -> None:
    client = at_once(broker(sqlite_database, access=open_door(sqlite_database, "harness.test")))
    assert client.get("/environments", headers={"host": host}).status == 200


@pytest.mark.parametrize(
    "base_url", ["http://harness.test:9292", "https://Harness.test/broker", "http://harness.test"]
)
def test_an_open_broker_answers_to_the_names_of_its_base_urls(sqlite_database: Database, base_url: str) -> None:
    door = door_of(sqlite_database, AccessRules(), [base_url], closed=False)
    client = at_once(broker(sqlite_database, access=door))
    for host, status in (("harness.test:9292", 200), ("harness.test", 200), ("evil.example:9292", 403)):
        assert client.get("/environments", headers={"host": host}).status == status


HOSTS = [
    "evil.example",
    "evil.example:9292",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "0.0.0.0",
    "",
    "[::1",
    "[::2]",
]


@pytest.mark.parametrize("host", HOSTS)
def test_an_open_broker_does_nothing_under_the_name_of_another(host: str) -> None:
    database = untouched()
    door = open_door(database, "harness.test", looked=0.0)
    client = at_once(broker(database, access=door))
    for method, path in (
        ("GET", "/environments"),
        ("POST", "/environments"),
        ("GET", "/nothing"),
        ("OPTIONS", "/"),
    ):
        assert client.send(method, path, b"{", headers={"host": host}).status == 403


@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=40))
def test_whatever_the_name_it_is_let_in_or_refused(host: str) -> None:
    database = untouched()
    door = open_door(database, looked=0.0)
    answer = at_once(broker(database, access=door)).get("/preferences/system", headers={"host": f"x{host}"})
    assert answer.status == 403


# --- closed stays closed --------------------------------------------------------------------------------------


def test_the_first_token_closes_a_broker_that_serves_and_the_last_one_leaves_it_closed(
    sqlite_database: Database,
) -> None:
    clock = [0.0]
    client = at_once(broker(sqlite_database, access=open_door(sqlite_database, clock=clock)))
    client.base = "http://localhost"
    assert client.get("/environments").status == 200
    with sqlite_database.writing() as db:
        token, secret = tokens.create(db, "only", "admin", (), AT)
    clock[0] += 1.0
    assert client.get("/environments").status == 401
    assert client.get("/environments", headers={"authorization": f"Bearer {secret}"}).status == 200
    with sqlite_database.writing() as db:
        tokens.revoke(db, token.uuid, AT)
    assert client.get("/environments").status == 401
    later = at_once(broker(sqlite_database, access=open_door(sqlite_database)))
    assert later.get("/environments", headers={"host": "localhost"}).status == 401


def test_a_closed_broker_remembers_who_changed_what(sqlite_database: Database) -> None:
    with sqlite_database.writing() as db:
        secret = tokens.create(db, "ci", "admin", (), AT)[1]
    client = at_once(broker(sqlite_database, access=open_door(sqlite_database)))
    client.headers = {"authorization": f"Bearer {secret}"}
    assert client.post("/environments", {"name": "prod", "production": True}).status == 201
    assert [each["user"]["name"] for each in client.get("/audit").json["events"]] == ["token ci"]


@given(st.lists(st.booleans(), max_size=6))
def test_what_was_decided_last_stands_and_all_is_kept(decisions: list[bool]) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as db:
        tables.access_decisions.create(db)
        before = False
        for each in decisions:
            assert access_decisions.decide(db, controlled=each, why="", now=AT) == (each != before)
            before = each
            assert access_decisions.is_controlled(db) == each
        assert access_decisions.is_controlled(db) == before
    engine.dispose()


def test_a_body_is_as_large_as_it_may_be_before_anybody_reads_it() -> None:
    client = at_once(broker(untouched(), BrokerSettings(most_bytes=10)))
    assert client.post("/environments", b"x" * 11).status == 413
