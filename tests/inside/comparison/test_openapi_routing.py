"""Which operation a request meets: the rules of docs/explanation/routing.md, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from harness.comparison.diff import document_of
from harness.comparison.pact_fit.routing import routes_of
from harness.contracts.openapi_routing import NearMissKind, Reach, RouteTable

INTEGER, TEXT = {"type": "integer"}, {"type": "string"}
UUID = {"type": "string", "format": "uuid"}


def item(*methods: str, servers: list[str] | None = None, **parameters: Any) -> dict[str, Any]:
    told = [
        {"name": name, "in": "path", "required": True, "schema": schema} for name, schema in parameters.items()
    ]
    operation: dict[str, Any] = {"parameters": told, "responses": {"200": {"description": ""}}}
    if servers is not None:
        operation["servers"] = [{"url": url} for url in servers]
    return {method: operation for method in methods or ("get",)}


def table(paths: dict[str, Any], servers: Any = None, **more: Any) -> RouteTable:
    told = [{"url": each} if isinstance(each, str) else each for each in servers or ()]
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, **more}
    return routes_of(document_of({**document, **({"servers": told} if servers else {})}, "o.json"))


def met(routes: RouteTable, target: str, method: str = "GET") -> str | None:
    found = routes.route(method, target).met
    return found.label if found else None


ORDERS = table(
    {
        "/orders": item("get", "post"),
        "/orders/{id}": item("get", "delete", id=INTEGER),
        "/orders/latest": item(),
        "/": item(),
    },
    ["http://localhost:8000/api/v1/"],
)


@pytest.mark.parametrize(
    ("method", "target", "label"),
    [
        ("get", "/orders", "GET /orders"),
        ("GET", "/api/v1/orders", "GET /orders"),
        ("GET", "/orders/7?full=1", "GET /orders/{id}"),
        ("GET", "http://127.0.0.1:4711/api/v1/orders/7?full=1#part", "GET /orders/{id}"),
        ("GET", "/orders/latest", "GET /orders/latest"),
        ("GET", "/%6Frders/l%61test", "GET /orders/latest"),
        ("GET", "/orders/a%2Fb", "GET /orders/{id}"),
        ("DELETE", "/orders/latest", "DELETE /orders/{id}"),
        ("GET", "/api/v1", "GET /"),
        ("GET", "/api/v1/", "GET /"),
        ("GET", "http://127.0.0.1:4711", "GET /"),
        ("GET", "", "GET /"),
        ("GET", "/orders/", None),
        ("GET", "/Orders", None),
        ("GET", "//orders", None),
        ("GET", "/orders//7", None),
        ("GET", "/orders/7/lines", None),
        ("GET", "/api/v2/orders", None),
        ("GET", "/api/v1orders", None),
        ("PATCH", "/orders", None),
        ("GET", "orders", None),
        ("OPTIONS", "*", None),
    ],
)
def test_a_request_meets_the_operation_that_takes_it(method: str, target: str, label: str | None) -> None:
    assert met(ORDERS, target, method) == label


def test_it_is_known_whether_the_path_of_the_server_was_left_out_and_what_cannot_be() -> None:
    below, without = ORDERS.route("GET", "/api/v1/orders/7").met, ORDERS.route("GET", "/orders/seven").met
    assert below is not None
    assert without is not None
    assert (below.reach, below.fault) == (Reach.BELOW_SERVER, "")
    assert without.reach is Reach.WITHOUT_SERVER
    assert "`id` of GET /orders/{id} cannot be 'seven'" in without.fault


@pytest.mark.parametrize(
    ("template", "path", "is_taken"),
    [
        ("/files/{name}.json", "/files/a.json", True),
        ("/files/{name}.json", "/files/a.xml", False),
        ("/files/{name}.json", "/files/.json", False),
        ("/files/{a}-{b}", "/files/x-y-z", True),
        ("/files/{a}-{b}", "/files/x-", False),
        ("/files/{a}-{b}", "/files/x%2Dy", True),
        ("/files/{a}{b}", "/files/x", False),
        ("/files/{a}{b}", "/files/xy", True),
        ("/files/v{major}.{minor}/{rest}", "/files/v1.2.3/x", True),
        ("/files/{id}:activate", "/files/7%3Aactivate", True),
        ("/files/{id", "/files/{id", True),
        ("/files/{id", "/files/7", False),
        ("/a.b", "/axb", False),
        ("/a b", "/a%20b", True),
        ("/a%20b", "/a b", True),
        ("/ä", "/%C3%A4", True),
        ("/a%2Fb", "/a/b", False),
        ("/a%2Fb", "/a%2fb", True),
        ("/", "/", True),
        ("/a/", "/a/", True),
        ("/a/", "/a", False),
        ("/{a}/{b}", "/1", False),
        ("/{a}/", "//", False),
    ],
)
def test_a_template_takes_whole_steps(template: str, path: str, is_taken: bool) -> None:
    assert (met(table({template: item()}), path) is not None) is is_taken


@pytest.mark.parametrize(
    ("paths", "target", "label"),
    [
        # What may have the values goes first, however literal the other is.
        ({"/users/{name}/settings": item(), "/users/me/{o}": item(o=INTEGER)}, "/users/me/settings", 0),
        ({"/users/{name}/settings": item(), "/users/me/{o}": item(o=INTEGER)}, "/users/me/7", 1),
        ({"/o/{id}": item(id=UUID), "/o/{x}-{y}": item(x=INTEGER)}, "/o/0a55a2b0-34f1-4bc5-9d0a-6a4d3f2e1c77", 0),
        ({"/o/{id}": item(id={"enum": ["a", "b"]}), "/o/{n}": item(n={"pattern": "^c"})}, "/o/b", 0),
        ({"/o/{id}": item(id={"enum": ["a", "b"]}), "/o/{n}": item(n={"pattern": "^c"})}, "/o/c", 1),
        # Then the narrower template.
        ({"/o/{id}": item(), "/o/latest": item()}, "/o/latest", 1),
        ({"/{kind}/{id}": item(), "/{kind}/latest": item(), "/o/latest": item()}, "/o/latest", 2),
        ({"/files/{averylongname}": item(), "/files/{a}-{b}": item()}, "/files/x-y", 1),
        ({"/files/{a}-{b}": item(), "/files/{a}-{b}.json": item()}, "/files/x-y.json", 1),
        # Then what is bound by a schema.
        ({"/pets/{name}": item(name=TEXT), "/pets/{number}": item(number=INTEGER)}, "/pets/7", 1),
        ({"/pets/{name}": item(name=TEXT), "/pets/{number}": item(number=INTEGER)}, "/pets/rex", 0),
        ({"/pets/{a}": item(a=TEXT), "/pets/{b}": item(b={"type": "string", "pattern": "^r"})}, "/pets/rex", 1),
    ],
)
def test_of_several_one_is_meant(paths: dict[str, Any], target: str, label: int) -> None:
    assert met(table(paths), target) == f"GET {list(paths)[label]}"
    assert met(table(dict(reversed(paths.items()))), target) == f"GET {list(paths)[label]}"


@pytest.mark.parametrize(
    ("paths", "target"),
    [
        (["/books/{id}", "/{entity}/me"], "/books/me"),
        (["/pets/{a}", "/pets/{b}"], "/pets/7"),
        (["/files/{a}-{b}", "/files/{name}.json"], "/files/x-y.json"),
        (["/{a}/b/{c}", "/a/{b}/c"], "/a/b/c"),
        (["/a/{b}/{c}", "/{a}/b/{c}", "/{a}/{b}/c"], "/a/b/c"),
    ],
)
def test_a_request_that_meets_several_equally_meets_none_of_them(paths: list[str], target: str) -> None:
    routes = table({path: item() for path in paths})
    assert routes.route("GET", target).met is None
    assert set(routes.route("GET", target).equally) == {f"GET {path}" for path in paths}
    assert set(routes.meanings(f"GET {target}")) == {f"GET {path}" for path in paths}


@pytest.mark.parametrize(
    ("told", "labels"),
    [
        ("GET /orders/7", ["GET /orders/{id}"]),
        ("GET /orders/{id}", ["GET /orders/{id}"]),
        ("GET /orders", ["GET /orders"]),
        ("GET /nothing", []),
        ("GET", []),
        ("", []),
        ("a suite of tests", []),
    ],
)
def test_a_request_and_a_label_stand_for_one_operation(told: str, labels: list[str]) -> None:
    assert list(ORDERS.meanings(told)) == labels


def test_a_request_that_reads_like_another_operation_s_label_counts_for_neither() -> None:
    routes = table({"/orders": item(), "/api/orders": item()}, ["/api"])
    assert set(routes.meanings("GET /api/orders")) == {"GET /orders", "GET /api/orders"}


def test_a_step_is_taken_apart_so_that_its_values_can_be() -> None:
    routes = table({"/{name}-{number}": item(name=TEXT, number=INTEGER)})
    found = routes.route("GET", "/a-b-7").met
    assert found is not None
    assert found.fault == ""


def test_a_step_of_very_many_parameters_does_not_take_for_ever() -> None:
    routes = table({"/" + "-".join(f"{{p{n}}}" for n in range(40)): item()})
    assert met(routes, "/" + "-".join("ab" * 40)) is not None
    assert met(routes, "/" + "-" * 5000) is not None
    assert met(routes, "/" + "a" * 5000) is None


# --- servers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "base", "is_taken"),
    [
        ("https://api.example.org/shop/v1", "/shop/v1", True),
        ("/shop", "/shop", True),
        ("shop/v1/", "/shop/v1", True),
        ("./shop", "/shop", True),
        ("../shop", "/shop", True),
        (".", "", True),
        ("//api.example.org/shop", "/shop", True),
        ("https://[broken/shop", "/shop", False),
        ("", "", True),
        ("http://localhost:8000", "", True),
        ({"url": "https://{h}/{v}", "variables": {"h": {"default": "h"}, "v": {"default": "t"}}}, "/t", True),
        ("https://api.example.org/a%20b", "/a b", True),
        ({"url": "/{v}", "variables": {"v": {"default": "v1", "enum": ["v1", "v2"]}}}, "/v1", True),
        ({"url": "/{v}", "variables": {"v": {"default": "v1", "enum": ["v1", "v2"]}}}, "/v2", True),
        ({"url": "/{v}", "variables": {"v": {"default": "v1", "enum": ["v1", "v2"]}}}, "/v3", False),
        ({"url": "/{v}/x", "variables": {"v": {"default": "v1"}}}, "/v1/x", True),
        ({"url": "/{v}/x", "variables": {"v": {"default": "v1"}}}, "/v9/x", True),
        ({"url": "/{v}/x", "variables": {"v": {"default": "v1"}}}, "/v9/y", False),
        ({"url": "/{v}", "variables": {"v": {"default": "a/b"}}}, "/a/b", True),
        ({"url": "/{v}", "variables": {"v": {"default": "a/b"}}}, "/a", False),
        ({"url": "{s}://h:{p}/x", "variables": {"s": {"default": "http"}, "p": {"enum": [1]}}}, "/x", True),
        ({"url": "{root}", "variables": {"root": {"default": "https://h/shop"}}}, "/shop", True),
        ("/{undeclared}", "/anything", True),
        ({"url": 7}, "/7", False),
    ],
)
def test_operations_are_below_what_a_server_names(server: Any, base: str, is_taken: bool) -> None:
    routes = table({"/orders/{id}": item()}, [server])
    assert (met(routes, f"{base}/orders/7") is not None) is is_taken
    assert met(routes, "/orders/7") is not None


def test_servers_of_an_operation_stand_for_those_of_its_path_and_of_the_document() -> None:
    paths = {"/own": item(servers=["/a", "/b"]), "/path": {**item(), "servers": [{"url": "/c"}]}, "/doc": item()}
    routes = table(paths, ["/d", "/e"])
    for path, bases in (("/own", "ab"), ("/path", "c"), ("/doc", "de")):
        taken = [base for base in "abcde" if met(routes, f"/{base}{path}")]
        assert "".join(taken) == bases


@pytest.mark.parametrize(
    ("servers", "target", "label"),
    [
        (["/api"], "/api/orders", "GET /orders"),  # below the server, though the other reads the same
        (["/api", "/"], "/api/orders", None),  # one address, two operations
        (["/", "/v1"], "/v1/orders", "GET /orders"),  # narrower than /{version}/orders below the root
        (["/{tenant}"], "/acme/orders", "GET /{version}/orders"),  # any tenant comes last
    ],
)
def test_the_whole_address_is_what_counts(servers: list[str], target: str, label: str | None) -> None:
    assert met(
        table({"/orders": item(), "/api/orders": item(), "/{version}/orders": item()}, servers), target
    ) == (label)


@pytest.mark.parametrize(("base", "target"), [("/api", "/api/orders"), (None, "/orders"), (7, "/orders")])
def test_a_base_path_of_openapi_2_is_a_server(base: Any, target: str) -> None:
    told = {} if base is None else {"basePath": base}
    document = {"swagger": "2.0", "paths": {"/orders": item()}, "servers": [{"url": "/not/meant"}], **told}
    routes = routes_of(document_of(document, "o.json"))
    found = routes.route("GET", target).met
    assert found is not None
    assert found.reach is Reach.BELOW_SERVER


def test_a_path_that_is_kept_elsewhere_is_read_there() -> None:
    routes = table({"/a": {"$ref": "#/components/pathItems/A"}}, components={"pathItems": {"A": item()}})
    assert met(routes, "/a") == "GET /a"


# --- near misses -------------------------------------------------------------------------------------------------

SHOP = table(
    {
        "/orders": item("get", "post"),
        "/Customers/{id}": item("get", id=INTEGER),
        "/shops/": item(),
        "/{any}/thing": item("put"),
    },
    ["/v1"],
)


@pytest.mark.parametrize(
    ("method", "target", "near"),
    [
        ("GET", "/orders/", {"GET /orders": [NearMissKind.SLASH]}),
        ("GET", "/v1/shops", {"GET /shops/": [NearMissKind.SLASH]}),
        ("GET", "/customers/7?x=1", {"GET /Customers/{id}": [NearMissKind.CASE]}),
        ("GET", "/V1/ORDERS", {"GET /orders": [NearMissKind.CASE]}),
        ("GET", "/ORDERS/", {"GET /orders": [NearMissKind.SLASH, NearMissKind.CASE]}),
        ("PUT", "/orders", {"GET /orders": [NearMissKind.METHOD], "POST /orders": [NearMissKind.METHOD]}),
        ("DELETE", "/Shops", {"GET /shops/": [NearMissKind.SLASH, NearMissKind.CASE, NearMissKind.METHOD]}),
        ("POST", "/v2/orders", {"POST /orders": [NearMissKind.SERVER]}),
        ("GET", "/a/b/Customers/7", {"GET /Customers/{id}": [NearMissKind.SERVER]}),
        ("GET", "/zzz", {}),
        ("PUT", "/v2/a/thing", {}),
        ("GET", "*", {}),
    ],
)
def test_what_a_request_just_misses_is_known(
    method: str, target: str, near: dict[str, list[NearMissKind]]
) -> None:
    assert {each.operation.label: list(each.kinds) for each in SHOP.near_misses(method, target)} == near


def test_a_request_that_meets_its_operation_misses_none() -> None:
    assert SHOP.near_misses("GET", "/v1/orders") == ()


def test_a_request_without_the_path_of_the_server_misses_that_alone() -> None:
    assert [each.kinds for each in SHOP.near_misses("GET", "/orders")] == [(NearMissKind.SERVER,)]
