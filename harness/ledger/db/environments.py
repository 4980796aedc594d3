"""Environments and what is live in them: rows in, values out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.evidence import DeploymentRecord, Live
from harness.identity import Version
from harness.ledger import refusals
from harness.ledger.db import traces
from harness.ledger.db.rows import insert, new_uuid
from harness.ledger.db.tables import deployments, environments, pacticipants, releases, versions
from harness.ledger.db.versions import known_version, pacticipant

if TYPE_CHECKING:
    from collections.abc import Sequence


# Made once: making a statement costs more than asking it.
_PLACE = sa.select(environments.c.id).where(environments.c.name == sa.bindparam("named"))
_LIST = (
    sa.update(environments)
    .where(environments.c.name == sa.bindparam("named"), environments.c.uuid.is_(None))
    .values(uuid=sa.bindparam("called"), created_at=sa.bindparam("now"))
)
_in_slot = (
    deployments.c.environment_id == sa.bindparam("place"),
    deployments.c.pacticipant_id == sa.bindparam("owner"),
    deployments.c.instance == sa.bindparam("slot"),
    deployments.c.until.is_(None),
)
_IN_SLOT = sa.select(deployments.c.version_id).where(*_in_slot)
_END = sa.update(deployments).where(*_in_slot).values(until=sa.bindparam("now"))


def declare(db: sa.Connection, name: str, require: Sequence[str], now: str) -> None:
    """Make an environment known, or give it another policy. Raises UnknownName, UsageError."""
    refusals.check_name("the environment", name)
    policy = json.dumps(refusals.check_policy(require))
    changed = db.execute(sa.update(environments).where(environments.c.name == name).values(require=policy))
    if not changed.rowcount:
        insert(db, environments, name=name, require=policy)
    _list(db, name, now)


def _list(db: sa.Connection, name: str, now: str) -> None:
    """From its first use on, an environment that everybody has is one of this broker's."""
    db.execute(_LIST, {"named": name, "called": new_uuid(), "now": now})


def policies(db: sa.Connection) -> dict[str, tuple[str, ...]]:
    """Every environment and the kinds of evidence that a yes requires there."""
    rows = db.execute(sa.select(environments).order_by(environments.c.id))
    return {row.name: tuple(json.loads(row.require)) for row in rows}


def _environment_row(db: sa.Connection, name: str) -> int:
    found = db.execute(_PLACE, {"named": name}).scalar()
    if found is None:
        raise refusals.unknown_environment(name, db.execute(sa.select(environments.c.name)).scalars())
    return int(found)


def deploy(db: sa.Connection, environment: str, version: Version, instance: str, now: str) -> None:
    """It replaces what runs on that instance; the same version again changes nothing."""
    refusals.check_name("the application instance", instance, empty=True)
    place = _environment_row(db, environment)
    owner, row = known_version(db, version)
    slot = {"place": place, "owner": owner, "slot": instance}
    before = db.execute(_IN_SLOT, slot).scalar()
    if before == row:
        return
    if before is not None:
        db.execute(_END, {**slot, "now": now})
    there = {"environment_id": place, "pacticipant_id": owner, "instance": instance}
    insert(db, deployments, **there, version_id=row, since=now, uuid=new_uuid())
    traces.end_by_deployment(db, environment, version.pacticipant, instance, now)
    _list(db, environment, now)


def undeploy(db: sa.Connection, environment: str, name: str, instance: str, now: str) -> int:
    """It no longer runs on that instance; how many were."""
    place = _environment_row(db, environment)
    deleted = traces.end_by_deployment(db, environment, name, instance, now)
    if deleted:
        return deleted
    owner = pacticipant(db, name)
    there = {"environment_id": place, "pacticipant_id": owner, "until": None}
    ended = db.execute(sa.update(deployments).filter_by(**there, instance=instance).values(until=now))
    if not ended.rowcount:
        others = db.execute(sa.select(deployments.c.instance).filter_by(**there)).scalars()
        raise refusals.not_deployed(environment, name, instance, others)
    return ended.rowcount


def release(db: sa.Connection, environment: str, version: Version, now: str) -> None:
    """It is supported beside what was; the same version again changes nothing."""
    place = _environment_row(db, environment)
    _, row = known_version(db, version)
    traces.support_ended(db, environment, version, now)
    if _support(db, place, row, now):
        _list(db, environment, now)


def _support(db: sa.Connection, place: int, version: int, now: str) -> bool:
    """Support a version; whether it was not supported yet."""
    there = {"environment_id": place, "version_id": version}
    query = sa.select(releases.c.id, releases.c.uuid, releases.c.until).filter_by(**there)
    latest = query.where(releases.c.uuid.is_not(None)).order_by(releases.c.id.desc()).limit(1)
    before = db.execute(latest).one_or_none()
    if before is not None and before.until is None:
        return False
    name = new_uuid()
    if before is not None:
        # To the API it is the same release, supported again; the time that ended remains, without a name.
        name = before.uuid
        db.execute(sa.update(releases).where(releases.c.id == before.id).values(uuid=None))
    insert(db, releases, **there, since=now, uuid=name)
    return True


def end_support(db: sa.Connection, environment: str, version: Version, now: str) -> None:
    """It is no longer supported there."""
    place = _environment_row(db, environment)
    if traces.support_ended(db, environment, version, now):
        return
    owner, row = known_version(db, version)
    supported = releases.c.environment_id == place, releases.c.until.is_(None)
    ended = db.execute(sa.update(releases).where(*supported, releases.c.version_id == row).values(until=now))
    if not ended.rowcount:
        query = (
            sa.select(versions.c.number)
            .join(releases, releases.c.version_id == versions.c.id)
            .where(*supported, versions.c.pacticipant_id == owner)
            .order_by(releases.c.id)
        )
        raise refusals.not_released(environment, version, db.execute(query).scalars().all())


def live(db: sa.Connection) -> tuple[Live, ...]:
    """Everything that runs or is supported anywhere, sorted."""
    here = [
        Live(environment=place, version=version, instance=instance, released=released, since=since)
        for since, _, released, place, version, instance, _ in _rows(db, only_live=True)
    ]
    return tuple(sorted((*here, *traces.remaining(db)[0])))


def stays(db: sa.Connection) -> tuple[DeploymentRecord, ...]:
    """Every deployment and release that ever was, oldest first."""
    return tuple(
        DeploymentRecord(
            environment=place,
            version=version,
            instance=instance,
            released=released,
            since=since,
            until=until or "",
        )
        for since, _, released, place, version, instance, until in sorted(_rows(db, only_live=False), key=_order)
    )


_Row = tuple[str, int, bool, str, Version, str, str | None]  # since, id, released, where, what, instance, until


def _order(row: _Row) -> tuple[str, bool, int]:
    return row[0], row[2], row[1]


def _rows(db: sa.Connection, *, only_live: bool) -> list[_Row]:
    found: list[_Row] = []
    for table, released in ((deployments, False), (releases, True)):
        instance = sa.literal("") if released else deployments.c.instance
        query = (
            sa.select(
                table.c.since,
                table.c.id,
                environments.c.name,
                pacticipants.c.name,
                versions.c.number,
                instance,
                table.c.until,
            )
            .join_from(table, environments)
            .join(versions, versions.c.id == table.c.version_id)
            .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
        )
        if only_live:
            query = query.where(table.c.until.is_(None))
        found += [
            (since, row, released, place, Version(name, number), slot, until)
            for since, row, place, name, number, slot, until in db.execute(query)
        ]
    return found
