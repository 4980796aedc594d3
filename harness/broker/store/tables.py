"""The tables of the ledger; history is appended, and a content is stored once."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa

REVISIONS = ("0001",)  # every schema that this program knows, oldest first
REVISION_TABLE = "ledger_revision"  # own name: the database may hold another program's `alembic_version`


class Prose(sa.types.TypeDecorator[str]):
    """Text that may hold anything, also what databases refuse in text (NUL, lone surrogates)."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        """As it is stored."""
        del dialect
        return None if value is None else value.encode("utf-8", "surrogatepass")

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        """As it was given."""
        del dialect
        return None if value is None else bytes(value).decode("utf-8", "surrogatepass")


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _reference(name: str, target: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(target), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _table(name: str, *parts: Any) -> sa.Table:
    # An id that was given once is never given again, so that ids tell the order of history.
    return sa.Table(name, metadata, _id(), *parts, sqlite_autoincrement=True)


pacticipants = _table("pacticipants", sa.Column("name", sa.Text, nullable=False, unique=True))

versions = _table(  # their order is the order in which they were first mentioned, never that of the numbers
    "versions",
    _reference("pacticipant_id", "pacticipants.id"),
    _text("number"),
    _text("branch"),
    _text("commit"),
    _text("build_url"),
    _text("created_at"),
    sa.UniqueConstraint("pacticipant_id", "number"),
)

builds = _table(  # what a version number stands for; one build per runtime
    "builds",
    _reference("version_id", "versions.id"),
    _text("runtime"),
    _text("artifact"),  # "" when it cannot be known
    _text("first_seen_at"),
    sa.Column("descriptor", Prose),  # JSON: with what it can be started again
    sa.UniqueConstraint("version_id", "runtime"),
    sa.Index(None, "artifact"),
)

contracts = _table(  # the key of a pact leaves out whose it is, so the two sides belong to the identity
    "contracts",
    _text("key"),
    _text("kind"),
    _text("owner"),
    _text("counterpart"),
    _text("created_at"),
    sa.Column("text", Prose, nullable=False),
    sa.UniqueConstraint("key", "kind", "owner", "counterpart"),
)

publications = _table(
    "publications",
    _reference("version_id", "versions.id"),
    _reference("contract_id", "contracts.id"),
    _text("kind"),
    _text("counterpart"),
    _text("published_at"),
    sa.UniqueConstraint("version_id", "kind", "counterpart"),
    sa.Index(None, "contract_id"),
)

evidence = _table(
    "evidence",
    _text("kind"),
    _text("contract"),
    _text("consumer"),
    _text("provider"),
    _text("number"),
    _text("artifact"),
    _text("identity"),
    _text("verdict"),
    sa.Column("cause", sa.Text),
    sa.Column("promised", sa.Integer, nullable=False),
    sa.Column("exercised", sa.Integer, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("decisive", sa.Boolean, nullable=False),
    _text("run"),
    _text("at"),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("because", Prose, nullable=False),
    sa.Column("details", Prose, nullable=False),  # JSON: results and findings; last, so that scans skip it
    sa.Index(None, "contract", "identity"),
)

environments = _table(
    "environments",
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("require"),  # JSON: the kinds of evidence that a yes requires there
)

deployments = _table(
    "deployments",
    _reference("environment_id", "environments.id"),
    _reference("pacticipant_id", "pacticipants.id"),
    _reference("version_id", "versions.id"),
    _text("instance"),
    _text("since"),
    sa.Column("until", sa.Text),
)

releases = _table(
    "releases",
    _reference("environment_id", "environments.id"),
    _reference("version_id", "versions.id"),
    _text("since"),
    sa.Column("until", sa.Text),
)


@cache
def complete_metadata() -> sa.MetaData:
    """All tables with their partial indexes, which load every dialect: for migrations, not for each start."""
    _live(deployments, "environment_id", "pacticipant_id", "instance")
    _live(releases, "environment_id", "version_id")
    return metadata


def _live(table: sa.Table, *columns: str) -> None:
    """One live row at a time, whatever a program does wrong."""
    now = table.c.until.is_(None)
    parts = (table.c[name] for name in columns)
    sa.Index(f"uq_{table.name}_live", *parts, unique=True, sqlite_where=now, postgresql_where=now)
