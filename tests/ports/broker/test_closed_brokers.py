"""A broker that was closed stays closed: whatever is revoked, restarted, killed or copied."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from click.testing import CliRunner, Result
from served import ServedBroker, plain_http

from harness.broker.access.guard import AccessRules
from harness.cli.main import harness
from harness.composition import doors
from harness.errors import UsageError

USERS = {"PACT_BROKER_BASIC_AUTH_USERNAME": "rw", "PACT_BROKER_BASIC_AUTH_PASSWORD": "s3cret"}


def told(*arguments: str, path: Path) -> Result:
    return CliRunner().invoke(harness, ["broker", *arguments, "--database-url", str(path)], standalone_mode=False)


def answers_of(broker: ServedBroker, times: int = 8) -> set[int]:
    """What anonymous changes are answered, over new connections, once somebody answers."""
    found: set[int] = set()
    deadline = time.monotonic() + 60
    while len(found) == 0 or times:
        with plain_http(broker.base, timeout=10) as client:
            try:
                found.add(client.post("/environments", json={"name": f"e{times}", "production": True}).status_code)
                times -= 1
            except httpx.TransportError:
                assert time.monotonic() < deadline
    return found


def workers_of(broker: ServedBroker) -> list[psutil.Process]:
    assert broker.process is not None
    children = psutil.Process(broker.process.pid).children()
    return [each for each in children if any("spawn_main" in part for part in each.cmdline())]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., ServedBroker]]:
    started: list[ServedBroker] = []

    def begin(path: Path, workers: int = 1, **environment: str) -> ServedBroker:
        broker = ServedBroker(str(path), tmp_path / "log", environment=environment, workers=workers)
        started.append(broker.start())
        return broker

    yield begin
    for each in started:
        each.kill()


@pytest.mark.slow
def test_a_worker_that_is_started_again_is_as_closed_as_the_one_that_died(
    tmp_path: Path, serve: Callable[..., ServedBroker]
) -> None:
    path = tmp_path / "ledger.db"
    assert told("token", "create", "only", path=path).return_value == 0
    broker = serve(path, workers=2)
    assert told("token", "revoke", "only", path=path).return_value == 0
    assert answers_of(broker) == {401}
    for each in workers_of(broker):
        each.kill()
    assert answers_of(broker) == {401}
    broker.stop()


@pytest.mark.slow
def test_a_broker_that_was_served_with_users_is_closed_without_them_and_so_is_its_copy(
    tmp_path: Path, serve: Callable[..., ServedBroker]
) -> None:
    path, copy = tmp_path / "ledger.db", tmp_path / "copy.db"
    serve(path, **USERS).stop()
    broker = serve(path)
    assert answers_of(broker) == {401}
    broker.stop()
    shutil.copy(path, copy)
    assert "closed" in told("access", path=copy).output
    assert told("access", "open", path=copy).return_value == 0
    assert answers_of(serve(copy), 1) == {201}
    assert doors.is_closed(str(path))


def test_opening_it_again_is_a_command_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    assert "open: whoever reaches it" in told("access", path=path).output
    told("token", "create", "only", path=path)
    told("token", "revoke", "only", path=path)
    assert '"closed": true' in told("access", "--json", path=path).output
    assert "until it is started again" in told("access", "open", path=path).output
    assert not doors.is_closed(str(path))
    assert told("access", "closed", path=path).output.startswith("closed: ")
    assert doors.is_closed(str(path))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "broker.test", "localhost.evil.test"])
def test_no_process_is_open_to_others(tmp_path: Path, host: str) -> None:
    path = str(tmp_path / "ledger.db")
    with pytest.raises(UsageError, match="nothing says who may do what"):
        doors.settle_access(path, host, AccessRules())
    with doors.broker_database(path) as database:  # as a worker that somebody else has started
        assert doors.door_of(database, AccessRules(), (), closed=not doors.is_loopback(host)).asks
