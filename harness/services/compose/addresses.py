"""Addresses that are written out in a compose file, turned into references.

In a compose network `http://catalog:8000` is an address; for services that run as local processes it is none.
As `http://${catalog.host}:${catalog.port}` it is one in every runtime.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.services.environment import DEFAULT_PORTS, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HOST = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_ADDRESS = re.compile(
    rf"(?:(?<![A-Za-z0-9+.-])(?P<scheme>[a-z][a-z0-9+.-]*+)://(?P<login>[^\s/@,;]*@)?|(?<![^\s@,;='\"(]))"
    rf"(?P<host>{_HOST})(?::(?P<port>\d{{1,5}}))?(?=$|[\s/,;?&'\")])"
)
_HOST_KEY = re.compile(r"(?P<stem>.*?)(?P<host>HOST|HOSTNAME|SERVER|host|hostname|server)")


def rewritten(
    environment: Sequence[tuple[str, str]],
    known: Mapping[str, Sequence[tuple[str, int]]],
    allowed: Callable[[str], bool] = lambda _: True,
    called: Mapping[str, str] = MappingProxyType({}),
) -> tuple[tuple[str, str], ...]:
    """Literal values as values with references; `allowed` can refuse a name, whose address then stays as it is.

    `called` has the other names of what is known: aliases, names of containers.
    """
    hosts = _host_variables(environment, known, allowed, called)
    found = []
    for key, value in environment:
        if key in hosts:
            found.append((key, hosts[key]))
        else:
            found.append((key, _value(value, known, allowed, called)))
    return tuple(found)


def _value(
    value: str,
    known: Mapping[str, Sequence[tuple[str, int]]],
    allowed: Callable[[str], bool],
    called: Mapping[str, str],
) -> str:
    done, at = "", 0
    for match in _ADDRESS.finditer(value):
        host = called.get(match["host"], match["host"])
        reference = _reference(match, host, known.get(host, ()))
        if reference and allowed(host):
            done += escape(value[at : match.start("host")]) + reference
            at = match.end("port") if match["port"] else match.end("host")
    return done + escape(value[at:])


def _reference(match: re.Match[str], host: str, endpoints: Sequence[tuple[str, int]]) -> str:
    port = int(match["port"]) if match["port"] else DEFAULT_PORTS.get((match["scheme"] or "").split("+")[0], 0)
    for index, (endpoint, number) in enumerate(endpoints):
        if number == port:
            target = f"{host}.{endpoint}" if index else host
            return f"${{{target}.host}}:${{{target}.port}}"
    return ""


def _host_variables(
    environment: Sequence[tuple[str, str]],
    known: Mapping[str, Sequence[tuple[str, int]]],
    allowed: Callable[[str], bool],
    called: Mapping[str, str],
) -> dict[str, str]:
    """`DB_HOST=db` with `DB_PORT=5432`: the two halves of one address."""
    values = dict(environment)
    found: dict[str, str] = {}
    for key, value in environment:
        match, name = _HOST_KEY.fullmatch(key), called.get(value, value)
        if match is None or not known.get(name) or not allowed(name):
            continue
        port_key = match["stem"] + ("PORT" if match["host"].isupper() else "port")
        target = _endpoint(name, values.get(port_key), known[name])
        if target:
            found[key] = f"${{{target}.host}}"
            if port_key in values:
                found[port_key] = f"${{{target}.port}}"
    return found


def _endpoint(name: str, port: str | None, endpoints: Sequence[tuple[str, int]]) -> str:
    for index, (endpoint, number) in enumerate(endpoints):
        if port is None or port == str(number):
            return f"{name}.{endpoint}" if index else name
    return ""
