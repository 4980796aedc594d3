"""A customer's way through the whole shop."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import uuid4

import pytest
import requests

PATIENCE = 15.0  # seconds


class System(Protocol):
    """The running services, as the harness's fixture gives them."""

    def url(self, service: str) -> str:
        """Where the service answers."""


@pytest.fixture
def sku(system: System) -> str:
    """A product of this test's own, so that nothing else can change it."""
    number = f"INT-{uuid4().int % 10_000}"
    product = {
        "name": "Gyokuro",
        "description": "Shaded.",
        "price_cents": 1250,
        "currency": "EUR",
        "category": "tea",
        "available": True,
    }
    requests.put(f"{system.url('catalog')}/products/{number}", json=product, timeout=PATIENCE).raise_for_status()
    return number


@pytest.fixture
def customer() -> str:
    return f"it-{uuid4().hex[:12]}"


def bought(system: System, sku: str, customer: str) -> dict[str, Any]:
    basket = {"customer": customer, "sku": sku, "quantity": 2}
    answer = requests.post(f"{system.url('web')}/checkout", json=basket, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    assert shown["notice"] == ""
    receipt: dict[str, Any] = shown["receipt"]
    return receipt


def charge_of(system: System, receipt: dict[str, Any]) -> dict[str, Any]:
    order = requests.get(f"{system.url('orders')}/orders/{receipt['order_id']}", timeout=PATIENCE).json()
    charge: dict[str, Any] = requests.get(
        f"{system.url('payments')}/charges/{order['charge_id']}", timeout=PATIENCE
    ).json()
    return charge


def test_the_shop_shows_a_product_with_its_description(system: System, sku: str) -> None:
    shown = requests.get(f"{system.url('web')}/shop/{sku}", timeout=PATIENCE).json()
    assert shown == {
        "product": {"sku": sku, "name": "Gyokuro", "description": "Shaded.", "price_cents": 1250},
        "notice": "",
    }


def test_what_is_bought_in_the_shop_is_kept_by_orders(system: System, sku: str, customer: str) -> None:
    receipt = bought(system, sku, customer)
    order = requests.get(f"{system.url('orders')}/orders/{receipt['order_id']}", timeout=PATIENCE).json()
    assert order["status"] == receipt["status"] == "placed"
    assert order["total_cents"] == receipt["total_cents"] == 2500
    assert order["lines"] == [{"sku": sku, "quantity": 2}]


def test_what_is_bought_in_the_shop_is_charged_by_payments(system: System, sku: str, customer: str) -> None:
    charge = charge_of(system, bought(system, sku, customer))
    assert charge["amount_cents"] == 2500
    assert charge["status"] == "captured"


def test_what_is_given_back_is_refunded_by_payments(system: System, sku: str, customer: str) -> None:
    receipt = bought(system, sku, customer)
    cancel = f"{system.url('web')}/receipts/{receipt['order_id']}/cancel"
    shown = requests.post(cancel, timeout=PATIENCE).json()
    assert shown["receipt"]["status"] == "cancelled"
    assert charge_of(system, receipt)["status"] == "refunded"


def test_a_customer_sees_what_she_has_bought(system: System, sku: str, customer: str) -> None:
    receipt = bought(system, sku, customer)
    shown = requests.get(f"{system.url('web')}/customers/{customer}/receipts", timeout=PATIENCE).json()
    assert shown == {"receipts": [receipt], "notice": ""}
