"""Which versions of a provider have to say something of a pact: its main branch's head, and what is live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from harness.ledger.db.tables import (
    branches,
    deployments,
    environments,
    pacticipants,
    releases,
    verifications,
    versions,
)
from harness.ledger.display_names import display_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Requiring:
    """One version that has not said anything of a pact, and why it should."""

    number: str
    branch: str
    descriptions: Sequence[str]


def provider_versions(db: sa.Connection, contract: int, provider: str) -> list[Requiring]:
    """Those without any result for a content, oldest first."""
    owner = db.execute(sa.select(pacticipants.c.id).where(pacticipants.c.name == provider)).scalar()
    if owner is None:
        return []
    wanted: dict[int, list[str]] = {}
    for row, text in _required_versions(db, owner):
        wanted.setdefault(row, []).append(text)
    if not wanted:
        return []
    told = sa.select(verifications.c.version_id).where(verifications.c.contract_id == contract)
    query = sa.select(versions.c.id, versions.c.number, versions.c.branch)
    rows = db.execute(query.where(versions.c.id.in_(wanted), versions.c.id.not_in(told)).order_by(versions.c.id))
    return [
        Requiring(number=row.number, branch=row.branch, descriptions=tuple(dict.fromkeys(wanted[row.id])))
        for row in rows
    ]


def _required_versions(db: sa.Connection, owner: int) -> list[tuple[int, str]]:
    main = (
        sa.select(branches.c.head_id)
        .join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
        .where(branches.c.pacticipant_id == owner, pacticipants.c.main_branch == branches.c.name)
    )
    found = [(row, "latest from main branch") for row in db.execute(main).scalars() if row is not None]
    for table, word in ((deployments, "deployed in"), (releases, "released in")):
        live = (
            sa.select(table.c.version_id, environments.c.name, environments.c.display_name)
            .join(environments)
            .join(versions, versions.c.id == table.c.version_id)
            .where(versions.c.pacticipant_id == owner, table.c.until.is_(None))
            .order_by(table.c.id)
        )
        found += [(row, f"{word} {shown or display_name(name)}") for row, name, shown in db.execute(live)]
    return found
