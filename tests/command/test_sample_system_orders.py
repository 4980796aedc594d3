"""Orders on a real PostgreSQL: version 1 keeps its promises, and its planted faults are really there."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from orders_service.app import create_app
from orders_service.catalog_client import CatalogClient
from orders_service.payments_client import PaymentsClient
from orders_service.storage import Storage
from real_postgres import running
from starlette.testclient import TestClient

NOBODY = "http://127.0.0.1:1"
BASKET: dict[str, Any] = {"customer": "ada", "lines": [{"sku": "TST-4", "quantity": 2}]}

Orders = Callable[..., TestClient]


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of a PostgreSQL that lives as long as this file's tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import where the machine sets no XDG_RUNTIME_DIR
        with running() as url:
            yield url


@pytest.fixture
def orders(database: str) -> Iterator[Orders]:
    with ExitStack() as stack:

        def make(*faults: str, states: bool = True) -> TestClient:
            catalog = stack.enter_context(CatalogClient(NOBODY))
            payments = stack.enter_context(PaymentsClient(NOBODY))
            app = create_app(Storage(database), catalog, payments, faults, states=states)
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


def enter(client: TestClient, state: str, action: str = "setup", **params: Any) -> int:
    asked = {"state": state, "params": params, "action": action}
    return client.post("/_harness/states", json=asked).status_code


@pytest.mark.slow
def test_an_order_is_placed_read_back_listed_and_given_back_once(orders: Orders) -> None:
    client = orders()
    enter(client, "the product can be bought", sku="TST-4")
    customer = f"c-{uuid4().hex[:8]}"
    made = client.post("/orders", json=BASKET | {"customer": customer, "note": "für Ada 🍵"})
    assert made.status_code == 201
    order = made.json()
    assert (order["total_cents"], order["status"]) == (900, "placed")
    assert client.get(f"/orders/{order['id']}").json() == order
    assert client.get("/orders", params={"customer": customer}).json() == {"orders": [order]}
    assert client.post(f"/orders/{order['id']}/cancel").json() == order | {"status": "cancelled"}
    assert client.post(f"/orders/{order['id']}/cancel").status_code == 409


@pytest.mark.slow
@pytest.mark.parametrize("state", ["the product is sold out", "the payment is declined"])
def test_an_order_that_cannot_be_fulfilled_is_refused(orders: Orders, state: str) -> None:
    client = orders()
    enter(client, state, sku="TST-4")
    assert client.post("/orders", json=BASKET).status_code == 409


@pytest.mark.slow
def test_a_state_ends_with_its_tear_down(orders: Orders) -> None:
    client = orders()
    enter(client, "the product can be bought", sku="TST-4")
    enter(client, "the product can be bought", "teardown", sku="TST-4")
    assert client.post("/orders", json=BASKET).status_code == 502  # the real catalog is asked, and there is none


@pytest.mark.slow
def test_every_state_that_is_listed_can_be_entered(orders: Orders) -> None:
    client = orders()
    params = {"id": str(uuid4()), "customer": "grace", "sku": "TST-4"}
    needs = {"an order exists": ["id"], "a cancelled order exists": ["id"], "no such order": ["id"]}
    needs["the customer has an order"] = ["id", "customer"]
    for state in client.get("/_harness/states").json()["states"]:
        given = {key: params[key] for key in needs.get(state, ["sku"])}
        assert enter(client, state, **given) == 200, state


@pytest.mark.slow
def test_a_state_that_is_unknown_or_misused_is_refused_at_once(orders: Orders) -> None:
    client = orders()
    assert enter(client, "no state of ours") == 404
    assert enter(client, "no such order") == 422
    assert orders(states=False).get("/_harness/states").status_code == 404


@pytest.mark.slow
def test_2b_the_total_is_a_string_everywhere(orders: Orders) -> None:
    client = orders("2b")
    enter(client, "the product can be bought", sku="TST-4")
    order = client.post("/orders", json=BASKET).json()
    assert order["total_cents"] == "900"
    assert client.get(f"/orders/{order['id']}").json()["total_cents"] == "900"
    assert client.post(f"/orders/{order['id']}/cancel").json()["total_cents"] == "900"


@pytest.mark.slow
def test_2e_a_customer_without_orders_is_answered_204(orders: Orders) -> None:
    nobody = {"customer": f"c-{uuid4().hex[:8]}"}
    assert orders("2e").get("/orders", params=nobody).status_code == 204
    assert orders().get("/orders", params=nobody).json() == {"orders": []}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"note": "a\x00b"}, 422),
        ({"note": "\ud800"}, 422),
        ({"note": "x" * 201}, 422),
        ({"customer": "Ada"}, 422),
        ({"lines": []}, 422),
        ({"lines": [{"sku": "TST-4", "quantity": 2.0}]}, 201),
        ({"lines": [{"sku": "TST-4", "quantity": True}]}, 422),
        ({"lines": [{"sku": "TST-4", "quantity": "2"}]}, 422),
        ({"lines": [{"sku": "TST-4", "quantity": 10**30}]}, 422),
        ({"lines": [{"sku": "TST-4", "quantity": 1e308}]}, 422),
        ({"other": 1}, 422),
    ],
    ids=lambda value: ascii(value)[:80],
)
def test_orders_keeps_nothing_that_it_could_not_show(orders: Orders, change: dict[str, Any], status: int) -> None:
    client = orders()
    enter(client, "the product can be bought", sku="TST-4")
    body = json.dumps(BASKET | change)  # all ASCII, so that a lone surrogate gets through
    answer = client.post("/orders", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"\xff", 400), (b"[" * 100_000, 400), (b"null", 422), (b"9" * 5_000, 400)]
)
def test_a_hostile_body_is_refused_and_never_a_crash(orders: Orders, body: bytes, status: int) -> None:
    answer = orders().post("/orders", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status


@pytest.mark.slow
def test_an_unsupported_method_is_told_all_that_are_supported(orders: Orders) -> None:
    assert orders().delete("/orders").headers["allow"] == "GET, POST"


@pytest.mark.slow
def test_without_its_database_orders_is_not_healthy() -> None:
    with CatalogClient(NOBODY) as catalog, PaymentsClient(NOBODY) as payments:
        app = create_app(Storage("postgresql://nobody@127.0.0.1:1/none"), catalog, payments)
        with TestClient(app, raise_server_exceptions=False) as client:
            assert client.get("/health").status_code == 503
