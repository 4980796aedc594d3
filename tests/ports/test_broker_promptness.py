"""Several workers answer over a kept connection as soon as they can."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from served import ServedBroker

ASKED = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/hal+json\r\n\r\n"


@pytest.mark.slow
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
