"""Branches and the versions on them: rows in, rows out.

The head of a branch is the version most recently *added* to it, not the newest one; when the head is removed,
the newest version left is the head (BROKER-API 7.2).
"""

from __future__ import annotations

import sqlalchemy as sa

from harness.broker import refusals
from harness.broker.store.rows import insert
from harness.broker.store.tables import branch_versions, branches, pacticipants, versions

MAIN_CANDIDATES = ("develop", "main", "master")


def add(
    db: sa.Connection, version: int, name: str, now: str, *, main_candidates: tuple[str, ...] = MAIN_CANDIDATES
) -> bool:
    """Put a version on a branch; whether it was not there yet."""
    refusals.check_name("the branch", name)
    owner = db.execute(sa.select(versions.c.pacticipant_id).where(versions.c.id == version)).scalar_one()
    branch = find(db, owner, name) or insert(db, branches, pacticipant_id=owner, name=name, created_at=now)
    there = sa.select(branch_versions.c.id).filter_by(branch_id=branch, version_id=version)
    if db.execute(there).scalar() is not None:
        return False
    insert(db, branch_versions, branch_id=branch, version_id=version, created_at=now)
    db.execute(sa.update(branches).where(branches.c.id == branch).values(head_id=version))
    db.execute(sa.update(versions).where(versions.c.id == version).values(branch=name))
    detect_main(db, owner, name, main_candidates)
    return True


def find(db: sa.Connection, pacticipant: int, name: str) -> int | None:
    """The row of a branch."""
    return db.execute(sa.select(branches.c.id).filter_by(pacticipant_id=pacticipant, name=name)).scalar()


def detect_main(db: sa.Connection, pacticipant: int, name: str, candidates: tuple[str, ...]) -> None:
    """A branch or tag with one of these names becomes the main branch of a pacticipant that has none."""
    if name in candidates:
        without = sa.and_(pacticipants.c.id == pacticipant, pacticipants.c.main_branch.is_(None))
        db.execute(sa.update(pacticipants).where(without).values(main_branch=name))
