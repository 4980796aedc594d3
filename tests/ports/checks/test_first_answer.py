"""A service that never answered a request did not start, and what is seen of it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checks.engines.first_answer import why_no_answer
from harness.runtime.addressing import listeners

if TYPE_CHECKING:
    from collections.abc import Iterator

ALERT = bytes.fromhex("15030100020246")


@contextlib.contextmanager
def answering(reply: bytes) -> Iterator[str]:
    """A port where every connection is answered so, and closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = listener.accept()
                    with peer, contextlib.suppress(OSError):
                        peer.recv(4096)
                        peer.sendall(reply)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (b"HTTP/1.1 500 Oh\r\n\r\n", ""),
        (b"", "closes connections without an answer"),
        (ALERT, "HTTPS is spoken"),
        (b"220 ftp ready\r\n", "what is no HTTP"),
    ],
)
def test_what_is_seen_of_a_port_is_told(reply: bytes, told: str) -> None:
    with answering(reply) as url:
        seen = why_no_answer(url)
    assert (told in seen) if told else not seen


def test_a_port_that_is_shut_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "nobody accepts connections" in why_no_answer(f"http://127.0.0.1:{port}")


@given(st.integers(1, 65535), st.integers(0, 255))
def test_the_tables_of_the_kernel_tell_where_connections_are_accepted(port: int, last: int) -> None:
    head = "  sl  local_address rem_address   st\n"
    listens = f"   0: {last:02X}00007F:{port:04X} 00000000:0000 0A 0 0\n"
    talks = f"   1: 0100007F:{port ^ 1:04X} 0100007F:1F41 01 0 0\n"
    six = f"   0: 00000000000000000000000001000000:{port:04X} {'0' * 32}:0000 0A 0 0\n"
    assert listeners(head + listens + talks + head + six) == tuple(
        sorted([f"127.0.0.{last}:{port}", f"::1:{port}"])
    )


def test_what_is_no_table_says_nothing() -> None:
    assert listeners("cat: /proc/net/tcp6: No such file or directory\n") == ()
