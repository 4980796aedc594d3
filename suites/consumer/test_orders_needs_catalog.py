"""What orders needs of the catalog: a price, and whether it may be sold."""

from __future__ import annotations

from collections.abc import Callable

from orders_service.catalog_client import CatalogClient, Price
from pact import Pact, match

PactBetween = Callable[[str, str], Pact]


def price(*, available: bool) -> dict[str, object]:
    # Exactly what the client reads, and nothing more: the catalog may change the rest as it likes.
    return {
        "sku": match.regex("TST-1", regex=r"^[A-Z]{3}-[0-9]{1,4}$"),
        "price_cents": match.int(450),
        "currency": match.regex("EUR", regex=r"^(EUR|USD)$"),
        "available": available,
    }


def test_the_price_of_a_product_on_sale(pact_between: PactBetween) -> None:
    pact = pact_between("orders", "catalog")
    (
        pact.upon_receiving("the price of a product")
        .given("a product is on sale", {"sku": "TST-1", "price_cents": 450})
        .with_request("GET", "/products/TST-1")
        .with_header("Accept", "application/json")
        .will_respond_with(200)
        .with_body(price(available=True), "application/json")
    )
    with pact.serve() as catalog, CatalogClient(str(catalog.url)) as client:
        found = client.price("TST-1")
    assert found == Price(sku="TST-1", price_cents=450, currency="EUR", available=True)


def test_a_product_that_is_sold_out_is_known_but_not_available(pact_between: PactBetween) -> None:
    pact = pact_between("orders", "catalog")
    (
        pact.upon_receiving("the price of a product")
        .given("a product is sold out", {"sku": "TST-2"})
        .with_request("GET", "/products/TST-2")
        .will_respond_with(200)
        .with_body(price(available=False), "application/json")
    )
    with pact.serve() as catalog, CatalogClient(str(catalog.url)) as client:
        found = client.price("TST-2")
    assert found is not None
    assert not found.available


def test_a_product_that_does_not_exist_has_no_price(pact_between: PactBetween) -> None:
    pact = pact_between("orders", "catalog")
    (
        pact.upon_receiving("the price of a product")
        .given("no such product", {"sku": "TST-9"})
        .with_request("GET", "/products/TST-9")
        .will_respond_with(404)
    )
    with pact.serve() as catalog, CatalogClient(str(catalog.url)) as client:
        assert client.price("TST-9") is None
