"""Warm children that run the verifier, and what becomes of them: they are reused, and replaced when they die."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.errors import ToolCrashed
from harness.services.proxies import past_proxies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHILD = ("-P", "-m", "harness.checks.engines.pact_child")
_GLANCE = 0.25  # seconds between two looks at whether a silent child still gets anywhere
_LAST_WORDS = 600  # letters of what a dead child wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One pact to verify, on one address."""

    document: dict[str, Any]
    url: str
    states: str = ""  # where states are changed; "" when the verifier has nothing to do with them
    follow: bool = True  # whether redirects are followed
    timeout: float = 30.0  # seconds for one request
    scratch: Path | None = None  # where its files go; None is the machine's own place


class VerifierProcess:
    """One verifier process; it serves one job at a time."""

    def __init__(self, command: tuple[str, ...] = CHILD) -> None:
        answers, theirs = os.pipe()
        self._answers, self._rest = answers, b""
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the child
        try:
            self._process = subprocess.Popen(
                [sys.executable, *command, str(theirs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # the native code prints its report there
                stderr=self._words,
                pass_fds=(theirs,),
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us to handle
            )
        finally:
            os.close(theirs)

    def verify(self, job: Job, busy: Callable[[], float], patience: float) -> dict[str, Any]:
        """The verifier's results; raises ToolCrashed when it dies, panics, or shows no sign of life so long.

        `busy` tells when a sign was last seen, on the monotonic clock.
        """
        with tempfile.TemporaryDirectory(prefix="pact-", dir=job.scratch) as folder:
            source = Path(folder, "pact.json")
            source.write_text(json.dumps(job.document))
            self._tell(job, str(source))
            return self._heard(busy, patience)

    def kill(self) -> None:
        """From another thread: whoever waits for its answer is told that it died."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def close(self) -> None:
        """End it, at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        with contextlib.suppress(OSError):
            os.close(self._answers)
        self._words.close()

    def _tell(self, job: Job, source: str) -> None:
        told = {
            "id": 0,
            "provider": job.document["provider"]["name"],
            "source": source,
            "url": job.url,
            "states": job.states,
            "follow": job.follow,
            "timeout": int(job.timeout * 1000),
        }
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(told).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._died() from None

    def _heard(self, busy: Callable[[], float], patience: float) -> dict[str, Any]:
        began = time.monotonic()
        while b"\n" not in self._rest:
            if not select.select([self._answers], [], [], _GLANCE)[0]:
                if time.monotonic() - max(began, busy()) > patience:
                    raise ToolCrashed(f"the verifier showed no sign of life for {patience:g} s")
                continue
            piece = os.read(self._answers, 1 << 20)
            if not piece:
                raise self._died()
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return _parse_results(line)

    def _died(self) -> ToolCrashed:
        code = self._process.wait()
        try:
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        except ValueError:
            how = f"was killed by signal {-code}"
        if code == -signal.SIGKILL:
            how += " (out of memory?)"
        return ToolCrashed(f"the verifier {how}: {self._last_words()}".rstrip(": "))

    def _last_words(self) -> str:
        self._words.seek(0)
        return " ".join(self._words.read().decode("utf-8", "replace").split())[-_LAST_WORDS:]


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


def _parse_results(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
        results = answer["results"]
        if isinstance(results, dict):
            return results
    except (ValueError, KeyError, TypeError):
        pass
    raise ToolCrashed(f"the verifier's answer cannot be understood: {line[:200]!r}")


def _environment() -> dict[str, str]:
    # Only plain HTTP to this machine is spoken; with certificates named, the verifier reads them per request.
    unwanted = {"SSL_CERT_FILE", "SSL_CERT_DIR"}
    return past_proxies({name: value for name, value in os.environ.items() if name not in unwanted})


SHARED = Verifiers()
atexit.register(SHARED.close)
