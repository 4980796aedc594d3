"""No write is held open while a document is read, compared or put into words; what is too large is refused."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa
from broker_client import Client

from harness.broker.app import broker, router
from harness.broker.http.problems import Refused
from harness.broker.http.reading import MOST_VALUES, read_json
from harness.contracts.openapi_source import parse
from harness.errors import ContractError
from harness.ledger.db.database import Database

ROOMS = ("harness.contracts.", "harness.comparison.", "harness.broker.pact_diff", "yaml.")
NAMES = ("read_json", "_serve")
VALUES = "harness.contracts.document"  # what a contract is: nothing of it is read there


@dataclass(frozen=True, slots=True)
class Watched(Database):
    """A database that notes what is called while a write is open."""

    seen: set[str] = field(default_factory=set)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """As ever, and watched."""

        def note(frame: FrameType, event: str, _argument: Any) -> None:
            module, name = frame.f_globals.get("__name__", ""), frame.f_code.co_name
            if event == "call" and (module.startswith(ROOMS) or name in NAMES) and module != VALUES:
                self.seen.add(f"{module}.{name}")

        with Database.writing(self) as db:
            sys.setprofile(note)
            try:
                yield db
            finally:
                sys.setprofile(None)


@pytest.fixture
def watched(sqlite_database: Database) -> Client:
    app = broker(Watched(sqlite_database.engine, sqlite_database.place))
    app.threaded = False
    return Client(app=app)


def seen(client: Client) -> set[str]:
    assert isinstance(client.app.database, Watched)
    return client.app.database.seen


def pact(body: object) -> dict[str, Any]:
    answered = {"status": 200, "body": body}
    asked = {"description": "a", "request": {"method": "GET", "path": "/a"}, "response": answered}
    return {
        "consumer": {"name": "web"},
        "provider": {"name": "stock"},
        "interactions": [asked],
        "metadata": {"long": "x" * 60_000},
    }


def encoded(document: object) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    return base64.b64encode(text.encode()).decode()


def publication(number: str, body: object) -> dict[str, Any]:
    contract = {"consumerName": "web", "providerName": "stock", "content": encoded(pact(body))}
    contract |= {"contentType": "application/json", "specification": "pact"}
    return {
        "pacticipantName": "web",
        "pacticipantVersionNumber": number,
        "branch": "main",
        "contracts": [contract],
    }


OPENAPI = """
openapi: 3.0.0
info: {title: t, version: '1'}
paths:
  /a:
    get:
      responses:
        '200': {description: d, content: {application/json: {schema: {type: string}}}}
"""


def document(text: str = OPENAPI, media: str = "application/yaml", number: str = "1") -> dict[str, Any]:
    contract = {"content": encoded(text), "contentType": media, "specification": "oas"}
    return {"pacticipantVersionNumber": number, "branch": "main", "contract": contract}


def test_no_write_is_open_while_what_is_published_is_read_compared_or_told(watched: Client) -> None:
    publish = "/provider-contracts/provider/stock/publish"
    assert watched.post("/contracts/publish", publication("1", "x")).status == 200
    told = watched.post(publish, document())
    assert told.status == 200
    assert "web version 1 fits this document" in told.text
    told = watched.post("/contracts/publish", publication("2", 7))
    assert told.status == 200
    assert "This pact does not fit the document of stock version 1" in told.text
    assert watched.post("/contracts/publish", publication("2", [8])).status == 409
    assert watched.put("/pacts/provider/stock/consumer/web/version/3", pact("z")).status == 201
    assert watched.put("/pacts/provider/stock/consumer/web/version/3", pact(["y"])).status == 409
    assert watched.post(publish, document("%YAML 1.2\n---" + OPENAPI, number="2")).status == 200
    assert seen(watched) == set()


def test_every_body_is_read_before_its_write_is_begun(watched: Client) -> None:
    for route in router().routes:
        if route.takes:
            path = route.path.replace("{", "").replace("}", "")
            for body in (b"{", b'{"name": "x", "events": [{}], "request": {}}'):
                watched.send(route.method, path, body, media=route.takes[0])
    assert not any(each.endswith("read_json") for each in seen(watched))


# --- too large ------------------------------------------------------------------------------------------------


def test_more_values_than_are_read_is_refused_by_their_number(watched: Client) -> None:
    many = b"[" + b"[]," * MOST_VALUES + b"[]]"
    with pytest.raises(Refused, match="413"):
        read_json(many, 100)
    refused = watched.send("POST", "/environments", many, media="application/json")
    assert (refused.status, f"more than {MOST_VALUES} values" in refused.text) == (413, True)
    refused = watched.post(
        "/provider-contracts/provider/stock/publish", document(many.decode(), "application/json")
    )
    assert (refused.status, f"more than {MOST_VALUES} values" in refused.text) == (413, True)


def test_more_yaml_than_is_read_is_refused_with_what_to_do(watched: Client) -> None:
    refused = watched.post("/provider-contracts/provider/stock/publish", document(OPENAPI + "#" * 4_000_000))
    assert (refused.status, "publish the document as JSON" in refused.text) == (413, True)


@pytest.mark.parametrize(
    ("more", "why", "line"),
    [
        ("a: !!str 1\n", "it names the kind of a value", 40_003),
        ("k1: 2\n", "a key is given twice", 40_003),
        ("]: [\n", "did not find expected key", 40_003),
    ],
)
def test_what_only_the_slow_reader_knows_is_not_read_when_it_is_long(more: str, why: str, line: int) -> None:
    text = "openapi: 3.0.0\n" + "".join(f"k{n}: text and\n" for n in range(1, 40_002)) + more
    assert len(text) > 500_000
    with pytest.raises(ContractError) as caught:
        parse(text, "document.yaml")
    (problem,) = caught.value.problems
    assert why in problem.text
    assert problem.where == f"document.yaml:{line}"
    assert "as JSON" in problem.hint
