"""Successful results and the lines of a provider, for pending and work in progress; rows in, values out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import branch_versions, branches, pacticipants, tags, verifications, versions
from harness.ledger.selecting.standing import Line, Success

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


_Names = dict[int, frozenset[str]]

# Made once: making a statement costs more than asking it.
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_SUCCESSES = (
    sa.select(verifications.c.contract_id, verifications.c.version_id, verifications.c.at, verifications.c.wip)
    .where(
        verifications.c.contract_id.in_(_IDS),
        verifications.c.success.is_(True),
        verifications.c.partial.is_(False),
    )
    .order_by(verifications.c.id)
)
_BELONGING = sa.union_all(  # the branches of versions, and their tags
    sa.select(sa.literal_column("0").label("kind"), branch_versions.c.version_id, branches.c.name)
    .join_from(branch_versions, branches)
    .where(branch_versions.c.version_id.in_(_IDS)),
    sa.select(sa.literal_column("1"), tags.c.version_id, tags.c.name).where(tags.c.version_id.in_(_IDS)),
)
_on = branch_versions.alias()
_first = sa.select(sa.func.min(_on.c.id)).where(_on.c.branch_id == branches.c.id).scalar_subquery()
_BRANCH = (  # and when the version was made that was first on it
    sa.select(branches.c.created_at, versions.c.created_at.label("first_version"))
    .join_from(branches, pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
    .outerjoin(branch_versions, branch_versions.c.id == _first)
    .outerjoin(versions, versions.c.id == branch_versions.c.version_id)
    .where(pacticipants.c.name == sa.bindparam("provider"), branches.c.name == sa.bindparam("name"))
)


def of_contracts(db: sa.Connection, contracts: Collection[int]) -> dict[int, list[Success]]:
    """Every success that stands for something, by content."""
    rows: list[Any] = []
    for part in chunks(contracts):
        rows += db.execute(_SUCCESSES, {"ids": part}).all()
    of_version = {row.version_id for row in rows}
    on, marked = _names(db, of_version)
    found: dict[int, list[Success]] = {}
    for contract, version, at, wip in rows:
        success = Success(contract, at, wip, on.get(version, _NONE), marked.get(version, _NONE))
        found.setdefault(contract, []).append(success)
    return found


_NONE: frozenset[str] = frozenset()


def _names(db: sa.Connection, ids: Collection[int]) -> tuple[_Names, _Names]:
    """The branches and the tags of versions."""
    on: _Names = {}
    marked: _Names = {}
    for part in chunks(ids):
        for kind, row, name in db.execute(_BELONGING, {"ids": part}):
            names = marked if kind else on
            names[row] = names.get(row, _NONE) | {name}
    return on, marked


def lines(db: sa.Connection, provider: str, branch: str, tagged: Sequence[str]) -> list[Line]:
    """The provider's branch, or else its tags, and since when there is each."""
    if branch:
        return [_branch(db, provider, branch)]
    return [_tag(db, provider, name) for name in dict.fromkeys(tagged)]


def _branch(db: sa.Connection, provider: str, name: str) -> Line:
    row = db.execute(_BRANCH, {"provider": provider, "name": name}).one_or_none()
    if row is None:
        return Line(kind="branch", name=name)
    return Line(
        kind="branch",
        name=name,
        created=row.created_at,
        first_version=row.first_version or row.created_at,
    )


def _tag(db: sa.Connection, provider: str, name: str) -> Line:
    query = (
        sa.select(tags.c.created_at, versions.c.created_at.label("version"))
        .join_from(tags, pacticipants, pacticipants.c.id == tags.c.pacticipant_id)
        .join(versions, versions.c.id == tags.c.version_id)
        .where(pacticipants.c.name == provider, tags.c.name == name)
        .order_by(tags.c.id)
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    if row is None:
        return Line(kind="tag", name=name)
    return Line(kind="tag", name=name, created=row.created_at, first_version=row.version)
