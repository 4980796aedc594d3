"""How often somebody may ask: a bucket that refills evenly, one for each client."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

_MOST_CLIENTS = 10_000  # the one that asked longest ago is forgotten first


@dataclass(kw_only=True)
class Rate:
    """At most so many requests a minute by each client, in bursts of at most so many; 0 is no limit."""

    per_minute: float
    clock: Callable[[], float]
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)  # left, when
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, client: str, *, cost: float = 1.0) -> float:
        """Count a request; seconds until the client may ask again, 0.0 when it may now."""
        if self.per_minute <= 0:
            return 0.0
        with self._lock:
            left = self._left(client)
            if left < cost:
                self._keep(client, left)
                return (cost - left) * 60 / self.per_minute
            self._keep(client, left - cost)
            return 0.0

    def exhausted(self, client: str) -> bool:
        """Whether nothing is left for a client, without counting a request."""
        if self.per_minute <= 0:
            return False
        with self._lock:
            return self._left(client) < 1.0

    def _left(self, client: str) -> float:
        now = self.clock()
        left, since = self._buckets.get(client, (self.per_minute, now))
        return min(self.per_minute, left + (now - since) * self.per_minute / 60)

    def _keep(self, client: str, left: float) -> None:
        self._buckets[client] = (left, self.clock())
        self._buckets.move_to_end(client)
        while len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
