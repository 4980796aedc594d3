"""Deployments and releases as the API tells them: rows in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.identity import Version
from harness.ledger.db import environments
from harness.ledger.db.places import Environment
from harness.ledger.db.places import by_uuid as environment_by_uuid
from harness.ledger.db.tables import deployments, pacticipants, releases, versions
from harness.ledger.db.tables import environments as places

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeployment:
    """One version's time in one environment."""

    id: int
    uuid: str
    version: Version
    environment: Environment
    instance: str  # "" is the only one
    since: str
    until: str  # "" while it lasts


def deploy(
    db: sa.Connection, environment: Environment, version: Version, instance: str, now: str
) -> StoredDeployment:
    """It now runs there instead of what ran on that instance."""
    environments.deploy(db, environment.name, version, instance, now)
    told = {"place": environment.id, "named": version.pacticipant, "number": version.number, "slot": instance}
    return _records_of_rows(db, db.execute(_HERE, told).all())[-1]


def release(
    db: sa.Connection, environment: Environment, version: Version, now: str
) -> tuple[StoredDeployment, bool]:
    """It is supported there; whether it never was before."""
    before = _of_version(db, releases, environment, version, sa.true())
    environments.release(db, environment.name, version, now)
    return _of_version(db, releases, environment, version, releases.c.until.is_(None))[-1], not before


def of_version(
    db: sa.Connection, environment: Environment, version: Version, *, released: bool, current: bool = False
) -> list[StoredDeployment]:
    """Every time that a version was there, oldest first; `current`: only what lasts."""
    table = releases if released else deployments
    return _of_version(db, table, environment, version, table.c.until.is_(None) if current else sa.true())


def _of_version(
    db: sa.Connection, table: sa.Table, environment: Environment, version: Version, also: sa.ColumnElement[bool]
) -> list[StoredDeployment]:
    where = [
        pacticipants.c.name == version.pacticipant,
        versions.c.number == version.number,
        table.c.environment_id == environment.id,
        also,
    ]
    return _find_records(db, table, where)


def by_uuid(db: sa.Connection, uuid: str, *, released: bool) -> StoredDeployment | None:
    """The one that the API calls so."""
    table = releases if released else deployments
    found = _find_records(db, table, [table.c.uuid == uuid])
    return found[0] if found else None


def current(
    db: sa.Connection,
    environment: Environment,
    *,
    released: bool,
    pacticipant: str = "",
    number: str = "",
    instance: str | None = None,
) -> list[StoredDeployment]:
    """What is there now, oldest first; an instance of "" is the one without a name, None any."""
    table = releases if released else deployments
    where = [table.c.environment_id == environment.id, table.c.until.is_(None)]
    where += [pacticipants.c.name == pacticipant] if pacticipant else []
    where += [versions.c.number == number] if number else []
    where += [deployments.c.instance == instance] if instance is not None and not released else []
    return _find_records(db, table, where)


def history(
    db: sa.Connection, environment: Environment, *, pacticipant: str = "", instance: str | None = None
) -> list[StoredDeployment]:
    """Everything that ever was deployed there, oldest first; an instance as in `current`."""
    where = [deployments.c.environment_id == environment.id]
    where += [pacticipants.c.name == pacticipant] if pacticipant else []
    where += [deployments.c.instance == instance] if instance is not None else []
    return _find_records(db, deployments, where)


def end(db: sa.Connection, stay: StoredDeployment, now: str, *, released: bool) -> None:
    """It is there no longer; what ended already stays as it ended."""
    table = releases if released else deployments
    db.execute(sa.update(table).where(table.c.id == stay.id, table.c.until.is_(None)).values(until=now))


def _find_records(
    db: sa.Connection, table: sa.Table, where: Sequence[sa.ColumnElement[bool]]
) -> list[StoredDeployment]:
    return _records_of_rows(db, db.execute(_query(table).where(*where)).all())


@cache
def _query(table: sa.Table) -> sa.Select[Any]:
    instance = table.c.instance if "instance" in table.c else sa.literal("")
    return (
        sa.select(
            table.c.id,
            table.c.uuid,
            table.c.since,
            table.c.until,
            instance.label("instance"),
            pacticipants.c.name.label("pacticipant"),
            versions.c.number,
            places.c.uuid.label("place"),
        )
        .join(versions, versions.c.id == table.c.version_id)
        .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
        .join(places, places.c.id == table.c.environment_id)
        .where(table.c.uuid.is_not(None))
        .order_by(table.c.id)
    )


_HERE = _query(deployments).where(  # made once: making a statement costs more than asking it
    pacticipants.c.name == sa.bindparam("named"),
    versions.c.number == sa.bindparam("number"),
    deployments.c.environment_id == sa.bindparam("place"),
    deployments.c.instance == sa.bindparam("slot"),
    deployments.c.until.is_(None),
)


def _records_of_rows(db: sa.Connection, rows: Sequence[Any]) -> list[StoredDeployment]:
    there = {uuid: environment_by_uuid(db, uuid) for uuid in {row.place for row in rows} if uuid}
    return [found for row in rows if (found := _value(row, there.get(row.place))) is not None]


def _value(row: Any, environment: Environment | None) -> StoredDeployment | None:
    if environment is None:
        return None
    return StoredDeployment(
        id=row.id,
        uuid=row.uuid,
        version=Version(row.pacticipant, row.number),
        environment=environment,
        instance=row.instance,
        since=row.since,
        until=row.until or "",
    )
