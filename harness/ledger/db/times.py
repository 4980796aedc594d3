"""Times as they are kept, and as they are told."""

from __future__ import annotations


def moment(kept: str) -> str:
    """A time as the API writes it, to the second: 2021-09-01T00:07:21+00:00."""
    return f"{kept[:19]}{kept[-6:]}" if kept[-6:-5] in ("+", "-") else kept
