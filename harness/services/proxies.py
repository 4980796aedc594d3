"""What runs on this machine is never asked through a proxy, whatever the environment says of the rest."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_HERE = ("localhost", "127.0.0.1", "::1", "127.0.0.0/8")
_NAMES = ("NO_PROXY", "no_proxy")  # some clients read the one, some the other, and an empty one hides its twin


def direct(environ: Mapping[str, str], hosts: Iterable[str] = ()) -> dict[str, str]:
    """The variables by which this machine and these hosts are asked directly, beside what is named already."""
    named = [each.strip() for name in _NAMES for each in environ.get(name, "").split(",")]
    told = ",".join(dict.fromkeys([*filter(None, named), *_HERE, *filter(None, hosts)]))
    return dict.fromkeys(_NAMES, told)


def past_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """The same environment, in which this machine is asked directly."""
    return {**environ, **direct(environ)}


def hosts_of(addresses: Iterable[str]) -> list[str]:
    """The hosts that addresses name, each once."""
    return sorted({host for each in addresses if (host := urlsplit(each).hostname)})


def is_here(address: str) -> bool:
    """Whether an address is one of this machine itself."""
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextlib.contextmanager
def asking_directly(hosts: Iterable[str] = ()) -> Iterator[None]:
    """For this process and its children, as long as the context lasts."""
    before = {name: os.environ.get(name) for name in _NAMES}
    os.environ.update(direct(os.environ, hosts))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
