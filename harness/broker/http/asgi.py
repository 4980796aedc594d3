"""Requests and answers as ASGI servers hand them over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.broker.http.answers import Response, encode_body
from harness.broker.http.base_url import base_url, without_prefix
from harness.broker.http.request import Who
from harness.broker.settings import VERSION

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """What came over the wire."""

    method: str
    raw_path: str
    query: str
    headers: Mapping[str, str]  # lower-case names; repeated ones joined with commas
    base: str
    peer: str = ""  # the address of who asks
    body: bytes = b""
    who: Who | None = None  # who was let in before the body was read

    @property
    def announces_body(self) -> bool:
        """Whether a body follows."""
        return self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers


def read_head(scope: Scope, base_urls: Sequence[str]) -> RawRequest:
    """Everything of a request but its body."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        # Two Accept lines are one list: the Rust clients send each type in a line of its own.
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    base = base_url(base_urls, headers, scope.get("scheme", "http"), scope.get("root_path", ""))
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    client = scope.get("client") or ("", 0)
    return RawRequest(
        method=scope["method"],
        raw_path=without_prefix(path, base),
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=headers,
        base=base,
        peer=client[0],
    )


async def send_answer(send: Send, answer: Response, media: str) -> None:
    """Spell an answer for the client."""
    headers = {
        "vary": "Accept",
        "cache-control": "no-cache",
        "x-pact-broker-version": VERSION,
        "x-content-type-options": "nosniff",
        **answer.headers,
    }
    body = b"" if answer.body is None else encode_body(answer.body)
    if answer.body is not None and "content-type" not in headers:
        headers["content-type"] = f"{answer.media or media};charset=utf-8"
    if answer.status != 204:
        headers["content-length"] = str(len(body))
    encoded = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
