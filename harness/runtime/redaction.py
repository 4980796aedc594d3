"""Keeps secrets out of what is recorded; what goes over the wire is never touched."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.services.system import ContainerSettings

HIDDEN = "[redacted]"
_SECRET = re.compile(r"pass(word|wd|phrase)|secret|token|api[-_]?key|credential|private[-_]?key", re.IGNORECASE)
_SECRET_HEADER = re.compile(r"^(proxy-)?authorization$|^(set-)?cookie$|session|" + _SECRET.pattern, re.IGNORECASE)
_USER = re.compile(r"(://)[^/@\s]+@")
_PARAMETER = re.compile(r"(?P<before>^|[?&;])(?P<name>[^=&?;#\s]{1,200})=(?P<value>[^&;#\s]*)")
_FIELD = re.compile(
    r'"(?P<name>[^"\\]{1,200})"(?P<colon>\s{0,20}:\s{0,20})(?P<value>"(?:[^"\\]|\\.)*"?|[^\s",{}\[\]]+)'
)


def headers(pairs: tuple[tuple[str, str], ...], ours: frozenset[str] = frozenset()) -> tuple[tuple[str, str], ...]:
    """Header values that prove who somebody is are hidden, and so are the harness's own (lower-case names)."""
    return tuple(
        (name, HIDDEN if name.lower() in ours or _SECRET_HEADER.search(name) else value) for name, value in pairs
    )


def pairs(values: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Settings whose names sound like secrets are hidden; so is what an address says of its user."""
    return {
        name: HIDDEN if _SECRET.search(name) else _USER.sub(r"\1" + HIDDEN + "@", value) for name, value in values
    }


def settings(container: ContainerSettings) -> dict[str, Any]:
    """How a container is made, without the texts that are put into it: they may be secrets."""
    told = asdict(container)
    told["mounts"] = [{**each, "text": HIDDEN if each["text"] else ""} for each in told["mounts"]]
    return told


def url(text: str) -> str:
    """Query parameters that sound like secrets are hidden."""
    return _PARAMETER.sub(_parameter, text) if "?" in text else text


def body(kept: bytes, size: int, encoding: str = "", content_type: str = "") -> str:
    """A body as text, secret fields hidden; what is no text is told by its size."""
    text = _text(_decompress_body(kept, encoding, whole=len(kept) == size))
    if text is None:
        return f"<{size} bytes of {content_type or 'binary data'}>"
    if not _SECRET.search(text):
        return text
    if "x-www-form-urlencoded" in content_type:
        return _PARAMETER.sub(_parameter, text)
    return _json(text)


def _parameter(match: re.Match[str]) -> str:
    value = HIDDEN if _SECRET.search(match["name"]) else match["value"]
    return f"{match['before']}{match['name']}={value}"


def _json(text: str) -> str:
    try:
        return json.dumps(_hide_secrets(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):  # cut, or no JSON: field by field, as far as it can be seen
        return _FIELD.sub(_field, text)


def _field(match: re.Match[str]) -> str:
    value = f'"{HIDDEN}"' if _SECRET.search(match["name"]) else match["value"]
    return f'"{match["name"]}"{match["colon"]}{value}'


def _hide_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: HIDDEN if _SECRET.search(key) else _hide_secrets(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_hide_secrets(each) for each in value]
    return value


def _decompress_body(kept: bytes, encoding: str, *, whole: bool) -> bytes:
    window = {"gzip": 31, "x-gzip": 31, "deflate": 15}.get(encoding.strip().lower())
    if window is None or not kept:
        return kept
    try:
        return zlib.decompressobj(window).decompress(kept, 65536)
    except zlib.error:
        return kept if whole else b"\xff"


def _text(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3 or error.reason != "unexpected end of data":
            return None
        text = data[: error.start].decode()  # the cut went through a letter
    return None if "\x00" in text else text
