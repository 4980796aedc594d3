"""A version number may have been built more than once by one runtime: each build stands beside the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from harness.ledger.db.migrations.shapes import index, prose, reference, table, text, unique

revision = "0003"
down_revision = "0002"

_KEPT = ("id", "version_id", "runtime", "artifact", "first_seen_at", "descriptor")


def upgrade() -> None:
    """Make the table anew: SQLite cannot take a constraint away."""
    before = sa.table("builds", *(sa.column(name) for name in _KEPT))
    rows = op.get_bind().execute(sa.select(before)).all()
    op.drop_table("builds")
    table(
        "builds",
        *reference("builds", "version_id", "versions"),
        *text("runtime", "artifact", "first_seen_at"),
        *prose("descriptor", "untraced"),
        unique("builds", "version_id", "runtime", "artifact"),
    )
    index("builds", "artifact")
    if rows:
        op.bulk_insert(before, [dict(zip(_KEPT, row, strict=True)) for row in rows])
    if rows and op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('builds', 'id'), (SELECT max(id) FROM builds))")
