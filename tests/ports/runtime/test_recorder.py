"""The recorder forwards faithfully, remembers what went through, and keeps secrets to itself."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import threading
import time
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_examples import examples

from harness.ports import TAG_HEADER
from harness.runtime import redaction
from harness.runtime.recorder import HttpRecorder, Proxy, cookie_over_http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Upstream:
    """A service that says exactly these bytes, and remembers what it was sent."""

    def __init__(self, answer: bytes | Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                threading.Thread(target=self._converse, args=(sock,), daemon=True).start()

    def _converse(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            while heard := _request(sock):
                self.heard.append(heard)
                answer = self.answer(heard) if callable(self.answer) else self.answer
                sock.sendall(answer)
                if not answer or b"Connection: close" in answer:
                    return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()


def _request(sock: socket.socket) -> bytes:
    data = bytearray()
    while (end := data.find(b"\r\n\r\n")) < 0:
        piece = sock.recv(65536)
        if not piece:
            return b""
        data += piece
    head = bytes(data[:end]).lower()
    if b"chunked" in head:
        while not data.endswith(b"0\r\n\r\n"):
            data += sock.recv(65536)
    elif b"content-length:" in head:
        size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(data) < end + 4 + size:
            data += sock.recv(65536)
    return bytes(data)


@contextlib.contextmanager
def recorded(
    answer: bytes | Callable[[bytes], bytes], patience: float = 5.0, **headers: Any
) -> Iterator[tuple[Proxy, Upstream]]:
    upstream = Upstream(answer)
    try:
        with HttpRecorder(patience).record(upstream.url, headers=headers) as proxy:
            yield proxy, upstream
    finally:
        upstream.close()


def raw(proxy: Proxy, request: bytes) -> bytes:
    """What comes back, until the connection ends."""
    there = urlsplit(proxy.url)
    with socket.create_connection((there.hostname or "", there.port or 0), timeout=10) as sock:
        sock.sendall(request)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


def get(
    proxy: Proxy, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: Any
) -> http.client.HTTPResponse:
    link = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=10)
    with contextlib.closing(link):
        link.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        with link.getresponse() as response:
            response.content = response.read()  # type: ignore[attr-defined]
    return response


def _tagged(tag: str) -> dict[str, Any]:
    return {TAG_HEADER: tag} if tag else {}


CLOSE = b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nok\r\n3;ext=1\r\nyes\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
        + gzip.compress(b"ok", mtime=0)[:22],
    ],
)
def test_an_answer_comes_back_byte_for_byte(answer: bytes) -> None:
    with recorded(answer) as (proxy, _):
        assert raw(proxy, CLOSE) == answer


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    with recorded(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end") as (proxy, _):
        assert raw(proxy, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").endswith(b"\r\n\r\nuntil the end")
        assert proxy.exchanges()[0].response_body == "until the end"


def test_the_answer_to_head_has_a_length_and_no_body() -> None:
    with recorded(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n") as (proxy, _):
        response = get(proxy, method="HEAD")
        assert response.headers["Content-Length"] == "5000"


def test_a_request_goes_on_as_it_was_but_for_tag_and_given_headers() -> None:
    with recorded(OK, authorization="Bearer ours") as (proxy, upstream):
        get(
            proxy,
            "/a%2Fb?q=1",
            "POST",
            b"hello",
            **{TAG_HEADER: "one", "AUTHORIZATION": "Bearer theirs", "X_A": "b"},
        )
    (heard,) = upstream.heard
    assert heard.startswith(b"POST /a%2Fb?q=1 HTTP/1.1\r\n")
    assert heard.endswith(b"\r\n\r\nhello")
    assert b"X-A: b" in heard
    assert heard.lower().count(b"authorization") == 1
    assert b"Bearer ours" in heard
    assert TAG_HEADER.lower().encode() not in heard.lower()
    assert upstream.url.removeprefix("http://").encode() in heard


def test_a_chunked_request_arrives_chunked() -> None:
    with recorded(OK) as (proxy, upstream):
        head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        request = head + b"3\r\nabc\r\n0\r\n\r\n"
        assert raw(proxy, request) == OK
        assert upstream.heard[0].endswith(b"3\r\nabc\r\n0\r\n\r\n")
        assert proxy.exchanges()[0].request_body == "abc"


def test_exchanges_are_filed_under_their_tags_in_order() -> None:
    with recorded(OK) as (proxy, _):
        for path, tag in (("/1", "a"), ("/2", "b"), ("/3", "a"), ("/4", "")):
            get(proxy, path, **_tagged(tag))
        assert [urlsplit(each.url).path for each in proxy.exchanges("a")] == ["/1", "/3"]
        assert len(proxy.exchanges()) == 4


def test_one_client_connection_serves_many_requests_without_delay() -> None:
    with recorded(OK) as (proxy, upstream):
        link = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=10)
        for _ in range(50):
            link.request("GET", "/")
            assert link.getresponse().read() == b"ok"
        link.close()
        assert len(upstream.heard) == 50
        # The 40 ms of a delayed acknowledgement would show in every one of them, another's work in a few only.
        assert median(each.seconds for each in proxy.exchanges()) < 0.04


def test_fifty_megabytes_stream_both_ways_and_only_their_beginning_is_kept() -> None:
    size = 50_000_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    with recorded(answer, patience=30) as (proxy, _):
        response = get(proxy, "/", "POST", b"y" * size)
        assert len(response.content) == size  # type: ignore[attr-defined]
        (exchange,) = proxy.exchanges()
    assert (exchange.request_size, exchange.response_size) == (size, size)
    assert (len(exchange.request_body), len(exchange.response_body)) == (65536, 65536)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhalf"])
def test_a_broken_answer_stays_broken(answer: bytes) -> None:
    with recorded(answer) as (proxy, _):
        with pytest.raises((http.client.HTTPException, OSError)):
            get(proxy, method="POST")
        (exchange,) = proxy.exchanges()
    assert exchange.status == (200 if answer else 0)


def test_a_service_that_is_not_there_gives_no_answer_and_one_exchange() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with HttpRecorder(1.0).record(url) as proxy:
        with pytest.raises((http.client.HTTPException, OSError)):
            get(proxy)
        assert [each.status for each in proxy.exchanges()] == [0]


def test_a_service_that_never_answers_is_given_up() -> None:
    stop = threading.Event()

    def wait(_: bytes) -> bytes:
        stop.wait(5)
        return OK

    with recorded(wait, patience=0.1) as (proxy, _):
        with pytest.raises((http.client.HTTPException, OSError)):
            get(proxy)
        stop.set()
        assert proxy.exchanges()[0].status == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_redirect_to_the_service_itself_leads_through_the_recorder(host: str) -> None:
    with recorded(b"") as (proxy, upstream):
        port = urlsplit(upstream.url).port
        upstream.answer = (
            f"HTTP/1.1 307 T\r\nLocation: http://{host}:{port}/b?c=1#d\r\nContent-Length: 0\r\n\r\n".encode()
        )
        assert get(proxy).headers["Location"] == f"{proxy.url}/b?c=1#d"


@pytest.mark.parametrize("location", ["/relative", "http://elsewhere.example/x", "https://127.0.0.1/x"])
def test_other_redirects_are_left_alone(location: str) -> None:
    with recorded(f"HTTP/1.1 302 F\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()) as (proxy, _):
        assert get(proxy).headers["Location"] == location


def test_a_guard_that_says_no_keeps_the_request_from_the_service() -> None:
    asked: list[str] = []
    with recorded(OK) as (proxy, upstream):
        proxy.guard(lambda tag: asked.append(tag) is not None, 1.0)  # type: ignore[func-returns-value]
        assert get(proxy, **_tagged("one")).status == 424
        assert get(proxy).status == 200
        assert (asked, len(upstream.heard)) == (["one"], 1)
        assert len(proxy.exchanges()) == 1


def test_a_client_that_asks_to_continue_is_told_to() -> None:
    with recorded(OK) as (proxy, upstream):
        head = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n"
        head += b"Expect: 100-continue\r\n\r\n"
        assert raw(proxy, head + b"hi") == b"HTTP/1.1 100 Continue\r\n\r\n" + OK
        assert upstream.heard[0].endswith(b"hi")


def test_what_is_no_request_gets_no_answer() -> None:
    with recorded(OK) as (proxy, upstream):
        assert raw(proxy, b"\x16\x03\x01 garbage\r\n\r\n") == b""
        assert upstream.heard == []


def test_what_speaks_http_2_from_the_start_passes_unseen() -> None:
    preface, settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00\x00\x00\x04\x01 Connection: close"
    with recorded(settings) as (proxy, upstream):
        assert raw(proxy, preface) == settings
        assert preface.startswith(upstream.heard[0])
        assert proxy.exchanges() == []


def test_a_service_may_be_given_more_time_than_usual() -> None:
    def slow(_: bytes) -> bytes:
        time.sleep(0.4)
        return OK

    upstream = Upstream(slow)
    try:
        with HttpRecorder(0.1).record(upstream.url, within=30) as proxy:
            assert get(proxy).status == 200
    finally:
        upstream.close()


def test_leaving_closes_everything_even_in_the_middle_of_a_request() -> None:
    stop = threading.Event()
    upstream = Upstream(lambda _: OK * stop.wait(10))
    with HttpRecorder(30).record(upstream.url) as proxy:
        there = urlsplit(proxy.url)
        sock = socket.create_connection((there.hostname or "", there.port or 0))
        sock.sendall(CLOSE)
    assert sock.recv(10) == b""
    sock.close()
    stop.set()
    upstream.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((there.hostname or "", there.port or 0))
    assert not [each for each in threading.enumerate() if each.name == "recorder"]


def test_many_requests_at_once_are_all_recorded() -> None:
    with recorded(OK) as (proxy, _):
        threads = [threading.Thread(target=get, args=(proxy, f"/{n}")) for n in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(proxy.exchanges()) == 30


def test_secrets_are_hidden_in_the_record_and_only_there() -> None:
    answer = b'HTTP/1.1 200 OK\r\nSet-Cookie: sid=1\r\nContent-Length: 28\r\n\r\n{"access_token":"s3cr3t-out"}'[
        :-1
    ]
    with recorded(answer, **dict[str, Any]({"X-Tenant-Proof": "s3cr3t-ours"})) as (proxy, upstream):
        headers: dict[str, Any] = {"Authorization": "Bearer s3cr3t", "Cookie": "s3cr3t", "X_API_Key": "s3cr3t"}
        get(
            proxy,
            "/?api_key=s3cr3t&page=2",
            "POST",
            b'{"user":"ann","password":"s3cr3t","n":{"secret":{"a":1}}}',
            **headers,
        )
        (exchange,) = proxy.exchanges()
    assert upstream.heard[0].count(b"s3cr3t") == 6
    assert "s3cr3t" not in repr(exchange)
    assert "page=2" in exchange.url
    assert '"user": "ann"' in exchange.request_body


@pytest.mark.parametrize(
    ("kept", "size", "kind", "shown"),
    [
        (b"plain text", 10, "text/plain", "plain text"),
        (b'{"a": 1}', 8, "application/json", '{"a": 1}'),
        (b"a=1&password=x&b=2", 18, "application/x-www-form-urlencoded", "a=1&password=[redacted]&b=2"),
        (b'{"token": "abc", "cut": "he', 900, "application/json", '{"token": "[redacted]", "cut": "he'),
        (b"\x89PNG\xff\x00", 900, "image/png", "<900 bytes of image/png>"),
        ("ü".encode()[:1], 2, "text/plain", ""),
    ],
)
def test_bodies_are_shown_as_text_without_secrets(kept: bytes, size: int, kind: str, shown: str) -> None:
    assert redaction.body(kept, size, content_type=kind) == shown


def test_a_packed_body_is_shown_unpacked_and_never_grows_without_bound() -> None:
    packed = gzip.compress(b"x" * 10_000_000)
    assert len(redaction.body(packed, len(packed), "gzip")) == 65536


SECURE = st.sampled_from([b"; Secure", b";secure", b"; SECURE ", b" ;\tSecure"])
ATTRIBUTES = st.sampled_from(
    [b"; Path=/secure", b"; HttpOnly", b"; SameSite=None", b"; Securely=1", b"; Domain=secure"]
)


@settings(max_examples=examples(30), deadline=None)
@given(st.sampled_from([b"a=1", b"secure=secure", b"a=", b"__Secure-a=x"]), st.lists(ATTRIBUTES | SECURE))
def test_a_cookie_loses_what_forbids_plain_http_and_nothing_else(cookie: bytes, attributes: list[bytes]) -> None:
    written = b"".join((cookie, *attributes))
    promised = [part.strip() for part in written.split(b";") if part.strip().lower() != b"secure"]
    assert [part.strip() for part in cookie_over_http(written).split(b";")] == promised
