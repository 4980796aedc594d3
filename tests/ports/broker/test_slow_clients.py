"""Clients that send half of something, slowly or for ever, take little, and nobody waits for them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
import uvicorn

from harness.broker.access.guard import AccessRules, Guard
from harness.broker.app import broker
from harness.broker.http.asgi import RawRequest
from harness.broker.http.bodies import Bodies
from harness.broker.http.problems import Refused
from harness.broker.settings import BrokerSettings
from harness.composition.connections import PromptHTTP
from harness.ledger.db.database import Database

POST = "POST /environments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@dataclass
class Sender:
    """A client that sends these parts, and then ends or says nothing more."""

    parts: list[bytes]
    ends: bool = True
    taken: int = field(default=0)

    async def receive(self) -> dict[str, Any]:
        """The next part."""
        if self.taken == len(self.parts):
            await anyio.sleep_forever()
        self.taken += 1
        more = self.taken < len(self.parts) or not self.ends
        return {"type": "http.request", "body": self.parts[self.taken - 1], "more_body": more}


def head(**headers: str) -> RawRequest:
    return RawRequest(method="POST", raw_path="/", query="", headers=headers, base="http://b")


def status_of(bodies: Bodies, *senders: Sender) -> list[int]:
    """What came of several bodies on their way at once: 200, or the refusal; nothing is held in the end."""
    found: list[int] = []

    async def one(sender: Sender) -> None:
        try:
            await bodies.read(sender.receive, head())
            found.append(200)
        except Refused as refused:
            found.append(refused.status)

    async def everybody() -> None:
        async with anyio.create_task_group() as group:
            for each in senders:
                group.start_soon(one, each)

    anyio.run(everybody)
    assert bodies.held == 0
    return sorted(found)


def test_a_body_that_stops_half_way_is_given_up() -> None:
    assert status_of(Bodies(most=100, silent=0.01), Sender([b"x"], ends=False)) == [408]


def test_a_body_that_grows_beyond_the_limit_is_given_up_when_it_does() -> None:
    sender = Sender([b"x" * 60, b"x" * 60, b"x"])
    assert status_of(Bodies(most=100), sender) == [413]
    assert sender.taken == 2


def test_all_bodies_on_their_way_have_a_limit_together() -> None:
    bodies = Bodies(most=100, silent=0.01)
    half_sent = [Sender([b"x" * 99], ends=False) for _ in range(12)]
    assert status_of(bodies, *half_sent) == [408] * 4 + [503] * 8
    assert status_of(bodies, Sender([b"x" * 100])) == [200]


# --- over sockets ---------------------------------------------------------------------------------------------


class Impatient(PromptHTTP):
    """As served, until a test says how long it waits."""


@pytest.fixture
def port(sqlite_database: Database) -> Iterator[int]:
    """A closed broker whose bodies have at most 1,000 bytes."""
    guard = Guard(database=sqlite_database, rules=AccessRules())
    app = broker(sqlite_database, BrokerSettings(most_bytes=1000), access=guard)
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Impatient, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.005)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)


def told(port: int, *parts: str) -> str:
    """What comes back until the connection is closed or silent."""
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        for each in parts:
            client.sendall(each.encode())
        found = b""
        while b"\r\n\r\n" not in found:
            came = client.recv(65536)
            if not came:
                break
            found += came
    return found.decode()


@pytest.mark.parametrize("parts", [(), ("GET / HTTP/1.1\r\nHost: loc",), ("GET / HTTP/1.1\r\n", "X: y\r\n")])
def test_a_head_that_does_not_come_to_its_end_is_given_up(
    port: int, parts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Impatient, "head_within", 0.05)
    assert told(port, *parts) == ""


def test_a_head_that_stops_after_an_answer_is_given_up_as_well(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 401 ")
        monkeypatch.setattr(Impatient, "head_within", 0.05)
        client.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        while client.recv(65536):
            pass


def test_whoever_may_not_is_told_so_and_nothing_of_the_body_is_read(port: int) -> None:
    assert told(port, f"{POST}Content-Length: 3\r\n\r\n{{no").startswith("HTTP/1.1 401 ")
    assert told(port, f"{POST}Content-Length: 1000\r\n\r\n" + "x" * 1000).startswith("HTTP/1.1 401 ")
    chunked = f"{POST}Transfer-Encoding: chunked\r\n\r\n3\r\n{{no\r\n0\r\n\r\n"
    assert told(port, chunked).startswith("HTTP/1.1 401 ")
