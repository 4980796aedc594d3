"""Sends what is in the outbox, in a thread of the served process; several processes share one outbox."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from harness.broker.settings import BrokerSettings
from harness.broker.webhooks.composing import message
from harness.broker.webhooks.delivery import courier
from harness.errors import HarnessError
from harness.ledger.db import outbox
from harness.ledger.db import webhooks as kept
from harness.ledger.db.database import Database

if TYPE_CHECKING:
    from harness.ledger.db.outbox import Trigger

_AT_ONCE = 4
_CLAIMED = 150.0  # seconds that a trigger belongs to one process; longer than one attempt can take
_LOOK = 5.0  # seconds between looks for what other processes have put there
log = logging.getLogger("harness.broker.webhooks")


@dataclass(kw_only=True)
class Worker:
    """Tells webhooks what happened, again and again until they have heard it."""

    database: Database
    settings: BrokerSettings
    claimed: float = _CLAIMED
    clock: Callable[[], float] = time.time
    name: str = field(default_factory=lambda: f"{os.getpid()}-{uuid4().hex[:8]}")
    _wake: threading.Event = field(default_factory=threading.Event)
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something new to tell."""
        self._wake.set()

    def stop(self) -> None:
        """End after the attempts that are under way; what is left is told after the next start."""
        self._ending.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook") as pool:
            while not self._ending.is_set():
                self._wake.clear()
                try:
                    wait = self._round(pool)
                except HarnessError as error:
                    log.warning("the outbox cannot be read: %s", error)
                    wait = _LOOK
                except Exception as error:  # noqa: BLE001 - one that cannot be told must not end all the others
                    log.error("a webhook could not be told: %r", error)
                    wait = _LOOK
                if wait > 0:
                    self._wake.wait(wait)

    def _round(self, pool: ThreadPoolExecutor) -> float:
        """Send what is due; seconds until the next look."""
        if not self._anything_due():
            return self._rest()
        with self.database.writing() as db:
            taken = outbox.claim(db, self.name, self.clock(), seconds=self.claimed, limit=_AT_ONCE)
        list(pool.map(self.attempt, taken))
        return 0.0 if taken else self._rest()

    def _anything_due(self) -> bool:
        with self.database.reading() as db:
            due = outbox.next_due(db)
        return due is not None and due <= self.clock()

    def _rest(self) -> float:
        with self.database.reading() as db:
            due = outbox.next_due(db)
        return _LOOK if due is None else max(0.01, min(_LOOK, due - self.clock()))

    def attempt(self, trigger: Trigger) -> None:
        """Tell once, and remember what came of it."""
        with self.database.reading() as db:
            found = kept.by_ids(db, [trigger.webhook_id or 0]).get(trigger.webhook_id or 0)
            composed = message(db, found, trigger.context, key=trigger.uuid) if found else None
        if composed is None:
            success, told, due = False, "the webhook was deleted before it was told\n", None
        else:
            outcome = courier(self.settings).send(composed)
            success, told = outcome.success, outcome.log
            due = None if success else self._again(trigger)
        with self.database.writing() as db:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            outbox.record_attempt(db, trigger, success=success, log=told, now=now, due=due)

    def _again(self, trigger: Trigger) -> float | None:
        schedule = self.settings.webhook_retry_schedule
        return self.clock() + schedule[trigger.attempts] if trigger.attempts < len(schedule) else None
