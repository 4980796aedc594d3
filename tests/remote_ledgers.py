"""Ledgers of remote brokers for tests: a fake original behind the real client, without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from fake_original import Original
from new_ledgers import new_ledger

from harness.broker.http.serving import BrokerApplication
from harness.contracts.document import Contract
from harness.contracts.pact_reader import read_pact
from harness.ledger.remote.ledger import RemoteLedger
from harness.ledger.remote.retry import Patience
from harness.ledger.remote.site import Site, open_site

QUICK = Patience(tries=3, seconds=0.01)


def transport_to(original: Original) -> httpx.MockTransport:
    """What the client takes for the network."""

    def answered(request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode()
        status, told, content = original.answer(request.method, target, dict(request.headers), request.read())
        return httpx.Response(status, headers=told, content=content)

    return httpx.MockTransport(answered)


def transport_to_own(app: BrokerApplication, base: str = "http://broker.test") -> httpx.MockTransport:
    """The same for our own broker; each answer is held against the API's own document."""
    from broker_client import Client

    client = Client(app=replace(app, threaded=False), base=base)

    def answered(request: httpx.Request) -> httpx.Response:
        told = dict(request.headers)
        body = request.read()
        reply = client.send(
            request.method,
            request.url.raw_path.decode(),
            body or None,
            accept=told.get("accept"),
            media=told.get("content-type", ""),
            headers={name: value for name, value in told.items() if name.startswith(("x-", "auth"))},
        )
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.content)

    return httpx.MockTransport(answered)


def own_ledger(app: BrokerApplication, path: Path, **changes: Any) -> RemoteLedger:
    """Our own broker, behind the client of a remote one."""
    site = open_site("http://broker.test", {}, patience=QUICK, transport=transport_to_own(app))
    return RemoteLedger(site=site, beside=new_ledger(path), **changes)


def site_of(original: Original, environ: Mapping[str, str] | None = None, url: str = "") -> Site:
    return open_site(url or original.base, environ or {}, patience=QUICK, transport=transport_to(original))


def remote_ledger(original: Original, path: Path, **changes: Any) -> RemoteLedger:
    return RemoteLedger(site=site_of(original), beside=new_ledger(path), **changes)


def document(consumer: str = "web", provider: str = "orders", *paths: str) -> dict[str, Any]:
    interactions = [
        {
            "description": f"a request for {path}",
            "request": {"method": "GET", "path": path},
            "response": {"status": 200},
        }
        for path in paths or ("/orders/1", "/orders/2")
    ]
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    }


def pact_between(consumer: str = "web", provider: str = "orders", *paths: str) -> Contract:
    """A pact as the reader gives it, with its true key."""
    return read_pact(json.dumps(document(consumer, provider, *paths)), "pact.json").contract()
