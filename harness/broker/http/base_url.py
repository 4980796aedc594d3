"""The URL that every link starts with: what is configured, else what the request says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HOST = re.compile(r"^[A-Za-z0-9._-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$")
_PREFIX = re.compile(r"^(/[A-Za-z0-9._~%-]+)*$")


def base_url(configured: Sequence[str], headers: Mapping[str, str], scheme: str, root: str) -> str:
    """Of several configured ones, the one that the request was sent to, else the first."""
    asked = _request_base_url(headers, scheme, root)
    for each in configured:
        if urlsplit(each).netloc == urlsplit(asked).netloc:
            return each.rstrip("/")
    return configured[0].rstrip("/") if configured else asked


def _request_base_url(headers: Mapping[str, str], scheme: str, root: str) -> str:
    proto = _first(headers.get("x-forwarded-proto", "")) or _first(headers.get("x-forwarded-scheme", ""))
    if headers.get("x-forwarded-ssl") == "on":
        proto = "https"
    host = _first(headers.get("x-forwarded-host", "")) or headers.get("host", "localhost")
    port = _first(headers.get("x-forwarded-port", ""))
    if not _HOST.match(host):  # it is written into links: nothing but a host may be there
        host = "localhost"
    chosen = proto if proto in ("http", "https") else scheme
    if port.isdigit() and ":" not in host and port != {"http": "80", "https": "443"}[chosen]:
        host = f"{host}:{port}"
    prefix = _first(headers.get("x-forwarded-prefix", "")) or root
    prefix = prefix.rstrip("/") if _PREFIX.match(prefix.rstrip("/")) else ""
    return f"{chosen}://{host}{prefix}"


def _first(header: str) -> str:
    return header.partition(",")[0].strip()


def without_prefix(path: str, base: str) -> str:
    """The path below the base URL's own; a proxy may or may not have stripped it."""
    prefix = urlsplit(base).path
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        return path[len(prefix) :] or "/"
    return path
