"""What a resource answers, before it is spelled for the client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

HAL = "application/hal+json"
JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT = "text/plain"
HTML = "text/html"
SVG = "image/svg+xml"
CSV = "text/csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A status, a body and what goes with them."""

    status: int = 200
    body: Any = None  # a JSON document; text or bytes when `media` says so; None is empty
    media: str = ""  # "" is what was negotiated
    headers: Mapping[str, str] = field(default_factory=dict)


def ok(body: Any, **headers: str) -> Response:
    """200 with a document; header names are written with underscores."""
    return Response(body=body, headers=_headers(headers))


def created(body: Any, location: str) -> Response:
    """201 with the new document and where it is."""
    return Response(status=201, body=body, headers={"location": location})


def no_content() -> Response:
    """204: done, and nothing to say."""
    return Response(status=204)


def text(body: str, media: str = TEXT, *, status: int = 200) -> Response:
    """Words, a table, a picture."""
    return Response(status=status, body=body, media=media)


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}


@dataclass(frozen=True, slots=True)
class Raw:
    """A piece of JSON that is put into an answer as it is, without being read."""

    written: str


def raw(written: str) -> Raw:
    """A piece of JSON as it is."""
    return Raw(written)


def encode_body(body: Any) -> bytes:
    """A document as JSON, text as UTF-8."""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return _bytes(body)
    try:
        return orjson.dumps(body, default=_fragment, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError:  # an integer over 64 bits, a lone surrogate: rare, and JSON all the same
        return json.dumps(_plain(body), separators=(",", ":")).encode()


def _fragment(value: Any) -> orjson.Fragment:
    if isinstance(value, Raw):
        return orjson.Fragment(_bytes(value.written))
    raise TypeError


def _bytes(written: str) -> bytes:
    return written.encode("utf-8", "replace")


def _plain(body: Any) -> Any:
    if isinstance(body, Raw):
        return json.loads(body.written)
    if isinstance(body, Mapping):
        return {name: _plain(value) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [_plain(value) for value in body]
    return body
