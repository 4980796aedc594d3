"""When each interaction was under way, by the logs of the services: what they wrote then tells why it failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.checks.api import Logs

_AFTER = 0.2  # seconds after its answer in which a service may still write why: many answer first


@dataclass(slots=True)
class Moments:
    """Where the logs stood when each interaction began."""

    logs: Logs | None
    allowed: Callable[[str], bool]  # whether a request may go on; it sets up the states
    _begun: dict[str, tuple[float, Mapping[str, float]]] = field(default_factory=dict)

    def before(self, token: str) -> bool:
        """Whether a request may go on, noting where the logs stand."""
        goes_on = self.allowed(token)
        if self.logs is not None and token not in self._begun:
            self._begun[token] = (time.monotonic(), self.logs.positions())
        return goes_on

    def log(self, token: str, seconds: float) -> tuple[str, ...]:
        """What was written from its begin until another began that came after its end."""
        if self.logs is None or token not in self._begun:
            return ()
        began, positions = self._begun[token]
        later = [each for at, each in list(self._begun.values()) if at > began + seconds + _AFTER]
        return self.logs.between(positions, later[0] if later else None)
