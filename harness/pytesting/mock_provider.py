"""pact-python's own pact, which also remembers whether anything was asked of it."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Any

import pact

if TYPE_CHECKING:
    from pathlib import Path


class TracedPact(pact.Pact):
    """A pact that knows whether its interactions were exercised."""

    exercised = False

    def serve(self, *args: Any, **options: Any) -> Any:
        """Start the mock provider, as pact-python does."""
        self.exercised = True
        return super().serve(*args, **options)

    def verify(self, *args: Any, **options: Any) -> Any:
        """Hand the messages to their handler, as pact-python does."""
        self.exercised = True
        return super().verify(*args, **options)

    def document(self, scratch: Path) -> dict[str, Any]:
        """What was promised, as the library itself writes it."""
        from pathlib import Path

        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            self.write_file(folder)
            written = next(Path(folder).glob("*.json"))
            document: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
            return document
