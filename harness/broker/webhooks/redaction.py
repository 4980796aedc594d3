"""What is never shown of a webhook: passwords, tokens, and the values of secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
    """A text in which no secret can be read; one of a few letters is in every text, and none."""
    for each in sorted(secrets, key=len, reverse=True):
        if len(each) >= _SHORTEST:
            text = text.replace(each, STARS)
    return text
