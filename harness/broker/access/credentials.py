"""What a client says of itself in its `Authorization` header."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token, or a name and a password; a token may also come as the password, whatever the name."""

    name: str = ""
    secret: str = ""
    bearer: bool = False


def credentials(header: str) -> Credentials | None:
    """What a header says; None when it says nothing that can be read."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "bearer" and rest.strip():
        return Credentials(secret=rest.strip(), bearer=True)
    if scheme.lower() == "basic":
        return _basic(rest.strip())
    return None


def _basic(encoded: str) -> Credentials | None:
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    name, colon, password = decoded.partition(":")
    return Credentials(name=name, secret=password) if colon else None
