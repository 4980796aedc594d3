"""Where the Docker engine is, and whether it answers; without loading the library for it, which takes longer."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONNECT = 0.25  # seconds; nobody who has no engine waits longer
ANSWER = 5.0  # seconds; an engine that is there may be busy


@dataclass(frozen=True, slots=True)
class EngineReply:
    """What became of the question whether an engine answers."""

    address: str  # "unix:///var/run/docker.sock"
    why_not: str = ""  # "" when it answers


def ask(environ: Mapping[str, str]) -> EngineReply:
    """Find the engine as the docker command does, and ask it for a sign of life."""
    answer = EngineReply("", "no engine is configured")
    for address in _addresses(environ):
        answer = EngineReply(address, _ping(address))
        if not answer.why_not:
            break
    return answer


def _addresses(environ: Mapping[str, str]) -> Iterator[str]:
    """Those to try, in order; one that was said is the only one."""
    said = environ.get("DOCKER_HOST") or _of_context(environ)
    if said:
        yield said
        return
    yield "unix:///var/run/docker.sock"
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        yield f"unix://{runtime}/docker.sock"  # an engine without root
    yield f"unix://{_home(environ)}/.docker/run/docker.sock"  # Docker Desktop


def _of_context(environ: Mapping[str, str]) -> str:
    """The address of the context that `docker context use` chose; "" for the default one."""
    folder = Path(environ.get("DOCKER_CONFIG") or _home(environ) / ".docker")
    name = environ.get("DOCKER_CONTEXT") or _read_json(folder / "config.json").get("currentContext")
    if not isinstance(name, str) or name in {"", "default"}:
        return ""
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = _read_json(folder / "contexts" / "meta" / key / "meta.json")
    try:
        return str(meta["Endpoints"]["docker"]["Host"])
    except (KeyError, TypeError):
        return ""


def _read_json(path: Path) -> dict[str, dict[str, dict[str, str]]]:
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or os.path.expanduser("~"))


def _ping(address: str) -> str:
    parts = urlsplit(address)
    try:
        if parts.scheme == "unix":
            return _ping_socket(parts.path)
        if parts.scheme == "tcp":
            # It may speak TLS; the library will tell when the first real question is asked.
            socket.create_connection((parts.hostname or "", parts.port or 2375), timeout=CONNECT).close()
            return ""
    except OSError as error:
        return f"{address}: {error.strerror or error}"
    return "" if parts.scheme in {"ssh", "http", "https"} else f"{address} is not an address that is understood"


def _ping_socket(path: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER)
        connection.connect(path)
        connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
        status = connection.recv(64).split(b"\r\n")[0]
    return "" if b" 200" in status else f"unix://{path} answered {status.decode('ascii', 'replace')!r}"


def reachable_host(address: str, gateway: str) -> str:
    """The host name under which published ports are reached from here.

    A file `/.dockerenv` does not tell it: the engine may well run inside of the same container.
    """
    parts = urlsplit(address)
    if parts.scheme in {"tcp", "ssh", "http", "https"}:
        return parts.hostname or "127.0.0.1"
    in_container = any(os.path.exists(mark) for mark in ("/.dockerenv", "/run/.containerenv"))
    if in_container and gateway and not _is_ours(gateway):
        return gateway  # we run beside the containers, on an engine whose socket was given to us
    return "127.0.0.1"


def _is_ours(ip: str) -> bool:
    """Whether an address belongs to one of our own interfaces: only then can it be bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((ip, 0))
        except OSError:
            return False
    return True
