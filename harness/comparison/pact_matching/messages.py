"""Requests and responses as values, read from what stands in a pact or from what went over the wire."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import unquote, unquote_plus

_SNIFFED = re.compile(rb"\s*(?:(?P<xml><\?xml|<[A-Za-z_:][^>]*/?>)|(?P<json>[\[{]))")
# Headers in whose values a comma is part of the value.
_WITH_COMMAS = frozenset(
    {"date", "accept-datetime", "if-modified-since", "if-unmodified-since", "expires", "retry-after"}
    | {"last-modified", "set-cookie", "user-agent", "www-authenticate", "proxy-authenticate"}
)


class Presence(Enum):
    """Whether there is a body at all."""

    MISSING = "missing"  # nothing is said of it
    EMPTY = "empty"  # there is one, without any content
    CONTENT = "content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A body: its bytes, and of which type they are."""

    presence: Presence = Presence.MISSING
    content: bytes = b""
    media_type: str = ""  # "application/json", without parameters; "" when nobody says

    @property
    def is_json(self) -> bool:
        """Whether it is JSON, or says so."""
        return self.media_type.endswith(("/json", "+json")) or self.media_type == "application/json-rpc"

    @property
    def is_xml(self) -> bool:
        """Whether it is XML, or says so."""
        return self.media_type.endswith(("/xml", "+xml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpMessage:
    """A request or a response, from either side."""

    method: str = ""
    path: str = ""
    query: tuple[tuple[str, str], ...] | None = None  # decoded, in order; None: nothing is said
    status: int | None = None
    headers: tuple[tuple[str, tuple[str, ...]], ...] | None = None  # names as written
    body: Payload = Payload()

    def header(self, name: str) -> tuple[str, ...] | None:
        """All values of a header, whatever the case of its name; None when it is not there."""
        found = [values for each, values in self.headers or () if each.lower() == name.lower()]
        return tuple(value for values in found for value in values) if found else None


def message_of(written: Mapping[str, Any], version: str) -> HttpMessage:
    """A request or a response as a pact of that version of the specification writes it."""
    headers = _headers_of(written.get("headers"))
    return HttpMessage(
        method=str(written.get("method") or ""),
        path=str(written.get("path") or ""),
        query=_query_of(written.get("query")),
        status=written["status"] if isinstance(written.get("status"), int) else None,
        headers=headers,
        body=_payload_of(written["body"], _media_type(headers), version) if "body" in written else Payload(),
    )


def contents_of(message: Mapping[str, Any], version: str) -> Payload:
    """The contents of a message as a pact of that version writes them."""
    metadata = message.get("metaData") or message.get("metadata")
    told = metadata if isinstance(metadata, Mapping) else {}
    names = {str(name).lower(): str(value) for name, value in told.items()}
    stated = names.get("contenttype") or names.get("content-type") or ""
    if "contents" not in message:
        return Payload()
    return _payload_of(message["contents"], _bare(stated), version)


def wire_message(
    *,
    start: tuple[str, str] = ("", ""),
    status: int | None = None,
    headers: Iterable[tuple[str, str]],
    body: bytes,
) -> HttpMessage:
    """What went over the wire: method and target or a status, header lines, and the decoded body."""
    method, target = start
    path, _, query = target.partition("?")
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name.lower(), []).extend(_values(name, value))
    told = tuple((name, tuple(values)) for name, values in grouped.items())
    return HttpMessage(
        method=method,
        path=path,
        query=query_pairs(query),
        status=status,
        headers=told,
        body=payload(body, _media_type(told)),
    )


def payload(content: bytes, media_type: str) -> Payload:
    """Bytes as a body; what nobody names is looked at."""
    if not content:
        return Payload(presence=Presence.EMPTY, media_type=media_type)
    return Payload(presence=Presence.CONTENT, content=content, media_type=media_type or _sniff_media_type(content))


def query_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """The parameters of a query, decoded, in order."""
    pairs = (piece.partition("=") for piece in text.removeprefix("?").split("&") if piece)
    return tuple((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs)


def decoded_path(path: str) -> str:
    """A path with its escapes undone, except for those that keep a slash from being one."""
    kept = re.sub(r"%2[fF]", "%252F", path)
    return unquote(kept)


# Private


def _query_of(written: Any) -> tuple[tuple[str, str], ...] | None:
    if written is None:
        return None
    if isinstance(written, str):
        return query_pairs(written)
    if not isinstance(written, Mapping):
        return ()
    return tuple((str(name), str(each)) for name, value in written.items() for each in _as_list(value))


def _as_list(value: Any) -> Sequence[Any]:
    values = value if isinstance(value, list) else [value]
    return ["" if each is None else each for each in values]


def _headers_of(written: Any) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    if not isinstance(written, Mapping):
        return None
    return tuple((str(name), _written_values(str(name), value)) for name, value in written.items())


def _written_values(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(each for one in value for each in _values(name, str(one)))
    return _values(name, str(value))


def _values(name: str, text: str) -> tuple[str, ...]:
    """The values that one header line lists."""
    if name.lower() in _WITH_COMMAS:
        return (text.strip(),)
    return tuple(each.strip() for each in _commas(text))


def _commas(text: str) -> list[str]:
    """Split at commas outside of quotes."""
    return re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"]|")+', text) or [text]


def _media_type(headers: Iterable[tuple[str, tuple[str, ...]]] | None) -> str:
    values = next((values for name, values in headers or () if name.lower() == "content-type"), ())
    return _bare(values[0]) if values else ""


def _bare(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _sniff_media_type(content: bytes) -> str:
    found = _SNIFFED.match(content)
    if found is None:
        return "text/plain"
    return "application/xml" if found["xml"] else "application/json"


def _payload_of(body: Any, media_type: str, version: str) -> Payload:
    if version.startswith("4") and isinstance(body, Mapping):
        return _fourth(body, media_type)
    return _first_to_third(body, media_type)


def _fourth(body: Mapping[str, Any], media_type: str) -> Payload:
    stated = _bare(str(body.get("contentType") or "")) or media_type
    content, encoded = body.get("content"), body.get("encoded")
    if content is None or content == "":
        return Payload(presence=Presence.EMPTY, media_type=stated)
    if encoded in (True, "base64") or str(encoded).lower() == "base64":
        return payload(_decode_base64(str(content)), stated)
    if isinstance(content, str) and not _is_json(stated):
        return payload(content.encode(), stated)
    if isinstance(content, str) and str(encoded).lower() == "json":
        return payload(content.encode(), stated)
    return payload(json.dumps(content, ensure_ascii=False).encode(), stated or "application/json")


def _first_to_third(body: Any, media_type: str) -> Payload:
    if body is None or body == "":
        return Payload(presence=Presence.EMPTY, media_type=media_type)
    if not isinstance(body, str):
        return payload(json.dumps(body, ensure_ascii=False).encode(), media_type or "application/json")
    if _is_json(media_type) and not _parses(body):
        return payload(json.dumps(body, ensure_ascii=False).encode(), media_type)
    return payload(body.encode(), media_type)


def _is_json(media_type: str) -> bool:
    return Payload(media_type=media_type).is_json


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return text.encode()
