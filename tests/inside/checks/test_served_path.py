"""Below which path a running service serves its document: asked of the service, told when it is another one."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks.engines.schemathesis_shards import shards
from harness.checks.engines.served_path import find_served_path
from harness.contracts.openapi import OpenApi, Operation

ORDERS = Operation(method="GET", path="/orders", statuses=("200",))
ORDER = Operation(method="GET", path="/orders/{id}", statuses=("200", "404"))
MAKE = Operation(method="POST", path="/orders", statuses=("201",))


def document(*operations: Operation, servers: list[str]) -> OpenApi:
    value: dict[str, Any] = {"openapi": "3.1.0", "servers": [{"url": url} for url in servers]}
    return OpenApi(
        provider="o", specification="3.1.0", operations=operations, key="k", document=value, place="o.json"
    )


def service(*served: str, otherwise: int = 404) -> Any:
    return lambda path: 200 if path in served else otherwise


GATEWAY = ["https://api.example.org/shop/v1"]


@pytest.mark.parametrize(
    ("servers", "served", "base", "is_told"),
    [
        (GATEWAY, "/shop/v1/orders", "/shop/v1", False),
        (GATEWAY, "/orders", "", True),
        ([*GATEWAY, "/v2"], "/v2/orders", "/v2", True),
        ([*GATEWAY, "/{any}"], "/orders", "", True),
        (["/"], "/elsewhere", "", False),
        ([], "/elsewhere", "", False),
    ],
)
def test_a_service_is_checked_where_it_serves_its_document(
    servers: list[str], served: str, base: str, is_told: bool
) -> None:
    found = find_served_path(document(ORDERS, ORDER, servers=servers), service(served))
    assert (found.base, found.absent) == (base, "")
    assert ("/shop/v1" in found.remark) is is_told


def test_where_nothing_is_found_that_is_one_reason_with_what_was_asked() -> None:
    found = find_served_path(document(ORDERS, MAKE, servers=GATEWAY), service())
    assert "GET /shop/v1/orders answered 404, GET /orders answered 404" in found.absent


@pytest.mark.parametrize("operations", [[ORDER], [MAKE], [ORDER, MAKE]])
def test_an_answer_that_the_document_allows_is_no_proof_that_nothing_is_there(operations: list[Operation]) -> None:
    found = find_served_path(document(*operations, servers=GATEWAY), service())
    assert (found.base, found.absent, found.remark) == ("/shop/v1", "", "")


@pytest.mark.parametrize("status", [0, 200, 302, 401, 405, 500])
def test_any_other_answer_is_a_service_at_the_path_of_its_server(status: int) -> None:
    assert find_served_path(document(ORDERS, servers=GATEWAY), service(otherwise=status)).base == "/shop/v1"


UPLOADS = {"paths": {"/orders": {"get": {}}, "/files": {"servers": [{"url": "/files/v2"}], "get": {}, "post": {}}}}
FILES = Operation(method="GET", path="/files", statuses=("200",))


@pytest.mark.parametrize(("served", "is_absent"), [("/files/v2/files", False), ("/shop/v1/files", True)])
def test_operations_with_servers_of_their_own_are_looked_for_there_alone(served: str, *, is_absent: bool) -> None:
    given = document(ORDERS, FILES, Operation(method="POST", path="/files"), servers=GATEWAY)
    given.document.update(UPLOADS)
    found = find_served_path(given, service("/orders", served))
    assert (found.base, found.absent) == ("", "")
    assert dict(found.own) == {"GET /files": "/files/v2", "POST /files": "/files/v2"}
    assert bool(found.nowhere) is is_absent
    plan = shards(given, jobs=2, examples=1, where=found)
    assert {(shard.base, label) for shard in plan for label in shard.operations} == {
        ("", "GET /orders"),
        ("/files/v2", "GET /files"),
        ("/files/v2", "POST /files"),
    }
    assert not any(shard.everything for shard in plan)
