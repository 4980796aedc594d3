"""What a link to a pact remembers of why it was given: `/metadata/{m}` (BROKER-API 6.5).

It is Rack's nested query in URL-safe base64 without padding. Clients send it back with their results, and never
look into it. Garbage is nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.broker.http.hal import encode_segment
from harness.broker.http.nested_query import parse
from harness.broker.http.problems import Invalid
from harness.ledger.selecting.choosing import SelectorMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Everything that a link remembers."""

    number: str = ""  # the consumer version whose pact it is, for webhooks
    row: int = 0  # the same, elsewhere
    tags: Sequence[str] = ()
    wip: bool = False
    pending: bool | None = None
    selected: Sequence[SelectorMatch] = ()

    @property
    def rows(self) -> tuple[int, ...]:
        """Every consumer version that the link speaks of, each once."""
        return tuple(dict.fromkeys(row for row in (self.row, *(each.row for each in self.selected)) if row))


def encode(metadata: Metadata) -> str:
    """As it stands in a URL; "" when there is nothing to remember."""
    pairs: list[tuple[str, str]] = []
    for each in metadata.selected:
        pairs += _selector(each)
    if metadata.number:
        pairs.append(("cvn", metadata.number))
    pairs += [("cvt[]", tag) for tag in metadata.tags]
    if metadata.row:
        pairs.append(("cv", str(metadata.row)))
    if metadata.wip:
        pairs.append(("w", "true"))
    if metadata.pending is not None:
        pairs.append(("p", "true" if metadata.pending else "false"))
    query = "&".join(f"{encode_segment(name)}={encode_segment(value)}" for name, value in pairs)
    return base64.urlsafe_b64encode(query.encode()).decode().rstrip("=")


def _selector(each: SelectorMatch) -> list[tuple[str, str]]:
    told = [("b", each.branch), ("t", each.tag), ("l", "true" if each.latest else ""), ("e", each.environment)]
    return [(f"s[][{name}]", value) for name, value in (*told, ("cv", str(each.row or ""))) if value]


def decode(text: str) -> Metadata:
    """What a link remembers."""
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        found = parse(base64.urlsafe_b64decode(padded).decode("utf-8"))
    except (binascii.Error, UnicodeDecodeError, ValueError, Invalid):
        return Metadata()
    selectors = found.get("s", [])
    return Metadata(
        number=_word(found.get("cvn")),
        row=_row(found.get("cv")),
        tags=tuple(_word(tag) for tag in _list(found.get("cvt"))),
        wip=found.get("w") == "true",
        pending={"true": True, "false": False}.get(_word(found.get("p"))),
        selected=tuple(_parse_selector(each) for each in _list(selectors) if isinstance(each, dict)),
    )


def _parse_selector(found: dict[str, Any]) -> SelectorMatch:
    return SelectorMatch(
        row=_row(found.get("cv")),
        branch=_word(found.get("b")),
        tag=_word(found.get("t")),
        latest=found.get("l") == "true",
        environment=_word(found.get("e")),
    )


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _row(value: Any) -> int:
    return (
        int(value) if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 16 else 0
    )
