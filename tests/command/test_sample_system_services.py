"""Version 1 of the sample services keeps its promises, and each planted fault is really there."""

from __future__ import annotations

import runpy
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from catalog_service.app import create_app as create_catalog
from flask.testing import FlaskClient
from payments_service.app import create_app as create_payments
from starlette.applications import Starlette
from starlette.testclient import TestClient
from web_service.app import create_app as create_web
from web_service.catalog_client import CatalogClient
from web_service.orders_client import OrdersClient

ROOT = Path(__file__).parents[2]
STATES: dict[str, Callable[..., object]] = runpy.run_path(
    str(ROOT / "suites" / "provider" / "payments_states.py")
)["STATES"]
PRODUCT = {
    "name": "Sencha",
    "description": "Green.",
    "price_cents": 450,
    "currency": "EUR",
    "category": "tea",
    "available": True,
}
CHARGE = {"order_id": "2f1f6e0c-4f0a-4c57-9a53-6a8f6f9f5a10", "amount_cents": 900, "currency": "EUR"}


def catalog(*faults: str) -> FlaskClient:
    return create_catalog(faults, states=True).test_client()


def payments(*faults: str) -> TestClient:
    return TestClient(create_payments(faults), follow_redirects=False)


def charged(client: TestClient, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = client.post("/charges", json=CHARGE | more).json()
    return made


def test_a_product_is_read_back_as_it_was_put() -> None:
    client = catalog()
    assert client.put("/products/TST-1", json=PRODUCT).status_code == 201
    assert client.put("/products/TST-1", json=PRODUCT).status_code == 200
    assert client.get("/products/TST-1").get_json() == {"sku": "TST-1"} | PRODUCT


@pytest.mark.parametrize("path", ["/products", "/products?category=tea", "/products/TEA-1"])
def test_2a_the_catalog_shows_no_description(path: str) -> None:
    assert "description" in catalog().get(path).text
    assert "description" not in catalog("2a").get(path).text


def test_2f_the_catalog_fails_on_its_largest_page_only() -> None:
    statuses = [catalog("2f").get(f"/products?limit={limit}").status_code for limit in (99, 100, 101)]
    assert statuses == [200, 500, 422]
    assert catalog().get("/products?limit=100").status_code == 200


def test_2h_the_catalog_has_forgotten_one_state() -> None:
    asked = {"state": "a product is sold out", "params": {"sku": "TST-2"}, "action": "setup"}
    good, bad = catalog(), catalog("2h")
    assert good.post("/_harness/states", json=asked).status_code == 200
    assert good.get("/products/TST-2").get_json()["available"] is False
    assert bad.post("/_harness/states", json=asked).status_code == 404
    forgotten = set(good.get("/_harness/states").get_json()["states"])
    assert forgotten - set(bad.get("/_harness/states").get_json()["states"]) == {"a product is sold out"}


def test_states_are_out_of_reach_unless_they_are_asked_for() -> None:
    assert create_catalog().test_client().get("/_harness/states").status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=1", 200),
        ("limit=0", 422),
        ("limit=101", 422),
        ("limit=", 422),
        ("limit=+1", 422),
        ("limit=%EF%BC%91", 422),  # a digit of another script
        ("limit=1&limit=2", 422),
        ("limit=9999999999999999999999", 422),
        ("category=tea%00", 422),
        ("category=", 422),
    ],
)
def test_the_catalog_takes_no_query_that_it_does_not_promise(query: str, status: int) -> None:
    assert catalog().get(f"/products?{query}").status_code == status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"price_cents": 5.0}, 201),
        ({"price_cents": True}, 422),
        ({"price_cents": 5.5}, 422),
        ({"price_cents": -1}, 422),
        ({"price_cents": 10**30}, 422),
        ({"name": ""}, 422),
        ({"name": "x" * 81}, 422),
        ({"category": []}, 422),
        ({"available": 1}, 422),
        ({"other": 1}, 422),
    ],
    ids=str,
)
def test_the_catalog_keeps_no_product_that_it_could_not_show(change: dict[str, Any], status: int) -> None:
    assert catalog().put("/products/TST-1", json=PRODUCT | change).status_code == status


HOSTILE = [b"", b"{", b"\xff", b"null", b"[]", b"[" * 100_000, b'{"a": NaN}', b"9" * 5_000]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:8]))
def test_a_hostile_body_is_refused_and_never_a_crash(body: bytes) -> None:
    json = {"content-type": "application/json"}
    answered = catalog().put("/products/TST-1", data=body, headers=json).status_code
    assert answered in (400, 422)
    assert payments().post("/charges", content=body, headers=json).status_code == answered


def test_a_body_of_another_type_is_refused() -> None:
    assert catalog().put("/products/TST-1", data=b"a=1").status_code == 415
    assert payments().post("/charges", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415


def test_an_unsupported_method_is_told_which_are_supported() -> None:
    assert "PUT" in catalog().delete("/products/TEA-1").headers["Allow"]
    assert "POST" in payments().delete("/charges").headers["Allow"]


@pytest.mark.parametrize("path", ["/products/", "//products", "/products/TEA%2F1"])
def test_the_catalog_never_redirects(path: str) -> None:
    assert catalog().get(path).status_code == 404


def test_a_charge_is_captured_read_back_and_given_back_once() -> None:
    client = payments()
    made = charged(client)
    assert made["status"] == "captured"
    assert client.get(f"/charges/{made['id']}").json() == made
    assert client.post(f"/charges/{made['id']}/refund").json()["status"] == "refunded"
    assert client.post(f"/charges/{made['id']}/refund").status_code == 409


def test_a_charge_above_the_limit_is_declined() -> None:
    assert charged(payments(), amount_cents=500_001)["status"] == "declined"


def test_2c_payments_calls_captured_settled() -> None:
    client = payments("2c")
    made = charged(client)
    assert made["status"] == "settled"
    assert client.get(f"/charges/{made['id']}").json()["status"] == "settled"
    assert charged(client, amount_cents=500_001)["status"] == "declined"


def test_2d_payments_needs_a_customer() -> None:
    assert payments("2d").post("/charges", json=CHARGE).status_code == 422
    assert payments("2d").post("/charges", json=CHARGE | {"customer": "ada"}).status_code == 201


def test_2g_payments_sends_refunds_elsewhere() -> None:
    client = payments("2g")
    made = charged(client)
    moved = client.post(f"/charges/{made['id']}/refund")
    assert moved.status_code == 307
    assert client.post(moved.headers["location"]).json()["status"] == "refunded"
    assert client.post(f"/charges/{uuid4()}/refund").status_code == 404


def test_the_web_shop_answers_502_when_nobody_is_behind_it() -> None:
    nobody = "http://127.0.0.1:1"
    client = TestClient(create_web(CatalogClient(nobody), OrdersClient(nobody)))
    basket = {"customer": "ada", "sku": "TEA-1", "quantity": 1}
    answers = [client.get("/shop"), client.post("/checkout", json=basket), client.get(f"/receipts/{uuid4()}")]
    assert {answer.status_code for answer in answers} == {502}


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:8]))
def test_the_web_shop_refuses_a_hostile_basket(body: bytes) -> None:
    nobody = "http://127.0.0.1:1"
    client = TestClient(create_web(CatalogClient(nobody), OrdersClient(nobody)))
    answer = client.post("/checkout", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("faults", ["", "2c", "2d", "2g", "2c,2d,2g"])
def test_the_states_of_payments_can_be_reached_in_every_version(faults: str) -> None:
    with serving(create_payments(faults.split(","))) as url:
        system = {"payments": SimpleNamespace(url=url)}
        captured = STATES["a captured charge"]({}, system)
        refunded = STATES["a refunded charge"]({}, system)
        STATES["no such charge"]()
        assert isinstance(captured, dict)
        assert isinstance(refunded, dict)
        assert shown(url, captured["id"]) in ("captured", "settled")
        assert shown(url, refunded["id"]) == "refunded"


def shown(url: str, charge: str) -> str:
    status: str = httpx.get(f"{url}/charges/{charge}").json()["status"]
    return status


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The application on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()
