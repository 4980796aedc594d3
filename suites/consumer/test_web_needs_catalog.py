"""What the web shop needs of the catalog: names, descriptions and prices to show."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pact import Pact, match
from web_service.catalog_client import CatalogClient, Product
from web_service.peers import PeerRefused

PactBetween = Callable[[str, str], Pact]

SENCHA = Product(sku="TST-3", name="Sencha", description="Green.", price_cents=450)
PRODUCT = {
    "sku": match.regex(SENCHA.sku, regex=r"^[A-Z]{3}-[0-9]{1,4}$"),
    "name": match.str(SENCHA.name),
    "description": match.str(SENCHA.description),
    "price_cents": match.int(SENCHA.price_cents),
}


def test_the_first_products(pact_between: PactBetween) -> None:
    pact = pact_between("web", "catalog")
    (
        pact.upon_receiving("the first products")
        .given("a product is on sale", {"sku": "TST-3"})
        .with_request("GET", "/products")
        .with_query_parameter("limit", "20")
        .will_respond_with(200)
        .with_body({"products": match.each_like(PRODUCT)}, "application/json")
    )
    with pact.serve() as catalog:
        assert CatalogClient(str(catalog.url)).products(None) == [SENCHA]


def test_the_products_of_a_category(pact_between: PactBetween) -> None:
    pact = pact_between("web", "catalog")
    (
        pact.upon_receiving("the products of a category")
        .given("a product is on sale", {"sku": "TST-3", "category": "tea"})
        .with_request("GET", "/products")
        .with_query_parameters({"category": "tea", "limit": "2"})
        .will_respond_with(200)
        .with_body({"products": match.each_like(PRODUCT)}, "application/json")
    )
    with pact.serve() as catalog:
        assert CatalogClient(str(catalog.url)).products("tea", limit=2) == [SENCHA]


def test_one_product(pact_between: PactBetween) -> None:
    pact = pact_between("web", "catalog")
    (
        pact.upon_receiving("one product")
        .given("a product is on sale", {"sku": "TST-3"})
        .with_request("GET", "/products/TST-3")
        .will_respond_with(200)
        .with_body(PRODUCT, "application/json")
    )
    with pact.serve() as catalog:
        assert CatalogClient(str(catalog.url)).product("TST-3") == SENCHA


def test_a_product_that_does_not_exist_is_refused(pact_between: PactBetween) -> None:
    pact = pact_between("web", "catalog")
    (
        pact.upon_receiving("one product")
        .given("no such product", {"sku": "TST-8"})
        .with_request("GET", "/products/TST-8")
        .will_respond_with(404)
    )
    with pact.serve() as catalog, pytest.raises(PeerRefused, match="404"):
        CatalogClient(str(catalog.url)).product("TST-8")
