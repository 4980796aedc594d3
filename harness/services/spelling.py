"""How a pacticipant's name, which may be any text, is written where not every character may stand."""

from __future__ import annotations

import json
import re

from harness.identity import digest

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def plain(name: str) -> str:
    """Itself, or letters, digits and a hash: for files, networks and images."""
    if PLAIN.fullmatch(name) and len(name) <= 100:
        return name
    words = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40].strip("-")
    return f"{words or 'service'}-{digest('name', name)[:8]}"


def key(name: str) -> str:
    """A key of the manifest: bare, or quoted as TOML wants it."""
    quoted = json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")
    return name if _BARE.fullmatch(name) else quoted


def heading(name: str) -> str:
    """`[services.orders]`, or `[services."Animal Shelter"]`."""
    return f"[services.{key(name)}]"
