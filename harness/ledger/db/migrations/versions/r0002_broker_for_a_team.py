"""What a broker for a team keeps: branches, tags, results as the API tells them, webhooks, access."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

from harness.ledger.db.migrations.shapes import (
    flag,
    index,
    maybe,
    number,
    prose,
    reference,
    table,
    text,
    truth,
    unique,
)

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Widen what is there, make what is new, and tell old branches and results in the new words."""
    _widen()
    _names()
    _results()
    _webhooks()
    _access()
    _fill()


def _widen() -> None:
    wider: dict[str, list[Any]] = {
        "pacticipants": maybe(
            "display_name",
            "main_branch",
            "repository_url",
            "repository_name",
            "repository_namespace",
            "created_at",
            "updated_at",
        ),
        "versions": maybe("updated_at"),
        "contracts": [*number("interactions", nullable=True), *prose("served", "source"), *maybe("source_type")],
        "publications": [
            sa.Column("pacticipant_id", sa.Integer, nullable=False, server_default="0"),
            sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
        ],
        "environments": [
            *maybe("uuid", "display_name"),
            flag("production"),
            *prose("contacts"),
            *maybe("created_at", "updated_at"),
        ],
        "deployments": maybe("uuid"),
        "releases": maybe("uuid"),
    }
    for name, columns in wider.items():
        for column in columns:
            op.add_column(name, column)
    for name in ("environments", "deployments", "releases"):
        op.create_index(f"uq_{name}_uuid", name, ["uuid"], unique=True)
    pair = ["counterpart", "kind", "pacticipant_id", "version_id"]
    op.create_index("ix_publications_pair", "publications", pair)
    op.create_index("ix_publications_owner", "publications", ["pacticipant_id", "kind", "version_id"])
    index("evidence", "provider", "number")
    index("deployments", "version_id")
    index("releases", "version_id")


def _names() -> None:
    table(
        "labels",
        *reference("labels", "pacticipant_id", "pacticipants"),
        *text("name", "created_at"),
        unique("labels", "pacticipant_id", "name"),
    )
    index("labels", "name")
    table(
        "branches",
        *reference("branches", "pacticipant_id", "pacticipants"),
        *text("name", "created_at"),
        *number("head_id", nullable=True),
        unique("branches", "pacticipant_id", "name"),
    )
    index("branches", "name")
    index("branches", "head_id")
    table(
        "branch_versions",
        *reference("branch_versions", "branch_id", "branches"),
        *reference("branch_versions", "version_id", "versions"),
        *text("created_at"),
        unique("branch_versions", "branch_id", "version_id"),
    )
    index("branch_versions", "version_id")
    table(
        "tags",
        *reference("tags", "pacticipant_id", "pacticipants"),
        *reference("tags", "version_id", "versions"),
        *text("name", "created_at"),
        unique("tags", "version_id", "name"),
    )
    index("tags", "pacticipant_id", "name", "version_id")
    index("tags", "name")


def _results() -> None:
    table(
        "integrations",
        *reference("integrations", "consumer_id", "pacticipants"),
        *reference("integrations", "provider_id", "pacticipants"),
        *text("created_at", "contract_at"),
        unique("integrations", "consumer_id", "provider_id"),
    )
    index("integrations", "provider_id")
    table(
        "overwritten",
        *reference("overwritten", "version_id", "versions"),
        *reference("overwritten", "contract_id", "contracts"),
        *number("revision"),
        *text("published_at", "replaced_at"),
    )
    index("overwritten", "version_id")
    table(
        "verifications",
        *reference("verifications", "contract_id", "contracts"),
        *reference("verifications", "version_id", "versions"),
        *reference("verifications", "evidence_id", "evidence"),
        *truth("success"),
        flag("partial"),
        flag("wip"),
        *text("artifact", "at"),
        *maybe("build_url", "consumer_number"),
        *prose("results", "verified_by"),
    )
    index("verifications", "contract_id", "version_id")
    index("verifications", "version_id")
    index("verifications", "evidence_id")
    table(
        "self_verifications",
        *reference("self_verifications", "version_id", "versions"),
        *reference("self_verifications", "contract_id", "contracts"),
        sa.Column("success", sa.Boolean),
        *prose("content"),
        *maybe("content_type", "format", "verifier", "verifier_version"),
        *text("at"),
    )
    index("self_verifications", "version_id")


def _webhooks() -> None:
    table(
        "webhooks",
        *text("uuid"),
        *maybe("description"),
        *truth("enabled"),
        *text("events"),
        *maybe("consumer_name", "consumer_label", "provider_name", "provider_label"),
        *text("method", "url"),
        *prose("headers", nullable=False),
        *prose("body"),
        *maybe("username"),
        *prose("password"),
        *maybe("team"),
        *text("created_at"),
        *maybe("updated_at"),
        unique("webhooks", "uuid"),
    )
    table(
        "triggers",
        *text("uuid"),
        *reference("triggers", "webhook_id", "webhooks", nullable=True),
        *text("webhook_uuid", "event"),
        *prose("context", nullable=False),
        *text("consumer", "provider"),
        *number("consumer_version_id", "provider_version_id", "contract_id", "verification_id", nullable=True),
        *text("status"),
        *number("attempts"),
        sa.Column("due", sa.Float),
        *maybe("claimed_by"),
        sa.Column("claimed_until", sa.Float),
        *text("created_at"),
        unique("triggers", "uuid"),
    )
    index("triggers", "due")
    index("triggers", "consumer", "provider")
    index("triggers", "webhook_id")
    table(
        "attempts",
        *reference("attempts", "trigger_id", "triggers"),
        *truth("success"),
        *prose("log", nullable=False),
        *text("at"),
    )
    index("attempts", "trigger_id")


def _access() -> None:
    table(
        "secrets",
        *text("uuid", "name"),
        *maybe("description", "team"),
        *prose("value", nullable=False),
        *text("created_at"),
        *maybe("updated_at"),
        unique("secrets", "uuid"),
        unique("secrets", "name"),
    )
    table(
        "tokens",
        *text("uuid", "description", "hash", "role", "scopes", "created_at"),
        *maybe("used_at", "revoked_at"),
        unique("tokens", "uuid"),
        unique("tokens", "hash"),
    )
    table(
        "audit",
        *text("uuid", "at", "who", "action", "subject"),
        *prose("details", nullable=False),
        unique("audit", "uuid"),
    )


def _fill() -> None:
    db = op.get_bind()
    run = db.exec_driver_sql
    run(
        "UPDATE publications SET pacticipant_id ="
        " (SELECT v.pacticipant_id FROM versions v WHERE v.id = publications.version_id)"
    )
    run(
        "INSERT INTO branches (pacticipant_id, name, created_at, head_id)"
        " SELECT pacticipant_id, branch, min(created_at), max(id) FROM versions WHERE branch <> ''"
        " GROUP BY pacticipant_id, branch ORDER BY min(id)"
    )
    run(
        "INSERT INTO branch_versions (branch_id, version_id, created_at)"
        " SELECT b.id, v.id, v.created_at FROM versions v"
        " JOIN branches b ON b.pacticipant_id = v.pacticipant_id AND b.name = v.branch ORDER BY v.id"
    )
    run(
        "INSERT INTO pacticipants (name)"
        " SELECT counterpart FROM publications WHERE kind = 'pact'"
        " AND counterpart NOT IN (SELECT name FROM pacticipants) GROUP BY counterpart ORDER BY min(id)"
    )
    run(
        "INSERT INTO integrations (consumer_id, provider_id, created_at, contract_at)"
        " SELECT p.pacticipant_id, o.id, min(p.published_at), max(p.published_at) FROM publications p"
        " JOIN pacticipants o ON o.name = p.counterpart WHERE p.kind = 'pact'"
        " GROUP BY p.pacticipant_id, o.id ORDER BY min(p.id)"
    )
    _results_of_runs(db)
    _uuids(db)


def _results_of_runs(db: sa.Connection) -> None:
    db.exec_driver_sql(
        "INSERT INTO verifications (contract_id, version_id, evidence_id, success, partial, artifact, at)"
        " SELECT c.id, v.id, e.id, e.verdict = 'PASSED',"
        " e.verdict = 'PASSED' AND (NOT e.complete OR e.exercised < e.promised OR e.promised = 0),"
        " e.artifact, e.at FROM evidence e"
        " JOIN contracts c ON c.key = e.contract AND c.kind = 'pact' AND c.owner = e.consumer"
        " AND c.counterpart = e.provider"
        " JOIN pacticipants p ON p.name = e.provider"
        " JOIN versions v ON v.pacticipant_id = p.id AND v.number = e.number"
        " WHERE e.kind = 'pacts' AND (e.decisive OR e.verdict = 'PASSED') ORDER BY e.id, c.id"
    )


def _uuids(db: sa.Connection) -> None:
    used = (
        "SELECT id FROM environments WHERE name NOT IN ('test', 'production')"
        " OR id IN (SELECT environment_id FROM deployments) OR id IN (SELECT environment_id FROM releases)"
    )
    queries = {
        "environments": used,
        "deployments": "SELECT id FROM deployments",
        "releases": "SELECT id FROM releases",
    }
    for name, query in queries.items():
        changed = sa.table(name, sa.column("id"), sa.column("uuid"))
        for row in db.exec_driver_sql(query).scalars().all():
            db.execute(sa.update(changed).where(changed.c.id == row).values(uuid=str(uuid.uuid4())))
