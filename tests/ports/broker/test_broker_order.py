"""Lists come in one order on every store, whatever the locale of the database is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from broker_client import Client
from sqlalchemy.engine.url import make_url

from harness.broker.http.hal import path
from harness.broker.settings import BrokerSettings
from harness.ledger.db.rows import in_order
from harness.ledger.db.tables import pacticipants

NAMES = ("b", "É", "a-c", "B2", "a b", "Ab", "z", "é", "ab2", "_")
ORDERED = ["_", "a b", "a-c", "Ab", "ab2", "b", "B2", "z", "É", "é"]


@pytest.fixture
def settings() -> BrokerSettings:
    """The names are alike on purpose."""
    return BrokerSettings(check_duplicate_names=False)


def publish(client: Client, consumer: str, provider: str) -> None:
    body = {"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": []}
    told = client.put(path("pacts", "provider", provider, "consumer", consumer, "version", "1"), body)
    assert told.status == 201, told.text


def test_names_are_ordered_by_their_letters_and_not_by_the_locale() -> None:
    query = sa.select(pacticipants.c.id).order_by(in_order(pacticipants.c.name))
    for url, order in (
        ("sqlite://", "pacticipants.name"),
        ("postgresql+psycopg://", '(pacticipants.name) COLLATE "C"'),
    ):
        dialect = make_url(url).get_dialect()()
        assert str(query.compile(dialect=dialect)).endswith(f"ORDER BY lower({order})")


def test_consumers_of_a_provider_come_in_order(client: Client) -> None:
    for name in NAMES:
        publish(client, name, "P")
    found = client.get("/pacts/provider/P/latest").json
    assert [each["name"] for each in found["_links"]["pb:pacts"]] == ORDERED
    pairs = client.get("/integrations").json["_embedded"]["integrations"]
    assert [each["consumer"]["name"] for each in pairs] == ORDERED


def test_the_pacts_of_a_version_come_in_order(client: Client) -> None:
    for name in NAMES:
        publish(client, "C", name)
    found = client.get("/pacticipants/C/versions/1").links["pb:pact-versions"]
    assert [each["name"].removeprefix("Pact between C (1) and ") for each in found] == ORDERED


def test_pacticipants_come_in_order(client: Client) -> None:
    for name in NAMES:
        client.post("/pacticipants", {"name": name})
    found = client.get("/pacticipants").json["_embedded"]["pacticipants"]
    assert [each["name"] for each in found] == ORDERED


def test_environments_come_in_order(client: Client) -> None:
    for name in NAMES:
        client.post("/environments", {"name": name.replace(" ", "+"), "production": False})
    ordered = [name.replace(" ", "+") for name in ORDERED]
    found = client.get("/environments").json["_embedded"]["environments"]
    assert [each["name"] for each in found] == ordered
    client.put("/pacticipants/C/versions/1", {})
    links = client.get("/pacticipants/C/versions/1").links["pb:record-release"]
    assert [each["name"] for each in links] == ordered
