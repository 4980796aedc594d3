"""Results of pacts as the API tells them: which of the evidence they are, and which of them stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.evidence import EvidenceKind
from harness.ledger.db.rows import insert
from harness.ledger.db.tables import contracts, evidence, pacticipants, verifications, versions
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from harness.contracts.document import Contract
    from harness.evidence import Evidence


is_about_a_pact = evidence.c.kind == EvidenceKind.PACTS.value


def from_evidence(db: sa.Connection, seen: Evidence, row: int, version: int) -> None:
    """Tell what a run saw of a pact as a verification, where it says something."""
    if not seen.about_a_pact or not (seen.decisive or seen.verdict is Verdict.PASSED):
        return
    same = {"kind": ContractKind.PACT.value, "owner": seen.consumer, "counterpart": seen.provider.pacticipant}
    for contract in db.execute(_SAME, {"key": seen.contract, **same}).scalars().all():
        insert(
            db,
            verifications,
            contract_id=contract,
            version_id=version,
            evidence_id=row,
            success=seen.verdict is Verdict.PASSED,
            partial=seen.verdict is Verdict.PASSED and not seen.conclusive,
            artifact=seen.artifact,
            at=seen.at,
        )


_SAME = sa.select(contracts.c.id).where(  # made once: making a statement costs more than asking it
    *(contracts.c[name] == sa.bindparam(name) for name in ("key", "kind", "owner", "counterpart"))
)
_PASSED = evidence.c.verdict == Verdict.PASSED.value
_TOLD_BEFORE = (
    sa.select(
        versions.c.id.label("version_id"),
        evidence.c.id.label("evidence_id"),
        _PASSED.label("success"),
        sa.and_(_PASSED, ~evidence.c.decisive).label("partial"),
        evidence.c.artifact,
        evidence.c.at,
    )
    .join_from(evidence, pacticipants, pacticipants.c.name == evidence.c.provider)
    .join(
        versions,
        sa.and_(versions.c.pacticipant_id == pacticipants.c.id, versions.c.number == evidence.c.number),
    )
    .where(
        is_about_a_pact,
        evidence.c.contract == sa.bindparam("key"),
        evidence.c.consumer == sa.bindparam("owner"),
        evidence.c.provider == sa.bindparam("counterpart"),
        sa.or_(evidence.c.decisive, _PASSED),
    )
    .order_by(evidence.c.id)
)


def told_before(db: sa.Connection, contract: Contract, row: int) -> None:
    """What runs had seen of a pact before anybody published it."""
    about = {"key": contract.key, "owner": contract.owner, "counterpart": contract.counterpart}
    for found in db.execute(_TOLD_BEFORE, about).mappings().all():
        insert(db, verifications, contract_id=row, **found)


def any_between(db: sa.Connection, consumer: str, provider: str) -> bool:
    """Whether any result was ever given of a pact between two."""
    return db.execute(_BETWEEN, {"owner": consumer, "counterpart": provider}).scalar() is not None


_BETWEEN = (
    sa.select(verifications.c.id)
    .join(contracts)
    .where(contracts.c.owner == sa.bindparam("owner"), contracts.c.counterpart == sa.bindparam("counterpart"))
    .limit(1)
)
