"""Several workers answer over a kept connection as soon as they can, and each has clients."""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path

import psutil
import pytest
from served import ServedBroker

ASKED = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/hal+json\r\n\r\n"


pytestmark = pytest.mark.slow


def test_no_answer_waits_for_a_delayed_acknowledgement(tmp_path: Path) -> None:
    served = ServedBroker(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "log", workers=2).start()
    walls = []
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=20) as client,
        client.makefile("rb") as answers,
    ):
        for _ in range(40):
            began = time.perf_counter()
            client.sendall(ASKED)
            size = 0
            while (line := answers.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
            assert len(answers.read(size)) == size > 0
            walls.append(time.perf_counter() - began)
    served.stop()
    # The first answers of a connection are acknowledged at once; after them it would be 40 ms, each time.
    assert min(walls[20:]) < 0.035, walls


def answers(client: socket.socket) -> bool:
    client.sendall(ASKED)
    return client.recv(12) == b"HTTP/1.1 200"


def sockets(served: ServedBroker, status: str) -> list[int]:
    """How many sockets of that status each process behind the broker has, but for those with none."""
    assert served.process is not None
    processes = psutil.Process(served.process.pid).children(recursive=True)
    counts = [sum(found.status == status for found in process.net_connections("tcp")) for process in processes]
    return [count for count in counts if count]


def test_clients_are_shared_out_among_the_workers(tmp_path: Path) -> None:
    served = ServedBroker(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "log", workers=2).start()
    deadline = time.monotonic() + 30
    while sockets(served, psutil.CONN_LISTEN) != [1, 1] and time.monotonic() < deadline:
        time.sleep(0.05)  # the first of them answers already
    with contextlib.ExitStack() as opened:
        here = ("127.0.0.1", served.port)
        clients = [opened.enter_context(socket.create_connection(here, 20)) for _ in range(40)]
        assert all(answers(client) for client in clients)
        kept = sockets(served, psutil.CONN_ESTABLISHED)
    served.stop()
    assert sum(kept) == 40
    assert len(kept) == 2, kept  # by chance, one worker has all of them once in 2 ** 39 times


def test_a_second_broker_at_the_same_port_is_refused(tmp_path: Path) -> None:
    first = ServedBroker(f"sqlite:///{tmp_path / 'first.db'}", tmp_path / "log", workers=2).start()
    second = ServedBroker(f"sqlite:///{tmp_path / 'second.db'}", tmp_path / "refused", workers=2, port=first.port)
    with contextlib.suppress(AssertionError):
        second.start()
    assert second.process is not None
    assert second.process.wait(30) == 2
    said = second.log.read_text()
    assert "already in use" in said
    assert "Traceback" not in said
    assert first.stop() == 0
