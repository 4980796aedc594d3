"""Changes the provider's state around each interaction.

Where the recorder can be guarded, states change right before the request passes, and the verifier knows nothing
of them: that saves two requests per interaction. Where values of the set-up are needed, it asks an endpoint
here; it is never answered with a 5xx, which the verifier would repeat for two minutes.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from harness.errors import StateFailed, StateMissing
from harness.verdicts import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.contracts.pact import Interaction, ProviderState
    from harness.ports import ProviderStates


@runtime_checkable
class Guarded(Protocol):
    """A recording that asks before each tagged request."""

    def guard(
        self, before: Callable[[str], bool], within: float, target: Callable[[str, str], str] | None = None
    ) -> None:
        """Ask whether a tagged request may go on, and for what; the service gets so many seconds to answer."""


class Changes:
    """The state that the provider is in now, and what could not be set up."""

    def __init__(self, states: ProviderStates | None, interactions: Mapping[str, Interaction]) -> None:
        self._states, self._interactions = states, interactions
        self._by_verifier: frozenset[str] = frozenset()
        self._now: tuple[str, list[ProviderState]] = ("", [])
        self._turn = threading.Lock()
        self._seen = time.monotonic()
        self._stopped = False
        self.failures: dict[str, tuple[Cause, str]] = {}
        self.not_undone: dict[str, str] = {}

    def seen(self) -> float:
        """When something last happened, on the monotonic clock; raises StateFailed once all is stopped."""
        if self._stopped:
            raise StateFailed("the check was stopped")
        return self._seen

    def stop(self) -> None:
        """Let nothing new begin."""
        self._stopped = True

    def leave_to_verifier(self, tokens: frozenset[str]) -> None:
        """The verifier itself asks for the states of these interactions."""
        self._by_verifier = tokens

    def before(self, token: str) -> bool:
        """Put the provider into the states of an interaction; False when that failed."""
        self._seen = time.monotonic()
        interaction = self._interactions.get(token)
        if interaction is None or not interaction.states or token in self._by_verifier:
            return True
        with self._turn:
            if self._now[0] != token and token not in self.failures:  # what failed is not tried again
                self._undo()
                self._now = (token, [])
                self._set_up_all(token, interaction)
            self._seen = time.monotonic()
            return token not in self.failures

    def finish(self) -> None:
        """Undo what is still set up."""
        with self._turn:
            self._undo()
            self._now = ("", [])

    def change(self, name: str, action: str) -> tuple[int, Mapping[str, Any]]:
        """What the verifier's own request for a state change is answered."""
        self._seen = time.monotonic()
        token, _, index = name.partition("/")
        interaction = self._interactions.get(token)
        if interaction is None:
            return 200, {}  # the verifier also asks when an interaction names no state
        state = interaction.states[int(index or 0)]
        with self._turn:
            if action == "teardown":
                self._undo_one(token, state)
                return 200, {}
            values = self._set_up(token, state)
        return (200, values) if token not in self.failures else (409, {})

    def _set_up_all(self, token: str, interaction: Interaction) -> None:
        for state in interaction.states:
            self._set_up(token, state)
            if token in self.failures:
                return
            self._now[1].append(state)

    def _set_up(self, token: str, state: ProviderState) -> Mapping[str, Any]:
        assert self._states is not None
        try:
            return self._states.set_up(state.name, dict(state.params))
        except StateMissing as error:
            self.failures[token] = (Cause.STATE_MISSING, str(error))
        except StateFailed as error:
            self.failures[token] = (Cause.STATE_FAILED, str(error))
        return {}

    def _undo(self) -> None:
        token, done = self._now
        for state in reversed(done):
            self._undo_one(token, state)

    def _undo_one(self, token: str, state: ProviderState) -> None:
        assert self._states is not None
        try:
            self._states.tear_down(state.name, dict(state.params))
        except (StateMissing, StateFailed) as error:
            self.not_undone[token] = str(error)


@contextlib.contextmanager
def endpoint(changes: Changes) -> Iterator[str]:
    """The URL where the verifier can change states."""

    class Handler(_Handler):
        answer = staticmethod(changes.change)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="provider-states", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answer: Callable[[str, str], tuple[int, Mapping[str, Any]]]

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        status, values = self.answer(str(told.get("state") or ""), str(told.get("action") or "setup"))
        body = json.dumps(dict(values)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def missing_states(
    states: ProviderStates | None, listed: frozenset[str], wanted: Mapping[str, ProviderState]
) -> dict[str, str]:
    """Which of the wanted states (by name) the provider lacks, and how that is known, before anything runs.

    The provider's own list counts; else the manifest's; else each state is set up once, by itself.
    """
    if states is None:
        return dict.fromkeys(wanted, "the manifest does not say how the provider is put into states")
    try:
        names = states.names()
    except StateFailed:
        names = None  # it cannot list them; whether it can set them up is seen next
    names = names if names is not None else listed or None
    if names is not None:
        return {name: _not_among(names) for name in wanted if name not in names}
    probed = ((name, _probe_state(states, state)) for name, state in wanted.items())
    return {name: why for name, why in probed if why}


def _not_among(names: frozenset[str]) -> str:
    return f"the provider has: {', '.join(sorted(names))}" if names else "the provider has no states at all"


def _probe_state(states: ProviderStates, state: ProviderState) -> str:
    try:
        states.set_up(state.name, dict(state.params))
        states.tear_down(state.name, dict(state.params))
    except StateMissing as error:
        return str(error)
    except StateFailed:
        return ""  # it is known, and fails: that is told where it is used
    return ""
