"""What was found of a broken promise: kept with a run of ours, or told by a verifier; rows in, values out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.ledger.counted_results import findings_in
from harness.ledger.db.evidence import read_details
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import contracts, evidence, verifications

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
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
_OF_RESULTS = (
    sa.select(verifications.c.id, verifications.c.results, verifications.c.contract_id, evidence.c.details)
    .join_from(verifications, evidence, evidence.c.id == verifications.c.evidence_id)
    .where(verifications.c.id.in_(sa.bindparam("numbers", expanding=True)))
)
_TEXTS = sa.select(contracts.c.id, contracts.c.text).where(contracts.c.id.in_(sa.bindparam("ids", expanding=True)))


def of_row(db: sa.Connection, row: int) -> tuple[Finding, ...]:
    """What the evidence of a row holds."""
    found = db.execute(_KEPT, {"row": row}).one_or_none()
    if found is None:
        return ()
    return read_details(found.details)[1] or findings_in(_json(found.results), _json(found.text))


def of_results(db: sa.Connection, numbers: Collection[int]) -> dict[int, tuple[Finding, ...]]:
    """What each of some verification results says, in a handful of queries."""
    rows = [row for part in chunks(numbers) for row in db.execute(_OF_RESULTS, {"numbers": part})]
    found = {row.id: read_details(row.details)[1] for row in rows}
    told = [row for row in rows if not found[row.id] and row.results]  # by who runs no harness
    pacts = {
        row.id: _json(row.text)
        for part in chunks({row.contract_id for row in told})
        for row in db.execute(_TEXTS, {"ids": part})
    }
    return found | {row.id: findings_in(_json(row.results), pacts.get(row.contract_id)) for row in told}


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
