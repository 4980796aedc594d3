"""How much the broker asks of its database for one answer, and what the database may keep from one to the next."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from broker_client import Client

from harness.errors import EnvironmentProblem
from harness.ledger.db.database import Database

PACT = {"interactions": [{"description": "a", "request": {}, "response": {}}]}
SELECTORS = {
    "consumerVersionSelectors": [{"mainBranch": True}, {"deployedOrReleased": True}],
    "providerVersionBranch": "main",
    "includePendingStatus": True,
}


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are asked meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(database.engine, "before_cursor_execute", note)


def publish(client: Client, number: str, branch: str = "main") -> None:
    content = base64.b64encode(json.dumps(PACT).encode()).decode()
    contract = {
        "consumerName": "web",
        "providerName": "orders",
        "content": content,
        "contentType": "application/json",
        "specification": "pact",
    }
    body = {
        "pacticipantName": "web",
        "pacticipantVersionNumber": number,
        "branch": branch,
        "contracts": [contract],
    }
    assert client.post("/contracts/publish", body).status == 200


def deployed_pair(client: Client) -> None:
    publish(client, "1")
    client.put("/pacticipants/orders/versions/7/tags/any", {})
    client.put("/pacticipants/orders/branches/main/versions/7", {})
    created = client.post("/environments", {"name": "shop", "displayName": "Shop", "production": True})
    uuid = created.json["uuid"]
    for name, number in (("web", "1"), ("orders", "7")):
        client.post(f"/pacticipants/{name}/versions/{number}/deployed-versions/environment/{uuid}", {})


def test_a_matrix_asks_no_more_for_many_failed_rows_than_for_one(
    sqlite_database: Database, client_of_sqlite: Client
) -> None:
    deployed_pair(client_of_sqlite)
    place = client_of_sqlite.get("/pacts/provider/orders/consumer/web/latest").json["_links"]
    results = place["pb:publish-verification-results"]["href"]
    needed = []
    for many in (1, 6):
        for number in range(many):
            told = {"success": False, "providerApplicationVersion": f"{many}.{number}"}
            assert client_of_sqlite.post(results, told).status == 201
        with counted(sqlite_database) as asked:
            client_of_sqlite.get("/matrix/provider/orders/consumer/web")
        needed.append(len(asked))
    assert needed[1] <= needed[0], needed


def test_a_publication_a_decision_and_a_selection_each_ask_a_few_questions_only(
    sqlite_database: Database, client_of_sqlite: Client
) -> None:
    deployed_pair(client_of_sqlite)
    with counted(sqlite_database) as asked:
        publish(client_of_sqlite, "2")
    assert len(asked) <= 27, "\n".join(asked)  # two of them begin: what reads documents has a view of its own
    with counted(sqlite_database) as asked:
        client_of_sqlite.get("/can-i-deploy?pacticipant=web&version=1&environment=shop")
    assert len(asked) <= 20, "\n".join(asked)
    with counted(sqlite_database) as asked:
        client_of_sqlite.post("/pacts/provider/orders/for-verification", SELECTORS)
    assert len(asked) <= 10, "\n".join(asked)


def test_a_longer_history_asks_no_more_questions(sqlite_database: Database, client_of_sqlite: Client) -> None:
    client = client_of_sqlite
    deployed_pair(client)
    paths = (
        "/can-i-deploy?pacticipant=web&version=1&environment=shop",
        "/dashboard",
        "/pacticipants/web/versions",
    )
    before = []
    for path in paths:
        with counted(sqlite_database) as asked:
            client.get(path)
        before.append(len(asked))
    for number in range(2, 40):
        publish(client, str(number), f"topic-{number}")
    for path, few in zip(paths, before, strict=True):
        with counted(sqlite_database) as asked:
            client.get(path)
        assert len(asked) <= few, path


@pytest.fixture
def client_of_sqlite(sqlite_database: Database) -> Client:
    from harness.broker.app import broker

    return Client(app=broker(sqlite_database))


on_postgresql = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.slow)], indirect=True
)


@on_postgresql
def test_postgresql_keeps_its_plans_from_one_answer_to_the_next(database: Database, client: Client) -> None:
    deployed_pair(client)
    for _ in range(8):  # the driver prepares what it has been asked five times
        assert client.get("/can-i-deploy?pacticipant=web&version=1&environment=shop").status == 200
    with database.reading() as db:
        planned = db.execute(sa.text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
    assert planned >= 10


@on_postgresql
def test_who_only_reads_can_write_nothing(database: Database) -> None:
    with pytest.raises(EnvironmentProblem, match="read-only"), database.reading() as db:
        db.execute(sa.text("DELETE FROM labels"))
