"""How many requests one process works on at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

# Threads of one Python process take the processor from each other at every statement: eight readers of SQLite have
# half the answers of two in the same time. A server of its own is waited for, and others may be read meanwhile.
_READERS = {"sqlite": 2, "postgresql": 8}
HEARTBEAT = "/diagnostic/status/heartbeat"
DEPENDENCIES = "/diagnostic/status/dependencies"
_WRITERS = 6  # one of them writes, and the others have bodies to read or an answer to put together


@dataclass(frozen=True, slots=True)
class Turns:
    """Lets as many requests work at once as one process has use for; the others wait, and none is refused."""

    dialect: str
    _readers: RunVar[CapacityLimiter] = field(default_factory=lambda: RunVar("readers"))
    _writers: RunVar[CapacityLimiter] = field(default_factory=lambda: RunVar("writers"))

    def of(self, method: str, path: str = "") -> CapacityLimiter | None:
        """What a request waits for before it is answered; reading never waits for writing, nor the reverse.

        Whoever asks whether the process lives waits for nobody.
        """
        if path == HEARTBEAT:
            return None
        if method in ("GET", "HEAD", "OPTIONS"):
            return _limiter_of_loop(self._readers, _READERS[self.dialect])
        return _limiter_of_loop(self._writers, _WRITERS)


def _limiter_of_loop(limit: RunVar[CapacityLimiter], most: int) -> CapacityLimiter:
    # A limiter belongs to a loop, and there is none yet when the application is put together.
    found = limit.get(None)
    if found is None:
        found = CapacityLimiter(most)
        limit.set(found)
    return found
