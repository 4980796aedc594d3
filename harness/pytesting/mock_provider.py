"""pact-python's own pact, which also remembers whether what it declares was really used."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pact

if TYPE_CHECKING:
    from pact.pact import PactServer


class TracedPact(pact.Pact):
    """A pact that knows whether its interactions were used as they were declared."""

    def __init__(self, consumer: str, provider: str) -> None:
        """Make the pact of a pair."""
        super().__init__(consumer, provider)
        self._servers: list[PactServer] = []
        self._verified: list[bool] = []

    def serve(self, *args: Any, **options: Any) -> PactServer:
        """Start the mock provider, as pact-python does."""
        server = super().serve(*args, **options)
        self._servers.append(server)
        return server

    def verify(self, *args: Any, **options: Any) -> Any:
        """Hand the messages to their handler, as pact-python does."""
        errors = super().verify(*args, **options)
        self._verified.append(not errors)
        return errors

    def unused(self) -> str:
        """Why what was declared does not count as used; "" when it does."""
        # A server that was never entered has no answer to give.
        served = [server.mismatches for server in self._servers if _entered(server)]
        if not served and not self._verified:
            return (
                "they were never exercised: use `with pact.serve()` (or `pact.verify()` for messages) "
                "around the code under test"
            )
        told = [str(mismatch) for mismatches in served for mismatch in mismatches]
        if not all(self._verified):
            told.append("a message could not be handled")
        return f"they were not used as declared: {'; '.join(told)}" if told else ""

    def document(self, scratch: Path) -> dict[str, Any]:
        """What was promised, as the library itself writes it."""
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            self.write_file(folder)
            written = next(Path(folder).glob("*.json"))
            document: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
            return document


def _entered(server: PactServer) -> bool:
    try:
        return server.mismatches is not None
    except RuntimeError:  # "The server is not running."
        return False
