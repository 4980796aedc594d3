"""Puts a running provider into the states that its consumers name.

A state is set up once and never retried: a failing handler costs milliseconds and tells why.
"""

from __future__ import annotations

import http.client
import importlib
import inspect
import json
import select
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.errors import ManifestError, StateFailed, StateMissing, did_you_mean
from harness.ports import Instance
from harness.services.system import StatesKind
from harness.services.trust import Trust

if TYPE_CHECKING:
    from pathlib import Path

    from harness.ports import ProviderStates
    from harness.services.system import Service, States

_CANNOT_LIST = frozenset({404, 405, 501})
_CANNOT_UNDO = frozenset({400, 404, 405, 409, 422, 501})
_UNKNOWN_STATE = (
    "unknown state",
    "no such state",
    "unknown provider state",
    "state not found",
    "no provider state",
)
_TOLD = 500  # letters of a provider's own words


def provider_states(
    service: Service, instance: Instance, running: Mapping[str, Instance], root: Path
) -> ProviderStates | None:
    """How this service is put into states; None when the manifest does not say."""
    states = service.states
    if states is None:
        return None
    if states.kind is StatesKind.HTTP:
        elsewhere = "://" in states.target
        url = states.target if elsewhere else instance.url.rstrip("/") + states.target
        return HttpStates(url, frozenset(states.names), trust=service.trust)
    return CallableStates(_handlers(states, root, service.where), dict(running), frozenset(states.names))


class HttpStates:
    """States behind an HTTP endpoint of the provider, as Pact knows it."""

    def __init__(
        self, url: str, names: frozenset[str] = frozenset(), within: float = 30.0, trust: Trust | None = None
    ) -> None:
        self._url, self._names, self._within = urlsplit(url), names, within
        self._trust = trust or Trust()
        self._link: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()

    def names(self) -> frozenset[str] | None:
        """What GET lists: a JSON list, or {"states": […]}; else what the manifest lists."""
        status, text = self._asked("GET", None, "list of states")
        if status in _CANNOT_LIST:
            return self._names or None
        if status >= 400:
            raise StateFailed(f"GET {self._url.path} answered {status}: {_short(text)}")
        listed = _parse_states(text)
        return listed if listed is not None else self._names or None

    def set_up(self, state: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put the provider into a state; values for generators come back. Raises StateMissing, StateFailed."""
        status, text = self._asked("POST", _change(state, params, "setup"), state)
        if status == 404 or (400 <= status < 500 and any(each in text.lower() for each in _UNKNOWN_STATE)):
            raise StateMissing(f"the provider has no state '{state}': it answered {status} {_short(text)}".strip())
        if not 200 <= status < 300:
            raise StateFailed(f"setting up '{state}' answered {status}: {_short(text)}")
        return _values(text)

    def tear_down(self, state: str, params: Mapping[str, Any]) -> None:
        """Undo a state; a provider that never undoes anything may say so with a 4xx. Raises StateFailed."""
        status, text = self._asked("POST", _change(state, params, "teardown"), state)
        if not 200 <= status < 300 and status not in _CANNOT_UNDO:
            raise StateFailed(f"tearing down '{state}' answered {status}: {_short(text)}")

    def close(self) -> None:
        """Close the connection that is kept between changes."""
        if self._link:
            self._link.close()

    def __del__(self) -> None:
        self.close()

    def _asked(self, method: str, body: bytes | None, what: str) -> tuple[int, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        target = self._url.path + (f"?{self._url.query}" if self._url.query else "")
        with self._lock:
            try:
                # A kept connection may have been closed meanwhile; a fresh one cannot have been.
                link = self._connected()
                link.request(method, target or "/", body, headers)
                response = link.getresponse()
                text = response.read().decode("utf-8", "replace")
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                raise StateFailed(f"'{what}': {self._url.geturl()} {_why(error, self._within)}") from error
            if response.will_close:
                self._drop()
            return response.status, text

    def _connected(self) -> http.client.HTTPConnection:
        link = self._link
        if link and link.sock and not _readable(link):
            return link
        self._drop()
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            context = self._trust.context(host)
            self._link = http.client.HTTPSConnection(host, port, timeout=self._within, context=context)
        else:
            self._link = http.client.HTTPConnection(host, port, timeout=self._within)
        return self._link

    def _drop(self) -> None:
        if self._link:
            self._link.close()
            self._link = None


@dataclass(frozen=True, slots=True)
class CallableStates:
    """States that Python functions of the user set up; they get the parameters and the running system."""

    handlers: Mapping[str, Callable[..., Any]] | Callable[..., Any]
    system: Mapping[str, Instance] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()

    def names(self) -> frozenset[str] | None:
        """The dictionary's keys, or the `names` of a single function, or what the manifest lists."""
        if not callable(self.handlers):
            return frozenset(self.handlers)
        names = getattr(self.handlers, "names", None)
        return frozenset(names) if names is not None else self.listed or None

    def set_up(self, state: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put the provider into a state; values for generators come back. Raises StateMissing, StateFailed."""
        if callable(self.handlers):
            known = self.names()
            if known is not None and state not in known:
                raise _missing(state, known)
            return self._called(self.handlers, state, (state, dict(params), self.system))
        if state not in self.handlers:
            raise _missing(state, frozenset(self.handlers))
        return self._called(self.handlers[state], state, (dict(params), self.system))

    def tear_down(self, state: str, params: Mapping[str, Any]) -> None:
        """Undo a state, if its function has a `tear_down`. Raises StateFailed."""
        handler = self.handlers if callable(self.handlers) else self.handlers.get(state)
        undo = getattr(handler, "tear_down", None)
        if undo is not None:
            first = (state, dict(params)) if callable(self.handlers) else (dict(params),)
            self._called(undo, state, (*first, self.system))

    def _called(self, handler: Callable[..., Any], state: str, arguments: tuple[Any, ...]) -> Mapping[str, Any]:
        try:
            values = handler(*arguments[: _argument_count(handler, len(arguments))])
        except Exception as error:  # noqa: BLE001 - the user's own code may raise anything
            failure = f"'{state}': {_last_lines(error)}"
        else:
            return values if isinstance(values, dict) else {}
        raise StateFailed(failure)


def _handlers(states: States, root: Path, where: str) -> Any:
    module_name, _, name = states.target.partition(":")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        handlers = getattr(importlib.import_module(module_name), name, None)
    except Exception as error:  # noqa: BLE001 - importing the user's own code may raise anything
        failure = f"states '{states.target}': {_last_lines(error)}"
    else:
        return _usable(handlers, states.target, where)
    raise ManifestError(failure, where=where)


def _usable(handlers: Any, target: str, where: str) -> Any:
    if callable(handlers) or isinstance(handlers, dict):
        return handlers
    module, _, name = target.partition(":")
    what = "is missing" if handlers is None else f"is {type(handlers).__name__}, not a dict or a function"
    hint = did_you_mean(name, vars(sys.modules[module]))
    raise ManifestError(f"states '{target}': {name} {what}", where=where, hint=hint)


def _argument_count(handler: Callable[..., Any], offered: int) -> int:
    """How many positional arguments a function takes: users leave out what they do not need."""
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return offered
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return offered
    return min(offered, sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters))


def _last_lines(error: BaseException) -> str:
    """What happened and where, in the user's own file."""
    frames = traceback.extract_tb(error.__traceback__)
    what = "".join(traceback.format_exception_only(error)).strip()
    if len(frames) < 2:
        return what
    last = frames[-1]
    return f"{what} ({last.filename}:{last.lineno}: {last.line})"


def _missing(state: str, known: frozenset[str]) -> StateMissing:
    return StateMissing(f"the provider has no state '{state}'", hint=did_you_mean(state, known))


def _change(state: str, params: Mapping[str, Any], action: str) -> bytes:
    return json.dumps({"state": state, "params": dict(params), "action": action}).encode()


def _parse_states(text: str) -> frozenset[str] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    if isinstance(document, dict):
        document = document.get("states")
    if not isinstance(document, list):
        return None
    names = (each.get("name") if isinstance(each, dict) else each for each in document)
    return frozenset(name for name in names if isinstance(name, str))


def _values(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _readable(link: http.client.HTTPConnection) -> bool:
    """An idle connection that has something to say was closed by the other side."""
    return bool(select.select([link.sock], [], [], 0)[0])


def _why(error: Exception, within: float) -> str:
    if isinstance(error, TimeoutError):
        return f"did not answer within {within:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "refused the connection"
    return f"broke off: {str(error) or type(error).__name__}"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _TOLD else flat[:_TOLD] + "…"
