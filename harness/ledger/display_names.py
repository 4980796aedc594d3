"""Names for people, made of names for machines."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\sA-Z_-]+|[A-Z]+")


def display_name(name: str) -> str:
    """`my-cool_APIService v2` is My Cool API Service V2."""
    return " ".join(word[:1].upper() + word[1:] for word in _WORD.findall(name)) or name
