"""A real client's own contract with a broker, verified on ours by our own harness, on both stores."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import uvicorn
from broker_client import Client
from conformance_states import ConformanceStates

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.checks.api import CheckSettings, CheckTarget
from harness.checks.pact_provider import PactProvider
from harness.contracts.pact_reader import read_pact
from harness.ledger.db.database import Database
from harness.ports import Endpoint, Instance
from harness.runtime.recorder import HttpRecorder
from harness.services.system import Service
from harness.verdicts import Exercised, Verdict

ROOT = Path(__file__).parents[2]
CONTRACTS = Path(os.environ.get("HARNESS_SHARED", ROOT.parent / "shared")) / "conformance"
NAMES = ("ruby-broker-client.pact.json", "ruby-client-pactflow.pact.json")
FIRST = ("Foo", "Foo Thing", "Wiffle")


def in_order(query: str) -> str:
    """The query as the client sends it: the verifier sorts parameters, which destroys Rack's arrays."""
    pairs = [(unquote(name), value) for name, _, value in (p.partition("=") for p in query.split("&"))]
    selectors = [pair for pair in pairs if pair[0].startswith("q[]")]
    others = "&".join(f"{name}={value}" for name, value in pairs if not name.startswith("q[]"))
    names = [value for name, value in selectors if name == "q[][pacticipant]"]
    if len(names) < 2:
        return query
    rest = {name: [v for n, v in selectors if n == name] for name in dict(selectors) if name != "q[][pacticipant]"}
    ignores = any(name.startswith("ignore") for name, _ in pairs)
    decoded = {unquote(name.replace("+", " ")): name for name in names}
    ordered = sorted(decoded, key=lambda name: name not in FIRST)
    parts = []
    if ignores:  # Bar 4.5.6, then Foo with its tag
        parts = [
            ("Bar", [("q[][version]", rest["q[][version]"][0])]),
            ("Foo", [("q[][tag]", rest["q[][tag]"][0])]),
        ]
    else:
        parts = [(ordered[0], []), (ordered[1], [])]
        numbers = rest.get("q[][version]", [])
        for part, number in zip(parts, numbers, strict=False):
            part[1].append(("q[][version]", number))
        for name in ("q[][latest]", "q[][tag]"):
            parts[1][1].extend((name, value) for value in rest.get(name, []))
    told = [f"q[][pacticipant]={decoded[name]}" + "".join(f"&{n}={v}" for n, v in more) for name, more in parts]
    return "&".join([*told, others]) if others else "&".join(told)


class Restored:
    """The application behind the order that the verifier lost."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/matrix":
            scope = {**scope, "query_string": in_order(scope["query_string"].decode()).encode()}
        await self.app(scope, receive, send)


@pytest.fixture
def served(database: Database) -> Iterator[tuple[str, ConformanceStates]]:
    app = broker(database, BrokerSettings(base_urls=("http://example.org",), check_duplicate_names=False))
    server = uvicorn.Server(
        uvicorn.Config(Restored(app), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    states = ConformanceStates(database=database, client=Client(app=app, base="http://example.org"))
    states.empty()
    yield f"http://127.0.0.1:{port}", states
    server.should_exit = True
    thread.join(10)


def contracts() -> list[Any]:
    if CONTRACTS.is_dir():
        return list(NAMES)
    skipped = pytest.mark.skip(reason=f"the contracts are not beside the repository: {CONTRACTS}")
    return [pytest.param("none", marks=skipped)]


@pytest.mark.slow
@pytest.mark.parametrize("name", contracts())
def test_the_broker_keeps_a_real_client_s_contract(
    name: str, served: tuple[str, ConformanceStates], tmp_path: Path
) -> None:
    url, states = served
    document = json.loads((CONTRACTS / name).read_text())
    here = (Endpoint(name="", url=url, inside=url),)
    broken = []
    for asked in document["interactions"]:  # one at a time: those without a state begin with an empty store too
        states.empty()
        pact = read_pact(json.dumps({**document, "interactions": [asked]}), name)
        target = CheckTarget(
            service=Service(name=pact.provider, version="1"),
            instance=Instance(name=pact.provider, version="1", endpoints=here),
            pact=pact,
            states=states,
            settings=CheckSettings(scratch=tmp_path),
            recorder=HttpRecorder(),
        )
        (exercised,) = (each for each in PactProvider().run(target) if isinstance(each, Exercised))
        if exercised.verdict is not Verdict.PASSED:
            answered = exercised.exchange.response_body if exercised.exchange else ""
            broken.append(f"{exercised.subject}: {exercised.because}; answered {answered[:500]}")
    assert not broken, "\n".join(broken)
    assert len(document["interactions"]) in (67, 6)
