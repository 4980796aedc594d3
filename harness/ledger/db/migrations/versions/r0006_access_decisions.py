"""Whether a served broker asks who may do what is kept here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from harness.ledger.db.migrations.shapes import flag, table, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """A ledger that ever had a token is closed: nobody has said that it may be opened."""
    table("access_decisions", *text("at"), flag("controlled"), *text("why"))
    op.execute(
        sa.text(
            "INSERT INTO access_decisions (at, controlled, why)"
            " SELECT created_at, true, 'a token was made' FROM tokens ORDER BY id LIMIT 1"
        )
    )
