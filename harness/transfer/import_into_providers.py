"""Puts what is known of providers into a database: builds, documents, their own word, what runs saw."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness import evidence as facts
from harness.contracts.document import Contract, ContractKind
from harness.errors import ContractError
from harness.identity import Version, content_key
from harness.ledger.db import evidence, provider_contracts, publications, versions
from harness.ledger.db import tables as t
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from harness.transfer import records


def keep_build(db: sa.Connection, told: records.ArchivedBuild, now: str) -> None:
    """What a version number stands for; a second build stands beside the first, as where it comes from."""
    known = facts.Known(
        version=Version(told.pacticipant, told.number),
        artifacts=frozenset([told.artifact] if told.artifact else []),
        untraced=told.untraced,
    )
    versions.record(
        db,
        known,
        runtime=told.runtime,
        descriptor=told.descriptor,
        now=told.first_seen or now,
        another_build=True,
    )


def keep_document(db: sa.Connection, told: records.ArchivedDocument, now: str) -> None:
    """A document under the version that published it. Raises IdentityConflict, ContractError."""
    version = Version(told.provider, told.number)
    if _key(told.text) != told.key:
        raise ContractError(f"the document of {version} is not what it is called: {told.key[:12]}")
    contract = Contract(kind=ContractKind.OPENAPI, owner=told.provider, key=told.key, text=told.text)
    at = told.created_at or now
    if told.source:
        source = _bytes(told.source, f"the document of {version}")
        provider_contracts.publish(db, version, contract, (source, told.source_type), at)
    else:
        publications.publish(db, version, [contract], at)


def keep_claim(db: sa.Connection, told: records.ArchivedClaim, now: str) -> None:
    """What a provider says of itself, once. Raises ContractError when it says it of no document."""
    version = Version(told.provider, told.number)
    row = versions.mention(db, version, now)
    document = provider_contracts.document_of(db, row)
    if document is None:
        raise ContractError(f"{version} says how it keeps to a document, and there is none")
    at = told.at or now
    mine = t.self_verifications.c
    same = mine.version_id == row, mine.at == at, mine.success.is_not_distinct_from(told.success)
    if db.execute(sa.select(mine.id).where(*same)).first() is None:
        content = None if told.content is None else _bytes(told.content, f"what {version} says of itself")
        claim = provider_contracts.ProviderClaim(
            success=told.success,
            content=content,
            content_type=told.content_type,
            format=told.format,
            verifier=told.verifier,
            verifier_version=told.verifier_version,
        )
        provider_contracts.claim(db, row, document.contract, claim, at)


def keep_evidence(db: sa.Connection, told: records.ArchivedEvidence, now: str) -> None:
    """What a run saw, once. Raises ContractError for what no run of ours writes."""
    seen = _evidence(told)
    table = t.evidence
    same = {
        "kind": told.of,
        "contract": told.contract,
        "consumer": told.consumer,
        "provider": told.provider,
        "number": told.number,
        "artifact": told.artifact,
        "identity": told.identity,
        "verdict": told.verdict,
        "run": told.run,
        "at": told.at,
    }
    if db.execute(sa.select(table.c.id).filter_by(**same)).first() is None:
        evidence.record(db, seen, told.at or now)


def _evidence(told: records.ArchivedEvidence) -> facts.Evidence:
    try:
        if unknown := evidence.why_meaningless(told.of):
            raise ValueError(unknown)
        results, findings = evidence.read_details(told.details) if told.details else ((), ())
        return facts.Evidence(
            kind=facts.EvidenceKind(told.of),
            contract=told.contract,
            consumer=told.consumer,
            provider=Version(told.provider, told.number),
            artifact=told.artifact,
            identity=told.identity,
            verdict=Verdict(told.verdict),
            cause=None if told.cause is None else Cause(told.cause),
            because=told.because,
            promised=told.promised,
            exercised=told.exercised,
            complete=told.complete,
            run=told.run,
            at=told.at,
            seconds=told.seconds,
            results=results,
            findings=findings,
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        about = f"what the run {told.run} saw of {told.provider} {told.number}"
        raise ContractError(f"{about} cannot be read: {str(error).splitlines()[0]}") from None


def _key(text: str) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return content_key(document)


def _bytes(encoded: str, what: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ContractError(f"{what} is not valid base64") from None
