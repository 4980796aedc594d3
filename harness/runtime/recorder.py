"""A recording reverse proxy for one edge of the service graph.

It costs a fraction of a millisecond per request: blocking sockets, a few threads that accept by themselves,
connections to the service kept open, and nothing turned into text before somebody asks for it.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.ports import TAG_HEADER, ExactExchange
from harness.runtime import redaction
from harness.runtime.http1 import PIECE, Gone, Head, RecordedBody, Stream
from harness.runtime.proxy_exchange import Connections, Filed, Passage, tunnel
from harness.services.trust import Trust
from harness.verdicts import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from urllib.parse import SplitResult

_TAG = TAG_HEADER.lower().encode()
_HOPS = (b"connection", b"keep-alive", b"proxy-connection", b"expect")
_REFUSAL = b"HTTP/1.1 424 Failed Dependency\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HTTP_2 = b"PRI * HTTP/2.0"  # a client that knows beforehand what the service speaks, as those of gRPC do
_SECURE = re.compile(rb";\s*secure\s*(?=;|$)", re.IGNORECASE)  # an attribute of a cookie
_MOST = 50_000  # exchanges that are remembered; what comes after them passes unseen
_TO_JUDGE = 16 << 20  # bytes of a body that somebody will judge
_SPARE = 8  # threads that may wait for connections


@dataclass(frozen=True, slots=True)
class HttpRecorder:
    """Records what goes to a service over HTTP."""

    patience: float = 30.0  # seconds for the service to answer

    @contextlib.contextmanager
    def record(
        self,
        upstream: str,
        *,
        headers: Mapping[str, str] | None = None,
        within: float | None = None,
        trust: Trust | None = None,
    ) -> Iterator[Proxy]:
        """Listen on this machine, forward to upstream with these headers set, remember each exchange."""
        proxy = Proxy(upstream, dict(headers or {}), within or self.patience, trust or Trust())
        try:
            yield proxy
        finally:
            proxy.close()


class Proxy:
    """A listening recorder; give it a guard to be asked before each tagged request."""

    def __init__(self, upstream: str, headers: Mapping[str, str], patience: float, trust: Trust) -> None:
        self._to = urlsplit(upstream)
        self._base = self._to.path.rstrip("/").encode()
        self._own = tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in headers.items())
        self._names = frozenset(name.lower() for name in headers)
        self._before: Callable[[str], bool] | None = None
        self._mended: Callable[[str, str], str] | None = None
        self._filed: list[Filed] = []
        self._connections = Connections(self._to, patience, trust=trust)
        self._lock = threading.Lock()
        self._closed = False
        self._accepting = 0
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._authority = f"127.0.0.1:{self._listener.getsockname()[1]}".encode()
        with self._lock:
            self._hire()

    @property
    def url(self) -> str:
        """Where to send requests instead of to the service itself."""
        return f"http://{self._authority.decode()}"

    def guard(
        self, before: Callable[[str], bool], within: float, target: Callable[[str, str], str] | None = None
    ) -> None:
        """Ask before each tagged request whether it may go on; the service gets so many seconds for its answer.

        `target` says what is asked for in place of what the client wrote: the same, in the promised order.
        """
        self._before, self._mended = before, target
        self._connections.patience = self._connections.whole = within

    def exchanges(self, tag: str = "") -> Sequence[Exchange]:
        """What went through so far, oldest first; with a tag, only what carried it."""
        return [self._told(each) for each in list(self._filed) if not tag or each.tag == tag]

    def exact(self, tag: str) -> Sequence[ExactExchange]:
        """The same exchanges with that tag, for those who judge them."""
        return [self._exact(each) for each in list(self._filed) if each.tag == tag]

    def close(self) -> None:
        """Stop listening and drop every connection."""
        with self._lock:
            self._closed = True
            waiting, threads = self._accepting, list(self._threads)
        self._connections.close()
        for _ in range(waiting):  # wakes a thread that accepts, on every system
            with contextlib.suppress(OSError):
                socket.create_connection(self._listener.getsockname(), timeout=1).close()
        for thread in threads:
            thread.join(timeout=5)
        self._listener.close()

    # Private

    def _hire(self) -> None:
        self._accepting += 1
        thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            with self._lock:
                self._accepting -= 1
                if not self._accepting and not self._closed:
                    self._hire()
            self._converse(sock)
            with self._lock:
                if self._closed or self._accepting >= _SPARE:
                    self._threads.discard(threading.current_thread())
                    return
                self._accepting += 1

    def _converse(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = self._connections.enter(Stream(sock))
        try:
            while self._passed(client):
                pass
        except (OSError, Gone, ValueError):
            pass  # whoever asks gets no answer, as without us; what is known has been filed
        finally:
            self._connections.drop(client)

    def _passed(self, client: Stream) -> bool:
        """Pass one request on and its answer back; whether the client may send another."""
        asked = client.head()
        if asked.start == _HTTP_2:
            tunnel(client, self._connections, asked)
            return False
        tag = b"".join(asked.values(_TAG)[:1]).decode("latin-1")
        request = self._forwarded(asked, tag)
        if tag and self._before and not self._before(tag):
            client.sock.sendall(_REFUSAL)
            return False
        if asked.says(b"expect", b"100-continue"):
            client.sock.sendall(_CONTINUE)
        homeward = self._homeward if tag else self._homeward_unjudged
        passage = Passage(client, self._connections, request, tag, self._file, homeward)
        if tag:
            passage.sent.most = passage.came.most = _TO_JUDGE
        return passage.run() and asked.start.endswith(b"/1.1") and not asked.says(b"connection", b"close")

    def _file(self, filed: Filed) -> None:
        if len(self._filed) < _MOST:
            self._filed.append(filed)

    def _forwarded(self, asked: Head, tag: str) -> Head:
        method, _, rest = asked.start.partition(b" ")
        target, _, version = rest.rpartition(b" ")
        if not version.startswith(b"HTTP/1."):
            raise Gone(f"{asked.start[:60]!r} is no request")
        upgrade = ((b"Connection", b"Upgrade"),) if asked.says(b"connection", b"upgrade") else ()
        if tag and self._mended:
            target = self._mended(tag, target.decode("latin-1")).encode("latin-1")
        head = Head(b" ".join((method, self._base + target, version)), asked.lines)
        # What a tagged request says of its connection was promised by somebody; else it is the client's own.
        hops = (b"expect",) if tag else _HOPS
        head = head.without(_TAG, *hops, *(name.encode("latin-1") for name in self._names))
        if self._authority in head.values(b"host"):
            head = head.without(b"host").plus((b"Host", self._to.netloc.rpartition("@")[2].encode()))
        return head.plus(*self._own, *(() if tag else upgrade))

    def _homeward(self, response: Head) -> Head:
        """A redirect to the service's own address leads through here."""
        places = response.values(b"location")
        if not places or not (moved := self._moved(places[0])):
            return response
        return response.without(b"location").plus((b"Location", moved))

    def _homeward_unjudged(self, response: Head) -> Head:
        """The same; clients send cookies of a service that speaks HTTPS back through here, over plain HTTP."""
        told, cookies = self._homeward(response), response.values(b"set-cookie")
        if self._to.scheme != "https" or not cookies:
            return told
        return told.without(b"set-cookie").plus(*((b"Set-Cookie", cookie_over_http(each)) for each in cookies))

    def _moved(self, location: bytes) -> bytes:
        there = urlsplit(location.decode("latin-1"))
        path = there.path.encode("latin-1")
        if not there.netloc or _port(there) != _port(self._to) or not _same_host(there, self._to):
            return b""
        if self._base and path.startswith(self._base):
            path = path[len(self._base) :]
        tail = "".join(("?" + there.query if there.query else "", "#" + there.fragment if there.fragment else ""))
        return b"http://" + self._authority + path + tail.encode("latin-1")

    def _told(self, filed: Filed) -> Exchange:
        method, _, rest = filed.request.start.partition(b" ")
        target = rest.rpartition(b" ")[0].decode("latin-1")
        response = filed.response
        return Exchange(
            method=method.decode("latin-1"),
            url=redaction.url(f"{self._to.scheme}://{self._to.netloc.rpartition('@')[2]}{target}"),
            request_headers=redaction.headers(filed.request.pairs(), self._names),
            request_body=_body(filed.request, filed.sent),
            request_size=filed.sent.size,
            status=response.status if response else 0,
            response_headers=redaction.headers(response.pairs()) if response else (),
            response_body=_body(response, filed.came) if response else "",
            response_size=filed.came.size,
            seconds=filed.seconds,
        )

    def _exact(self, filed: Filed) -> ExactExchange:
        method, _, rest = filed.request.start.partition(b" ")
        response = filed.response
        return ExactExchange(
            method=method.decode("latin-1"),
            target=rest.rpartition(b" ")[0].removeprefix(self._base).decode("latin-1"),
            request_headers=filed.request.pairs(),
            request_body=filed.sent.whole,
            status=response.status if response else 0,
            response_headers=response.pairs() if response else (),
            response_body=filed.came.whole,
            trouble=filed.trouble,
            late=filed.late,
        )


def cookie_over_http(cookie: bytes) -> bytes:
    """A cookie that its client sends back over plain HTTP, too."""
    return _SECURE.sub(b"", cookie)


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _same_host(one: SplitResult, other: SplitResult) -> bool:
    loopback = {"localhost", "127.0.0.1", "::1"}
    return one.hostname == other.hostname or {one.hostname, other.hostname} <= loopback


def _body(head: Head, body: RecordedBody) -> str:
    encoding = b"".join(head.values(b"content-encoding")).decode("latin-1")
    kind = b"".join(head.values(b"content-type")).decode("latin-1")
    return redaction.body(bytes(body.kept[:PIECE]), body.size, encoding, kind)
