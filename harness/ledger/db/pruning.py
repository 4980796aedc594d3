"""What may go: old versions that are nothing special any more (BROKER-API 14); rows in, rows out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.ledger.db import deleting
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import (
    attempts,
    branches,
    deployments,
    overwritten,
    pacticipants,
    publications,
    releases,
    tags,
    triggers,
    verifications,
    versions,
)
from harness.ledger.db.traces import By

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 1000  # versions of one pruning


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunableVersion:
    """A version that may go."""

    row: int
    pacticipant: str
    number: str
    created_at: str


def candidates(db: sa.Connection, before: str, *, limit: int = MOST) -> list[PrunableVersion]:
    """Versions made before a time that nothing keeps, oldest first.

    Kept are: the head of each branch, the newest with each tag, the newest of each pacticipant, everything that is
    or ever was deployed or released (a way back leads there), and every provider version whose result of a pact of
    a kept version is the newest there is.
    """
    kept = [
        sa.select(branches.c.head_id).where(branches.c.head_id.is_not(None)),
        sa.select(sa.func.max(tags.c.version_id)).group_by(tags.c.pacticipant_id, tags.c.name),
        sa.select(sa.func.max(versions.c.id)).group_by(versions.c.pacticipant_id),
        sa.select(deployments.c.version_id),
        sa.select(releases.c.version_id),
    ]
    keeping = sa.union(*kept).subquery()
    newest = (
        sa.select(sa.func.max(verifications.c.id))
        .where(
            verifications.c.contract_id.in_(
                sa.select(publications.c.contract_id).where(publications.c.version_id.in_(sa.select(keeping)))
            )
        )
        .group_by(verifications.c.contract_id)
    )
    evidence_of = sa.select(verifications.c.version_id).where(verifications.c.id.in_(newest))
    query = (
        sa.select(versions.c.id, pacticipants.c.name, versions.c.number, versions.c.created_at)
        .join(pacticipants)
        .where(
            versions.c.created_at < before,
            versions.c.id.not_in(sa.select(keeping)),
            versions.c.id.not_in(evidence_of),
        )
        .order_by(versions.c.id)
        .limit(limit)
    )
    return [
        PrunableVersion(row=row.id, pacticipant=row.name, number=row.number, created_at=row.created_at)
        for row in db.execute(query)
    ]


def prune(db: sa.Connection, found: Sequence[PrunableVersion], before: str, now: str) -> None:
    """Forget versions with everything of theirs, contents that were overwritten, and old webhook logs."""
    for each in found:
        deleting.version(db, each.row, By(who="harness broker prune", at=now))
    db.execute(sa.delete(overwritten).where(overwritten.c.replaced_at < before))
    old = sa.select(triggers.c.id).where(triggers.c.created_at < before, triggers.c.due.is_(None))
    rows = list(db.execute(old).scalars())
    for part in chunks(rows):
        db.execute(sa.delete(attempts).where(attempts.c.trigger_id.in_(part)))
        db.execute(sa.delete(triggers).where(triggers.c.id.in_(part)))
