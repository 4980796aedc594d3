"""Where a remote broker is, and how to be let in; secrets are never part of what is shown."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BASE_URL = "PACT_BROKER_BASE_URL"
TOKEN = "PACT_BROKER_TOKEN"
USERNAME = "PACT_BROKER_USERNAME"
PASSWORD = "PACT_BROKER_PASSWORD"
CUSTOM_HEADERS = "PACT_BROKER_CUSTOM_HEADERS"  # "Name: value; Other: value", as the Pact CLI reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A broker's base URL without credentials, and the headers that let us in."""

    base: str  # "https://broker.example/pact", without a slash at the end
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # secrets

    @property
    def origin(self) -> str:
        """Scheme, host and port: whom the secrets are for."""
        return origin(self.base)


def is_remote(url: str) -> bool:
    """Whether a ledger's address is that of a broker to talk to over HTTP."""
    return url.lower().startswith(("http://", "https://"))


def origin(url: str) -> str:
    """Scheme, host and port of a URL, the port always said; "" for what is no URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def address(url: str, environ: Mapping[str, str]) -> Address:
    """The broker at a URL, with the credentials of the URL itself or else of the environment.

    Raises UsageError for a URL that cannot be one. Variables that belong to another broker
    (`PACT_BROKER_BASE_URL` names another origin) are not sent to this one.
    """
    parts = _split_url(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    base = f"{parts.scheme.lower()}://{host}{port}{parts.path.rstrip('/')}"
    own = _from_url(parts)
    elsewhere = environ.get(BASE_URL, "")
    trusted = not (is_remote(elsewhere) and _host(elsewhere) != _host(base))
    told = tuple(_from_environment(environ, with_login=not own)) if trusted else ()
    return Address(base=base, headers=(*own, *told))


def _host(url: str) -> str:
    """Who is behind a URL, whether it is spoken to in the clear or not."""
    return origin(url).partition("://")[2].removesuffix(":80").removesuffix(":443")


def _split_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise UsageError(
            "the broker's address is no URL of a host", hint='url = "https://broker.example", or with a path'
        )
    return parts


def _from_url(parts: SplitResult) -> tuple[tuple[str, str], ...]:
    if parts.username is None:
        return ()
    return (_basic(unquote(parts.username), unquote(parts.password or "")),)


def _from_environment(environ: Mapping[str, str], *, with_login: bool) -> Iterator[tuple[str, str]]:
    token, user = environ.get(TOKEN, ""), environ.get(USERNAME, "")
    if with_login and token:
        yield "Authorization", f"Bearer {_one_line(token, TOKEN)}"
    elif with_login and user:
        yield _basic(user, environ.get(PASSWORD, ""))
    for part in environ.get(CUSTOM_HEADERS, "").split(";"):
        if part.strip():
            yield _custom(part)


def _basic(user: str, password: str) -> tuple[str, str]:
    secret = base64.b64encode(f"{user}:{password}".encode()).decode()
    return "Authorization", f"Basic {secret}"


def _custom(part: str) -> tuple[str, str]:
    name, colon, value = part.strip().partition(":")
    usable = colon and name.strip().replace("-", "").replace("_", "").isalnum() and name.isascii()
    if not usable:
        raise UsageError(
            f"{CUSTOM_HEADERS} holds a part that is no header", hint='write "Name: value", several parted by ";"'
        )
    return name.strip(), _one_line(value.strip(), CUSTOM_HEADERS)


def _one_line(secret: str, variable: str) -> str:
    """The secret itself; one that cannot stand in a header is told by its variable, not by its value."""
    if not secret.isprintable() or not secret.isascii():
        raise UsageError(
            f"the value of {variable} holds a character that no header may hold (a line end, perhaps)",
            hint=f"set {variable} again, without a line end",
        )
    return secret.strip()
