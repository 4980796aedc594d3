"""The processes of a broker end together and when they are asked to, and say at once where they cannot listen."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from served import ServedBroker, plain_http

from harness.cli.main import answer
from harness.composition.processes import refuse_taken_port
from harness.errors import Exit, UsageError


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_port_that_is_taken_is_wrong_usage_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        database = tmp_path / "ledger.db"
        serve = [
            "broker",
            "serve",
            "--port",
            str(port),
            "--workers",
            str(workers),
            "--database-url",
            str(database),
        ]
        assert answer(serve) == Exit.USAGE
    told = capsys.readouterr().err.splitlines()
    assert told[0].endswith(f"the port {port} of 127.0.0.1 is already in use")
    assert "choose another: --port" in told[1]
    assert not database.exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_told_as_such(host: str) -> None:
    with pytest.raises(UsageError, match=f"--host {host} is no address"):
        refuse_taken_port(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_free_port_stays_free(host: str) -> None:
    refuse_taken_port(host, 0)
    with socket.create_server(("127.0.0.1", 0)) as before:
        port = before.getsockname()[1]
    for _ in range(3):
        refuse_taken_port(host, port)


STUBBORN = """
import signal, sys
from harness.composition.processes import end_within
signal.signal(signal.SIGTERM, lambda *_: None)
end_within(0.1)
print("ready", flush=True)
while True:
    pass
"""


def test_whatever_a_process_is_at_it_ends_soon_after_it_was_asked_to() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        stubborn.send_signal(signal.SIGTERM)
        assert stubborn.wait(60) == 0


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them_whatever_ended_it(tmp_path: Path) -> None:
    broker = ServedBroker(str(tmp_path / "ledger.db"), tmp_path / "log", workers=2).start()
    assert broker.process is not None
    workers = psutil.Process(broker.process.pid).children(recursive=True)
    assert len(workers) >= 2
    broker.kill()
    _, left = psutil.wait_procs(workers, timeout=60)
    for each in left:
        each.kill()
    assert left == []
    refuse_taken_port("127.0.0.1", broker.port)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_broker_ends_when_it_is_asked_to_also_while_a_request_waits(tmp_path: Path, workers: int) -> None:
    path = tmp_path / "ledger.db"
    broker = ServedBroker(str(path), tmp_path / "log", workers=workers).start()
    assert broker.process is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # for longer than the request would wait, and the test
        body = b'{"name": "e", "production": false}'
        head = b"POST /environments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", broker.port)) as waiting, plain_http(broker.base) as client:
            waiting.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert client.get("/environments").status_code == 200
            broker.process.terminate()
            assert broker.process.wait(20) == 0
