"""The first ledger."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table, and the two environments that everybody has."""
    _versions()
    _contracts()
    _evidence()
    _places()
    environments = sa.table("environments", sa.column("name", sa.Text), sa.column("require", sa.Text))
    op.bulk_insert(environments, [{"name": name, "require": '["pacts"]'} for name in ("test", "production")])


def _table(name: str, *parts: Any) -> None:
    key = sa.PrimaryKeyConstraint("id", name=f"pk_{name}")
    op.create_table(name, sa.Column("id", sa.Integer), *parts, key, sqlite_autoincrement=True)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _reference(table: str, column: str, target: str) -> list[Any]:
    return [
        sa.Column(column, sa.Integer, nullable=False),
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}"),
    ]


def _versions() -> None:
    _table("pacticipants", *_text("name"), _unique("pacticipants", "name"))
    _table(
        "versions",
        *_reference("versions", "pacticipant_id", "pacticipants"),
        *_text("number", "branch", "commit", "build_url", "created_at"),
        _unique("versions", "pacticipant_id", "number"),
    )
    _table(
        "builds",
        *_reference("builds", "version_id", "versions"),
        *_text("runtime", "artifact", "first_seen_at"),
        sa.Column("descriptor", sa.LargeBinary),
        _unique("builds", "version_id", "runtime"),
    )
    op.create_index("ix_builds_artifact", "builds", ["artifact"])


def _contracts() -> None:
    _table(
        "contracts",
        *_text("key", "kind", "owner", "counterpart", "created_at"),
        sa.Column("text", sa.LargeBinary, nullable=False),
        _unique("contracts", "key", "kind", "owner", "counterpart"),
    )
    _table(
        "publications",
        *_reference("publications", "version_id", "versions"),
        *_reference("publications", "contract_id", "contracts"),
        *_text("kind", "counterpart", "published_at"),
        _unique("publications", "version_id", "kind", "counterpart"),
    )
    op.create_index("ix_publications_contract_id", "publications", ["contract_id"])


def _evidence() -> None:
    _table(
        "evidence",
        *_text("kind", "contract", "consumer", "provider", "number", "artifact", "identity", "verdict"),
        sa.Column("cause", sa.Text),
        sa.Column("promised", sa.Integer, nullable=False),
        sa.Column("exercised", sa.Integer, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("decisive", sa.Boolean, nullable=False),
        *_text("run", "at"),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("because", sa.LargeBinary, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_evidence_contract_identity", "evidence", ["contract", "identity"])


def _places() -> None:
    _table("environments", *_text("name", "require"), _unique("environments", "name"))
    _table(
        "deployments",
        *_reference("deployments", "environment_id", "environments"),
        *_reference("deployments", "pacticipant_id", "pacticipants"),
        *_reference("deployments", "version_id", "versions"),
        *_text("instance", "since"),
        sa.Column("until", sa.Text),
    )
    _live("deployments", "environment_id", "pacticipant_id", "instance")
    _table(
        "releases",
        *_reference("releases", "environment_id", "environments"),
        *_reference("releases", "version_id", "versions"),
        *_text("since"),
        sa.Column("until", sa.Text),
    )
    _live("releases", "environment_id", "version_id")


def _live(table: str, *columns: str) -> None:
    now = sa.text("until IS NULL")
    op.create_index(f"uq_{table}_live", table, list(columns), unique=True, sqlite_where=now, postgresql_where=now)
