"""A broker for one machine, which nobody has closed: whoever reaches it on loopback may do everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.broker.access.guard import Guard, is_heartbeat
from harness.broker.http.problems import Refused
from harness.broker.http.request import Who
from harness.ledger.db import access_decisions
from harness.ledger.db.database import Database
from harness.services.proxies import is_here

if TYPE_CHECKING:
    from harness.broker.http.asgi import RawRequest
    from harness.broker.http.routing import Route

_LOOK = 1.0  # seconds between looks at whether somebody has closed it meanwhile


@dataclass(kw_only=True)
class LoopbackDoor:
    """Lets everybody in by a name of this machine, until the ledger says that its broker is closed."""

    database: Database
    guard: Guard  # who decides from then on
    hosts: Sequence[str] = ()  # other names that it has
    clock: Callable[[], float] = time.monotonic
    looked: float = float("-inf")  # when it last asked the ledger
    _closed: bool = field(default=False, init=False)

    @property
    def asks(self) -> bool:
        """Whether somebody has closed it."""
        return self._closed

    def admit(self, request: RawRequest, route: Route | None, parameters: Mapping[str, str]) -> Who:
        """Who asks. Raises Refused: 403 for another host's name; once it is closed what the guard refuses."""
        if self._closed if is_heartbeat(route) else self._is_closed():
            return self.guard.admit(request, route, parameters)
        host = request.headers.get("host", "")
        if not is_here(f"//{host}") and _name(host) not in self.hosts:
            # A page of another site can make its own name lead here: only the name tells it from a client.
            raise Refused(403, f"this broker serves its own machine only and is not called '{host:.100}': {_OR}")
        return Who()

    def _is_closed(self) -> bool:
        now = self.clock()
        if not self._closed and now - self.looked >= _LOOK:
            with self.database.reading() as db:
                self._closed = access_decisions.is_controlled(db)
            self.looked = now
        return self._closed


_OR = "ask it as localhost, or tell it its names with --base-url"


def _name(host: str) -> str:
    """A `Host` without its port; "" where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
