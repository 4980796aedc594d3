"""Webhooks are told at least once: retries, redirects, several workers, and a kill in the middle of it."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from broker_client import Client
from served import ServedBroker

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.broker.webhooks.worker import Worker
from harness.ledger.db import outbox
from harness.ledger.db.database import Database, open_database

OPEN = BrokerSettings(webhook_schemes=("http", "https"), webhook_hosts=("127.0.0.1",))
SCHEDULE = OPEN.webhook_retry_schedule


@dataclass
class Listener:
    """Somebody whom webhooks tell; it answers what it is told to, in that order, then 200."""

    answers: list[int | str] = field(default_factory=list)  # a text is where a redirect leads to
    heard: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    hold: threading.Event | None = None  # answers nothing before that
    url: str = ""

    def __enter__(self) -> Listener:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                listener.heard.append((self.path, headers, body))
                if listener.hold is not None:
                    listener.hold.wait(20)
                answer = listener.answers.pop(0) if listener.answers else 200
                try:
                    self.send_response(302 if isinstance(answer, str) else answer)
                    if isinstance(answer, str):
                        self.send_header("location", answer)
                    self.send_header("content-length", "0")
                    self.end_headers()
                except OSError:
                    self.close_connection = True  # who asked is gone

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        if self.hold is not None:
            self.hold.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def wait_for(self, number: int) -> None:
        deadline = time.monotonic() + 20
        while len(self.heard) < number:
            assert time.monotonic() < deadline, f"told {len(self.heard)} times, not {number}"
            time.sleep(0.01)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as found:
        yield found


@pytest.fixture
def settings() -> BrokerSettings:
    return OPEN


def webhook(url: str, **more: Any) -> dict[str, Any]:
    request = {"method": "POST", "url": url, "body": {"who": "${pactbroker.consumerName}"}}
    return {"events": [{"name": "contract_published"}], "request": {**request, **more}}


def published(consumer: str = "web", number: str = "1") -> dict[str, Any]:
    pact = {
        "consumer": {"name": consumer},
        "provider": {"name": "orders"},
        "interactions": [{"description": number, "request": {"path": "/"}, "response": {"status": 200}}],
    }
    contract = {
        "consumerName": consumer,
        "providerName": "orders",
        "content": base64.b64encode(json.dumps(pact).encode()).decode(),
        "contentType": "application/json",
        "specification": "pact",
    }
    return {"pacticipantName": consumer, "pacticipantVersionNumber": number, "contracts": [contract]}


@dataclass
class Postman:
    """A worker, round by round, at times of our own."""

    database: Database
    now: float = field(default_factory=time.time)
    settings: BrokerSettings = OPEN

    def round(self, later: float = 0.0) -> int:
        """Tell what is due so many seconds later; how many were told."""
        self.now += later
        worker = Worker(database=self.database, settings=self.settings, clock=lambda: self.now)
        with self.database.writing() as db:
            taken = outbox.claim(db, worker.name, self.now, seconds=worker.claimed, limit=10)
        for each in taken:
            worker.attempt(each)
        return len(taken)


def status_of(client: Client) -> Any:
    return client.get("/pacts/provider/orders/consumer/web/webhooks/status").json


def log_of(client: Client) -> str:
    [told] = status_of(client)["_embedded"]["triggeredWebhooks"]
    return client.get(told["_links"]["pb:logs"]["href"], accept="text/plain").text


def test_who_does_not_hear_is_told_again_by_the_schedule(
    client: Client, database: Database, listener: Listener
) -> None:
    listener.answers = [500, 503, 200]
    assert client.post("/webhooks", webhook(listener.url)).status == 201
    assert client.post("/contracts/publish", published()).status == 200
    postman = Postman(database)
    assert postman.round(1) == 1
    assert postman.round(SCHEDULE[0] - 1) == 0  # not before it is due
    assert status_of(client)["summary"]["retrying"] == 1
    assert postman.round(2) == 1
    assert postman.round(SCHEDULE[1] + 1) == 1
    assert postman.round(10_000) == 0
    assert status_of(client)["summary"]["successful"] == 1
    assert len({headers["idempotency-key"] for _, headers, _ in listener.heard}) == 1
    assert len(listener.heard) == 3
    assert log_of(client).count("INFO: HTTP/1.1 POST") == 3


def test_after_the_last_attempt_it_is_given_up(client: Client, database: Database, listener: Listener) -> None:
    listener.answers = [500] * 20
    client.post("/webhooks", webhook(listener.url))
    client.post("/contracts/publish", published())
    postman = Postman(database)
    assert [postman.round(each) for each in (1, *(each + 1 for each in SCHEDULE), 10_000)] == [1] * 7 + [0]
    assert len(listener.heard) == 1 + len(SCHEDULE)
    assert status_of(client)["summary"]["failed"] == 1


def test_a_redirect_is_an_answer_and_is_not_followed(
    client: Client, database: Database, listener: Listener
) -> None:
    with Listener() as inside:
        listener.answers = [f"{inside.url}/latest/meta-data"]
        client.post("/webhooks", webhook(listener.url))
        client.post("/contracts/publish", published())
        Postman(database).round(1)
        assert inside.heard == []
    assert len(listener.heard) == 1
    assert "a redirect, which is not followed" in log_of(client)
    assert status_of(client)["summary"]["retrying"] == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]"])
def test_nobody_inside_is_told_unless_listed(
    client: Client, database: Database, listener: Listener, host: str
) -> None:
    """The whitelist may have been wider when the webhook was made: the address is judged when it is told."""
    port = listener.url.rpartition(":")[2]
    everywhere = BrokerSettings(webhook_schemes=("http",))
    made = Client(app=broker(database, everywhere)).post("/webhooks", webhook(f"http://{host}:{port}/told"))
    assert made.status == 201, made.text
    client.post("/contracts/publish", published())
    assert Postman(database, settings=everywhere).round(1) == 1
    assert listener.heard == []
    assert "Error executing webhook" in log_of(client)


def test_secrets_and_passwords_are_sent_and_never_shown(
    client: Client, database: Database, listener: Listener
) -> None:
    client.post("/secrets", {"name": "KEY", "value": 'pa$$ "w&rd'})
    more = {
        "username": "me",
        "password": "open sesame",
        "headers": {"x-plain": "${user.KEY}", "content-type": "application/json"},
        "body": {"key": "${user.KEY}", "who": "${pactbroker.consumerName}"},
    }
    made = client.post("/webhooks", webhook(f"{listener.url}/told?key=${{user.KEY}}", **more))
    client.post("/contracts/publish", published('w"eb<b>'))
    Postman(database).round(1)
    executed = client.post(made.links["pb:execute"]["href"], {})
    assert executed.status == 200
    assert len(listener.heard) == 2
    for path, headers, body in listener.heard:
        assert path == "/told?key=pa%24%24%20%22w%26rd"
        assert headers["x-plain"] == 'pa$$ "w&rd'
        assert json.loads(body)["key"] == 'pa$$ "w&rd'
        assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"me:open sesame"
    assert json.loads(listener.heard[0][2])["who"] == 'w"eb<b>'
    with database.reading() as db:
        logs = "".join(outbox.log_of(db, each) for each in outbox.of_pair(db, 'w"eb<b>', "orders"))
    shown = [
        logs,
        executed.text,
        made.text,
        client.get(made.links["self"]["href"]).text,
        client.get("/secrets").text,
    ]
    assert "Successfully executed webhook" in logs
    for told in shown:
        for never in (
            "pa$$",
            "pa%24",
            "sesame",
            "b3BlbiBzZXNhbWU",
            headers["authorization"].removeprefix("Basic "),
        ):
            assert never not in told


def test_two_workers_tell_once(client: Client, database: Database, listener: Listener) -> None:
    client.post("/webhooks", webhook(listener.url))
    for number in range(6):
        client.post("/contracts/publish", published(number=str(number)))
    workers = [Worker(database=database, settings=OPEN) for _ in range(2)]
    for each in workers:
        each.start()
    try:
        listener.wait_for(6)
    finally:
        for each in workers:
            each.stop()
    assert len({headers["idempotency-key"] for _, headers, _ in listener.heard}) == len(listener.heard) == 6


@pytest.mark.slow
def test_what_was_being_told_when_the_broker_was_killed_is_told_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    allowed = {
        "PACT_BROKER_WEBHOOK_SCHEME_WHITELIST": "http",
        "PACT_BROKER_WEBHOOK_HOST_WHITELIST": "127.0.0.1",
    }
    with Listener(hold=threading.Event()) as listener:
        served = ServedBroker(url, tmp_path / "log", allowed).start()
        with httpx.Client(base_url=served.base) as http:
            assert http.post("/webhooks", json=webhook(listener.url)).status_code == 201
            assert http.post("/contracts/publish", json=published()).status_code == 200
        listener.wait_for(1)
        served.kill()
        assert listener.hold
        listener.hold.set()
        database = open_database(url)
        try:
            claimed = Worker(database=database, settings=OPEN).claimed
            postman = Postman(database)
            assert postman.round() == 0  # it may still be under way elsewhere
            assert postman.round(claimed + 1) == 1
            assert status_of(Client(app=broker(database, OPEN)))["summary"]["successful"] == 1
        finally:
            database.close()
    assert [body for _, _, body in listener.heard] == ['{"who":"web"}'] * 2
    assert len({headers["idempotency-key"] for _, headers, _ in listener.heard}) == 1
