"""Forgetting: a version, a pacticipant, the pacts of a pair; nothing is left that points at what is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.identity import Version
from harness.ledger.db import branches as on
from harness.ledger.db import traces
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import (
    branches,
    builds,
    contracts,
    deployments,
    evidence,
    integrations,
    labels,
    overwritten,
    pacticipants,
    publications,
    releases,
    self_verifications,
    tags,
    triggers,
    verifications,
    versions,
    webhooks,
)
from harness.verdicts import Cause, Deleted, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from harness.ledger.db.traces import By

_NOTHING = '{"results":[],"findings":[]}'  # details of a result that is gone


def version(db: sa.Connection, row: int, by: By) -> None:
    """A version with its contracts, results, branches, tags, and all that was recorded of it."""
    some_versions(db, [row], by)


def some_versions(db: sa.Connection, rows: Collection[int], by: By) -> None:
    """The same of many at once."""
    traces.of_versions(db, rows, by)
    for part in chunks(rows):
        results(db, verifications.c.version_id.in_(part))
        _evidence(db, _about(part))
        held = _contents(db, publications.c.version_id.in_(part), overwritten.c.version_id.in_(part))
        for table in (publications, overwritten, self_verifications, tags, builds, deployments, releases):
            db.execute(sa.delete(table).where(table.c.version_id.in_(part)))
        on.forget(db, part)
        for column in (triggers.c.consumer_version_id, triggers.c.provider_version_id):
            _unpoint(db, column, part)
        db.execute(sa.delete(versions).where(versions.c.id.in_(part)))
        _orphans(db, held)


def pacticipant(db: sa.Connection, row: int, name: str, by: By) -> None:
    """A pacticipant with its versions, every contract with it, and the webhooks that are for it alone."""
    mine = sa.select(versions.c.id).where(versions.c.pacticipant_id == row)
    some_versions(db, db.execute(mine).scalars().all(), by)
    traces.of_pacts(db, publications.c.counterpart == name, by)
    between = sa.or_(contracts.c.owner == name, contracts.c.counterpart == name)
    _remove_contents(db, db.execute(sa.select(contracts.c.id).where(between)).scalars().all())
    _evidence(db, sa.select(evidence.c.id).where(sa.or_(evidence.c.provider == name, evidence.c.consumer == name)))
    _webhooks(db, name)
    both = sa.or_(integrations.c.consumer_id == row, integrations.c.provider_id == row)
    db.execute(sa.delete(integrations).where(both))
    db.execute(sa.delete(labels).where(labels.c.pacticipant_id == row))
    db.execute(sa.delete(branches).where(branches.c.pacticipant_id == row))
    db.execute(sa.delete(pacticipants).where(pacticipants.c.id == row))


def pacts(db: sa.Connection, where: Iterable[sa.ColumnElement[bool]], by: By) -> int:
    """The publications of pacts that meet all conditions; how many there were."""
    gone = sa.and_(publications.c.kind == ContractKind.PACT.value, *where)
    held = _contents(db, gone)
    traces.of_pacts(db, gone, by)
    count = db.execute(sa.delete(publications).where(gone)).rowcount
    _orphans(db, held)
    return count


def integration(db: sa.Connection, consumer: str, provider: str, by: By) -> None:
    """What is between two pacticipants; and either of them that talks to nobody any more."""
    rows = {
        name: db.execute(sa.select(pacticipants.c.id).where(pacticipants.c.name == name)).scalar_one()
        for name in (consumer, provider)
    }
    pacts(db, [publications.c.pacticipant_id == rows[consumer], publications.c.counterpart == provider], by)
    pair = {"consumer_id": rows[consumer], "provider_id": rows[provider]}
    db.execute(sa.delete(integrations).filter_by(**pair))
    for name, row in rows.items():
        either = sa.or_(integrations.c.consumer_id == row, integrations.c.provider_id == row)
        if db.execute(sa.select(integrations.c.id).where(either).limit(1)).scalar() is None:
            pacticipant(db, row, name, by)


def result(db: sa.Connection, number: int, by: By) -> None:
    """A verification; that there was one remains, so that what had been seen before it does not come back."""
    query = sa.select(evidence).join(verifications, verifications.c.evidence_id == evidence.c.id)
    seen = db.execute(query.where(verifications.c.id == number)).one()
    if not seen.decisive:
        results(db, verifications.c.id == number)
        return
    _unpoint(db, triggers.c.verification_id, [number])
    db.execute(sa.delete(verifications).where(verifications.c.id == number))
    # At its place in the order: what was seen later stands.
    told = {"verdict": Verdict.UNKNOWN.value, "cause": Cause.DELETED.value}
    told["because"] = f"its result of {seen.at} {Deleted(at=by.at, who=by.who)}"
    open_again = {"exercised": 0, "complete": False, "decisive": False, "details": _NOTHING}
    db.execute(sa.update(evidence).where(evidence.c.id == seen.id).values(**told, **open_again))
    traces.of_result(db, Version(seen.provider, seen.number), seen.consumer, seen.contract, by)


def results(db: sa.Connection, where: sa.ColumnElement[bool]) -> None:
    """Verifications, with the evidence that they are."""
    rows = db.execute(sa.select(verifications.c.id, verifications.c.evidence_id).where(where)).all()
    for part in chunks([row.id for row in rows]):
        _unpoint(db, triggers.c.verification_id, part)
        db.execute(sa.delete(verifications).where(verifications.c.id.in_(part)))
    for part in chunks(sorted({row.evidence_id for row in rows})):
        left = sa.select(verifications.c.evidence_id).where(verifications.c.evidence_id.in_(part))
        db.execute(sa.delete(evidence).where(evidence.c.id.in_(part), evidence.c.id.not_in(left)))


def _about(rows: Collection[int]) -> sa.Select[tuple[int]]:
    """All evidence about versions: it names them."""
    named = sa.and_(versions.c.pacticipant_id == pacticipants.c.id, versions.c.number == evidence.c.number)
    return (
        sa.select(evidence.c.id)
        .join(pacticipants, pacticipants.c.name == evidence.c.provider)
        .join(versions, named)
        .where(versions.c.id.in_(rows))
    )


def _evidence(db: sa.Connection, which: sa.Select[tuple[int]]) -> None:
    """Evidence, with the results that tell of it."""
    for part in chunks(db.execute(which).scalars().all()):
        results(db, verifications.c.evidence_id.in_(part))
        db.execute(sa.delete(evidence).where(evidence.c.id.in_(part)))


def _contents(
    db: sa.Connection, published: sa.ColumnElement[bool], once: sa.ColumnElement[bool] | None = None
) -> set[int]:
    """The contents of some publications, and of what those said once."""
    found = set(db.execute(sa.select(publications.c.contract_id).where(published)).scalars())
    if once is not None:
        found |= set(db.execute(sa.select(overwritten.c.contract_id).where(once)).scalars())
    return found


def _orphans(db: sa.Connection, held: Collection[int]) -> None:
    """Those of some contents that no version has any more, with their results."""
    published = sa.exists().where(publications.c.contract_id == contracts.c.id)
    once = sa.exists().where(overwritten.c.contract_id == contracts.c.id)
    for part in chunks(held):
        left = sa.select(contracts.c.id).where(contracts.c.id.in_(part), ~published, ~once)
        _remove_contents(db, db.execute(left).scalars().all())


def _remove_contents(db: sa.Connection, rows: Collection[int]) -> None:
    for part in chunks(rows):
        results(db, verifications.c.contract_id.in_(part))
        for table in (publications, overwritten, self_verifications):
            db.execute(sa.delete(table).where(table.c.contract_id.in_(part)))
        _unpoint(db, triggers.c.contract_id, part)
        db.execute(sa.delete(contracts).where(contracts.c.id.in_(part)))


def _webhooks(db: sa.Connection, name: str) -> None:
    for_it = sa.or_(webhooks.c.consumer_name == name, webhooks.c.provider_name == name)
    for part in chunks(db.execute(sa.select(webhooks.c.id).where(for_it)).scalars().all()):
        _unpoint(db, triggers.c.webhook_id, part)
        db.execute(sa.delete(webhooks).where(webhooks.c.id.in_(part)))


def _unpoint(db: sa.Connection, column: sa.Column[int], rows: Collection[int]) -> None:
    """What is still to be told keeps its words, and points at nothing."""
    db.execute(sa.update(triggers).where(column.in_(rows)).values({column.name: None}))
