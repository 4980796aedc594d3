"""Which form of an answer a client gets, by its Accept header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.broker.http.answers import HAL, HTML, JSON, PROBLEM

if TYPE_CHECKING:
    from collections.abc import Sequence

# Whoever names one of these is a program; only the others are shown pages (BROKER-API 1.2).
_OF_PROGRAMS = ("json", "csv", "yaml", "text/plain", "graphviz")


def parse_accept_header(header: str) -> list[str]:
    """The media types of an Accept header, best first; repeated headers were joined with commas."""
    found = []
    for position, part in enumerate(header.split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name:
            found.append((-_quality(parameters), position, name))
    return [name for quality, _, name in sorted(found) if quality < 0]


def _quality(parameters: Sequence[str]) -> float:
    for each in parameters:
        if each.startswith("q="):
            try:
                return float(each[2:])
            except ValueError:
                return 0.0
    return 1.0


def choose(header: str, offered: Sequence[str]) -> str | None:
    """The form to answer in; None when the client asked only for what cannot be (406)."""
    if not header.strip():
        return offered[0]
    asked = parse_accept_header(header)
    for name in asked:
        if name in offered:
            return name
        if name == "*/*":
            return offered[0]
        if name.endswith("/*") and (close := [o for o in offered if o.startswith(name[:-1])]):
            return close[0]
    # Lenient where the original is not: every client that reads any JSON reads HAL.
    if HAL in offered and any(name.endswith(("+json", "/json")) for name in asked):
        return JSON if JSON in asked else HAL
    return None


def wants_problem(header: str) -> bool:
    """Whether refusals are to be told as RFC 9457 problems."""
    return PROBLEM in header


def wants_page(header: str) -> bool:
    """Whether a person with a browser asks."""
    asked = parse_accept_header(header)
    return HTML in asked and not any(word in name for name in asked for word in _OF_PROGRAMS)
