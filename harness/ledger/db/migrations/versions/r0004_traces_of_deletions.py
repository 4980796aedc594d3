"""What was deleted of versions that remain, or that were live, leaves a trace."""

from __future__ import annotations

from harness.ledger.db.migrations.shapes import flag, index, maybe, table, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing that was deleted before is known."""
    table(
        "traces",
        *text("pacticipant", "number", "counterpart", "environment", "instance"),
        flag("released"),
        *text("contract", "at", "who"),
        *maybe("until"),
    )
    index("traces", "pacticipant", "number")
    index("traces", "counterpart")
