"""What the original answered, step by step, and what we answer: equal, or different on purpose.

The recordings lie beside the repository (`../shared/broker-transcripts`, or `HARNESS_SHARED`). Every intended
difference is listed in `intended_differences.toml`; one that no longer occurs fails as well.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from served_broker import Served

from harness.broker.settings import BrokerSettings
from harness.ledger.db.database import Database

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("HARNESS_SHARED", ROOT.parent / "shared"))
RECORDINGS = SHARED / "broker-transcripts"
INTENDED = tomllib.loads((Path(__file__).parent / "intended_differences.toml").read_text())
PROFILES = {
    "default": BrokerSettings(),
    "webhooks-open": BrokerSettings(
        webhook_schemes=("http", "https"),
        webhook_methods=("POST", "GET", "PUT"),
        webhook_hosts=("/.*/",),
        webhook_private_targets=True,
        webhook_delay=5.0,
        webhook_retry_schedule=(10, 60, 120),
    ),
}


def scenarios() -> list[Any]:
    names = sorted(path.stem for path in RECORDINGS.glob("[0-9]*.json"))
    if names:
        return list(names)
    skipped = pytest.mark.skip(reason=f"the recordings are not beside the repository: {RECORDINGS}")
    return [pytest.param("none", marks=skipped)]


def replayer() -> Any:
    spec = importlib.util.spec_from_file_location("reclib", RECORDINGS / "reclib.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_port() -> int:
    """Of four digits, as the original had: lengths of bodies with links in them are recorded too."""
    for port in range(9200, 9390):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if tried.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port")


class Told(BaseHTTPRequestHandler):
    """Whom the recorded webhooks tell."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"ok":true}')

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def receiver(scenario: dict[str, Any]) -> Iterator[None]:
    if scenario["profile"] != "webhooks-open":
        yield
        return
    with ThreadingHTTPServer(("127.0.0.1", 9399), Told) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield
        server.shutdown()


@pytest.fixture
def scenario(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / f"{request.param}.json").read_text())
    return found


@pytest.fixture
def served(scenario: dict[str, Any], sqlite_database: Database, receiver: None) -> Iterator[Served]:
    del receiver
    server = Served(sqlite_database, PROFILES[scenario["profile"]], free_port())
    yield server
    server.stop()


def intended(name: str) -> dict[int, list[tuple[str, re.Pattern[str]]]]:
    found: dict[int, list[tuple[str, re.Pattern[str]]]] = {}
    for each in INTENDED.get("difference", []):
        for place in each["at"]:
            scenario, _, step = place.partition(" step ")
            if scenario == name:
                found.setdefault(int(step), []).extend((each["id"], re.compile(p)) for p in each["match"])
    return found


def differs(difference: str) -> bool:
    """Whether it is more than the day: titles tell the day of the recording, as `23/11/2026`."""
    _, _, sides = difference.partition(": ")
    ours, _, theirs = DAY.sub("a day", sides).partition(" != expected ")
    return ours != theirs or not DAY.search(sides)


DAY = re.compile(r"\b\d\d/\d\d/\d{4}\b")


def test_only_the_day_may_differ() -> None:
    assert not differs("/x: 'Version 1 - 24/11/2026' != expected 'Version 1 - 23/11/2026'")
    assert differs("/x: 'Version 2 - 24/11/2026' != expected 'Version 1 - 23/11/2026'")
    assert differs("/x: 'a' != expected 'b'")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", scenarios(), indirect=True)
def test_a_recorded_conversation_goes_the_same_way_or_differs_on_purpose(
    scenario: dict[str, Any], served: Served, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.params["scenario"]
    expected = intended(name)
    surprises, met = [], set()
    for step, differences in replayer().replay(scenario, served.base):
        for difference in filter(differs, differences):
            known = [(i, pattern) for i, pattern in expected.get(step, []) if pattern.search(difference)]
            met |= {(step, i) for i, _ in known}
            if not known:
                asked = scenario["steps"][step]["request"]
                surprises.append(f"step {step} {asked['method']} {asked['path'][:120]}: {difference}")
    listed = {(step, i) for step, each in expected.items() for i, _ in each}
    assert not surprises, "\n" + "\n".join(surprises)
    assert listed - met == set(), "listed, and no longer different"
