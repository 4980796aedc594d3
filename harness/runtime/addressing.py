"""What a thing that is about to start is told about ports and peers, and how its own address reads."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from harness.services.environment import DEFAULT_PORTS
from harness.services.system import Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.ports import Instance, Unit


def inside_of(peers: Mapping[str, Instance]) -> dict[str, dict[str, str]]:
    """For each peer its endpoints as other instances reach them, the main one first."""
    return {name: {e.name: e.inside for e in peer.endpoints} for name, peer in peers.items()}


def address(unit: Unit, endpoint: str, host: str, port: int) -> str:
    """The URL of one endpoint: a database's with its login, a known protocol's with its scheme, else HTTP."""
    if isinstance(unit, Resource) and unit.kind.url:
        login = {"user": unit.user, "password": unit.password, "database": unit.database}
        quoted = {name: quote(value, safe="") for name, value in login.items()}
        return unit.kind.url.format(host=host, port=port, **quoted)
    if endpoint in DEFAULT_PORTS:
        return f"{endpoint}://{host}:{port}"
    return f"{'tcp' if isinstance(unit, Resource) else 'http'}://{host}:{port}"


def ports_of(unit: Unit) -> tuple[tuple[str, int], ...]:
    """Its endpoints, the main one first; a resource that says none has the usual ones of its kind."""
    return unit.endpoints or (unit.kind.endpoints if isinstance(unit, Resource) else ())


def listeners(table: str) -> tuple[str, ...]:
    """Where connections are accepted, by the kernel's tables of TCP (`/proc/net/tcp`, `tcp6`)."""
    rows = (line.split() for line in table.splitlines())
    return tuple(sorted({_endpoint(row[1]) for row in rows if len(row) > 3 and row[3] == _LISTEN}))


_LISTEN = "0A"


def _endpoint(written: str) -> str:
    """`0100007F:1F40` as `127.0.0.1:8000`: words of four bytes, each in the machine's order."""
    import ipaddress

    host, _, port = written.partition(":")
    words = [bytes.fromhex(host[n : n + 8])[::-1] for n in range(0, len(host), 8)]
    return f"{ipaddress.ip_address(b''.join(words))}:{int(port, 16)}"


def tail(text: str, lines: int = 40) -> tuple[str, ...]:
    """The last lines of a log, each at a length that can be read."""
    return tuple(line.rstrip("\r")[:500] for line in text.splitlines()[-lines:]) if lines > 0 else ()
