"""Texts of a format or a length."""

from __future__ import annotations

_ALPHABET = "harness-contract-abcdefghijklmnopqrstuvwxyz"

FORMATS: dict[str, tuple[str, ...]] = {
    "date": ("2024-02-29",),
    "date-time": ("2024-02-29T12:30:00Z",),
    "time": ("12:30:00Z",),
    "duration": ("P1D",),
    "email": ("somebody@example.org",),
    "idn-email": ("somebody@example.org",),
    "hostname": ("api.example.org",),
    "ipv4": ("192.0.2.7",),
    "ipv6": ("2001:db8::7",),
    "uri": ("https://example.org/orders/7",),
    "url": ("https://example.org/orders/7",),
    "uri-reference": ("/orders/7",),
    "uuid": ("3f2a1c44-5b1e-4c52-9d0e-2f6c1b7a9e10",),
    "byte": ("aGFybmVzcw==",),
    "regex": ("^a+$",),
    "json-pointer": ("/orders/7",),
}


def of_length(size: int) -> str:
    """A text of so many characters."""
    return (_ALPHABET * (size // len(_ALPHABET) + 1))[:size]
