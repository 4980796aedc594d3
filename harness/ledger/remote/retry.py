"""How long to wait for a broker that is busy, and when to give up."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

WORTH_ANOTHER_TRY = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """At most so many tries, and so many seconds of waiting in all."""

    tries: int = 6
    seconds: float = 20.0

    def wait(self, *, failed: int, waited: float, retry_after: str = "", now: float = 0.0) -> float | None:
        """How long to wait before the next try; None to give up. `now` is seconds since 1970."""
        if failed >= self.tries:
            return None
        pause = asked_for(retry_after, now)
        if pause is None:
            pause = min(0.2 * 2 ** (failed - 1), 5.0)
        return pause if waited + pause <= self.seconds else None


def asked_for(retry_after: str, now: float) -> float | None:
    """The seconds that a `Retry-After` header asks for, as a number or as a date; None when it says neither."""
    told = retry_after.strip()
    if told.isascii() and told.isdigit():
        return float(told[:9])
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - now)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
