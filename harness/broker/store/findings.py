"""What was found of a broken promise: kept with a run of ours, or told by a verifier; rows in, values out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.broker.store.evidence import read_details
from harness.broker.store.tables import contracts, evidence, verifications
from harness.broker.told_results import findings_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from harness.evidence import Evidence
    from harness.verdicts import Finding

# Made once: making a statement costs more than asking it.
_KEPT = (
    sa.select(evidence.c.details, verifications.c.results, contracts.c.text)
    .select_from(evidence)
    .outerjoin(verifications, verifications.c.evidence_id == evidence.c.id)
    .outerjoin(contracts, contracts.c.id == verifications.c.contract_id)
    .where(evidence.c.id == sa.bindparam("row"))
    .limit(1)
)
_OF_RESULT = sa.select(verifications.c.evidence_id).where(verifications.c.id == sa.bindparam("number"))


def of_row(db: sa.Connection, row: int) -> tuple[Finding, ...]:
    """What the evidence of a row holds."""
    found = db.execute(_KEPT, {"row": row}).one_or_none()
    if found is None:
        return ()
    return read_details(found.details)[1] or findings_in(_json(found.results), _json(found.text))


def of_result(db: sa.Connection, number: int) -> tuple[Finding, ...]:
    """What a verification result says."""
    row = db.execute(_OF_RESULT, {"number": number}).scalar()
    return () if row is None else of_row(db, row)


def asked_later(
    reading: Callable[[], AbstractContextManager[sa.Connection]],
) -> Callable[[Evidence], tuple[Finding, ...]]:
    """The same for facts, which hold none of it: asked for when a no is told, once for each."""
    known: dict[int, tuple[Finding, ...]] = {}

    def seen(of: Evidence) -> tuple[Finding, ...]:
        if of.row and of.row not in known:
            with reading() as db:
                known[of.row] = of_row(db, of.row)
        return known.get(of.row, ())

    return seen


def _json(text: str | None) -> object:
    return None if text is None else json.loads(text)
