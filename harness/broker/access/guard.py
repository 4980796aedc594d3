"""Access control that is switched on: tokens, the original's two users, what is public, and how often."""

from __future__ import annotations

import base64
import binascii
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.broker.access.roles import Role
from harness.broker.http.concurrency import HEARTBEAT
from harness.broker.http.problems import Refused
from harness.broker.http.request import Who
from harness.ledger.db import tokens
from harness.ledger.db.database import Database

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.broker.http.asgi import RawRequest
    from harness.broker.http.routing import Route


_CHALLENGE = 'Basic realm="Restricted area"'
_FAILURES = 30.0  # wrong credentials a minute from one address
_TOUCHED = 60.0  # seconds: when a token was last used is known to about a minute


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A name and a password, as the original has two of them."""

    name: str
    password: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRules:
    """What is allowed to whom, besides tokens."""

    users: tuple[User, ...] = ()
    public_read: bool = False
    public_badges: bool = False
    public_heartbeat: bool = False
    requests_per_minute: float = 6000.0  # of one client; 0 is no limit


@dataclass(kw_only=True)
class Guard:
    """Admits those who may; tells the others why not."""

    database: Database
    rules: AccessRules = field(default_factory=AccessRules)
    asks: bool = field(default=True, init=False)
    rate: Rate = field(init=False)
    failures: Rate = field(init=False)
    _touched: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Every limit starts unused."""
        self.rate = Rate(per_minute=self.rules.requests_per_minute, clock=time.monotonic)
        self.failures = Rate(per_minute=_FAILURES, clock=time.monotonic)

    def admit(self, request: RawRequest, route: Route | None, parameters: Mapping[str, str]) -> Who:
        """Who asks, when they may. Raises Refused: 401, 403, 429."""
        said = credentials(request.headers.get("authorization", ""))
        if said is not None and is_heartbeat(route) and said.secret.startswith(tokens.PREFIX):
            return Who(role=Role.READ)  # a refusal tells as much, and to know the token the database had to live
        who, basic = self._known(request, said)
        self._count(request, who)
        if who is None:
            if self._public(request, route):
                return Who(name="anonymous", role=Role.READ)
            raise _unknown(given=said is not None)
        if route is not None:
            _check(who, route, parameters, basic=basic)
        return who

    def _known(self, request: RawRequest, said: Credentials | None) -> tuple[Who | None, bool]:
        if said is None:
            return None, False
        if self.failures.exhausted(request.peer):
            raise _too_many(60 / _FAILURES, "too many wrong credentials from this address")
        if not said.bearer:
            for user in self.rules.users:
                if _same(user.name, said.name) & _same(user.password, said.secret):
                    return Who(name=user.name, role=user.role), True
        who = self._token(said.secret)
        if who is None:
            self.failures.wait(request.peer)
        return who, False

    def _token(self, secret: str) -> Who | None:
        if not secret.startswith(tokens.PREFIX):
            return None
        with self.database.reading() as db:
            found = tokens.find_token(db, secret)
        if found is None:
            return None
        self._touch(found.uuid)
        name = f"token {found.description}"
        return Who(name=name, role=Role(found.role), pacticipants=tuple(found.pacticipants), token=found.uuid)

    def _touch(self, uuid: str) -> None:
        now = time.monotonic()
        if now - self._touched.get(uuid, -_TOUCHED) >= _TOUCHED:
            self._touched[uuid] = now
            with self.database.writing() as db:
                tokens.record_use(db, uuid, datetime.now(UTC).isoformat(timespec="seconds"))

    def _count(self, request: RawRequest, who: Who | None) -> None:
        wait = self.rate.wait(who.name if who else request.peer)
        if wait:
            raise _too_many(wait, f"more than {self.rules.requests_per_minute:.0f} requests a minute")

    def _public(self, request: RawRequest, route: Route | None) -> bool:
        if self.rules.public_heartbeat and is_heartbeat(route):
            return True
        reading = request.method in ("GET", "HEAD", "OPTIONS")
        if self.rules.public_badges and reading and route is not None and route.path.endswith("/badge"):
            return True
        return self.rules.public_read and (reading or (route is not None and route.role == Role.READ))


def is_heartbeat(route: Route | None) -> bool:
    """Whether somebody only asks whether the process lives, which a refusal would tell as well."""
    return route is not None and route.path == HEARTBEAT


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode("utf-8", "surrogatepass"), given.encode("utf-8", "surrogatepass"))


def _check(who: Who, route: Route, parameters: Mapping[str, str], *, basic: bool) -> None:
    if not Role(who.role).includes(route.role):
        if basic:
            raise _unknown(given=True)  # as the original answers its read-only user
        raise Refused(403, f"{who.name} has the role '{who.role}'; this needs '{route.role}'")
    if who.pacticipants and not route.reads and not route.asks_scope:
        subject = parameters.get(route.subject)
        if subject is None:
            raise Refused(403, f"{who.name} is for {', '.join(who.pacticipants)} only; this concerns everybody")
        who.permit(subject)


def _unknown(*, given: bool) -> Refused:
    why = "say who you are: a token, or a name and a password"
    if given:
        why = "these credentials are not known here, or may not do this"
    refused = Refused(401, why)
    refused.headers = {"www-authenticate": _CHALLENGE}
    return refused


def _too_many(wait: float, why: str) -> Refused:
    refused = Refused(429, f"{why}; try again in {wait:.0f} s")
    refused.headers = {"retry-after": str(max(1, round(wait)))}
    return refused


_MOST_CLIENTS = 10_000  # the one that asked longest ago is forgotten first


@dataclass(kw_only=True)
class Rate:
    """At most so many requests a minute by each client, in bursts of at most so many; 0 is no limit."""

    per_minute: float
    clock: Callable[[], float]
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)  # left, when
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, client: str, *, cost: float = 1.0) -> float:
        """Count a request; seconds until the client may ask again, 0.0 when it may now."""
        if self.per_minute <= 0:
            return 0.0
        with self._lock:
            left = self._left(client)
            if left < cost:
                self._keep(client, left)
                return (cost - left) * 60 / self.per_minute
            self._keep(client, left - cost)
            return 0.0

    def exhausted(self, client: str) -> bool:
        """Whether nothing is left for a client, without counting a request."""
        if self.per_minute <= 0:
            return False
        with self._lock:
            return self._left(client) < 1.0

    def _left(self, client: str) -> float:
        now = self.clock()
        left, since = self._buckets.get(client, (self.per_minute, now))
        return min(self.per_minute, left + (now - since) * self.per_minute / 60)

    def _keep(self, client: str, left: float) -> None:
        self._buckets[client] = (left, self.clock())
        self._buckets.move_to_end(client)
        while len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token, or a name and a password; a token may also come as the password, whatever the name."""

    name: str = ""
    secret: str = ""
    bearer: bool = False


def credentials(header: str) -> Credentials | None:
    """What a header says; None when it says nothing that can be read."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "bearer" and rest.strip():
        return Credentials(secret=rest.strip(), bearer=True)
    if scheme.lower() == "basic":
        return _basic(rest.strip())
    return None


def _basic(encoded: str) -> Credentials | None:
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    name, colon, password = decoded.partition(":")
    return Credentials(name=name, secret=password) if colon else None
