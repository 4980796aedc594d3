"""A client of the broker in the same process; every answer is held against the API's own document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest
import sqlalchemy as sa
from new_ledgers import opened, sqlite_in
from real_postgres import running

from harness.broker.app import api_document, broker, router
from harness.broker.http.serving import BrokerApplication, by_extension
from harness.broker.settings import BrokerSettings
from harness.ledger.db.database import Database, open_database

HAL = "application/hal+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.content)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    @property
    def links(self) -> Any:
        """`_links` of the body."""
        return self.json["_links"]


@dataclass(kw_only=True)
class Client:
    """Sends requests to an application as a server would hand them over."""

    app: BrokerApplication
    base: str = "http://broker.test"
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **more: Any) -> Reply:
        """GET."""
        return self.send("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        """POST of a JSON document."""
        return self.send("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Reply:
        """PUT of a JSON document."""
        return self.send("PUT", path, body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> Reply:
        """PATCH with a merge patch."""
        return self.send("PATCH", path, body, **{"media": "application/merge-patch+json", **more})

    def delete(self, path: str, **more: Any) -> Reply:
        """DELETE."""
        return self.send("DELETE", path, **more)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        accept: str | None = HAL,
        media: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Any request; `body` is a JSON document, or bytes that are sent as they are."""
        path = path.removeprefix(self.base) or "/"
        sent = {"host": self.base.partition("://")[2], **self.headers}
        if accept is not None:
            sent["accept"] = accept
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["content-type"] = media
        sent["content-length"] = str(len(data))
        run = asyncio.run if self.app.threaded else at_once
        reply = run(exchange(self.app, method, path, {**sent, **(headers or {})}, data))
        check_against_document(method, path, reply)
        return reply


def at_once(asked: Coroutine[Any, Any, Reply]) -> Reply:
    """The reply of an application that waits for nobody, without a loop."""
    try:
        asked.send(None)
    except StopIteration as answered:
        reply: Reply = answered.value
        return reply
    raise AssertionError("it waits for somebody")


async def exchange(
    app: BrokerApplication, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> Reply:
    """One request to an application, inside of a running loop."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
    }
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    start, *parts = told
    found = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Reply(status=start["status"], headers=found, content=b"".join(part["body"] for part in parts))


@cache
def _document() -> dict[str, Any]:
    return api_document()


@cache
def _validator(path: str, method: str, status: str, media: str) -> jsonschema_rs.Validator | None:
    responses = _document()["paths"][path][method]["responses"]
    assert status in responses, f"{method.upper()} {path} answered {status}, which the document does not tell"
    told = responses[status]
    if "$ref" in told:
        told = _document()["components"]["responses"][told["$ref"].rpartition("/")[2]]
    content = told.get("content", {})
    if not content:
        return None
    assert media in content, (
        f"{method.upper()} {path} answered {status} as {media!r}, not as any of {list(content)}"
    )
    schema = {**content[media]["schema"], "components": _document()["components"]}
    return jsonschema_rs.validator_for({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def check_against_document(method: str, target: str, reply: Reply) -> None:
    """Every answer of a route has a status, a media type and a shape that the document tells."""
    match, _ = by_extension(router(), target.partition("?")[0], "")
    route = match.routes.get(method) if match else None
    if route is None or route.hidden or "//" in target:
        return
    media = reply.headers.get("content-type", "").partition(";")[0]
    if media == "text/html":
        return
    validator = _validator(route.path, method.lower(), str(reply.status), media)
    if validator is None:
        assert reply.content == b"", f"{method} {target} answered {reply.status} with a body that nobody expects"
    elif media.endswith("json"):
        for error in validator.iter_errors(reply.json):
            raise AssertionError(f"{method} {target} {reply.status}: {error}")


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite database."""
    database = sqlite_in(tmp_path / "ledger.db")
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL; its URL."""
    with running() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The URL of a migrated, empty database."""
    url = new_database(postgres_server, "empty_ledger")
    open_database(url).close()
    return url


def new_database(server: str, name: str, template: str = "template1") -> str:
    """The URL of a new database."""
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    template = request.getfixturevalue("postgres_template")
    found = opened(new_database(template, f"l{uuid4().hex}", "empty_ledger"))
    yield found
    found.close()


@pytest.fixture
def settings() -> BrokerSettings:
    """How the broker under test behaves; override it in a test file."""
    return BrokerSettings()


@pytest.fixture
def client(database: Database, settings: BrokerSettings) -> Client:
    """A client of an empty broker."""
    return Client(app=replace(broker(database, settings), threaded=False))
