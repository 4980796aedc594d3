"""Verification results as the API takes and tells them: rows in, values out."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from harness.contracts.document import Contract, ContractKind
from harness.evidence import Evidence, EvidenceKind, Known
from harness.identity import Version
from harness.ledger.counted_results import Counted, count, names_of
from harness.ledger.db import evidence, integrations
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import contracts, verifications, versions
from harness.ledger.db.versions import builds_of, mention, mention_pacticipant
from harness.ledger.db.versions import record as record_version
from harness.ledger.served_pact import serve_pact
from harness.verdicts import Cause, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultToRecord:
    """A result as a verifier publishes it."""

    success: bool
    number: str  # of the provider's version
    build_url: str | None = None
    results: Any = None  # JSON, whatever it is
    verified_by: Mapping[str, Any] | None = None
    build: str = ""  # the artifact that it was seen on, of our own clients
    wip: bool = False
    consumer_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationResult:
    """One verification result."""

    id: int
    contract: int
    sha: str
    consumer: str
    provider: str
    version: int  # the row of the provider's version
    number: str
    success: bool
    partial: bool
    wip: bool
    at: str
    build_url: str | None
    results: str | None  # JSON
    verified_by: str | None  # JSON


def record(db: sa.Connection, contract: int, given: ResultToRecord, now: str) -> int:
    """Keep a result of a content; its number."""
    row = db.execute(_CONTENT, {"contract": contract}).one()
    counted = _count_promises(row, given)
    provider = Version(row.counterpart, given.number)
    mention(db, provider, now)
    if given.build and given.build not in {each.artifact for each in builds_of(db, provider)}:
        known = Known(version=provider, artifacts=frozenset({given.build}))
        record_version(db, known, runtime="", descriptor=None, now=now, another_build=True)
    seen = Evidence(
        kind=EvidenceKind.PACTS,
        contract=row.key,
        consumer=row.owner,
        provider=provider,
        artifact=given.build,
        identity="",
        verdict=Verdict.PASSED if given.success else Verdict.FAILED,
        cause=None if given.success else Cause.BROKEN_PROMISE,
        because=counted.because,
        promised=counted.promised,
        exercised=counted.exercised,
        complete=counted.exercised >= counted.promised,
        run="published",
        at=now,
    )
    # By its own evidence: another verifier may be telling of the same content at the same time.
    of_this = evidence.record(db, seen, now)
    made = db.execute(_MADE, {"of_this": of_this, "contract": contract}).scalar_one()
    values = {
        "wip": given.wip,
        "build_url": given.build_url,
        "consumer_number": given.consumer_number,
        "results": None if given.results is None else json.dumps(given.results),
        "verified_by": None if given.verified_by is None else json.dumps(given.verified_by),
    }
    db.execute(_DESCRIBE, {"made": made, **values})
    owner = mention_pacticipant(db, row.owner, now)
    integrations.touch(db, owner, mention_pacticipant(db, row.counterpart, now), now)
    return int(made)


def _count_promises(contract: Any, given: ResultToRecord) -> Counted:
    """How many promises the pact holds, and how many of them the results speak of; all where they do not say."""
    promised = contract.interactions
    if promised is None:
        same = Contract(kind=ContractKind.PACT, owner="", counterpart="", key="", text=contract.text)
        promised = serve_pact(same).interactions
    return count(promised, lambda: names_of(json.loads(contract.text)), given.results, success=given.success)


def _query() -> sa.Select[Any]:
    return (
        sa.select(
            verifications,
            contracts.c.key,
            contracts.c.owner,
            contracts.c.counterpart,
            versions.c.number,
        )
        .join_from(verifications, contracts)
        .join(versions, versions.c.id == verifications.c.version_id)
    )


def by_number(db: sa.Connection, pair: tuple[str, str], sha: str, number: int) -> VerificationResult | None:
    """A result of a consumer's and a provider's content."""
    row = db.execute(_BY_NUMBER, {**_query_parameters(pair, sha), "number": number}).one_or_none()
    return None if row is None else _value(row)


def latest(db: sa.Connection, pair: tuple[str, str], sha: str) -> VerificationResult | None:
    """The newest result of a content."""
    row = db.execute(_LATEST_OF, _query_parameters(pair, sha)).one_or_none()
    return None if row is None else _value(row)


def _query_parameters(pair: tuple[str, str], sha: str) -> dict[str, Any]:
    return {"owner": pair[0], "counterpart": pair[1], "sha": sha}


def contract_row(db: sa.Connection, pair: tuple[str, str], sha: str) -> int | None:
    """The row of a content."""
    return db.execute(_CONTRACT, _query_parameters(pair, sha)).scalar()


def latest_of_contracts(db: sa.Connection, rows: Collection[int]) -> dict[int, VerificationResult]:
    """The newest result of each content."""
    found = (row for part in chunks(rows) for row in db.execute(_LATEST, {"contracts": part}))
    return {row.contract_id: _value(row) for row in found}


# Made once: making a statement costs more than asking it.
_CONTENT = sa.select(contracts).where(contracts.c.id == sa.bindparam("contract"))
_MADE = sa.select(verifications.c.id).where(
    verifications.c.evidence_id == sa.bindparam("of_this"), verifications.c.contract_id == sa.bindparam("contract")
)
_DESCRIBE = (
    sa.update(verifications)
    .where(verifications.c.id == sa.bindparam("made"))
    .values(
        {name: sa.bindparam(name) for name in ("wip", "build_url", "consumer_number", "results", "verified_by")}
    )
)
_of = (
    contracts.c.owner == sa.bindparam("owner"),
    contracts.c.counterpart == sa.bindparam("counterpart"),
    contracts.c.key == sa.bindparam("sha"),
)
# What was seen of a known build is everybody's with the same content.
_BY_NUMBER = _query().where(
    sa.or_(_of[0], verifications.c.artifact != ""), *_of[1:], verifications.c.id == sa.bindparam("number")
)
_LATEST_OF = _query().where(*_of).order_by(verifications.c.id.desc()).limit(1)
_CONTRACT = sa.select(contracts.c.id).where(*_of, contracts.c.kind == ContractKind.PACT.value)
_newest = (
    sa.select(sa.func.max(verifications.c.id))
    .where(verifications.c.contract_id.in_(sa.bindparam("contracts", expanding=True)))
    .group_by(verifications.c.contract_id)
)
_LATEST = _query().where(verifications.c.id.in_(_newest)).order_by(verifications.c.id)


def _value(row: Any) -> VerificationResult:
    return VerificationResult(
        id=row.id,
        contract=row.contract_id,
        sha=row.key,
        consumer=row.owner,
        provider=row.counterpart,
        version=row.version_id,
        number=row.number,
        success=row.success,
        partial=row.partial,
        wip=row.wip,
        at=row.at,
        build_url=row.build_url,
        results=row.results,
        verified_by=row.verified_by,
    )
