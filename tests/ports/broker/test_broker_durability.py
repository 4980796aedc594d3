"""Nothing that the broker has acknowledged is lost, and nobody who publishes beside others sees an error."""

from __future__ import annotations

import base64
import json
import random
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from broker_client import new_database
from law_examples import examples
from served import ServedBroker, plain_http

from harness.ledger.db.database import open_database

pytestmark = pytest.mark.slow
KILLS = examples(16)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    template = request.getfixturevalue("postgres_template")
    return new_database(template, f"l{uuid4().hex}", "empty_ledger")


@pytest.fixture
def broker(url: str, tmp_path: Path) -> Iterator[ServedBroker]:
    served = ServedBroker(url, tmp_path / "log").start()
    yield served
    if served.process is not None and served.process.poll() is None:
        served.stop()


def contract(consumer: str, number: str) -> dict[str, object]:
    document = {
        "consumer": {"name": consumer},
        "provider": {"name": "hub"},
        "interactions": [
            {
                "description": f"{n} of {number}",
                "request": {"method": "GET", "path": f"/{n}"},
                "response": {"status": 200},
            }
            for n in range(5)
        ],
    }
    content = base64.b64encode(json.dumps(document).encode()).decode()
    one = {"consumerName": consumer, "providerName": "hub", "content": content}
    return {
        "pacticipantName": consumer,
        "pacticipantVersionNumber": number,
        "branch": "main",
        "contracts": [{**one, "contentType": "application/json", "specification": "pact"}],
    }


def publish(client: httpx.Client, consumer: str, number: str) -> int:
    return client.post("/contracts/publish", json=contract(consumer, number)).status_code


def test_eight_clients_publish_side_by_side_without_an_error(broker: ServedBroker) -> None:
    def work(client_number: int) -> list[int]:
        with plain_http(broker.base) as client:
            return [publish(client, f"c{client_number}", str(n)) for n in range(20)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for each in pool.map(work, range(8)) for status in each]
    assert statuses == [200] * 160


def test_eight_clients_of_one_consumer_and_of_one_version(broker: ServedBroker) -> None:
    def work(client_number: int) -> list[int]:
        with plain_http(broker.base) as client:
            mine = [publish(client, "one", f"{client_number}.{n}") for n in range(10)]
            return [*mine, publish(client, "one", "same")]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for each in pool.map(work, range(8)) for status in each]
    assert statuses == [200] * 88
    versions = httpx.get(f"{broker.base}/pacticipants/one/versions").json()["_embedded"]["versions"]
    assert len(versions) == 81


class Publishers:
    """Eight clients that publish as fast as they can until the broker is gone; what it acknowledged is kept."""

    def __init__(self, base: str, prefix: int) -> None:
        self.base, self.prefix = base, prefix
        self.acknowledged: list[tuple[str, str]] = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(n,)) for n in range(8)]
        for thread in self.threads:
            thread.start()

    def _work(self, number: int) -> None:
        with plain_http(self.base, timeout=10) as client:
            for n in range(10_000):
                if self.ending.is_set():
                    return
                name, version = f"c{number}", f"{self.prefix}.{n}"
                try:
                    if publish(client, name, version) == 200:
                        self.acknowledged.append((name, version))
                except httpx.TransportError:
                    return

    def wait_for(self, count: int) -> None:
        """The kill comes in the middle of the work, however slow the machine is."""
        deadline = time.monotonic() + 30
        while len(self.acknowledged) < count and time.monotonic() < deadline:
            time.sleep(0.005)

    def stop(self) -> list[tuple[str, str]]:
        self.ending.set()
        for thread in self.threads:
            thread.join()
        return self.acknowledged


def test_what_was_acknowledged_is_there_after_every_kill(url: str, tmp_path: Path) -> None:
    acknowledged: list[tuple[str, str]] = []
    chance = random.Random(7)
    broker = ServedBroker(url, tmp_path / "log")
    for prefix in range(KILLS):
        broker.start()
        publishers = Publishers(broker.base, prefix)
        publishers.wait_for(chance.randint(2, 30))
        broker.kill()
        acknowledged += publishers.stop()
    broker.start()
    try:
        assert_everything_is_there(broker.base, acknowledged)
    finally:
        broker.stop()
    assert len(acknowledged) >= 2 * KILLS


def assert_everything_is_there(base: str, acknowledged: list[tuple[str, str]]) -> None:
    with plain_http(base, timeout=30) as client:
        for name, number in acknowledged:
            found = client.get(f"/pacts/provider/hub/consumer/{name}/version/{number}")
            assert found.status_code == 200, (name, number)
            assert len(found.json()["interactions"]) == 5
        for each in {name for name, _ in acknowledged}:  # no version without its whole contract
            listed = client.get(f"/pacticipants/{each}/versions").json()["_embedded"]["versions"]
            assert all(len(version["_links"]["pb:pact-versions"]) == 1 for version in listed)


def test_two_worker_processes_share_one_database(url: str, tmp_path: Path) -> None:
    broker = ServedBroker(url, tmp_path / "log", workers=2).start()

    def work(number: int) -> int:
        with plain_http(broker.base) as client:
            return publish(client, f"w{number % 4}", str(number))

    try:
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(40))) == [200] * 40
    finally:
        broker.stop()


def test_every_connection_that_writes_to_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "ledger.db"))
    with database.writing() as db:
        assert db.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert db.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    database.close()


def test_postgresql_commits_synchronously(postgres_template: str) -> None:
    database = open_database(new_database(postgres_template, f"l{uuid4().hex}", "empty_ledger"))
    with database.writing() as db:
        assert db.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    database.close()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_disk_is_asked_to_keep_a_change_before_it_is_acknowledged(tmp_path: Path) -> None:
    broker = ServedBroker(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "log").start()
    assert broker.process is not None
    trace = tmp_path / "trace"
    follow = subprocess.Popen(
        [
            "strace",
            "-f",
            "-tt",
            "-e",
            "trace=fdatasync,fsync,sendto,write,sendmsg",
            "-o",
            str(trace),
            "-p",
            str(broker.process.pid),
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1)
        with plain_http(broker.base, timeout=30) as client:
            assert publish(client, "web", "1") == 200
        time.sleep(0.5)
    finally:
        follow.terminate()
        follow.wait(10)
        broker.stop()
    lines = trace.read_text().splitlines()
    synced = next(n for n, line in enumerate(lines) if "fdatasync(" in line or "fsync(" in line)
    answered = next(n for n, line in enumerate(lines) if "HTTP/1.1 200" in line)
    assert synced < answered


def test_a_database_that_another_program_holds_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    broker = ServedBroker(f"sqlite:///{path}", tmp_path / "log").start()
    try:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool, plain_http(broker.base) as client:
            waiting = pool.submit(publish, client, "web", "1")
            time.sleep(1)
            assert not waiting.done()
            assert httpx.get(f"{broker.base}/pacticipants", timeout=10).status_code == 200  # readers do not wait
            other.execute("ROLLBACK")
            assert waiting.result(30) == 200
        other.close()
    finally:
        broker.stop()
