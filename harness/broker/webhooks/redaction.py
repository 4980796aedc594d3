"""What is never shown of a webhook: passwords, tokens, and the values of secrets."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STARS = "**********"
_SHORTEST = 4
_NAMES = re.compile(r"auth|token|secret|password|api[-_]?key|cookie", re.IGNORECASE)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with the values of secret ones starred; a value that only names a parameter stays."""
    return {name: STARS if is_secret(name) else value for name, value in headers.items()}


def is_secret(header: str) -> bool:
    """Whether a header of that name carries something to be kept."""
    return _NAMES.search(header) is not None


def without(text: str, secrets: Iterable[str]) -> str:
    """A text in which no secret can be read, however it was written; one of a few letters is in every text."""
    written = {form for each in secrets if len(each) >= _SHORTEST for form in _forms(each)}
    for each in sorted(written, key=len, reverse=True):
        text = text.replace(each, STARS)
    return text


def _forms(secret: str) -> Iterable[str]:
    """A secret as it stands in a header, a URL, JSON and XML, and as a header carries a user's password."""
    yield secret
    yield re.sub(r"[\r\n\0]+", " ", secret)
    yield quote(secret, safe="")
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield escape(secret, {'"': "&quot;", "'": "&apos;"})
    yield base64.b64encode(secret.encode("utf-8", "replace")).decode()
