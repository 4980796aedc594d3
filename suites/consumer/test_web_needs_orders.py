"""What the web shop needs of orders: to place, show, list and cancel them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pact import Pact, match
from web_service.orders_client import OrdersClient, Receipt
from web_service.peers import PeerRefused

PactBetween = Callable[[str, str], Pact]

PLACED = "0d4c3f9e-26a1-4c0b-8f55-6a3d1a2b7c01"
LISTED = "0d4c3f9e-26a1-4c0b-8f55-6a3d1a2b7c02"
GIVEN_BACK = "0d4c3f9e-26a1-4c0b-8f55-6a3d1a2b7c03"
UNKNOWN = "0d4c3f9e-26a1-4c0b-8f55-6a3d1a2b7c04"


def order(identity: str, status: str) -> dict[str, object]:
    return {
        "id": match.uuid(identity),
        "total_cents": match.int(900),
        "currency": match.regex("EUR", regex=r"^(EUR|USD)$"),
        "status": status,
    }


def basket(sku: str) -> dict[str, object]:
    return {"customer": match.str("ada"), "lines": [{"sku": sku, "quantity": match.int(2)}]}


def test_buying_a_product(pact_between: PactBetween) -> None:
    pact = pact_between("web", "orders")
    (
        pact.upon_receiving("an order")
        .given("the product can be bought", {"sku": "TST-4"})
        .with_request("POST", "/orders")
        .with_body(basket("TST-4"), "application/json")
        .will_respond_with(201)
        .with_body(order(PLACED, "placed"), "application/json")
    )
    with pact.serve() as orders:
        receipt = OrdersClient(str(orders.url)).place("ada", "TST-4", 2)
    assert receipt == Receipt(order_id=PLACED, total_cents=900, currency="EUR", status="placed")


@pytest.mark.parametrize(
    ("state", "sku"), [("the product is sold out", "TST-5"), ("the payment is declined", "TST-6")]
)
def test_an_order_that_cannot_be_fulfilled_is_refused(pact_between: PactBetween, state: str, sku: str) -> None:
    pact = pact_between("web", "orders")
    (
        pact.upon_receiving("an order")
        .given(state, {"sku": sku})
        .with_request("POST", "/orders")
        .with_body(basket(sku), "application/json")
        .will_respond_with(409)
    )
    with pact.serve() as orders, pytest.raises(PeerRefused, match="409"):
        OrdersClient(str(orders.url)).place("ada", sku, 2)


def test_one_order(pact_between: PactBetween) -> None:
    pact = pact_between("web", "orders")
    (
        pact.upon_receiving("one order")
        .given("an order exists", {"id": PLACED})
        .with_request("GET", f"/orders/{PLACED}")
        .will_respond_with(200)
        .with_body(order(PLACED, "placed"), "application/json")
    )
    with pact.serve() as orders:
        assert OrdersClient(str(orders.url)).show(PLACED).status == "placed"


def test_an_unknown_order_is_refused(pact_between: PactBetween) -> None:
    pact = pact_between("web", "orders")
    (
        pact.upon_receiving("one order")
        .given("no such order", {"id": UNKNOWN})
        .with_request("GET", f"/orders/{UNKNOWN}")
        .will_respond_with(404)
    )
    with pact.serve() as orders, pytest.raises(PeerRefused, match="404"):
        OrdersClient(str(orders.url)).show(UNKNOWN)


def test_the_orders_of_a_customer(pact_between: PactBetween) -> None:
    pact = pact_between("web", "orders")
    (
        pact.upon_receiving("the orders of a customer")
        .given("the customer has an order", {"customer": "grace", "id": LISTED})
        .with_request("GET", "/orders")
        .with_query_parameter("customer", "grace")
        .will_respond_with(200)
        .with_body({"orders": match.each_like(order(LISTED, "placed"))}, "application/json")
    )
    with pact.serve() as orders:
        assert [receipt.order_id for receipt in OrdersClient(str(orders.url)).of("grace")] == [LISTED]


def test_giving_an_order_back(pact_between: PactBetween) -> None:
    pact = pact_between("web", "orders")
    (
        pact.upon_receiving("giving an order back")
        .given("an order exists", {"id": GIVEN_BACK})
        .with_request("POST", f"/orders/{GIVEN_BACK}/cancel")
        .will_respond_with(200)
        .with_body(order(GIVEN_BACK, "cancelled"), "application/json")
    )
    with pact.serve() as orders:
        assert OrdersClient(str(orders.url)).cancel(GIVEN_BACK).status == "cancelled"


def test_no_order_is_given_back_twice(pact_between: PactBetween) -> None:
    pact = pact_between("web", "orders")
    (
        pact.upon_receiving("giving an order back")
        .given("a cancelled order exists", {"id": GIVEN_BACK})
        .with_request("POST", f"/orders/{GIVEN_BACK}/cancel")
        .will_respond_with(409)
    )
    with pact.serve() as orders, pytest.raises(PeerRefused, match="409"):
        OrdersClient(str(orders.url)).cancel(GIVEN_BACK)
