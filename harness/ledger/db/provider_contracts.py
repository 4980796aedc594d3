"""What providers promise and what they say of themselves; rows in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.contracts.document import Contract, ContractKind
from harness.ledger.db import publications
from harness.ledger.db.rows import insert
from harness.ledger.db.tables import (
    branches,
    contracts,
    deployments,
    pacticipants,
    releases,
    self_verifications,
    versions,
)
from harness.ledger.db.tables import publications as published

if TYPE_CHECKING:
    from harness.identity import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderClaim:
    """What a provider says of itself: that its own tests held it to its document."""

    success: bool | None
    content: bytes | None = None
    content_type: str | None = None
    format: str | None = None
    verifier: str | None = None
    verifier_version: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDocument:
    """The document of one provider version, as it was sent."""

    contract: int
    key: str
    provider: str
    version: int
    number: str
    source: bytes
    source_type: str
    published_at: str


def publish(db: sa.Connection, version: Version, contract: Contract, source: tuple[bytes, str], now: str) -> int:
    """Keep a provider's document under a version. Raises IdentityConflict for another document."""
    publications.publish(db, version, [contract], now)
    row = publications.keep(db, contract, now)
    content, media = source
    db.execute(
        sa.update(contracts)
        .where(contracts.c.id == row, contracts.c.source.is_(None))
        .values(source=content, source_type=media)
    )
    return row


def claim(db: sa.Connection, version: int, contract: int, told: ProviderClaim, now: str) -> None:
    """Keep what a provider says of itself, if only that it is held to its document; what it said before stays."""
    insert(
        db,
        self_verifications,
        version_id=version,
        contract_id=contract,
        success=told.success,
        content=told.content,
        content_type=told.content_type,
        format=told.format,
        verifier=told.verifier,
        verifier_version=told.verifier_version,
        at=now,
    )


def document_of(db: sa.Connection, version: int) -> ProviderDocument | None:
    """The document of a provider's version."""
    query = (
        sa.select(contracts, published.c.published_at, versions.c.number, pacticipants.c.name.label("provider"))
        .join_from(published, contracts, contracts.c.id == published.c.contract_id)
        .join(versions, versions.c.id == published.c.version_id)
        .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
        .where(published.c.version_id == version, published.c.kind == ContractKind.OPENAPI.value)
    )
    row: Any = db.execute(query).one_or_none()
    if row is None:
        return None
    return ProviderDocument(
        contract=row.id,
        key=row.key,
        provider=row.provider,
        version=version,
        number=row.number,
        source=row.source or row.text.encode("utf-8", "replace"),
        source_type=row.source_type or "application/json",
        published_at=row.published_at,
    )


def with_document(db: sa.Connection, provider: str) -> list[int]:
    """The versions of a provider with a document that are live, and the head of its main branch with one."""
    return list(db.execute(_WITH_DOCUMENT, {"provider": provider}).scalars())


_live = [sa.select(table.c.version_id).where(table.c.until.is_(None)) for table in (deployments, releases)]
_heads = (
    sa.select(branches.c.head_id)
    .join_from(branches, pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
    .where(pacticipants.c.main_branch == branches.c.name)
)
_WITH_DOCUMENT = (
    sa.select(published.c.version_id)
    .join(pacticipants, pacticipants.c.id == published.c.pacticipant_id)
    .where(
        pacticipants.c.name == sa.bindparam("provider"),
        published.c.kind == ContractKind.OPENAPI.value,
        published.c.version_id.in_(sa.union(*_live, _heads)),
    )
    .order_by(published.c.version_id.desc())
)


def claim_of(db: sa.Connection, version: int) -> ProviderClaim | None:
    """What a provider's version said of itself last; a publication without a word of it takes nothing back."""
    mine = self_verifications.c.version_id == version, self_verifications.c.success.is_not(None)
    query = sa.select(self_verifications).where(*mine)
    row = db.execute(query.order_by(self_verifications.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return ProviderClaim(
        success=row.success,
        content=row.content,
        content_type=row.content_type,
        format=row.format,
        verifier=row.verifier,
        verifier_version=row.verifier_version,
        at=row.at,
    )
