"""What runs recorded as `NUMBER+changed.…` is found without reading all numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The few that there are stand in an index of their own."""
    op.create_index(
        "ix_versions_changed",
        "versions",
        ["pacticipant_id"],
        sqlite_where=sa.text("number LIKE '%+changed.%'"),
        postgresql_where=sa.text("number LIKE '%+changed.%'"),
    )
