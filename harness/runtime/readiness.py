"""When a started thing counts as ready: by what it answers, never by an open port alone."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.services.system import ReadyKind, Service
from harness.services.trust import Trust, certificate_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.ports import Endpoint, Unit

POLL = 0.05  # seconds; a poll of a second would make every start a second longer

_USUAL = Trust()
Probe = Callable[[], str]  # "" when it is ready; otherwise what was seen


class NotReady(Exception):
    """It ended, or its time ran out, before it was ready."""


def wait_until_ready(
    probe: Probe, over: Probe, within: float, pause: Callable[[float], object] = time.sleep
) -> None:
    """Ask until the probe has nothing to say; `over` tells why there is nothing to wait for. Raises NotReady."""
    deadline = time.monotonic() + within
    while True:
        if why := over():
            raise NotReady(why)
        seen = probe()
        if not seen and not over():
            return
        if time.monotonic() >= deadline:
            raise NotReady(f"it was not ready within {within:g} s: {seen or over()}")
        pause(POLL)


def probe_for(
    unit: Unit, endpoints: Mapping[str, Endpoint], log: Callable[[], str], run: Callable[[str], int]
) -> Probe:
    """What to ask, by the manifest; `log` gives what it wrote, `run` the exit code of a command run inside."""
    ready = unit.ready
    if not endpoints and ready.kind in {ReadyKind.HTTP, ReadyKind.TCP}:
        return lambda: ""  # a worker that listens nowhere is ready when it runs
    match ready.kind:
        case ReadyKind.HTTP:
            return http_probe(_main(endpoints), ready.target, unit.trust if isinstance(unit, Service) else Trust())
        case ReadyKind.TCP:
            return tcp_probe((endpoints.get(ready.target) or _first(endpoints)).url)
        case ReadyKind.LOG:
            return log_probe(ready.target, log)
        case ReadyKind.EXEC:
            return command_probe(ready.target, run)
        case ReadyKind.EXIT:
            raise AssertionError("a runtime knows itself how its things end")


def http_probe(base: str, path: str, trust: Trust = _USUAL) -> Probe:
    """Ready when GET answers below 400; a redirect is an answer, and is not followed.

    Where nobody named a path, any answer below 500 shows that it runs; most APIs have no page at `/`.
    """
    bound = 400 if path else 500
    parts = urlsplit(base)
    target = f"{parts.path.rstrip('/')}/{path.lstrip('/')}"
    shown = f"GET {parts.scheme}://{parts.netloc}{target}"

    def ask() -> str:
        connection = _connection(parts.scheme, parts.hostname or "", parts.port, trust)
        try:
            connection.request("GET", target, headers={"Connection": "close"})
            status = connection.getresponse().status
        except http.client.BadStatusLine as error:
            if not path and not isinstance(error, http.client.RemoteDisconnected):
                return ""  # it answers, in another protocol
            return f"{shown}: {str(error) or type(error).__name__}"
        except OSError as error:
            return f"{shown}: {certificate_refusal(error) or str(error) or type(error).__name__}"
        except http.client.HTTPException as error:
            return f"{shown}: {str(error) or type(error).__name__}"
        finally:
            connection.close()
        return "" if status < bound else f"{shown} answered {status}"

    return ask


def tcp_probe(url: str) -> Probe:
    """Ready when a connection is accepted and kept: a container engine's proxy accepts before anybody listens."""
    parts = urlsplit(url)

    def ask() -> str:
        try:
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1) as connection:
                connection.settimeout(0.2)
                return "" if connection.recv(1) else f"{parts.netloc} closes connections"
        except TimeoutError:
            return ""
        except OSError as error:
            return f"{parts.netloc}: {error}"

    return ask


def log_probe(pattern: str, log: Callable[[], str]) -> Probe:
    """Ready when its log has a line that the pattern fits."""
    wanted = re.compile(pattern, re.MULTILINE)
    return lambda: "" if wanted.search(log()) else f"nothing in its log fits {pattern!r}"


def command_probe(command: str, run: Callable[[str], int]) -> Probe:
    """Ready when a command inside ends with 0."""

    def ask() -> str:
        code = run(command)
        return "" if code == 0 else f"`{command}` ended with {code}"

    return ask


def exit_probe(wanted: str, code: Callable[[], int | None]) -> Probe:
    """Ready when it has ended with the exit code that is wanted, as a job does; another one is for good."""

    def ask() -> str:
        ended = code()
        if ended is not None and str(ended) != wanted:
            raise NotReady(f"it ended with exit code {ended}, and {wanted} was to come")
        return "it still runs" if ended is None else ""

    return ask


def database_probe(url: str) -> Probe:
    """Ready when a query is answered under the name that the services will use."""
    import psycopg

    def ask() -> str:
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                connection.execute("select 1")
        except psycopg.Error as error:
            return str(error).strip().partition("\n")[0] or type(error).__name__
        return ""

    return ask


def _connection(scheme: str, host: str, port: int | None, trust: Trust) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=2, context=trust.context(host))
    return http.client.HTTPConnection(host, port, timeout=2)


def _first(endpoints: Mapping[str, Endpoint]) -> Endpoint:
    return next(iter(endpoints.values()))


def _main(endpoints: Mapping[str, Endpoint]) -> str:
    return _first(endpoints).url
