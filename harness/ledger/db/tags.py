"""Tags of versions: rows in, values out."""

from __future__ import annotations

import sqlalchemy as sa

from harness.ledger import refusals
from harness.ledger.db.rows import insert
from harness.ledger.db.tables import branch_versions, pacticipants, tags, versions

# Made once: making a statement costs more than asking it.
_VERSION: sa.BindParameter[int] = sa.bindparam("version")
_SINCE = sa.select(tags.c.created_at).where(tags.c.version_id == _VERSION, tags.c.name == sa.bindparam("named"))
_OWNER = sa.select(versions.c.pacticipant_id).where(versions.c.id == _VERSION)
_alone = sa.select(sa.func.count()).select_from(tags).where(tags.c.version_id == _VERSION).scalar_subquery() == 1
_on_branch = sa.exists().where(branch_versions.c.version_id == _VERSION)
_WITH_ONE_TAG = sa.select(versions.c.created_at).where(versions.c.id == _VERSION, _alone, ~_on_branch)


def created_at(db: sa.Connection, version: int, name: str) -> str | None:
    """Since when a version has a tag; None when it has not."""
    return db.execute(_SINCE, {"version": version, "named": name}).scalar()


def add(db: sa.Connection, version: int, name: str, now: str) -> bool:
    """Tag a version; whether it was not tagged so before."""
    refusals.check_name("the tag", name)
    if created_at(db, version, name) is not None:
        return False
    owner = db.execute(_OWNER, {"version": version}).scalar_one()
    insert(db, tags, pacticipant_id=owner, version_id=version, name=name, created_at=now)
    return True


def since_with_one_tag_only(db: sa.Connection, version: int) -> str | None:
    """Since when there is a version, when it has one tag and is on no branch."""
    return db.execute(_WITH_ONE_TAG, {"version": version}).scalar()


def remove(db: sa.Connection, version: int, name: str) -> None:
    """Take a tag off a version."""
    db.execute(sa.delete(tags).where(tags.c.version_id == version, tags.c.name == name))


def head(db: sa.Connection, pacticipant: str, name: str) -> int | None:
    """The newest version of a pacticipant with a tag."""
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == pacticipant).scalar_subquery()
    query = sa.select(sa.func.max(tags.c.version_id))
    return db.execute(query.where(tags.c.pacticipant_id == owner, tags.c.name == name)).scalar()
