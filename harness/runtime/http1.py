"""HTTP/1.1 as bytes on a socket: heads, and bodies passed on exactly as they came."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from urllib.parse import SplitResult

    from harness.services.trust import Trust

PIECE = 65536  # bytes read or sent at a time, and kept of a body
_LONGEST_HEAD = 1 << 20
_BODILESS = frozenset({204, 304})


class Gone(Exception):
    """The other side closed the connection, or says something that is not HTTP."""


@dataclass(frozen=True, slots=True)
class Head:
    """A start line and its header lines, in order and as written."""

    start: bytes
    lines: tuple[tuple[bytes, bytes], ...]  # lower-case name, whole line

    def values(self, name: bytes) -> tuple[bytes, ...]:
        """What a header says; empty when it is not there."""
        return tuple(line[len(name) + 1 :].strip() for each, line in self.lines if each == name)

    def says(self, name: bytes, token: bytes) -> bool:
        """Whether a header lists a token."""
        return any(token == part.strip().lower() for v in self.values(name) for part in v.split(b","))

    def without(self, *names: bytes) -> Head:
        """The same head with some headers left out."""
        return Head(self.start, tuple(each for each in self.lines if each[0] not in names))

    def plus(self, *added: tuple[bytes, bytes]) -> Head:
        """The same head with headers added at its end."""
        return Head(self.start, self.lines + tuple((n.lower(), n + b": " + v) for n, v in added))

    def written(self) -> bytes:
        """As it goes over the wire, with the empty line."""
        return b"\r\n".join((self.start, *(line for _, line in self.lines), b"", b""))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names as written and values, for people."""
        split = (line.partition(b":") for _, line in self.lines)
        return tuple((n.decode("latin-1"), v.strip().decode("latin-1")) for n, _, v in split)

    @property
    def status(self) -> int:
        """The status of a response; raises Gone for what is none."""
        try:
            return int(self.start[9:12])
        except ValueError:
            raise Gone(f"{self.start[:40]!r} begins no response") from None


@dataclass(slots=True)
class RecordedBody:
    """What is kept of a body: its first bytes and its whole size."""

    kept: bytearray = field(default_factory=bytearray)
    size: int = 0
    most: int = PIECE  # bytes that are kept

    @property
    def whole(self) -> bytes | None:
        """The body itself; None when a part of it was not kept."""
        return bytes(self.kept) if len(self.kept) == self.size else None

    def add(self, content: bytes) -> None:
        """Take note of a piece."""
        room = self.most - len(self.kept)
        if room > 0:
            self.kept += content[:room]
        self.size += len(content)


class Stream:
    """One connection, read in order."""

    __slots__ = ("before_waiting", "buffer", "deadline", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = b""
        self.deadline: float | None = None  # on the monotonic clock; nothing is waited for beyond it
        self.before_waiting: Callable[[], None] | None = None

    def head(self) -> Head:
        """The next head; raises Gone when the other side has nothing more to say."""
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            if len(self.buffer) > _LONGEST_HEAD:
                raise Gone("a head of more than a megabyte")
            self._more()
        start, *lines = self.buffer[:end].lstrip(b"\r\n").split(b"\r\n")
        self.buffer = self.buffer[end + 4 :]
        return Head(start, tuple((line.partition(b":")[0].strip().lower(), line) for line in lines))

    def body(self, length: int | None, *, chunked: bool) -> Iterator[tuple[bytes, bytes]]:
        """Pieces as written, each with the content in it; without a length until the connection ends."""
        if chunked:
            yield from self._chunks()
        elif length is None:
            yield from self._rest()
        else:
            yield from ((piece, piece) for piece in self._exactly(length))

    def stale(self) -> bool:
        """Whether an idle connection was closed, or has something to say that nobody asked for."""
        self.sock.settimeout(0)
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except (OSError, ValueError):  # TLS sockets cannot peek
            return True
        return True

    def close(self) -> None:
        """Close, and wake whoever reads from it."""
        with contextlib.suppress(OSError):  # closed by the other side: that is what we want
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def _more(self) -> None:
        piece = self._received()
        if not piece:
            raise Gone(_cut_short(self.buffer))
        self.buffer += piece

    def _received(self) -> bytes:
        # Nothing may be held back while the other side waits for it.
        if self.before_waiting:
            self.before_waiting()
        if self.deadline is not None:
            self.sock.settimeout(max(0.001, self.deadline - time.monotonic()))
        return self.sock.recv(PIECE)

    def _exactly(self, length: int) -> Iterator[bytes]:
        while length:
            if not self.buffer:
                self._more()
            piece, self.buffer = self.buffer[:length], self.buffer[length:]
            length -= len(piece)
            yield piece

    def _rest(self) -> Iterator[tuple[bytes, bytes]]:
        piece, self.buffer = self.buffer, b""
        while piece or (piece := self._received()):
            yield piece, piece
            piece = b""

    def _chunks(self) -> Iterator[tuple[bytes, bytes]]:
        while True:
            line = self._line()
            size = _size(line)
            yield line, b""
            for piece in self._exactly(size):
                yield piece, piece
            if not size:
                break
            yield b"".join(self._exactly(2)), b""
        while (trailer := self._line()) != b"\r\n":
            yield trailer, b""
        yield trailer, b""

    def _line(self) -> bytes:
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > PIECE:
                raise Gone("an endless line where a chunk should begin")
            self._more()
        line, self.buffer = self.buffer[: end + 1], self.buffer[end + 1 :]
        return line


def _cut_short(begun: bytes) -> str:
    """How a connection ended that something was still expected of."""
    if begun[:2] in (b"\x15\x03", b"\x16\x03"):
        return "a TLS alert came: HTTPS is spoken there"
    return f"the connection was closed after {begun[:20]!r}" if begun else "the connection was closed"


def _size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0].strip(), 16)
    except ValueError:
        raise Gone(f"{line[:40]!r} begins no chunk") from None


def request_length(head: Head) -> tuple[int | None, bool]:
    """Length and chunkedness of a request's body."""
    if head.says(b"transfer-encoding", b"chunked"):
        return None, True
    return _length(head) or 0, False


def response_length(head: Head, method: bytes) -> tuple[int | None, bool]:
    """Length and chunkedness of a response's body; no length means: until the connection ends."""
    if method == b"HEAD" or head.status in _BODILESS or head.status < 200:
        return 0, False
    if head.says(b"transfer-encoding", b"chunked"):
        return None, True
    return _length(head), False


def _length(head: Head) -> int | None:
    values = head.values(b"content-length")
    try:
        return int(values[0]) if values else None
    except ValueError:
        raise Gone(f"Content-Length is {values[0]!r}") from None


def relay(
    pieces: Iterable[tuple[bytes, bytes]],
    source: Stream,
    sink: Callable[[bytes], None],
    kept: RecordedBody,
    first: bytes,
) -> bytes:
    """Pass pieces on as they come, after some first bytes; the last bytes are returned and not yet sent."""
    out = bytearray(first)

    def send() -> None:
        if out:
            sink(bytes(out))
            out.clear()

    source.before_waiting = send
    try:
        for raw, content in pieces:
            out += raw
            kept.add(content)
            if len(out) >= PIECE:
                send()
    finally:
        source.before_waiting = None
    return bytes(out)


def connect(to: SplitResult, within: float, trust: Trust) -> Stream:
    """A fresh connection, without delay for small packets; TLS for https."""
    sock = socket.create_connection((to.hostname or "", to.port or _PORTS.get(to.scheme, 80)), timeout=within)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if to.scheme == "https":
        sock = trust.context(to.hostname or "").wrap_socket(sock, server_hostname=to.hostname)
    return Stream(sock)


_PORTS = {"http": 80, "https": 443}
