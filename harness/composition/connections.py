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
    """Sends the parts of an answer at once.

    asyncio sees to that only where a socket says that it is TCP, and the one that several workers share does not:
    the body would wait for the client's delayed acknowledgement of the head, which takes it 40 ms.
    """

    def connection_made(self, transport: BaseTransport) -> None:
        """A client is there."""
        found = transport.get_extra_info("socket")
        if found is not None and found.family in (socket.AF_INET, socket.AF_INET6):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)


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
