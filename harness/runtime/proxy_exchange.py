"""One request on its way to a service, and the answer on its way back."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult

from harness.runtime.http1 import Gone, Head, RecordedBody, Stream, connect, relay, request_length, response_length
from harness.services.trust import Trust

_HOPS = (b"connection", b"keep-alive", b"proxy-connection")
# Asking these twice is the same as asking once, so a connection that closed under us may be replaced.
_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})
_FRESH = 1.0  # seconds for which an idle connection is surely still open: servers close after five or more


class Filed(NamedTuple):
    """One exchange as bytes; most are never looked at."""

    tag: str
    request: Head
    sent: RecordedBody
    response: Head | None
    came: RecordedBody
    seconds: float
    trouble: str = ""  # why the answer is not whole
    late: bool = False  # the time for it ran out


@dataclass(slots=True)
class Connections:
    """The connections of one proxy: all that are open, and those to the service that wait for work."""

    to: SplitResult
    patience: float  # seconds without a byte
    whole: float | None = None  # seconds for all of an answer
    trust: Trust = field(default_factory=Trust)
    _idle: list[tuple[Stream, float]] = field(default_factory=list)
    _open: set[Stream] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def enter(self, stream: Stream) -> Stream:
        """Remember a connection, so that it can be closed from outside."""
        with self._lock:
            self._open.add(stream)
            closed = self._closed
        if closed:
            self.drop(stream)
        return stream

    def drop(self, stream: Stream) -> None:
        """Close a connection."""
        with self._lock:
            self._open.discard(stream)
        stream.close()

    def fresh(self) -> Stream:
        """A new connection to the service."""
        return self.enter(connect(self.to, self.patience, self.trust))

    def used(self) -> Stream | None:
        """A connection that has served before and still can; None when there is none."""
        while self._idle:
            with contextlib.suppress(IndexError):
                stream, since = self._idle.pop()
                if time.monotonic() - since < _FRESH and not stream.stale():
                    stream.sock.settimeout(self.patience)
                    stream.deadline = None
                    return stream
                self.drop(stream)
        return None

    def keep(self, stream: Stream) -> None:
        """A connection to the service waits for more work."""
        self._idle.append((stream, time.monotonic()))

    def close(self) -> None:
        """Close everything, now and later."""
        with self._lock:
            self._closed = True
            streams = list(self._open)
        for stream in streams:
            stream.close()


@dataclass(slots=True)
class Passage:
    """Passes one request on and its answer back, and files both before the client can know of the end."""

    client: Stream
    connections: Connections
    request: Head  # as it is sent
    tag: str
    file: Callable[[Filed], None]
    homeward: Callable[[Head], Head]  # what the client is told instead of the service's own head
    sent: RecordedBody = field(default_factory=RecordedBody)
    came: RecordedBody = field(default_factory=RecordedBody)
    response: Head | None = None
    began: float = field(default_factory=time.perf_counter)
    _filed: bool = False
    _trouble: str = ""
    _late: bool = False

    def run(self) -> bool:
        """Whether the client's connection can be used again; the exchange is filed however it ends."""
        service: Stream | None = None
        finished = False
        try:
            service, head = self._asked()
            while 100 <= head.status < 200 and head.status != 101:
                self.client.sock.sendall(head.written())
                head = service.head()
            self.response = head
            reusable = self._answered(service, head)
            finished = True
            return reusable
        except (OSError, Gone) as error:
            self._late = isinstance(error, TimeoutError)
            self._trouble = self._told(error)
            raise
        finally:
            self._keep_record()
            if service and not finished:
                self.connections.drop(service)

    def _told(self, error: Exception) -> str:
        """Why there is no whole answer, for whoever judges it."""
        if self._late:
            return f"no complete response within {time.perf_counter() - self.began:.1f} s"
        if not self.response:
            return str(error)
        return f"the answer broke off after {self.came.size} bytes of its body ({error})"

    def _asked(self) -> tuple[Stream, Head]:
        length, chunked = request_length(self.request)
        used = self.connections.used()
        if used is None:
            return self._first_answer(self.connections.fresh(), length, chunked=chunked)
        try:
            return self._first_answer(used, length, chunked=chunked)
        except (OSError, Gone) as error:
            if self._method not in _REPEATABLE or chunked or length or isinstance(error, TimeoutError):
                raise
        return self._first_answer(self.connections.fresh(), length, chunked=chunked)

    def _first_answer(self, service: Stream, length: int | None, *, chunked: bool) -> tuple[Stream, Head]:
        sink = service.sock.sendall
        if self.connections.whole is not None:
            service.deadline = time.monotonic() + self.connections.whole
        try:
            # A service may refuse a large body before it has read it all: then its answer counts.
            with contextlib.suppress(ConnectionError):
                body = self.client.body(length, chunked=chunked)
                sink(relay(body, self.client, sink, self.sent, self.request.written()))
            return service, service.head()
        except (OSError, Gone):
            self.connections.drop(service)
            raise

    def _answered(self, service: Stream, head: Head) -> bool:
        if head.status == 101:
            return self._tunnel(service, head)
        length, chunked = response_length(head, self._method)
        endless = length is None and not chunked
        told = self.homeward(head).without(*_HOPS)
        if endless:
            told = told.plus((b"Connection", b"close"))
        pieces = service.body(length, chunked=chunked)
        last = relay(pieces, service, self.client.sock.sendall, self.came, told.written())
        self._keep_record()
        if endless or head.says(b"connection", b"close") or not head.start.startswith(b"HTTP/1.1"):
            self.connections.drop(service)
        else:
            self.connections.keep(service)
        self.client.sock.sendall(last)
        return not endless

    def _tunnel(self, service: Stream, head: Head) -> bool:
        """Another protocol begins: from now on bytes pass both ways, unseen."""
        self._keep_record()
        self.client.sock.sendall(head.written())
        _both_ways(self.client, service)
        self.connections.drop(service)
        return False

    @property
    def _method(self) -> bytes:
        return self.request.start.partition(b" ")[0]

    def _keep_record(self) -> None:
        if not self._filed:
            self._filed = True
            seconds = time.perf_counter() - self.began
            filed = Filed(self.tag, self.request, self.sent, self.response, self.came, seconds)
            self.file(filed._replace(trouble=self._trouble, late=self._late))


def tunnel(client: Stream, connections: Connections, begun: Head) -> None:
    """Pass a conversation that is no HTTP/1 on, unseen, from its first bytes."""
    service = connections.fresh()
    service.sock.sendall(begun.written())
    _both_ways(client, service)
    connections.drop(service)


def _both_ways(client: Stream, service: Stream) -> None:
    service.sock.settimeout(None)
    back = threading.Thread(target=_pump, args=(service, client), name="recorder-tunnel", daemon=True)
    back.start()
    _pump(client, service)
    back.join()


def _pump(source: Stream, sink: Stream) -> None:
    with contextlib.suppress(OSError):
        for piece, _ in source.body(None, chunked=False):
            sink.sock.sendall(piece)
    sink.close()
