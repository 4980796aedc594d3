"""What runs have seen, appended and never changed: rows in, values out."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.evidence import Evidence, EvidenceKind
from harness.identity import Version, plain_value
from harness.ledger import refusals
from harness.ledger.db import traces, verifications
from harness.ledger.db.rows import chunks, insert
from harness.ledger.db.tables import evidence as table
from harness.ledger.db.versions import mention
from harness.verdicts import Cause, Exercised, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import TypeAdapter

WITHOUT_DETAILS = [  # in the order in which `value_of` reads them
    *(table.c.id, table.c.kind, table.c.contract, table.c.consumer, table.c.provider, table.c.number),
    *(table.c.artifact, table.c.identity, table.c.verdict, table.c.cause, table.c.promised, table.c.exercised),
    *(table.c.complete, table.c.run, table.c.at, table.c.seconds, table.c.because),
]


def record(db: sa.Connection, evidence: Evidence, now: str) -> int:
    """Keep what was seen, and its row; the version that it is about becomes known by it."""
    row = append(db, evidence)
    if evidence.provider.number:
        version = mention(db, evidence.provider, now)
        if evidence.decisive:
            traces.end_by_result(db, evidence, now)
        verifications.from_evidence(db, evidence, row, version)
    return row


def append(db: sa.Connection, evidence: Evidence) -> int:
    """Only what was seen, and its row."""
    check(evidence)
    values = {
        "kind": evidence.kind.value,
        "contract": evidence.contract,
        "consumer": evidence.consumer,
        "provider": evidence.provider.pacticipant,
        "number": evidence.provider.number,
        "artifact": evidence.artifact,
        "identity": evidence.identity,
        "verdict": evidence.verdict.value,
        "cause": evidence.cause.value if evidence.cause else None,
        "because": evidence.because,
        "promised": evidence.promised,
        "exercised": evidence.exercised,
        "complete": evidence.complete,
        "decisive": evidence.decisive,
        "run": evidence.run,
        "at": evidence.at,
        "seconds": evidence.seconds,
        "details": written_details(evidence),
    }
    return insert(db, table, **values)


def check(evidence: Evidence) -> None:
    """Refuse names that no database keeps. Raises UsageError."""
    refusals.check_name("the provider", evidence.provider.pacticipant)
    refusals.check_name("the provider's version", evidence.provider.number, empty=True)
    refusals.check_name("the consumer", evidence.consumer, empty=True)


def reusable(db: sa.Connection, kind: EvidenceKind, contract: str, identity: str) -> Evidence | None:
    """The latest evidence that decides for this content and identity, if it is complete."""
    if not contract or not identity:
        return None
    query = (
        sa.select(*WITHOUT_DETAILS, table.c.details)
        .where(
            table.c.kind == kind.value,
            table.c.contract == contract,
            table.c.identity == identity,
            table.c.decisive.is_(True),
        )
        .order_by(table.c.id.desc())
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    # A promise seen broken in a run that was cut short is neither forgotten nor reused: run again.
    return _evidence_from_row(row) if row is not None and row.complete else None


def everything(db: sa.Connection) -> tuple[Evidence, ...]:
    """All evidence, oldest first, without results and findings."""
    rows = db.execute(sa.select(*WITHOUT_DETAILS).order_by(table.c.id))
    return tuple(value_of(row) for row in rows)


def of_rows(db: sa.Connection, rows: Sequence[int]) -> tuple[Evidence, ...]:
    """The evidence of some rows in their order, without results and findings."""
    found: list[Evidence] = []
    for part in chunks(rows):
        wanted = table.c.id.in_(part)
        found += map(value_of, db.execute(sa.select(*WITHOUT_DETAILS).where(wanted).order_by(table.c.id)))
    return tuple(found)


_BUILT_IN = frozenset(EvidenceKind)
_VERDICTS = {each.value: each for each in Verdict}
_CAUSES = {each.value: each for each in Cause}


def value_of(row: Any, results: tuple[Exercised, ...] = (), findings: tuple[Finding, ...] = ()) -> Evidence:
    """What a row says that begins with the columns of `WITHOUT_DETAILS`."""
    # All at once: there may be many thousands of rows, and each name costs as much as all of this.
    number, kind, contract, consumer, provider, version, artifact, identity, verdict, cause, *more = row
    promised, exercised, complete, run, at, seconds, because = more[:7]
    if unknown := why_meaningless(kind):
        # Nobody here knows by which rules it was judged, so whatever it said then it is no answer now.
        verdict, cause, because = Verdict.UNKNOWN.value, Cause.PLUGIN_MISSING.value, unknown
    return Evidence(
        kind=EvidenceKind(kind),
        contract=contract,
        consumer=consumer,
        provider=Version(provider, version),
        artifact=artifact,
        identity=identity,
        verdict=_VERDICTS[verdict],
        cause=_CAUSES[cause] if cause else None,
        because=because,
        promised=promised,
        exercised=exercised,
        complete=complete,
        run=run,
        at=at,
        seconds=seconds,
        row=number,
        results=results,
        findings=findings,
    )


def why_meaningless(kind: str) -> str:
    """Why a kind of evidence means nothing here; "" where a plug-in brings it."""
    if kind in _BUILT_IN:
        return ""
    from harness.plugins import door, find_kind  # here: hardly any ledger holds such a kind

    if find_kind(kind) is not None:
        return ""
    failed = "; ".join(map(str, door().failed))
    return f"no plug-in here knows the kind of evidence '{kind}'" + (f": {failed}" if failed else "")


def _evidence_from_row(row: Any) -> Evidence:
    return value_of(row, *read_details(row.details))


def read_details(text: str) -> tuple[tuple[Exercised, ...], tuple[Finding, ...]]:
    """Results and findings as they are written. Raises ValueError, KeyError, TypeError for anything else."""
    details = json.loads(text)
    return _results().validate_python(details["results"]), _findings().validate_python(details["findings"])


def written_details(evidence: Evidence) -> str:
    """Results and findings as JSON."""
    details = {"results": plain_value(evidence.results), "findings": plain_value(evidence.findings)}
    return json.dumps(details, separators=(",", ":"))


@cache
def _results() -> TypeAdapter[tuple[Exercised, ...]]:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[Exercised, ...])


@cache
def _findings() -> TypeAdapter[tuple[Finding, ...]]:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[Finding, ...])
