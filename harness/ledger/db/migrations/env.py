"""Run by Alembic: it works on the connection, and in the transaction, that it is given."""

from __future__ import annotations

from alembic import context

from harness.ledger.db.complete_tables import complete_metadata
from harness.ledger.db.tables import REVISION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=complete_metadata(),
    version_table=REVISION_TABLE,
    transactional_ddl=True,  # a step that is cut off leaves the schema as it was, in SQLite too
)
with context.begin_transaction():
    context.run_migrations()
