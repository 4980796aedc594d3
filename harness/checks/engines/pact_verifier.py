"""Warm children that run the verifier, and what becomes of them: they are reused, and replaced when they die."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks.engines.child import Child
from harness.errors import ToolCrashed
from harness.services.proxies import past_proxies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHILD = ("-P", "-m", "harness.checks.engines.pact_child")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One pact to verify, on one address."""

    document: dict[str, Any]
    url: str
    states: str = ""  # where states are changed; "" when the verifier has nothing to do with them
    follow: bool = True  # whether redirects are followed
    timeout: float = 30.0  # seconds for one request
    scratch: Path | None = None  # where its files go; None is the machine's own place


class VerifierProcess(Child):
    """One verifier process; it serves one job at a time."""

    def __init__(self, command: tuple[str, ...] = CHILD) -> None:
        super().__init__("the verifier", [sys.executable, *command], _environment(), spoken=True)

    def verify(self, job: Job, busy: Callable[[], float], patience: float) -> dict[str, Any]:
        """The verifier's results; raises ToolCrashed when it dies, panics, or shows no sign of life so long.

        `busy` tells when a sign was last seen, on the monotonic clock.
        """
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="pact-", dir=job.scratch) as folder:
            source = Path(folder, "pact.json")
            source.write_text(json.dumps(job.document))
            self.tell(_order(job, source))
            try:
                answer = self.hear(lambda: max(began, busy()) + patience)
            except TimeoutError:
                raise ToolCrashed(f"{self.name} showed no sign of life for {patience:g} s") from None
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, dict):
            raise self.misunderstood(answer)
        return results


@dataclass(slots=True, eq=False)
class Verifiers:
    """Children that wait for jobs; those that were borrowed and came back in good health serve again."""

    command: tuple[str, ...] = CHILD
    _idle: list[VerifierProcess] = field(default_factory=list)
    _busy: int = 0
    _turn: threading.Condition = field(default_factory=threading.Condition)

    def prewarm(self, number: int = 1) -> None:
        """Start children while there is time, so that the first verification need not wait for them."""
        while len(self._idle) < number:
            self._idle.append(VerifierProcess(self.command))

    @contextlib.contextmanager
    def borrowed(self, limit: int) -> Iterator[VerifierProcess]:
        """A child of one's own; at most so many are lent at once. It is kept unless the block fails."""
        with self._turn:
            while self._busy >= max(1, limit):
                self._turn.wait()
            self._busy += 1
        child: VerifierProcess | None = None
        healthy = False
        try:
            child = self._idle.pop() if self._idle else VerifierProcess(self.command)
            yield child
            healthy = True
        finally:
            if child is not None and healthy:
                self._idle.append(child)
            elif child is not None:
                child.close()
            with self._turn:
                self._busy -= 1
                self._turn.notify()

    def close(self) -> None:
        """End all that wait."""
        while self._idle:
            self._idle.pop().close()


def _order(job: Job, source: Path) -> dict[str, Any]:
    return {
        "provider": job.document["provider"]["name"],
        "source": str(source),
        "url": job.url,
        "states": job.states,
        "follow": job.follow,
        "timeout": int(job.timeout * 1000),
    }


def _environment() -> dict[str, str]:
    # Only plain HTTP to this machine is spoken; with certificates named, the verifier reads them per request.
    unwanted = {"SSL_CERT_FILE", "SSL_CERT_DIR"}
    return past_proxies({name: value for name, value in os.environ.items() if name not in unwanted})


SHARED = Verifiers()
atexit.register(SHARED.close)
