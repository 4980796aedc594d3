"""Provider states: the same behaviour over HTTP, in Python, and in the fake."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ManifestError, StateFailed, StateMissing
from harness.ports import Endpoint, Instance, ProviderStates
from harness.runtime.states import CallableStates, HttpStates, provider_states
from harness.services.system import Service, States, StatesKind

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = Instance(
    name="orders", version="1", endpoints=(Endpoint(name="http", url="http://o", inside="http://o"),)
)


class Provider:
    """What a provider knows and what happened to it; every adapter is a way to reach it."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str, dict[str, Any]]] = []
        self.failed = 0

    def change(self, state: str, params: Mapping[str, Any], action: str) -> dict[str, Any]:
        if state not in ("order exists", "broken"):
            raise LookupError(state)
        if state == "broken":
            self.failed += 1
            raise ZeroDivisionError("no stock left")
        self.done.append((action, state, dict(params)))
        return {"id": params.get("id", 1)}


class FakeStates:
    """The fake: the provider itself, without a way in between."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def names(self) -> frozenset[str] | None:
        return frozenset({"order exists", "broken"})

    def set_up(self, state: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._provider.change(state, params, "setup")
        except LookupError as error:
            raise StateMissing(f"no state '{state}'") from error
        except ZeroDivisionError as error:
            raise StateFailed(f"'{state}': {error}") from error

    def tear_down(self, state: str, params: Mapping[str, Any]) -> None:
        self._provider.change(state, params, "teardown")


@pytest.fixture
def provider() -> Provider:
    return Provider()


Serve = Callable[[Callable[[str, dict[str, Any]], tuple[int, str]]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts an endpoint that answers (method, document) with (status, text)."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[str, dict[str, Any]], tuple[int, str]]) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _answered(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                status, text = answer(self.command, json.loads(self.rfile.read(length) or b"{}"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = _answered  # noqa: N815 - http.server looks for these names

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/states"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(params=["http", "callable", "function", "fake"])
def states(  # noqa: C901 - four ways to one provider, side by side
    request: pytest.FixtureRequest, provider: Provider, serve: Serve
) -> Iterator[ProviderStates]:
    def over_http(method: str, told: dict[str, Any]) -> tuple[int, str]:
        if method == "GET":
            return 200, '{"states": ["order exists", "broken"]}'
        try:
            return 200, json.dumps(provider.change(told["state"], told["params"], told["action"]))
        except LookupError:
            return 404, "unknown state"
        except ZeroDivisionError as error:
            return 500, str(error)

    def handler(name: str) -> Callable[..., Any]:
        def change(params: dict[str, Any]) -> dict[str, Any]:
            return provider.change(name, params, "setup")

        def undo(params: dict[str, Any]) -> dict[str, Any]:
            return provider.change(name, params, "teardown")

        change.tear_down = undo  # type: ignore[attr-defined]
        return change

    def function(state: str, params: dict[str, Any]) -> dict[str, Any]:
        return provider.change(state, params, "setup")

    function.names = ["order exists", "broken"]  # type: ignore[attr-defined]
    function.tear_down = lambda state, params: provider.change(state, params, "teardown")  # type: ignore[attr-defined]
    over_the_wire = HttpStates(serve(over_http))
    ways: dict[str, ProviderStates] = {
        "http": over_the_wire,
        "callable": CallableStates({name: handler(name) for name in ("order exists", "broken")}),
        "function": CallableStates(function),
        "fake": FakeStates(provider),
    }
    yield ways[request.param]
    over_the_wire.close()


def test_a_provider_lists_its_states(states: ProviderStates) -> None:
    assert states.names() == frozenset({"order exists", "broken"})


def test_a_state_is_set_up_with_its_parameters_and_undone(states: ProviderStates, provider: Provider) -> None:
    assert states.set_up("order exists", {"id": 7}) == {"id": 7}
    states.tear_down("order exists", {"id": 7})
    assert provider.done == [("setup", "order exists", {"id": 7}), ("teardown", "order exists", {"id": 7})]


def test_an_unknown_state_is_missing(states: ProviderStates, provider: Provider) -> None:
    with pytest.raises(StateMissing, match="no such thing"):
        states.set_up("no such thing", {})
    assert provider.done == []


def test_a_failing_state_tells_why_and_is_not_tried_again(states: ProviderStates, provider: Provider) -> None:
    with pytest.raises(StateFailed, match="no stock left"):
        states.set_up("broken", {})
    assert provider.failed == 1


@pytest.mark.parametrize("text", ['["a", "b"]', '{"states": ["a", "b"]}', '[{"name": "a"}, {"name": "b"}]'])
def test_a_list_of_states_may_take_several_shapes(serve: Serve, text: str) -> None:
    assert HttpStates(serve(lambda *_: (200, text))).names() == frozenset({"a", "b"})


@pytest.mark.parametrize(("status", "text"), [(404, ""), (405, ""), (501, ""), (200, "<html>"), (200, "7")])
def test_an_endpoint_that_cannot_list_leaves_it_to_the_manifest(serve: Serve, status: int, text: str) -> None:
    url = serve(lambda *_: (status, text))
    assert HttpStates(url).names() is None
    assert HttpStates(url, frozenset({"a"})).names() == frozenset({"a"})


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (404, "", StateMissing),
        (400, "Unknown state 'x'", StateMissing),
        (422, "no such state: x", StateMissing),
        (400, "id must be a number", StateFailed),
        (409, "", StateFailed),
        (500, "boom", StateFailed),
        (503, "", StateFailed),
        (302, "", StateFailed),
    ],
)
def test_what_an_endpoint_answers_is_missing_or_failed(
    serve: Serve, status: int, text: str, error: type[Exception]
) -> None:
    calls: list[str] = []

    def answer(method: str, told: dict[str, Any]) -> tuple[int, str]:
        calls.append(method)
        return status, text

    with pytest.raises(error, match=text or str(status)):
        HttpStates(serve(answer)).set_up("x", {})
    assert calls == ["POST"], "a failing state is never retried"


def test_a_provider_that_undoes_nothing_may_say_so(serve: Serve) -> None:
    HttpStates(serve(lambda *_: (404, ""))).tear_down("x", {})
    with pytest.raises(StateFailed):
        HttpStates(serve(lambda *_: (500, ""))).tear_down("x", {})


def test_an_endpoint_that_never_answers_is_given_up(serve: Serve) -> None:
    stop = threading.Event()
    url = serve(lambda *_: (200, "{}" * stop.wait(5)))
    with pytest.raises(StateFailed, match=r"did not answer within 0\.1 s"):
        HttpStates(url, within=0.1).set_up("x", {})
    stop.set()


def test_an_endpoint_that_is_not_there_is_told() -> None:
    with pytest.raises(StateFailed, match="refused the connection"):
        HttpStates("http://127.0.0.1:1/states").set_up("x", {})


def test_functions_take_as_many_arguments_as_they_want() -> None:
    seen: list[tuple[Any, ...]] = []
    handlers: dict[str, Callable[..., Any]] = {
        "none": lambda: seen.append(()),
        "params": lambda params: seen.append((params,)),
        "both": lambda params, system: seen.append((params, system["orders"].url)),
        "all": lambda *arguments: seen.append((len(arguments),)),
    }
    for name in handlers:
        CallableStates(handlers, {"orders": ORDERS}).set_up(name, {"id": 1})
    assert seen == [(), ({"id": 1},), ({"id": 1}, "http://o"), (2,)]


def test_an_error_in_a_function_names_the_line_of_the_user() -> None:
    def broken() -> None:
        raise ValueError("stock is empty")

    with pytest.raises(StateFailed, match=r"ValueError: stock is empty \(.*test_provider_states.py:\d+"):
        CallableStates({"x": broken}).set_up("x", {})


def service(kind: StatesKind, target: str) -> Service:
    return Service(name="orders", states=States(kind=kind, target=target), where="harness.toml:3")


def test_the_manifest_chooses_the_way(tmp_path: Path) -> None:
    (tmp_path / "orders_states_a.py").write_text("STATES = {'x': lambda: None}\n")
    assert provider_states(Service(name="orders"), ORDERS, {}, tmp_path) is None
    assert isinstance(provider_states(service(StatesKind.HTTP, "/states"), ORDERS, {}, tmp_path), HttpStates)
    made = provider_states(service(StatesKind.CALLABLE, "orders_states_a:STATES"), ORDERS, {}, tmp_path)
    assert made is not None
    assert made.names() == frozenset({"x"})


@pytest.mark.parametrize("target", ["no_such_module:STATES", "orders_states_b:STATS", "orders_states_b:NUMBER"])
def test_a_mistake_in_the_target_names_the_manifest(tmp_path: Path, target: str) -> None:
    (tmp_path / "orders_states_b.py").write_text("STATES = {}\nNUMBER = 3\n")
    with pytest.raises(ManifestError, match=r"harness\.toml:3"):
        provider_states(service(StatesKind.CALLABLE, target), ORDERS, {}, tmp_path)
