"""Branches and the versions on them: rows in, rows out.

The head of a branch is the version most recently *added* to it, not the newest one; when the head is removed,
the newest version left is the head (BROKER-API 7.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.ledger import refusals
from harness.ledger.db.rows import chunks, contains, insert
from harness.ledger.db.tables import branch_versions, branches, pacticipants, versions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.ledger.db.paging import Page

MAIN_CANDIDATES = ("develop", "main", "master")


def add(
    db: sa.Connection,
    version: int,
    name: str,
    now: str,
    *,
    main_candidates: tuple[str, ...] = MAIN_CANDIDATES,
    touch: bool = True,
) -> bool:
    """Put a version on a branch; whether it was not there yet. `touch`: the version existed before."""
    refusals.check_name("the branch", name)
    owner, branch, there = db.execute(_STANDING, {"version": version, "named": name}).one()
    if there is not None:
        return False
    if branch is None:
        branch = insert(db, branches, pacticipant_id=owner, name=name, created_at=now)
    insert(db, branch_versions, branch_id=branch, version_id=version, created_at=now)
    db.execute(_LEAD, {"of": branch, "version": version})
    db.execute(_TOUCH if touch else _BELONG, {"of": version, "named": name, **({"now": now} if touch else {})})
    detect_main(db, owner, name, main_candidates, now)
    return True


# Made once: making a statement costs more than asking it.
_STANDING = (  # of a version and the name of a branch: whose it is, the branch, and whether it is on it
    sa.select(versions.c.pacticipant_id, branches.c.id, branch_versions.c.id)
    .outerjoin_from(
        versions,
        branches,
        sa.and_(branches.c.pacticipant_id == versions.c.pacticipant_id, branches.c.name == sa.bindparam("named")),
    )
    .outerjoin(
        branch_versions,
        sa.and_(branch_versions.c.branch_id == branches.c.id, branch_versions.c.version_id == versions.c.id),
    )
    .where(versions.c.id == sa.bindparam("version"))
)
_LEAD = sa.update(branches).where(branches.c.id == sa.bindparam("of")).values(head_id=sa.bindparam("version"))
_BELONG = sa.update(versions).where(versions.c.id == sa.bindparam("of")).values(branch=sa.bindparam("named"))
_TOUCH = _BELONG.values(updated_at=sa.bindparam("now"))


def find(db: sa.Connection, pacticipant: int, name: str) -> int | None:
    """The row of a branch."""
    return db.execute(sa.select(branches.c.id).filter_by(pacticipant_id=pacticipant, name=name)).scalar()


def detect_main(db: sa.Connection, pacticipant: int, name: str, candidates: tuple[str, ...], now: str) -> None:
    """A branch or tag with one of these names becomes the main branch of a pacticipant that has none."""
    if name in candidates:
        db.execute(_BE_MAIN, {"of": pacticipant, "named": name, "now": now})


def detect_main_of(db: sa.Connection, version: int, name: str, candidates: tuple[str, ...], now: str) -> None:
    """The same, of the pacticipant of a version."""
    if name in candidates:
        owner = db.execute(_OWNER, {"version": version}).scalar_one()
        detect_main(db, owner, name, candidates, now)


_OWNER = sa.select(versions.c.pacticipant_id).where(versions.c.id == sa.bindparam("version"))
_BE_MAIN = (
    sa.update(pacticipants)
    .where(pacticipants.c.id == sa.bindparam("of"), pacticipants.c.main_branch.is_(None))
    .values(main_branch=sa.bindparam("named"), updated_at=sa.bindparam("now"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One branch of one pacticipant."""

    id: int
    name: str
    created_at: str
    head: int | None  # the row of its head version


def by_name(db: sa.Connection, pacticipant: str, name: str) -> Branch | None:
    """A branch of a pacticipant."""
    row = db.execute(_NAMED, {"owner": pacticipant, "named": name}).one_or_none()
    return None if row is None else _value(row)


_NAMED = (
    sa.select(branches)
    .join(pacticipants)
    .where(pacticipants.c.name == sa.bindparam("owner"), branches.c.name == sa.bindparam("named"))
)


def list_branches(
    db: sa.Connection, pacticipant: int, containing: str, page: Page | None
) -> tuple[Sequence[Branch], int]:
    """The branches of a pacticipant, newest first, and how many there are."""
    query = sa.select(branches).where(branches.c.pacticipant_id == pacticipant).order_by(branches.c.id.desc())
    if containing:
        found = [_value(row) for row in db.execute(query) if contains(row.name, containing)]
        return (found if page is None else found[page.offset : page.offset + page.size]), len(found)
    if page is None:
        found = [_value(row) for row in db.execute(query)]
        return found, len(found)
    mine = sa.select(sa.func.count()).select_from(branches).filter_by(pacticipant_id=pacticipant)
    rows = db.execute(query.limit(page.size).offset(page.offset))
    return [_value(row) for row in rows], db.execute(mine).scalar_one()


def membership(db: sa.Connection, branch: int, version: int) -> str | None:
    """Since when a version is on a branch; None when it is not."""
    return db.execute(_SINCE, {"branch": branch, "version": version}).scalar()


_SINCE = sa.select(branch_versions.c.created_at).where(
    branch_versions.c.branch_id == sa.bindparam("branch"), branch_versions.c.version_id == sa.bindparam("version")
)


def remove(db: sa.Connection, branch: int, version: int) -> None:
    """Take a version off a branch; the newest one left becomes the head when it was that."""
    db.execute(sa.delete(branch_versions).filter_by(branch_id=branch, version_id=version))
    db.execute(sa.update(branches).where(branches.c.id == branch, branches.c.head_id == version).values(_HEAD))
    db.execute(sa.update(versions).where(versions.c.id == version).values(_LATEST))


def delete(db: sa.Connection, ids: Collection[int]) -> None:
    """Forget branches; their versions stay."""
    for part in chunks(ids):
        gone = branch_versions.c.branch_id.in_(part)
        members = set(db.execute(sa.select(branch_versions.c.version_id).where(gone)).scalars())
        db.execute(sa.delete(branch_versions).where(gone))
        db.execute(sa.delete(branches).where(branches.c.id.in_(part)))
        for some in chunks(members):
            db.execute(sa.update(versions).where(versions.c.id.in_(some)).values(_LATEST))


def forget(db: sa.Connection, rows: Collection[int]) -> None:
    """Take versions off every branch, because they are about to go."""
    for part in chunks(rows):
        headed = db.execute(sa.select(branches.c.id).where(branches.c.head_id.in_(part))).scalars().all()
        db.execute(sa.delete(branch_versions).where(branch_versions.c.version_id.in_(part)))
        for some in chunks(headed):
            db.execute(sa.update(branches).where(branches.c.id.in_(some)).values(_HEAD))


_HEAD = {  # once the head is off the branch
    "head_id": sa.select(sa.func.max(branch_versions.c.version_id))
    .where(branch_versions.c.branch_id == branches.c.id)
    .scalar_subquery()
}
_LATEST = {  # what the harness calls the branch of a version: of those that it is on, the one it came to last
    "branch": sa.func.coalesce(
        sa.select(branches.c.name)
        .join(branch_versions, branch_versions.c.branch_id == branches.c.id)
        .where(branch_versions.c.version_id == versions.c.id)
        .order_by(branch_versions.c.id.desc())
        .limit(1)
        .scalar_subquery(),
        "",
    )
}


def _value(row: Any) -> Branch:
    return Branch(id=row.id, name=row.name, created_at=row.created_at, head=row.head_id)
