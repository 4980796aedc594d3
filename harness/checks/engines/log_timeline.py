"""Where the services' logs stood over time, so that what a request made them write is found afterwards."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.checks.api import Logs

if TYPE_CHECKING:
    from types import TracebackType

_EVERY = 0.1  # seconds
_BEFORE, _AFTER = 0.05, 0.2  # seconds around a request; many services answer first and write why afterwards
_UNANSWERED = 1.0  # seconds before the end of a request of which nobody knows how long it took

LogOf = Callable[[float, float], tuple[str, ...]]  # when a request ended, and how long it took


def no_log(at: float, seconds: float) -> tuple[str, ...]:
    """Where nobody keeps the logs."""
    del at, seconds
    return ()


@dataclass(slots=True)
class LogTimeline:
    """Looks at the logs again and again as long as the context lasts; the clock is that of the requests."""

    logs: Logs | None
    clock: Callable[[], float] = time.time
    _at: list[float] = field(default_factory=list)
    _positions: list[Mapping[str, float]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> LogTimeline:
        self.look()
        if self.logs is not None:
            self._thread = threading.Thread(target=self._work, name="log-timeline", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self.look()

    def look(self) -> None:
        """Note where the logs stand now."""
        if self.logs is not None:
            self._positions.append(self.logs.positions())
            self._at.append(self.clock())

    def between(self, at: float, seconds: float) -> tuple[str, ...]:
        """The last lines that were written while a request was under way that ended then."""
        if self.logs is None or not self._at or not at:
            return ()
        begin = bisect_right(self._at, at - (seconds or _UNANSWERED) - _BEFORE) - 1
        end = bisect_left(self._at, at + _AFTER)
        until = self._positions[end] if end < len(self._at) else None
        return self.logs.between(self._positions[max(begin, 0)], until)

    def _work(self) -> None:
        while not self._over.wait(_EVERY):
            self.look()
