"""Bodies of requests that are on their way: how large, how many together, and how slowly they may come."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from harness.broker.http.problems import Refused

if TYPE_CHECKING:
    from harness.broker.http.asgi import RawRequest, Receive

SILENT = 30.0
_TOGETHER = 4  # bodies of the largest size that one process holds at once
_LATER = {"retry_after": "5", "connection": "close"}


@dataclass(kw_only=True)
class Bodies:
    """Reads bodies as they come, within limits of each and of all together."""

    most: int  # bytes of one
    silent: float | None = SILENT  # seconds without a byte, after which nobody waits for the rest; None waits
    held: int = field(default=0, init=False)  # bytes of those that have not come to their end

    async def read(self, receive: Receive, request: RawRequest) -> bytes:
        """A whole body. Raises Refused: 408, 413, 503 as soon as it is too slow or too large."""
        announced = request.headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self.most:
            raise self._too_large()
        parts, size = list[bytes](), 0
        try:
            while True:
                part, more = await self._part(receive)
                size += len(part)
                self.held += len(part)
                if size > self.most:
                    raise self._too_large()
                if self.held > _TOGETHER * self.most:
                    raise Refused(503, "too many large bodies are on their way; send it again later", **_LATER)
                parts.append(part)
                if not more:
                    return b"".join(parts)
        finally:
            self.held -= size

    async def pass_over(self, receive: Receive) -> None:
        """Let a body come to its end without holding it, so that its sender hears the answer."""
        size, more = 0, True
        while more and size <= self.most:
            part, more = await self._part(receive)
            size += len(part)

    async def _part(self, receive: Receive) -> tuple[bytes, bool]:
        try:
            with nullcontext() if self.silent is None else anyio.fail_after(self.silent):
                message = await receive()
        except TimeoutError:
            raise Refused(408, f"nothing came for {self.silent:.0f} seconds", connection="close") from None
        if message["type"] == "http.disconnect":
            raise Refused(400, "the connection ended before the body did")
        return message.get("body", b""), bool(message.get("more_body"))

    def _too_large(self) -> Refused:
        why = f"the body is larger than {self.most} bytes, which is the most that is taken"
        return Refused(413, why, connection="close")
