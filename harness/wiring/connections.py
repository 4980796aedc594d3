"""How the served broker speaks HTTP: as uvicorn does, and never waiting for a client's acknowledgement."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

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
