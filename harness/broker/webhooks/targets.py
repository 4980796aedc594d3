"""Whom a webhook may talk to: the whitelists of the original, and never into the broker's own network by accident.

A name is judged by what it resolves to, at the moment of connecting, and the connection goes to the very address
that was judged: a name that resolves to another address a moment later gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.broker.webhooks.templates import in_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.broker.settings import BrokerSettings

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
_GIVEN_OUT = ipaddress.ip_network("2000::/3")
_NOBODY_S = ipaddress.ip_network("240.0.0.0/4")
_CARRIERS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))
_HELP = "See /doc/webhooks#whitelist for more information."

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TargetRefused(Exception):
    """A webhook may not talk to that address."""


def method_problems(method: str, settings: BrokerSettings) -> Iterator[str]:
    """What is wrong with the method."""
    if method.upper() not in METHODS:
        yield "is not a recognised HTTP method"
    elif method.upper() not in settings.webhook_methods:
        allowed = settings.webhook_methods
        only = f"must be {allowed[0]}." if len(allowed) == 1 else f"must be one of {', '.join(allowed)}."
        yield f"{only} {_HELP}"


def url_problems(url: str, settings: BrokerSettings) -> Iterator[str]:
    """What is wrong with the URL, as far as it can be told without resolving its name."""
    if in_host(url):
        yield "cannot have a template parameter in the host"
        return
    parts = _parts(url)
    if parts is None:
        yield "is not a valid URL eg. http://example.org"
        return
    scheme, host = parts
    allowed = settings.webhook_schemes
    if scheme not in allowed:
        only = f"must be {allowed[0]}." if len(allowed) == 1 else f"must be one of {', '.join(allowed)}."
        yield f"scheme {only} {_HELP}"
    if settings.webhook_hosts and not is_whitelisted(host, settings.webhook_hosts):
        shown = ", ".join(f'"{each}"' for each in settings.webhook_hosts)
        yield f"host must be in the whitelist {shown}. {_HELP}"


def _parts(url: str) -> tuple[str, str] | None:
    try:
        split = urlsplit(url)
        host, _ = split.hostname, split.port
    except ValueError:
        return None
    if not split.scheme or not host or re.search(r"\s", split.netloc):
        return None
    return split.scheme.lower(), host


def is_whitelisted(host: str, whitelist: Sequence[str]) -> bool:
    """Whether a host is one of a whitelist's names, `*.domain`s, networks or `/patterns/`."""
    return any(_is(host, each) for each in whitelist)


def _is(host: str, entry: str) -> bool:
    if len(entry) > 1 and entry.startswith("/") and entry.endswith("/"):
        return re.search(entry[1:-1], host) is not None
    if entry.startswith("*."):
        return host.lower().endswith(entry[1:].lower())
    return host.lower() == entry.lower() or _in_network(host, entry)


def _in_network(host: str, entry: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorkeeper:
    """Resolves names and lets through only addresses that may be talked to."""

    hosts: Sequence[str]
    private: bool  # the broker's own network may be talked to

    def address(self, host: str, port: int) -> str:
        """The address to connect to. Raises TargetRefused, OSError when the name cannot be resolved."""
        found = [_plain(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        refused = [each for each in found if not self._may(host, each)]
        if refused or not found:  # one bad address among good ones is a trick, not an accident
            shown = ", ".join(map(str, refused)) or host
            raise TargetRefused(
                f"{host} is {shown}: an address inside a network of its own is not talked to unless it is listed"
                " (PACT_BROKER_WEBHOOK_HOST_WHITELIST)"
            )
        return str(found[0])

    def _may(self, host: str, address: Address) -> bool:
        if _everybody_s(address):
            return True
        own = address.is_loopback or address.is_link_local or address.is_private
        if not own or address.is_multicast or address.is_unspecified or address in _NOBODY_S:
            return False
        return self.private or self._named(host, address)

    def _named(self, host: str, address: Address) -> bool:
        """Listed by name or by network; a pattern that happens to match is not meant for this."""
        exact = [each for each in self.hosts if not each.startswith(("/", "*"))]
        return is_whitelisted(host, exact) or is_whitelisted(str(address), exact)


def _everybody_s(address: Address) -> bool:
    """Whether an address is out in the internet; of IPv6 only what is given out for it (2000::/3)."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _GIVEN_OUT:
        return False
    return address.is_global and not address.is_multicast


def _plain(text: str | int) -> Address:
    """An address as what it leads to: some of IPv6 carry one of IPv4 inside."""
    address = ipaddress.ip_address(str(text).partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if _carries(address) else None
        return address.ipv4_mapped or address.sixtofour or carried or address
    return address


def _carries(address: ipaddress.IPv6Address) -> bool:
    """Translated (NAT64, SIIT) and the old compatible forms end in an address of IPv4; `::` and `::1` do not."""
    return int(address) > 1 and any(address in each for each in _CARRIERS)
