"""Every result of the pacts of a matrix, not those alone that stand; rows in, rows out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import publications, verifications

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.ledger.matrix.promised import MatrixRow

# Made once: making a statement costs more than asking it.
_RESULTS = (
    sa.select(publications.c.id, verifications.c.version_id, verifications.c.id, verifications.c.success)
    .join_from(publications, verifications, verifications.c.contract_id == publications.c.contract_id)
    .where(publications.c.id.in_(sa.bindparam("ids", expanding=True)), verifications.c.partial.is_(sa.false()))
    .order_by(verifications.c.id.desc())
)


def every_result(db: sa.Connection, rows: Sequence[tuple[MatrixRow, bool]]) -> Iterator[tuple[MatrixRow, bool]]:
    """The rows, each with those of the results that came before it on the same version, newest first."""
    found: dict[tuple[int, int], list[tuple[int, bool]]] = {}
    for part in chunks(sorted({row.publication for row, _ in rows})):
        for publication, version, number, success in db.execute(_RESULTS, {"ids": part}):
            found.setdefault((publication, version), []).append((number, success))
    for row, ignored in rows:
        yield row, ignored
        told = found.get((row.publication, row.provider_version or 0), ())
        for number, success in told if row.stated is None and row.verification else ():
            if number != row.verification:
                yield row._replace(verification=number, success=success, because=""), ignored
