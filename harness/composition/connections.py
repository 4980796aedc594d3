"""How the served broker takes connections and speaks HTTP: as uvicorn does, promptly, and with every worker."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

if TYPE_CHECKING:
    from asyncio import BaseTransport


class PromptHTTP(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Sends the parts of an answer at once, and waits for the head of a request no longer than it may take.

    asyncio sees to that only where a socket says that it is TCP, and the one that several workers share does not:
    the body would wait for the client's delayed acknowledgement of the head, which takes it 40 ms.
    """

    head_within = 20.0  # seconds
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """A client is there."""
        found = transport.get_extra_info("socket")
        if found is not None and found.family in (socket.AF_INET, socket.AF_INET6):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Something came: a part of a head, which has to be whole in time, or of a body."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._expect_head()
        elif self._late is not None:
            self._late.cancel()
            self._late = None

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.head_within, self.transport.close)


class FairLoop(asyncio.SelectorEventLoop):
    """The loop of one of several workers behind one address: each has clients of its own.

    At one socket for all, the first worker to look takes every client that waits, and keeps them while the others
    have nothing to do. Linux spreads clients over sockets that listen at the same address.
    """

    async def create_server(self, *args: Any, sock: socket.socket | None = None, **options: Any) -> asyncio.Server:
        """Listen at the address of a socket that all workers share, and that nobody listens at."""
        if sock is not None and sys.platform == "linux":
            own = socket.socket(sock.family, sock.type, sock.proto)
            for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                own.setsockopt(socket.SOL_SOCKET, option, 1)
            own.bind(sock.getsockname())
            sock = own
        return await super().create_server(*args, sock=sock, **options)
