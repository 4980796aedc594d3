"""A project of one's own, whose runs are ended in the middle; tells what they left behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil


@dataclass
class Place:
    """A project with a state folder, a temporary folder and a mark of its own."""

    manifest: Path
    state: Path
    temporary: Path
    mark: str
    runtime: str

    def __post_init__(self) -> None:
        """The services pass the mark on: what descends from a run is found by it."""
        told = self.manifest.read_text()
        passed = '[services.things]\npass-environment = ["TEST_MARK"]'
        self.manifest.write_text(told.replace("[services.things]", passed, 1))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HARNESS_STATE_DIR": str(self.state),
            "TMPDIR": str(self.temporary),
            "TEST_MARK": self.mark,
            "HARNESS_RUNTIME": self.runtime,
        }

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "harness", "run", "things=2", "--fresh", "--report", "ndjson=run.ndjson"],
            cwd=self.manifest.parent,
            env={**os.environ, "NO_COLOR": "1", **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def seen(self) -> list[dict[str, object]]:
        path = self.manifest.parent / "run.ndjson"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def wait_for(self, event: str, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if any(each["event"] == event for each in self.seen()):
                return
            if process.poll() is not None:
                break
            time.sleep(0.01)
        names = [each["event"] for each in self.seen()]
        assert event in names, f"the run never came to {event}: {names}"

    def processes(self) -> list[str]:
        """Every process that descends from a run of this place, by the mark that it inherited."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TEST_MARK") == self.mark:
                    found.append(" ".join(process.cmdline()))
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def listening(self) -> list[str]:
        """Addresses of the run that still accept connections."""
        urls = [
            endpoint["url"]
            for each in self.seen()
            if each["event"] == "service-ready"
            for endpoint in each["endpoints"]  # type: ignore[attr-defined]
        ]
        return [url for url in urls if _accepts(url)]

    def started(self) -> list[str]:
        """The containers or the processes of the service, whichever the runtime makes."""
        if self.runtime != "docker":
            return [line for line in self.processes() if "service.py" in line]
        command = ["docker", "ps", "-aq", "--filter", f"label=contract-harness.root={self.manifest.parent}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    def containers_and_networks(self) -> list[str]:
        if self.runtime != "docker":
            return []
        runs = [str(each["run"]) for each in self.seen() if each["event"] == "run-started"]
        found = []
        for run in runs:
            label = f"label=contract-harness={run}"
            for kind in (["ps", "-aq"], ["network", "ls", "-q"]):
                command = ["docker", *kind, "--filter", label]
                found += subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return found

    def files(self) -> list[str]:
        """Files that a run made and nobody needs any more; the host's own name and empty folders may stay."""
        return [
            str(p)
            for folder in (self.state / "runs", self.temporary)
            if folder.exists()
            for p in folder.rglob("*")
        ]

    def assert_nothing_is_left(self) -> None:
        assert not (left := self.processes()), left
        assert not (left := self.listening()), left
        assert not (left := self.containers_and_networks()), left
        assert not (left := self.files()), left


def _accepts(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1):
            return True
    except OSError:
        return False
