"""Who gets into a served broker: decided before it serves, kept in its database, and the same in every process."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness import composition
from harness.broker.access.guard import AccessRules, Guard
from harness.broker.access.loopback import LoopbackDoor
from harness.errors import UsageError
from harness.ledger.db import access_decisions, tokens
from harness.ledger.db.database import open_database
from harness.services.proxies import hosts_of, is_here

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.broker.http.serving import Access
    from harness.ledger.db.database import Database

log = logging.getLogger("harness.broker")
_OPEN = "anybody who can reach this address may do everything; `harness broker token create` ends that at once"
_NOBODY = (
    "nobody may do anything here: it has no live token; `harness broker token create --role admin NAME` makes one"
)
_WHO = "harness broker token create --role admin NAME, or set PACT_BROKER_BASIC_AUTH_USERNAME and _PASSWORD"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens at a host."""
    return is_here(f"//[{host}]" if ":" in host else f"//{host}")


def settle_access(url: str, host: str, rules: AccessRules) -> bool:
    """Whether a broker that will serve is closed. Raises UsageError for an open one that others can reach."""
    with broker_database(url) as database:
        if rules.users:
            with database.writing() as db:
                access_decisions.decide(db, controlled=True, why="it was served with users", now=now())
        with database.reading() as db:
            closed = access_decisions.is_controlled(db)
    if not closed and not is_loopback(host):
        raise UsageError(
            f"a broker at {host} can be reached by others, and nothing says who may do what", hint=_WHO
        )
    return closed


def door_of(database: Database, rules: AccessRules, base_urls: Sequence[str], *, closed: bool) -> Access:
    """What lets clients into one process of a broker."""
    guard = Guard(database=database, rules=rules)
    with database.reading() as db:
        closed = closed or bool(rules.users) or access_decisions.is_controlled(db)
        live = bool(rules.users) or any(not each.revoked_at for each in tokens.all_tokens(db))
    if closed:
        if not live:
            log.warning(_NOBODY)
        return guard
    log.warning(_OPEN)
    return LoopbackDoor(database=database, guard=guard, hosts=hosts_of(base_urls))


def is_closed(url: str) -> bool:
    """Whether the broker of a database asks who may do what."""
    with broker_database(url) as database, database.reading() as db:
        return access_decisions.is_controlled(db)


def decide(url: str, *, closed: bool) -> bool:
    """Close the broker of a database, or open it again; whether that changed anything."""
    with broker_database(url) as database, database.writing() as db:
        return access_decisions.decide(db, controlled=closed, why="harness broker access", now=now())


@contextmanager
def broker_database(url: str) -> Iterator[Database]:
    """A broker's own database, let go of in the end."""
    database = open_database(url or composition.embedded_ledger_url(Path.cwd()))
    try:
        yield database
    finally:
        database.close()


def now() -> str:
    """The time as the ledger keeps it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
