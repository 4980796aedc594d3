"""Forgetting: a version, a pacticipant, the pacts of a pair; nothing is left that points at what is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.broker.store import branches as on
from harness.broker.store.rows import chunks
from harness.broker.store.tables import (
    branch_versions,
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
)
from harness.contracts.document import ContractKind

if TYPE_CHECKING:
    from collections.abc import Iterable


def version(db: sa.Connection, row: int) -> None:
    """A version with its contracts, results, branches, tags, and all that was recorded of it."""
    told = db.execute(
        sa.select(pacticipants.c.name, versions.c.number).join(pacticipants).where(versions.c.id == row)
    ).one()
    results(db, verifications.c.version_id == row)
    about = sa.and_(evidence.c.provider == told.name, evidence.c.number == told.number)
    db.execute(sa.delete(evidence).where(about))
    _publications(db, publications.c.version_id == row)
    for column in (triggers.c.consumer_version_id, triggers.c.provider_version_id):
        db.execute(sa.update(triggers).where(column == row).values({column.name: None}))
    for table in (self_verifications, tags, builds, deployments, releases, overwritten):
        db.execute(sa.delete(table).where(table.c.version_id == row))
    member = sa.select(branch_versions.c.branch_id).where(branch_versions.c.version_id == row)
    for branch in db.execute(member).scalars().all():
        on.remove(db, branch, row)
    db.execute(sa.delete(versions).where(versions.c.id == row))
    _orphans(db)


def pacticipant(db: sa.Connection, row: int, name: str) -> None:
    """A pacticipant with its versions and every pact with it."""
    of_others = sa.and_(publications.c.counterpart == name, publications.c.kind == ContractKind.PACT.value)
    _publications(db, of_others)
    _orphans(db)
    for each in db.execute(sa.select(versions.c.id).where(versions.c.pacticipant_id == row)).scalars().all():
        version(db, each)
    both = sa.or_(integrations.c.consumer_id == row, integrations.c.provider_id == row)
    db.execute(sa.delete(integrations).where(both))
    db.execute(sa.delete(labels).where(labels.c.pacticipant_id == row))
    db.execute(sa.delete(branches).where(branches.c.pacticipant_id == row))
    db.execute(sa.delete(pacticipants).where(pacticipants.c.id == row))


def pacts(db: sa.Connection, where: Iterable[sa.ColumnElement[bool]]) -> int:
    """The publications of pacts that meet all conditions; how many there were."""
    gone = _publications(db, sa.and_(publications.c.kind == ContractKind.PACT.value, *where))
    _orphans(db)
    return gone


def integration(db: sa.Connection, consumer: str, provider: str) -> None:
    """What is between two pacticipants; and either of them that talks to nobody any more."""
    rows = {
        name: db.execute(sa.select(pacticipants.c.id).where(pacticipants.c.name == name)).scalar_one()
        for name in (consumer, provider)
    }
    pacts(db, [publications.c.pacticipant_id == rows[consumer], publications.c.counterpart == provider])
    pair = {"consumer_id": rows[consumer], "provider_id": rows[provider]}
    db.execute(sa.delete(integrations).filter_by(**pair))
    for name, row in rows.items():
        either = sa.or_(integrations.c.consumer_id == row, integrations.c.provider_id == row)
        if db.execute(sa.select(integrations.c.id).where(either).limit(1)).scalar() is None:
            pacticipant(db, row, name)


def results(db: sa.Connection, where: sa.ColumnElement[bool]) -> None:
    """Verifications, with the evidence that they are."""
    rows = db.execute(sa.select(verifications.c.id, verifications.c.evidence_id).where(where)).all()
    for part in chunks([row.id for row in rows]):
        db.execute(sa.update(triggers).where(triggers.c.verification_id.in_(part)).values(verification_id=None))
        db.execute(sa.delete(verifications).where(verifications.c.id.in_(part)))
    for part in chunks(sorted({row.evidence_id for row in rows})):
        left = sa.select(verifications.c.evidence_id).where(verifications.c.evidence_id.in_(part))
        db.execute(sa.delete(evidence).where(evidence.c.id.in_(part), evidence.c.id.not_in(left)))


def _publications(db: sa.Connection, where: sa.ColumnElement[bool]) -> int:
    return db.execute(sa.delete(publications).where(where)).rowcount


def _orphans(db: sa.Connection) -> None:
    """Contents that no version has any more, with their results."""
    published = sa.exists().where(publications.c.contract_id == contracts.c.id)
    once = sa.exists().where(overwritten.c.contract_id == contracts.c.id)
    rows = list(db.execute(sa.select(contracts.c.id).where(~published, ~once)).scalars())
    for part in chunks(rows):
        results(db, verifications.c.contract_id.in_(part))
        db.execute(sa.delete(self_verifications).where(self_verifications.c.contract_id.in_(part)))
        db.execute(sa.update(triggers).where(triggers.c.contract_id.in_(part)).values(contract_id=None))
        db.execute(sa.delete(contracts).where(contracts.c.id.in_(part)))
