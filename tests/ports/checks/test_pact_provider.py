"""Verifying pacts on a running provider: one verdict per interaction, and no yes without evidence."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from harness.checks.api import CheckSettings, CheckTarget
from harness.checks.engines.pact_verifier import Verifiers
from harness.checks.pact_provider import PactProvider
from harness.contracts.pact_reader import read_pact
from harness.errors import StateFailed, StateMissing
from harness.ports import Endpoint, Instance
from harness.runtime.recorder import HttpRecorder
from harness.services.system import Auth, AuthKind, Budget, Service, StatesKind
from harness.services.system import States as ListedStates
from harness.verdicts import Cause, Exercised, Finding, Verdict

if TYPE_CHECKING:
    from pathlib import Path


class Orders(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    seen: list[dict[str, str]] = []  # noqa: RUF012 - what the provider was sent, for all tests here

    def do_GET(self) -> None:
        self.seen.append({"path": self.path, **dict(self.headers)})
        if self.path == "/silent":
            self.close_connection = True
            return
        if self.path in RAW:
            self.wfile.write(RAW[self.path])
            self.close_connection = True
            return
        if self.path == "/endless":
            self._never_ends()
            return
        body = json.dumps({"id": 7, "total": "12"}).encode()
        self.send_response(307 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "/orders/7")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _never_ends(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(400):
                self.wfile.write(b" ")
                self.wfile.flush()
                self.server.pause.wait(0.05)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None: ...


def raw(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


RAW = {
    "/cut": raw(b'{"id": 7', length=100),
    "/gzip-lie": raw(b'{"id": 7}', "Content-Encoding: gzip"),
    "/gzip": raw(gzip.compress(b'{"id": 7}'), "Content-Encoding: gzip"),
    "/null": raw(b'{"id": null}'),
    "/keep": raw(b'{"id": 7}', "Connection: close", "Keep-Alive: timeout=7", "Proxy-Connection: close"),
    "/ordered?b=2&a=1&b=1": raw(b'{"id": 7}'),
    "/no-http": b"220 ftp.example ready\r\n\r\n",
}


class States:
    def __init__(self, names: frozenset[str] | None) -> None:
        self._names, self.calls = names, list[tuple[str, str]]()

    def names(self) -> frozenset[str] | None:
        return self._names

    def set_up(self, state: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.calls.append(("setup", state))
        if state == "unknown":
            raise StateMissing(f"no state '{state}'")
        if state == "broken":
            raise StateFailed("the database is away")
        return {"id": 7, **params}

    def tear_down(self, state: str, params: Mapping[str, Any]) -> None:
        self.calls.append(("teardown", state))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Orders)
    server.daemon_threads = True
    server.pause = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def verifiers() -> Iterator[Verifiers]:
    pool = Verifiers()
    yield pool
    pool.close()


def interaction(name: str = "an order", path: str = "/orders/7", **changes: Any) -> dict[str, Any]:
    body = {"contentType": "application/json", "encoded": False, "content": {"id": 7}}
    return {
        "type": "Synchronous/HTTP",
        "description": name,
        "request": {"method": "GET", "path": path},
        "response": {"status": 200, "body": body},
        **changes,
    }


ORDERS = Service(name="orders", version="1", budget=Budget(request_timeout=2.0))
Said = tuple[list[Exercised], list[Finding]]


@pytest.fixture
def verify(url: str, verifiers: Verifiers, tmp_path: Path) -> Any:
    def run(
        *interactions: Any,
        states: States | None = None,
        at: str = url,
        pool: Verifiers = verifiers,
        patience: float = 60.0,
        document: Mapping[str, Any] | None = None,
        service: Service = ORDERS,
        **more: Any,
    ) -> Said:
        metadata = {"pactSpecification": {"version": "4.0"}, **(document or {}).get("metadata", {})}
        written = {
            "consumer": {"name": "web"},
            "provider": {"name": "orders"},
            "interactions": list(interactions),
            "metadata": metadata,
        }
        target = CheckTarget(
            service=replace(service, **more),
            instance=Instance(name="orders", version="1", endpoints=(Endpoint(name="http", url=at, inside=at),)),
            pact=read_pact(json.dumps(written), "web-orders.json"),
            states=states,
            recorder=HttpRecorder(),
            settings=CheckSettings(scratch=tmp_path),
        )
        said = list(PactProvider(pool, patience).run(target))
        return [e for e in said if isinstance(e, Exercised)], [f for f in said if isinstance(f, Finding)]

    return run


def test_a_kept_promise_passes_with_its_evidence(verify: Any) -> None:
    (said,), findings = verify(interaction())
    assert (said.subject, said.verdict, said.operation) == ("an order", Verdict.PASSED, "GET /orders/7")
    assert said.place == "web-orders.json#/interactions/0"
    assert said.replay == "harness verify orders=1 --against web --only 'an order'"
    assert said.exchange.status == 200
    assert findings == []


def test_an_empty_pact_says_nothing(verify: Any) -> None:
    assert verify() == ([], [])


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"response": {"status": 404}}, "response.status.mismatch", "status"),
        ({"response": {"status": 200, "headers": {"X-A": ["b"]}}}, "response.header.mismatch", "header X-A"),
        (
            {"response": {"status": 200, "body": {"contentType": "application/json", "content": {"sku": "a"}}}},
            "response.body.mismatch",
            "$.sku",
        ),
        ({"request": {"method": "GET", "path": "/moved"}}, "request.redirect.followed", "status"),
        ({"request": {"method": "GET", "path": "/silent"}}, "provider.no-response", "response"),
    ],
)
def test_a_broken_promise_fails_with_a_finding(verify: Any, changes: Any, code: str, place: str) -> None:
    (kept, broken), (finding,) = verify(interaction("kept"), interaction(**changes))
    assert kept.verdict is Verdict.PASSED
    assert (broken.verdict, broken.cause) == (Verdict.FAILED, Cause.BROKEN_PROMISE)
    assert (finding.code, finding.subject, finding.consumer) == (code, "an order", "web")
    assert finding.differences[0].place == place
    assert finding.remedy


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/cut", "broke off after 8 bytes"),
        ("/gzip-lie", "not compressed as it says"),
        ("/no-http", "begins no response"),
        ("/endless", "no complete response within"),
    ],
)
def test_an_answer_that_is_none_is_the_fault_of_the_provider(verify: Any, path: str, told: str) -> None:
    said, (finding,) = verify(interaction("kept"), interaction(path=path), budget=Budget(request_timeout=1.0))
    assert [each.verdict for each in said] == [Verdict.PASSED, Verdict.FAILED]
    assert (finding.code, finding.exchange.url.endswith(path)) == ("provider.no-response", True)
    assert told in finding.actual
    assert f"GET {path}" in finding.actual


BODY = interaction()["response"]["body"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/gzip", {"Content-Encoding": ["gzip"]}),
        ("/keep", {"Connection": ["close"]}),
        ("/keep", {"Keep-Alive": ["timeout=7"], "Proxy-Connection": ["close"]}),
    ],
)
def test_what_something_between_takes_away_is_judged_from_the_record(verify: Any, path: str, headers: Any) -> None:
    promised = {"status": 200, "headers": headers, "body": BODY}
    (kept, broken), (finding,) = verify(interaction("a", path, response=promised), interaction(response=promised))
    assert (kept.verdict, broken.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert finding.code == "response.header.mismatch"


def by(**matcher: str) -> dict[str, Any]:
    return {"body": {"$.id": {"combine": "AND", "matchers": [matcher]}}}


@pytest.mark.parametrize("rule", [by(match="regex", regex=".*"), by(match="include", value="ul")])
def test_two_judges_that_disagree_are_a_finding_that_says_so(verify: Any, rule: Any) -> None:
    content = {"contentType": "application/json", "encoded": False, "content": {"id": "null"}}
    (said,), (finding,) = verify(
        interaction(path="/null", response={"status": 200, "body": content, "matchingRules": rule})
    )
    assert (said.verdict, finding.code) == (Verdict.FAILED, "response.body.mismatch")
    assert finding.differences[0].place == "$.id"
    assert "judges disagree" in finding.actual


def test_a_rule_that_cannot_be_applied_is_no_broken_promise(verify: Any) -> None:
    headers, rule = {"Content-Type": ["application/json"]}, {"match": "arrayContains", "variants": []}
    rules = {"header": {"Content-Type": {"combine": "AND", "matchers": [rule]}}}
    (said,), findings = verify(
        interaction(response={"status": 200, "headers": headers, "body": BODY, "matchingRules": rules})
    )
    assert (said.verdict, said.cause, findings) == (Verdict.UNKNOWN, Cause.UNREADABLE, [])
    (other,), (finding,) = verify(
        interaction(response={"status": 404, "headers": headers, "matchingRules": rules})
    )
    assert (other.verdict, finding.code) == (Verdict.FAILED, "response.status.mismatch")


def test_an_example_that_breaks_its_own_rule_is_the_fault_of_the_pact(verify: Any) -> None:
    response = {"status": 200, "body": BODY, "matchingRules": by(match="regex", regex="[a-z]+")}
    (said,), findings = verify(interaction(response=response))
    assert (said.verdict, said.cause, findings) == (Verdict.UNKNOWN, Cause.UNREADABLE, [])
    assert "the pact contradicts itself" in said.because


def test_a_query_is_asked_in_the_order_of_the_pact(verify: Any) -> None:
    request = {"method": "GET", "path": "/ordered", "query": "b=2&a=1&b=1"}
    (said,), _ = verify(interaction(request=request))
    assert said.verdict is Verdict.PASSED
    assert said.exchange.url.endswith("/ordered?b=2&a=1&b=1")


def test_a_service_that_never_answered_a_request_did_not_start(verify: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def close_each() -> None:
            with contextlib.suppress(OSError):
                while True:
                    listener.accept()[0].close()

        threading.Thread(target=close_each, daemon=True).start()
        said, findings = verify(
            interaction("a"), interaction("b"), at=f"http://127.0.0.1:{listener.getsockname()[1]}"
        )
        listener.shutdown(socket.SHUT_RDWR)
    assert {(each.verdict, each.cause) for each in said} == {(Verdict.UNKNOWN, Cause.DID_NOT_START)}
    assert findings == []
    assert "closes connections without an answer" in said[0].because


ASKS_SOMETHING_ELSE = """
import http.client, json, os, sys, urllib.parse
job = json.loads(input())
link = http.client.HTTPConnection(urllib.parse.urlsplit(job["url"]).netloc)
link.request("GET", "/orders/8", headers={"X-Contract-Harness-Tag": "interaction-0"})
link.getresponse().read()
results = {"interactionResults": [{"description": "interaction-0", "result": "OK"}]}
os.write(int(sys.argv[1]), json.dumps({"id": 0, "results": results}).encode() + b"\\n")
input()
"""


def test_what_was_not_asked_as_promised_is_not_judged(verify: Any) -> None:
    pool = Verifiers(("-c", ASKS_SOMETHING_ELSE))
    (said,), findings = verify(interaction(), pool=pool)
    pool.close()
    assert (said.verdict, said.cause, findings) == (Verdict.UNKNOWN, Cause.NOT_ASKED, [])
    assert "expected /orders/7 but was /orders/8" in said.because


def test_an_interaction_that_needs_a_plug_in_leaves_the_others_alone(verify: Any) -> None:
    plugins = {"metadata": {"plugins": [{"name": "abacus", "version": "0.1.0", "configuration": {}}]}}
    (beads, plain), findings = verify(
        interaction(), interaction("beads", pluginConfiguration={"abacus": {"rows": 3}}), document=plugins
    )
    assert (plain.verdict, findings) == (Verdict.PASSED, [])
    assert (beads.verdict, beads.cause) == (Verdict.UNKNOWN, Cause.KIND_NOT_CHECKED)
    assert "abacus 0.1.0" in beads.because


def test_a_promised_redirect_is_kept(verify: Any) -> None:
    promised = {"status": 307, "headers": {"Location": ["/orders/7"]}}
    (said,), findings = verify(interaction(path="/moved", response=promised))
    assert (said.verdict, findings) == (Verdict.PASSED, [])
    (other,), (finding,) = verify(interaction(path="/orders/7", response=promised))
    assert (other.verdict, finding.code) == (Verdict.FAILED, "response.status.mismatch")


def test_a_pending_interaction_is_neither_blamed_nor_a_yes(verify: Any) -> None:
    (said,), findings = verify(interaction(pending=True, response={"status": 404}))
    assert (said.verdict, said.cause, findings) == (Verdict.UNKNOWN, Cause.BROKEN_PROMISE, [])
    assert "pending" in said.because


def test_a_kind_that_nothing_can_check_is_counted(verify: Any) -> None:
    message = {"type": "Asynchronous/Messages", "description": "order created", "contents": {}}
    said, _ = verify(interaction(), message)
    assert {each.subject: each.cause for each in said} == {
        "an order": None,
        "order created": Cause.KIND_NOT_CHECKED,
    }


@pytest.mark.parametrize("names", [frozenset({"order exists", "broken"}), None])
def test_states_surround_each_interaction_and_missing_ones_are_never_run(verify: Any, names: Any) -> None:
    states = States(names)
    said, findings = verify(
        interaction("a", providerStates=[{"name": "order exists", "params": {"id": 1}}]),
        interaction("b", providerStates=[{"name": "unknown"}]),
        interaction("c", providerStates=[{"name": "broken"}]),
        interaction("d"),
        states=states,
    )
    told = {each.subject[0]: each.cause for each in said}
    assert told == {"a": None, "b": Cause.STATE_MISSING, "c": Cause.STATE_FAILED, "d": None}
    assert {f.code for f in findings} == {"provider-state.missing", "provider-state.failed"}
    assert all(each.verdict is Verdict.UNKNOWN for each in said if each.cause)
    assert states.calls[-3:] == [("setup", "order exists"), ("teardown", "order exists"), ("setup", "broken")]


def test_states_that_nobody_can_set_up_are_missing(verify: Any) -> None:
    (said,), (finding,) = verify(interaction(providerStates=[{"name": "x"}]), states=None)
    assert (said.cause, finding.code) == (Cause.STATE_MISSING, "provider-state.missing")


def test_states_that_only_the_manifest_lists_are_missing_where_it_lists_others(verify: Any) -> None:
    listed = ListedStates(kind=StatesKind.HTTP, target="/states", names=("y",))
    service = replace(ORDERS, states=listed)
    (said,), _ = verify(interaction(providerStates=[{"name": "x"}]), states=States(None), service=service)
    assert said.because == "no state 'x': the provider has: y"


def test_values_of_a_set_up_go_into_the_request(verify: Any) -> None:
    generators = {"path": {"type": "ProviderState", "expression": "/orders/${id}", "dataType": "STRING"}}
    request = {"method": "GET", "path": "/orders/1", "generators": generators}
    given = [{"name": "order exists", "params": {"id": 42}}]
    states = States(None)
    (said,), _ = verify(interaction(request=request, providerStates=given), states=states)
    assert said.verdict is Verdict.PASSED
    assert said.exchange.url.endswith("/orders/42")
    assert states.calls.count(("teardown", "order exists")) == 2  # after the probe, and after the interaction


def test_credentials_arrive_and_our_tag_does_not(verify: Any) -> None:
    (said,), _ = verify(interaction(path="/secret"), auth=Auth(kind=AuthKind.BEARER, value="s3cr3t"))
    heard = next(each for each in Orders.seen if each["path"] == "/secret")
    assert heard["Authorization"] == "Bearer s3cr3t"
    assert not [name for name in heard if "harness" in name.lower()]
    assert "s3cr3t" not in repr(said)


def test_one_unreadable_interaction_does_not_hide_the_others(verify: Any) -> None:
    rules = {"body": {"$.[": {"combine": "AND", "matchers": [{"match": "type"}]}}}
    bad = interaction("bad", response={**interaction()["response"], "matchingRules": rules})
    said, _ = verify(*(interaction(str(n)) for n in range(6)), bad)
    assert {each.subject: each.cause for each in said if each.cause} == {"bad": Cause.UNREADABLE}
    assert len(said) == 7


def test_a_provider_that_is_gone_is_no_broken_promise(verify: Any) -> None:
    (said,), findings = verify(interaction(), at="http://127.0.0.1:1")
    assert (said.verdict, said.cause, findings) == (Verdict.UNKNOWN, Cause.SERVICE_DIED, [])


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "out of memory"),
        ("raise SystemExit('thread panicked')", "thread panicked"),
        ("import os, sys; os.write(int(sys.argv[1]), b'nonsense\\n'); input(); input()", "cannot be understood"),
        (
            'import os, sys; os.write(int(sys.argv[1]), b\'{"results": {"result": true}}\\n\'); input(); input()',
            "no result",
        ),
    ],
)
def test_whatever_becomes_of_the_verifier_is_told_and_never_a_yes(verify: Any, code: str, told: str) -> None:
    pool = Verifiers(("-c", code))
    said, findings = verify(interaction("a"), pool=pool)
    pool.close()
    assert [(each.verdict, each.cause) for each in said] == [(Verdict.UNKNOWN, Cause.TOOL_CRASHED)]
    assert told in said[0].because
    assert findings == []


def test_a_green_verifier_that_sent_nothing_is_not_believed(verify: Any) -> None:
    results = {"results": {"interactionResults": [{"description": "interaction-0", "result": "OK"}]}}
    line = json.dumps(results).encode() + b"\n"
    pool = Verifiers(("-c", f"import os, sys; os.write(int(sys.argv[1]), {line!r}); input(); input()"))
    (said,), _ = verify(interaction(), pool=pool)
    pool.close()
    assert (said.verdict, said.cause) == (Verdict.UNKNOWN, Cause.TOOL_CRASHED)
    assert "no request was seen" in said.because


def test_a_large_pact_gets_one_verdict_per_interaction(verify: Any) -> None:
    said, _ = verify(*(interaction(str(number)) for number in range(120)))
    assert [each.subject for each in said] == [str(number) for number in range(120)]
    assert {each.verdict for each in said} == {Verdict.PASSED}


@pytest.mark.slow
def test_a_verifier_that_hangs_is_given_up(verify: Any) -> None:
    hanging = Verifiers(("-c", "input(); import time; time.sleep(60)"))
    said, _ = verify(
        interaction("a"), interaction("b"), pool=hanging, patience=0.1, budget=Budget(request_timeout=0.1)
    )
    hanging.close()
    assert [each.cause for each in said] == [Cause.TOOL_CRASHED] * 2
    assert "no sign of life" in said[0].because
