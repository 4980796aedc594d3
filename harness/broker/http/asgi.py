"""Requests and answers as ASGI servers hand them over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.broker.http.answers import Response, encode_body
from harness.broker.http.base_url import base_url, without_prefix
from harness.broker.http.problems import Refused
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


async def read_body(receive: Receive, request: RawRequest, most: int) -> bytes:
    """The body. Raises Refused for one that is too large, as soon as it is."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the connection ended before the body did")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _too_large(most: int) -> Refused:
    return Refused(
        413, f"the body is larger than {most} bytes, which is the most that is taken", connection="close"
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
