"""What one interaction of a pact uses of an operation: parameters, parts of bodies, headers, statuses."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from harness.comparison.diff.change import BRANCH
from harness.comparison.diff.sides import ENTRIES, ITEMS, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.contracts.pact import Interaction


class Use(IntEnum):
    """Whether something is used; ordered so that the strongest of several is their maximum."""

    NO = 0
    UNSURE = 1
    YES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedMessage:
    """One side of an interaction: what is sent, or what is needed back."""

    headers: frozenset[str]  # names in lower case
    query: frozenset[str]
    media: str  # without parameters; "" when nothing says it
    has_body: bool
    body: tuple[Any] | None  # its value as a 1-tuple; None where it is no JSON

    @classmethod
    def of(cls, interaction: Interaction, side: str) -> UsedMessage:
        """The request or the response of an interaction, of whatever version of the specification."""
        part = interaction.document.get(side)
        part = part if isinstance(part, dict) else {}
        headers = part.get("headers")
        headers = headers if isinstance(headers, dict) else {}
        media = next((_first(value) for name, value in headers.items() if name.lower() == "content-type"), "")
        body, given = _body(part.get("body"), v4="type" in interaction.document)
        return cls(
            headers=frozenset(name.lower() for name in headers),
            query=_query(part.get("query")),
            media=(media or given).partition(";")[0].strip().lower(),
            has_body=part.get("body") is not None,
            body=body,
        )

    def written_as(self, media: str) -> Use:
        """Whether the body is of a media type of the document."""
        if not self.has_body:
            return Use.NO
        if not self.media and "json" in media and self.body and isinstance(self.body[0], (dict, list)):
            return Use.YES  # what nobody says is JSON in a pact, where it is written as JSON
        if not self.media or "*" in media:
            return Use.UNSURE
        return Use.YES if media.partition(";")[0].strip() == self.media else Use.NO

    def holds(self, place: Place) -> Use:
        """Whether a place is in the body, which is an example of what is meant."""
        if not self.has_body:
            return Use.NO
        return _holds(self.body[0], place) if self.body else Use.UNSURE


def _first(value: Any) -> str:
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, str) else ""


def _query(value: Any) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset(parse_qs(value, keep_blank_values=True))
    names = value if isinstance(value, dict) else {}
    # `filter[name]` and `filter` are one parameter to a document, in the one or the other style.
    return frozenset(names) | frozenset(name.partition("[")[0] for name in names)


def _body(value: Any, *, v4: bool) -> tuple[tuple[Any] | None, str]:
    """The body's value where it is JSON, and the media type that is written with it."""
    if not v4 or not isinstance(value, dict) or "content" not in value:
        return (None if value is None else (value,)), ""
    media, content = str(value.get("contentType") or ""), value["content"]
    if "json" not in media and media:
        return None, media
    if value.get("encoded") in (None, False, ""):
        return (content,), media
    try:
        return (json.loads(base64.b64decode(str(content))),), media
    except ValueError:
        return None, media


def _holds(value: Any, place: Place) -> Use:
    if not place:
        return Use.YES
    step, rest = place[0], place[1:]
    if step.startswith(BRANCH):
        return _holds(value, rest)
    if step.startswith("(") or value is None:
        return Use.UNSURE
    if step == ITEMS:
        return _any_of(value if isinstance(value, list) else (), rest)
    if step == ENTRIES:
        return _any_of(value.values() if isinstance(value, dict) else (), rest)
    if isinstance(value, list):
        return _holds(value[int(step)], rest) if step.isdigit() and int(step) < len(value) else Use.NO
    if isinstance(value, dict):
        return _holds(value[step], rest) if step in value else Use.NO
    return Use.UNSURE


def _any_of(values: Iterable[Any], rest: Place) -> Use:
    """Of no example at all nothing is known."""
    return max((_holds(value, rest) for value in values), default=Use.UNSURE)
