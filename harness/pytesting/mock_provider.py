"""pact-python's own pact, which also remembers whether what it declares was really used."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pact
from pact.error import MismatchesError
from pact.pact import PactServer

from harness.services.proxies import asking_directly

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class UnkeptPromise(MismatchesError):
    """What was asked of the mock provider is not what the pact declares; its first line says so."""

    # Pytest writes the module before the name in its summary, and 80 columns have no room for the request then.
    __module__ = "builtins"

    def __str__(self) -> str:
        """Every mismatch in one line, for the summary; then each in full."""
        shortly = "; ".join(str(each).splitlines()[0].partition(": {")[0] for each in self.mismatches)
        return f"{shortly}\n{super().__str__()}"


class MockProvider(PactServer):
    """pact-python's mock provider, which names the request that came or was missing."""

    blamed_after_test = False  # whether it raised its mismatches when the test itself had passed already

    def __init__(self, *args: Any, has_passed: Callable[[], bool], **options: Any) -> None:
        """Make the server; `has_passed` says whether the test has passed, and only fixtures are left to end."""
        super().__init__(*args, **options)
        self._has_passed = has_passed
        self._directly = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Start the server; as long as it serves, this process asks what runs here through no proxy."""
        self._directly.enter_context(asking_directly())
        try:
            super().__enter__()
        except BaseException:
            self._directly.close()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server. Raises UnkeptPromise where it was not used as declared, unless told not to."""
        self._directly.close()
        try:
            super().__exit__(exc_type, exc_value, traceback)
        except MismatchesError as error:
            self.blamed_after_test = self._has_passed()
            raise UnkeptPromise(*error.mismatches) from None


class TracedPact(pact.Pact):
    """A pact that knows whether its interactions were used as they were declared."""

    def __init__(self, consumer: str, provider: str, has_passed: Callable[[], bool] = lambda: False) -> None:
        """Make the pact of a pair, whatever characters its names have."""
        # The library writes a file of these names, so a slash in one would lead out of the folder.
        super().__init__(*(each and "pacticipant" for each in (consumer, provider)))
        self._consumer, self._provider = consumer, provider
        self._has_passed = has_passed
        self._servers: list[MockProvider] = []
        self._verified: list[bool] = []

    def serve(
        self,
        addr: str = "localhost",
        port: int = 0,
        transport: str = "http",
        transport_config: str | None = None,
        *,
        raises: bool = True,
        verbose: bool = True,
    ) -> MockProvider:
        """Start the mock provider, as pact-python does."""
        server = MockProvider(
            self._handle,
            addr,
            port,
            transport,
            transport_config,
            raises=raises,
            verbose=verbose,
            has_passed=self._has_passed,
        )
        self._servers.append(server)
        return server

    def verify(self, *args: Any, **options: Any) -> Any:
        """Hand the messages to their handler, as pact-python does."""
        errors = super().verify(*args, **options)
        self._verified.append(not errors)
        return errors

    def is_blamed(self) -> bool:
        """Whether a fixture's end has already said that what was declared was not used so."""
        return any(server.blamed_after_test for server in self._servers)

    def unused(self) -> str:
        """Why what was declared does not count as used; "" when it does."""
        # A server that was never entered has no answer to give.
        served = [server.mismatches for server in self._servers if _is_running(server)]
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
        return {**document, "consumer": {"name": self._consumer}, "provider": {"name": self._provider}}


def _is_running(server: PactServer) -> bool:
    try:
        return server.mismatches is not None
    except RuntimeError:  # "The server is not running."
        return False
