"""References in a service's environment: `${catalog.url}`, `${self.port}`, `${env.TOKEN:-none}`.

${NAME.url}  ${NAME.host}  ${NAME.port}       the main endpoint of a service or resource
${NAME.ENDPOINT.url}  …host  …port            another endpoint of it
${self.port}  ${self.ENDPOINT.port}           the ports that this service listens on
${env.X}  ${env.X:-default}                   the environment of the harness itself
$${                                           the two characters `${`
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from harness.errors import ManifestError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "postgresql": 5432,
    "postgres": 5432,
    "redis": 6379,
    "amqp": 5672,
    "mysql": 3306,
    "mongodb": 27017,
    "nats": 4222,
}

T = TypeVar("T")

_TOKEN = re.compile(r"(?P<escape>\$\$\{)|\$\{(?P<body>[^}]*)(?P<end>\}?)")
_ENV = re.compile(r"env\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_SELF = re.compile(r"self(?:\.(?P<endpoint>[^${}]+))?\.port")
_PEER = re.compile(r"(?P<target>[^${}\s](?:[^${}\n]*[^${}\s])?)\.(?P<part>url|host|port)")
_FORMS = "write ${NAME.url}, ${NAME.host}, ${NAME.port}, ${self.port} or ${env.NAME}; $${ is a literal ${"


@dataclass(frozen=True, slots=True)
class FromEnviron:
    """`${env.X:-default}`."""

    text: str
    name: str
    default: str | None


@dataclass(frozen=True, slots=True)
class OwnPort:
    """`${self.port}`, or `${self.ENDPOINT.port}`."""

    text: str
    endpoint: str  # "" is the main one


@dataclass(frozen=True, slots=True)
class OfPeer:
    """`${catalog.url}`; the target is a name, or a name and an endpoint with a dot between."""

    text: str
    target: str
    part: str


Piece = str | FromEnviron | OwnPort | OfPeer


def pieces(value: str) -> tuple[Piece, ...]:
    """A value as literal text and references, in order. Raises ManifestError for what is neither."""
    found: list[Piece] = []
    end = 0
    for match in _TOKEN.finditer(value):
        found.append(value[end : match.start()])
        found.append("${" if match["escape"] else _reference(match))
        end = match.end()
    found.append(value[end:])
    return _join_literals(found)


def references(value: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """The services and resources that a value refers to, each once; `known` names tell dots in names apart."""
    used = (split_target(p.target, known)[0] for p in pieces(value) if isinstance(p, OfPeer))
    return tuple(dict.fromkeys(used))


def split_target(target: str, known: Collection[str]) -> tuple[str, str]:
    """`orders.admin` as name and endpoint; the longest known name wins, and may hold dots itself."""
    parts = target.split(".")
    for cut in range(len(parts), 0, -1):
        name = ".".join(parts[:cut])
        if name in known:
            return name, ".".join(parts[cut:])
    return parts[0], ".".join(parts[1:])


def expand(
    value: str,
    peers: Mapping[str, Mapping[str, str]],
    own_ports: Mapping[str, int],
    environ: Mapping[str, str],
) -> str:
    """One value with every reference replaced. Raises ManifestError for a name that is not there."""
    return "".join(_meaning(piece, peers, own_ports, environ) for piece in pieces(value))


def resolve(
    environment: Sequence[tuple[str, str]],
    peers: Mapping[str, Mapping[str, str]],
    own_ports: Mapping[str, int],
    environ: Mapping[str, str],
) -> dict[str, str]:
    """The environment to start a service with.

    `peers` is name to endpoint to URL as seen from inside, the main endpoint first; `own_ports` likewise.
    """
    return {key: expand(value, peers, own_ports, environ) for key, value in environment}


def from_environ(value: str, environ: Mapping[str, str]) -> str:
    """A value in which only `${env.X}` may stand, replaced. Raises ManifestError."""
    words = []
    for piece in pieces(value):
        if isinstance(piece, OwnPort | OfPeer):
            raise ManifestError(
                f"{piece.text} has no meaning here",
                hint="only ${env.NAME} may stand here; services are known in 'environment' and 'command'",
            )
        words.append(piece if isinstance(piece, str) else _variable(piece, environ))
    return "".join(words)


def settle(value: str, environ: Mapping[str, str]) -> str:
    """The same value with `${env.X}` replaced, the other references kept for the start. Raises ManifestError."""
    settled = _join_literals([_variable(p, environ) if isinstance(p, FromEnviron) else p for p in pieces(value)])
    written = ""
    for piece in settled:
        if isinstance(piece, str):
            written += escape(piece)
        elif written.endswith("$"):
            raise ManifestError(f"a $ cannot stand directly before {piece.text}")
        else:
            written += piece.text
    return written


def escape(literal: str) -> str:
    """Text as a value that means just that text."""
    return literal.replace("${", "$${")


def host_and_port(url: str) -> tuple[str, str]:
    """The host and the port of a URL; a port that is left out is its scheme's own."""
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    return parts.hostname or "", str(port) if port else ""


def _join_literals(found: Sequence[Piece]) -> tuple[Piece, ...]:
    """Neighbouring literals as one, so that `$` and `{` of two origins are seen together."""
    joined: list[Piece] = []
    for piece in found:
        last = joined[-1] if joined else None
        if isinstance(piece, str) and isinstance(last, str):
            joined[-1] = last + piece
        elif piece != "":
            joined.append(piece)
    return tuple(joined)


def _reference(match: re.Match[str]) -> Piece:
    text, body = match[0], match["body"].strip()
    if not match["end"]:
        raise ManifestError(f"{_shorten_text(text)} is not closed with }}", hint=_FORMS)
    if variable := _ENV.fullmatch(body):
        return FromEnviron(text, variable["name"], variable["default"])
    if own := _SELF.fullmatch(body):
        return OwnPort(text, own["endpoint"] or "")
    peer = _PEER.fullmatch(body)
    if peer is None or body.split(".")[0] in {"self", "env"}:
        raise ManifestError(f"{_shorten_text(text)} is not a reference", hint=_FORMS)
    return OfPeer(text, peer["target"], peer["part"])


def _meaning(
    piece: Piece,
    peers: Mapping[str, Mapping[str, str]],
    own_ports: Mapping[str, int],
    environ: Mapping[str, str],
) -> str:
    match piece:
        case str():
            return piece
        case FromEnviron():
            return _variable(piece, environ)
        case OwnPort():
            return str(_choose_endpoint(piece.text, piece.endpoint, own_ports))
        case OfPeer():
            return _address(piece, peers)


def _variable(piece: FromEnviron, environ: Mapping[str, str]) -> str:
    # As in a shell, `:-` also stands in for a variable that is set to nothing.
    value = environ.get(piece.name)
    if piece.default is not None:
        return value or piece.default
    if value is None:
        raise ManifestError(
            f"{piece.text}: the environment variable {piece.name} is not set",
            hint=f"set {piece.name}, or give a default: ${{env.{piece.name}:-VALUE}}",
        )
    return value


def _address(piece: OfPeer, peers: Mapping[str, Mapping[str, str]]) -> str:
    name, endpoint = split_target(piece.target, peers)
    if name not in peers:
        raise ManifestError(f"{piece.text}: nothing is called '{name}'", hint=did_you_mean(name, peers))
    url = _choose_endpoint(piece.text, endpoint, peers[name])
    host, port = host_and_port(url)
    return {"url": url, "host": host, "port": port}[piece.part]


def _choose_endpoint(text: str, endpoint: str, endpoints: Mapping[str, T]) -> T:
    if not endpoints:
        raise ManifestError(f"{text}: it has no endpoint", hint="give it a 'port'")
    if not endpoint:
        return next(iter(endpoints.values()))
    if endpoint not in endpoints:
        raise ManifestError(f"{text}: no endpoint '{endpoint}'", hint=did_you_mean(endpoint, endpoints))
    return endpoints[endpoint]


def _shorten_text(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
