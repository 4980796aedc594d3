"""Traces of what was deleted: written by who deletes, ended by what comes instead; rows in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.identity import Version
from harness.ledger import deletions
from harness.ledger.db.rows import chunks, insert
from harness.ledger.db.tables import (
    deployments,
    environments,
    pacticipants,
    publications,
    releases,
    traces,
    versions,
)
from harness.ledger.deletions import Trace
from harness.verdicts import Deleted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from harness.evidence import Evidence, Known, Live


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who deletes, and when."""

    who: str
    at: str


# Made once: making a statement costs more than asking it.
_OPEN = traces.c.until.is_(None)
_ALL_OPEN = sa.select(traces).where(_OPEN).order_by(traces.c.id)
ANY_OPEN = sa.exists().where(_OPEN)
_COLUMNS = ["pacticipant", "number", "counterpart", "environment", "instance", "released", "contract", "at", "who"]
_NOW: dict[str, Any] = {"until": sa.bindparam("now")}
_NUMBER = sa.select(versions.c.number).where(versions.c.id == sa.bindparam("row")).scalar_subquery()


def _end_where(*conditions: sa.ColumnElement[bool]) -> sa.Update:
    """What ends the open traces of a kind, now."""
    return sa.update(traces).where(*conditions, _OPEN).values(_NOW)


_PACTS_ENDED = _end_where(
    traces.c.pacticipant == sa.bindparam("name"),
    traces.c.number == _NUMBER,
    traces.c.counterpart != "",
    traces.c.contract == "",
)
_RESULT_ENDED = _end_where(
    traces.c.pacticipant == sa.bindparam("name"),
    traces.c.number == sa.bindparam("of"),
    traces.c.contract == sa.bindparam("key"),
)
_PLACE_ENDED = _end_where(
    traces.c.environment == sa.bindparam("place"),
    traces.c.pacticipant == sa.bindparam("name"),
    traces.c.instance == sa.bindparam("slot"),
    traces.c.released.is_(sa.false()),
)
_SUPPORT_ENDED = _end_where(
    traces.c.environment == sa.bindparam("place"),
    traces.c.pacticipant == sa.bindparam("name"),
    traces.c.number == sa.bindparam("of"),
    traces.c.released.is_(sa.true()),
)


def of_pacts(db: sa.Connection, gone: sa.ColumnElement[bool], by: By) -> None:
    """Pacts are about to be deleted under versions that remain."""
    told = (
        sa.select(
            pacticipants.c.name,
            versions.c.number,
            publications.c.counterpart,
            *(sa.literal("") for _ in range(2)),
            sa.false(),
            sa.literal(""),
            sa.literal(by.at),
            sa.literal(by.who),
        )
        .join_from(publications, versions, versions.c.id == publications.c.version_id)
        .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
        .where(publications.c.kind == ContractKind.PACT.value, gone)
    )
    db.execute(sa.insert(traces).from_select(_COLUMNS, told))


def of_versions(db: sa.Connection, rows: Collection[int], by: By) -> None:
    """Versions are about to be deleted: those that are live leave what they need, and where they are.

    Of any other there remains that its pacticipant once needed somebody, where no version is left that says so.
    """
    there: set[int] = set()
    for part in chunks(rows):
        for table, released in ((deployments, False), (releases, True)):
            live = sa.and_(table.c.version_id.in_(part), table.c.until.is_(None))
            there |= set(db.execute(sa.select(table.c.version_id).where(live)).scalars())
            told = (
                sa.select(
                    pacticipants.c.name,
                    versions.c.number,
                    sa.literal(""),
                    environments.c.name,
                    sa.literal("") if released else deployments.c.instance,
                    sa.true() if released else sa.false(),
                    sa.literal(""),
                    sa.literal(by.at),
                    sa.literal(by.who),
                )
                .join_from(table, versions, versions.c.id == table.c.version_id)
                .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
                .join(environments, environments.c.id == table.c.environment_id)
                .where(live)
            )
            db.execute(sa.insert(traces).from_select(_COLUMNS, told))
    for part in chunks(there):
        of_pacts(db, publications.c.version_id.in_(part), by)
    others = set(rows) - there
    for part in chunks(others):
        of_pacts(db, sa.and_(publications.c.version_id.in_(part), ~_has_other_pact(others)), by)


def _has_other_pact(rows: Collection[int]) -> sa.ColumnElement[bool]:
    """Whether another version of the pacticipant has a pact with the same provider."""
    other = publications.alias()
    return sa.exists().where(
        other.c.pacticipant_id == publications.c.pacticipant_id,
        other.c.kind == publications.c.kind,
        other.c.counterpart == publications.c.counterpart,
        other.c.version_id.not_in(rows),
    )


def of_result(db: sa.Connection, provider: Version, consumer: str, contract: str, by: By) -> None:
    """A result that decided was deleted: it remains as evidence that its question is open again."""
    told = {"pacticipant": provider.pacticipant, "number": provider.number, "counterpart": consumer}
    insert(db, traces, **told, environment="", instance="", contract=contract, at=by.at, who=by.who)


def end_by_publication(db: sa.Connection, pacticipant: str, row: int, now: str) -> None:
    """Something was published under a version: what it needs is known again."""
    db.execute(_PACTS_ENDED, {"name": pacticipant, "row": row, "now": now})


def end_by_result(db: sa.Connection, seen: Evidence, now: str) -> None:
    """There is a result again."""
    of_version = {"name": seen.provider.pacticipant, "of": seen.provider.number}
    db.execute(_RESULT_ENDED, {**of_version, "key": seen.contract, "now": now})


def end_by_deployment(db: sa.Connection, environment: str, pacticipant: str, instance: str, now: str) -> int:
    """What was there came to its end, by another deployment or by none; how much of it was deleted before."""
    ended = {"place": environment, "name": pacticipant, "slot": instance, "now": now}
    return db.execute(_PLACE_ENDED, ended).rowcount


def support_ended(db: sa.Connection, environment: str, version: Version, now: str) -> int:
    """A release came to its end; how much of it was deleted before."""
    told = {"place": environment, "name": version.pacticipant, "of": version.number, "now": now}
    return db.execute(_SUPPORT_ENDED, told).rowcount


def environment_ended(db: sa.Connection, environment: str, now: str) -> None:
    """Nothing is there any more."""
    db.execute(sa.update(traces).where(traces.c.environment == environment, _OPEN).values(until=now))


def end(db: sa.Connection, trace: Trace, now: str) -> None:
    """What was live when it was deleted is not there any more."""
    db.execute(sa.update(traces).where(traces.c.id == trace.row, _OPEN).values(until=now))


def concern(db: sa.Connection, names: Collection[str], environment: str) -> bool:
    """Whether anything was deleted of these pacticipants, between them and others, or of what was live there."""
    there = sa.and_(traces.c.environment == environment, traces.c.environment != "")
    for part in chunks(names):
        of_them = sa.or_(traces.c.pacticipant.in_(part), traces.c.counterpart.in_(part), there)
        if db.execute(sa.select(traces.c.id).where(of_them, _OPEN).limit(1)).scalar() is not None:
            return True
    return False


def all_open_traces(db: sa.Connection) -> list[Trace]:
    """Everything that was deleted and that nothing has come instead of, in the order of the deletions."""
    return [
        Trace(
            row=row.id,
            version=Version(row.pacticipant, row.number),
            counterpart=row.counterpart,
            environment=row.environment,
            instance=row.instance,
            released=row.released,
            contract=row.contract,
            deleted=Deleted(at=row.at, who=row.who),
        )
        for row in db.execute(_ALL_OPEN)
    ]


def keep(db: sa.Connection, told: Trace) -> None:
    """Keep a trace of another ledger, once; what was copied of the version before does not end it."""
    same = {
        "pacticipant": told.version.pacticipant,
        "number": told.version.number,
        "counterpart": told.counterpart,
        "environment": told.environment,
        "instance": told.instance,
        "released": told.released,
        "contract": told.contract,
        "at": told.deleted.at,
        "who": told.deleted.who,
    }
    if not db.execute(sa.update(traces).filter_by(**same).values(until=None)).rowcount:
        insert(db, traces, **same)


def deleted_pacts(db: sa.Connection) -> Mapping[Version, Mapping[str, Deleted]]:
    """Of each version: the providers with whom its pact was deleted."""
    return deletions.deleted_pacts(all_open_traces(db))


def remaining(db: sa.Connection) -> tuple[tuple[Live, ...], dict[Version, Known]]:
    """Where versions are live that were deleted, and what is still known of them."""
    return deletions.remaining(all_open_traces(db))
