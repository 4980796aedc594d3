"""What a ledger of our own knows of providers, as records: builds, documents, their own word, what runs saw."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.ledger.db import tables as t
from harness.transfer import records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.transfer.records import Record

_OF_VERSION = t.pacticipants.c.name, t.versions.c.number


def builds(db: sa.Connection) -> Iterator[Record]:
    """What every version number stands for."""
    query = sa.select(t.builds, *_OF_VERSION).join_from(t.builds, t.versions).join(t.pacticipants)
    for row in db.execute(query.order_by(t.builds.c.id)):
        yield records.ArchivedBuild(
            pacticipant=row.name,
            number=row.number,
            runtime=row.runtime,
            artifact=row.artifact,
            descriptor=None if row.descriptor is None else json.loads(row.descriptor),
            untraced=tuple(json.loads(row.untraced)) if row.untraced else (),
            first_seen=row.first_seen_at,
        )


def documents(db: sa.Connection) -> Iterator[Record]:
    """Every document that a version published, and what providers say of themselves."""
    query = (
        sa.select(t.contracts, *_OF_VERSION, t.publications.c.published_at)
        .join_from(t.publications, t.contracts, t.contracts.c.id == t.publications.c.contract_id)
        .join(t.versions, t.versions.c.id == t.publications.c.version_id)
        .join(t.pacticipants, t.pacticipants.c.id == t.versions.c.pacticipant_id)
        .where(t.contracts.c.kind == ContractKind.OPENAPI.value)
    )
    for row in db.execute(query.order_by(t.publications.c.id)):
        yield records.ArchivedDocument(
            provider=row.name,
            number=row.number,
            key=row.key,
            text=row.text,
            source=_text(row.source) or "",
            source_type=row.source_type or "",
            created_at=row.published_at,
        )
    yield from _claims(db)


def _claims(db: sa.Connection) -> Iterator[Record]:
    query = sa.select(t.self_verifications, *_OF_VERSION).join_from(t.self_verifications, t.versions)
    for row in db.execute(query.join(t.pacticipants).order_by(t.self_verifications.c.id)):
        yield records.ArchivedClaim(
            provider=row.name,
            number=row.number,
            success=row.success,
            content=_text(row.content),
            content_type=row.content_type,
            format=row.format,
            verifier=row.verifier,
            verifier_version=row.verifier_version,
            at=row.at,
        )


def evidence(db: sa.Connection) -> Iterator[Record]:
    """What runs saw, oldest first."""
    for row in db.execute(sa.select(t.evidence).order_by(t.evidence.c.id)):
        yield records.ArchivedEvidence(
            of=row.kind,
            contract=row.contract,
            consumer=row.consumer,
            provider=row.provider,
            number=row.number,
            artifact=row.artifact,
            identity=row.identity,
            verdict=row.verdict,
            cause=row.cause,
            because=row.because,
            promised=row.promised,
            exercised=row.exercised,
            complete=row.complete,
            run=row.run,
            at=row.at,
            seconds=row.seconds,
            details=row.details,
        )


def _text(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()
