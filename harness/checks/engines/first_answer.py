"""Whether a service ever answers at all, and if not, what is seen of it: TLS, silence, a port that is shut."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.services.system import ReadyKind
from harness.services.trust import Trust, certificate_refusal

if TYPE_CHECKING:
    from harness.checks.api import CheckTarget
    from harness.ports import Recording

_WITHIN = 2.0  # seconds
_SHUT = "nobody accepts connections at"
_TLS = (b"\x15\x03", b"\x16\x03")  # how an alert and a handshake begin


def never_answered(target: CheckTarget, recording: Recording | None = None) -> str:
    """Why nothing is known of a service that is there: it never answered; "" for one that did, or has gone."""
    if recording is not None and any(each.status for each in recording.exchanges()):
        return ""
    ready = target.service.ready
    path = (ready.target or "/") if ready.kind is ReadyKind.HTTP else "/"
    why = why_no_answer(target.instance.url, path, target.service.trust)
    if not why or (why.startswith(_SHUT) and not target.runs()):
        return ""
    places = target.listening()
    where = f"; it listens on {', '.join(places)}" if places else ""
    return f"{target.service.name} has not answered a single request: {why}{where}"


def why_no_answer(url: str, path: str = "/", trust: Trust | None = None) -> str:
    """Why one plain request gets no HTTP answer; "" when it gets one, whatever it says."""
    there = urlsplit(url)
    if there.scheme == "https":
        return _why_no_tls(there.hostname or "", there.port or 443, trust or Trust())
    host, port = there.hostname or "", there.port or 80
    try:
        came = _first_bytes(host, port, path)
    except TimeoutError:
        return f"{host}:{port} accepts connections and says nothing within {_WITHIN:g} s"
    except ConnectionRefusedError:
        return f"{_SHUT} {host}:{port}"
    except ConnectionError:
        came = b""
    except OSError as error:
        return f"{host}:{port}: {error}"
    return "" if came.startswith(b"HTTP/") else _describe_non_http(host, port, came)


def _why_no_tls(host: str, port: int, trust: Trust) -> str:
    """Why no TLS connection is made; whoever makes one is asked by those who can."""
    try:
        with (
            socket.create_connection((host, port), timeout=_WITHIN) as link,
            trust.context(host).wrap_socket(link, server_hostname=host),
        ):
            return ""
    except ConnectionRefusedError:
        return f"{_SHUT} {host}:{port}"
    except OSError as error:
        return f"https://{host}:{port}: {certificate_refusal(error) or error}"


def _describe_non_http(host: str, port: int, came: bytes) -> str:
    """What it is that came, when it is no HTTP."""
    if came.startswith(_TLS) or _speaks_tls(host, port):
        return f"HTTPS is spoken at {host}:{port}, and plain HTTP was asked; name its endpoint 'https'"
    if came:
        return f"{host}:{port} answers with what is no HTTP: {came[:20]!r}"
    return f"{host}:{port} closes connections without an answer"


def _first_bytes(host: str, port: int, path: str) -> bytes:
    """The first bytes of an answer."""
    with socket.create_connection((host, port), timeout=_WITHIN) as link:
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        return link.recv(64)


def _speaks_tls(host: str, port: int) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), timeout=_WITHIN) as link, context.wrap_socket(link):
            return True
    except ssl.SSLEOFError:
        return False  # it was closed before anything was said
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except OSError:
        return False
