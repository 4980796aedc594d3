"""Contracts and who published them: rows in, values out."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_merging import put_together
from harness.errors import IdentityConflict
from harness.ledger import refusals
from harness.ledger.db import integrations, traces, verifications
from harness.ledger.db.rows import insert
from harness.ledger.db.tables import contracts, overwritten, pacticipants, publications, versions
from harness.ledger.db.versions import mention, mention_pacticipant
from harness.ledger.served_pact import serve_pact
from harness.ports import Publication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.identity import Version


class PublishOutcome(Enum):
    """What became of a publication."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    OVERWRITTEN = "overwritten"
    MERGED = "merged"


def publish(
    db: sa.Connection, version: Version, given: Sequence[Contract], now: str, *, merge: bool = False
) -> tuple[Publication, ...]:
    """Keep contracts under a version; with `merge`, parts of a pact beside those that are there.

    Raises IdentityConflict that names every contradiction.
    """
    refusals.check_contracts(version, given)
    row = mention(db, version, now)
    there = [_published_contract(db, row, contract) for contract in given]
    others = [
        (before, contract)
        for contract, before in zip(given, there, strict=True)
        if before is not None and before.key != contract.key
    ]
    conflicts = [
        problem
        for before, contract in others
        for problem in refusals.conflicts(version, _contract(before), contract, before.published_at, merge=merge)
    ]
    if conflicts:
        raise IdentityConflict(*conflicts)
    whole = {contract: put_together(_contract(before), contract) for before, contract in others}
    traces.end_by_publication(db, version.pacticipant, row, now)
    done = []
    for contract in given:
        content = whole.get(contract, contract)
        # Asked again for each: the same content may have been given twice.
        _, outcome = put_in_place(db, row, _published_contract(db, row, content), content, now)
        created, previous = outcome is PublishOutcome.CREATED, _previous(db, row, content)
        merged = contract in whole
        done.append(
            Publication(contract=content, version=version, created=created, previous=previous, merged=merged)
        )
    return tuple(done)


def put_in_place(
    db: sa.Connection, version_row: int, there: Any, contract: Contract, now: str
) -> tuple[int, PublishOutcome]:
    """Make a content what a version promises instead of what is there: its row, and what came of it.

    `there` is the publication in its place, None where there is none; whoever calls has asked whether it may.
    """
    if there is not None and there.key == contract.key:
        return there.contract_id, PublishOutcome.UNCHANGED
    content = keep(db, contract, now)
    if there is not None:
        replace_content(db, there, content, now)
        return content, PublishOutcome.OVERWRITTEN
    owner = mention_pacticipant(db, contract.owner, now)
    insert(
        db,
        publications,
        version_id=version_row,
        contract_id=content,
        kind=contract.kind.value,
        counterpart=contract.counterpart,
        published_at=now,
        pacticipant_id=owner,
    )
    if contract.kind is ContractKind.PACT:
        integrations.touch(db, owner, mention_pacticipant(db, contract.counterpart, now), now)
    return content, PublishOutcome.CREATED


def replace_content(db: sa.Connection, there: Any, contract: int, now: str) -> None:
    """Give a publication other content; what it had is kept as its earlier revision."""
    insert(
        db,
        overwritten,
        version_id=there.version_id,
        contract_id=there.contract_id,
        revision=there.revision,
        published_at=there.published_at,
        replaced_at=now,
    )
    values = {"contract_id": contract, "revision": there.revision + 1, "published_at": now}
    db.execute(sa.update(publications).where(publications.c.id == there.id).values(values))


def _published_contract(db: sa.Connection, version_row: int, contract: Contract) -> Any:
    return _in_place(db, version_row, contract.kind, contract.counterpart)


def published_pact(db: sa.Connection, version_row: int, provider: str) -> Any:
    """The publication of a version's pact with a provider, with its content; None where there is none."""
    return _in_place(db, version_row, ContractKind.PACT, provider)


def _in_place(db: sa.Connection, version_row: int, kind: ContractKind, counterpart: str) -> Any:
    place = {"version": version_row, "kind": kind.value, "counterpart": counterpart}
    return db.execute(_IN_PLACE, place).one_or_none()


def keep(db: sa.Connection, contract: Contract, now: str) -> int:
    """The row of a content; equal content is stored once."""
    same = {
        "key": contract.key,
        "kind": contract.kind.value,
        "owner": contract.owner,
        "counterpart": contract.counterpart,
    }
    found = db.execute(_SAME, same).scalar()
    if found is not None:
        return int(found)
    shown = serve_pact(contract) if contract.kind is ContractKind.PACT else None
    row = insert(
        db,
        contracts,
        **same,
        text=contract.text,
        created_at=now,
        interactions=shown.interactions if shown else None,
        served=shown.text if shown else None,
    )
    if shown:
        verifications.told_before(db, contract, row)
    return row


# Made once: making a statement costs more than asking it.
_IN_PLACE = (
    sa.select(publications, *(contracts.c[name] for name in ("owner", "key", "text")))
    .join(contracts)
    .where(
        publications.c.version_id == sa.bindparam("version"),
        publications.c.kind == sa.bindparam("kind"),
        publications.c.counterpart == sa.bindparam("counterpart"),
    )
)
_SAME = sa.select(contracts.c.id).where(
    *(contracts.c[name] == sa.bindparam(name) for name in ("key", "kind", "owner", "counterpart"))
)


def _previous(db: sa.Connection, version_row: int, contract: Contract) -> str:
    """The key of what the version before had in the same place."""
    owner = sa.select(versions.c.pacticipant_id).where(versions.c.id == version_row).scalar_subquery()
    query = (
        sa.select(contracts.c.key)
        .join(publications, publications.c.contract_id == contracts.c.id)
        .join(versions, versions.c.id == publications.c.version_id)
        .where(
            versions.c.pacticipant_id == owner,
            versions.c.id < version_row,
            publications.c.kind == contract.kind.value,
            publications.c.counterpart == contract.counterpart,
        )
        .order_by(versions.c.id.desc())
        .limit(1)
    )
    return str(db.execute(query).scalar() or "")


def version_with(db: sa.Connection, consumer: str, number: str, provider: str) -> int | None:
    """The row of a consumer's version that has a pact with the provider."""
    query = (
        sa.select(versions.c.id)
        .join(pacticipants)
        .join(publications, publications.c.version_id == versions.c.id)
        .where(
            pacticipants.c.name == consumer,
            versions.c.number == number,
            publications.c.kind == ContractKind.PACT.value,
            publications.c.counterpart == provider,
        )
    )
    return db.execute(query).scalar()


def latest_version_with(db: sa.Connection, consumer: str, provider: str) -> str | None:
    """The number of the newest version of a consumer that has a pact with the provider."""
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == consumer).scalar_subquery()
    newest = sa.select(sa.func.max(publications.c.version_id)).where(
        publications.c.counterpart == provider,
        publications.c.kind == ContractKind.PACT.value,
        publications.c.pacticipant_id == owner,
    )
    return db.execute(sa.select(versions.c.number).where(versions.c.id == newest.scalar_subquery())).scalar()


def contract(db: sa.Connection, key: str) -> Contract | None:
    """The content of that key; where several share it, the one that came first."""
    query = sa.select(contracts).where(contracts.c.key == key).order_by(contracts.c.id).limit(1)
    row = db.execute(query).one_or_none()
    return None if row is None else _contract(row)


def _contract(row: Any) -> Contract:
    return Contract(
        kind=ContractKind(row.kind), owner=row.owner, counterpart=row.counterpart, key=row.key, text=row.text
    )
