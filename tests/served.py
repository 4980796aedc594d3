"""A broker in a process of its own, as people run it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def plain_http(base: str, timeout: float = 60) -> httpx.Client:
    """A client that reads no certificates, which takes longer than a hundred requests."""
    return httpx.Client(base_url=base, timeout=timeout, verify=False)


@dataclass
class ServedBroker:
    """`harness broker serve`, started and ended."""

    database_url: str
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> ServedBroker:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "harness", "broker", "serve", "--port", str(self.port)]
        command += ["--database-url", self.database_url, "--workers", str(self.workers)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PACT_BROKER_")}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, env={**kept, **self.environment})
        deadline = time.monotonic() + 60
        with plain_http(self.base, timeout=2) as client:
            while time.monotonic() < deadline and self.process.poll() is None:
                try:
                    if client.get("/diagnostic/status/heartbeat").status_code < 500:
                        return self
                except httpx.TransportError:
                    time.sleep(0.05)
        raise AssertionError(f"the broker did not start:\n{self.log.read_text()}")

    def stop(self) -> int:
        """End it as a service manager does; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """End it without a word."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)
