"""The tables of the ledger; history is appended, and a content is stored once."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from harness.identity import CHANGED

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")  # every schema that this program knows, oldest first
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


def _maybe(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def _uuid_column(name: str = "uuid") -> sa.Column[str]:
    """How the API calls a row."""
    return sa.Column(name, sa.Text, nullable=False, unique=True)


def _table(name: str, *parts: Any) -> sa.Table:
    # An id that was given once is never given again, so that ids tell the order of history.
    return sa.Table(name, metadata, _id(), *parts, sqlite_autoincrement=True)


pacticipants = _table(
    "pacticipants",
    sa.Column("name", sa.Text, nullable=False, unique=True),
    *map(_maybe, ("display_name", "main_branch", "repository_url", "repository_name", "repository_namespace")),
    _maybe("created_at"),  # of those that the first schema kept, nobody knows
    _maybe("updated_at"),
)

labels = _table(
    "labels",
    _reference("pacticipant_id", "pacticipants.id"),
    _text("name"),
    _text("created_at"),
    sa.UniqueConstraint("pacticipant_id", "name"),
    sa.Index(None, "name"),
)

versions = _table(  # their order is the order in which they were first mentioned, never that of the numbers
    "versions",
    _reference("pacticipant_id", "pacticipants.id"),
    _text("number"),
    _text("branch"),  # the latest that was told; all of them are in branch_versions
    _text("commit"),
    _text("build_url"),
    _text("created_at"),
    _maybe("updated_at"),
    sa.UniqueConstraint("pacticipant_id", "number"),
)

# Written out, so that a database sees that its index of them is meant.
IS_CHANGED: sa.ColumnElement[bool] = versions.c.number.like(sa.literal_column(f"'%{CHANGED}%'"))

branches = _table(
    "branches",
    _reference("pacticipant_id", "pacticipants.id"),
    _text("name"),
    _text("created_at"),
    sa.Column("head_id", sa.Integer),  # the version most recently added; after a removal the highest left
    sa.UniqueConstraint("pacticipant_id", "name"),
    sa.Index(None, "name"),
    sa.Index(None, "head_id"),
)

branch_versions = _table(
    "branch_versions",
    _reference("branch_id", "branches.id"),
    _reference("version_id", "versions.id"),
    _text("created_at"),
    sa.UniqueConstraint("branch_id", "version_id"),
    sa.Index(None, "version_id"),
)

tags = _table(
    "tags",
    _reference("pacticipant_id", "pacticipants.id"),  # also in the version; here so that a head is one lookup
    _reference("version_id", "versions.id"),
    _text("name"),
    _text("created_at"),
    sa.UniqueConstraint("version_id", "name"),
    sa.Index(None, "pacticipant_id", "name", "version_id"),
    sa.Index(None, "name"),
)

builds = _table(  # what a version number stands for; two builds by one runtime may disagree
    "builds",
    _reference("version_id", "versions.id"),
    _text("runtime"),
    _text("artifact"),  # "" when it cannot be known
    _text("first_seen_at"),
    sa.Column("descriptor", Prose),  # JSON: with what it can be started again
    sa.Column("untraced", Prose),  # JSON: files that ran and that no commit holds; none where the commit says all
    sa.UniqueConstraint("version_id", "runtime", "artifact"),
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
    sa.Column("interactions", sa.Integer),  # how many a pact holds; NULL until somebody counted
    sa.Column("served", Prose),  # a pact as readers get it, each interaction with its `_id`; NULL until made
    sa.Column("source", sa.LargeBinary),  # a provider's document as it was sent, when it was not JSON
    _maybe("source_type"),  # the media type of `source`
    sa.UniqueConstraint("key", "kind", "owner", "counterpart"),
)

integrations = _table(  # who talks to whom; a deleted one is gone until somebody publishes again
    "integrations",
    _reference("consumer_id", "pacticipants.id"),
    _reference("provider_id", "pacticipants.id"),
    _text("created_at"),
    _text("contract_at"),  # the last publication or verification
    sa.UniqueConstraint("consumer_id", "provider_id"),
    sa.Index(None, "provider_id"),
)

publications = _table(
    "publications",
    _reference("version_id", "versions.id"),
    _reference("contract_id", "contracts.id"),
    _text("kind"),
    _text("counterpart"),
    _text("published_at"),
    # Also in the version; here so that the latest pact of a pair is one lookup.
    sa.Column("pacticipant_id", sa.Integer, nullable=False, server_default="0"),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.UniqueConstraint("version_id", "kind", "counterpart"),
    sa.Index(None, "contract_id"),
    sa.Index("ix_publications_pair", "counterpart", "kind", "pacticipant_id", "version_id"),
    sa.Index("ix_publications_owner", "pacticipant_id", "kind", "version_id"),
)

overwritten = _table(  # what a publication said before somebody changed it
    "overwritten",
    _reference("version_id", "versions.id"),
    _reference("contract_id", "contracts.id"),
    sa.Column("revision", sa.Integer, nullable=False),
    _text("published_at"),
    _text("replaced_at"),
    sa.Index(None, "version_id"),
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
    sa.Index(None, "provider", "number"),
)

verifications = _table(  # a pact's results as the API tells them (number: its id); each is also in `evidence`
    "verifications",
    _reference("contract_id", "contracts.id"),
    _reference("version_id", "versions.id"),  # the provider's
    _reference("evidence_id", "evidence.id"),
    sa.Column("success", sa.Boolean, nullable=False),
    _flag("partial"),  # a success that left interactions out: no yes rests on it
    _flag("wip"),
    _text("artifact"),  # "" when it cannot be known: results of one version are told apart by it
    _text("at"),
    _maybe("build_url"),
    _maybe("consumer_number"),  # the consumer version whose pact was fetched, when the client said so
    sa.Column("results", Prose),  # JSON, verbatim
    sa.Column("verified_by", Prose),  # JSON
    sa.Index(None, "contract_id", "version_id"),
    sa.Index(None, "version_id"),
    sa.Index(None, "evidence_id"),
)

self_verifications = _table(  # what a provider says of itself and its document
    "self_verifications",
    _reference("version_id", "versions.id"),
    _reference("contract_id", "contracts.id"),
    sa.Column("success", sa.Boolean),
    sa.Column("content", sa.LargeBinary),
    _maybe("content_type"),
    _maybe("format"),
    *map(_maybe, ("verifier", "verifier_version")),
    _text("at"),
    sa.Index(None, "version_id"),
)

environments = _table(
    "environments",
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("require"),  # JSON: the kinds of evidence that a yes requires there
    _maybe("uuid"),  # NULL: one that everybody has and nobody has used; not listed
    _maybe("display_name"),
    _flag("production"),
    sa.Column("contacts", Prose),  # JSON
    _maybe("created_at"),
    _maybe("updated_at"),
    sa.Index("uq_environments_uuid", "uuid", unique=True),
)

deployments = _table(
    "deployments",
    _reference("environment_id", "environments.id"),
    _reference("pacticipant_id", "pacticipants.id"),
    _reference("version_id", "versions.id"),
    _text("instance"),
    _text("since"),
    sa.Column("until", sa.Text),
    _maybe("uuid"),
    sa.Index(None, "version_id"),
    sa.Index("uq_deployments_uuid", "uuid", unique=True),
)

releases = _table(
    "releases",
    _reference("environment_id", "environments.id"),
    _reference("version_id", "versions.id"),
    _text("since"),
    sa.Column("until", sa.Text),
    _maybe("uuid"),
    sa.Index(None, "version_id"),
    sa.Index("uq_releases_uuid", "uuid", unique=True),
)

traces = _table(  # what was deleted of versions that remain, or that were live; by name, as rows are gone
    "traces",
    *map(_text, ("pacticipant", "number")),
    _text(
        "counterpart"
    ),  # the provider of a pact, the consumer of a result; "" where the version itself was, live
    *map(_text, ("environment", "instance")),  # where it was live; "" of a pact
    _flag("released"),
    *map(_text, ("contract", "at", "who")),  # contract: what a result was about
    _maybe("until"),  # when something was published, or something else was recorded there
    sa.Index(None, "pacticipant", "number"),
    sa.Index(None, "counterpart"),
)

webhooks = _table(
    "webhooks",
    _uuid_column(),
    _maybe("description"),
    sa.Column("enabled", sa.Boolean, nullable=False),
    _text("events"),  # JSON: names
    _maybe("consumer_name"),
    _maybe("consumer_label"),
    _maybe("provider_name"),
    _maybe("provider_label"),
    _text("method"),
    _text("url"),
    sa.Column("headers", Prose, nullable=False),  # JSON
    sa.Column("body", Prose),  # JSON
    _maybe("username"),
    sa.Column("password", Prose),
    _maybe("team"),
    _text("created_at"),
    _maybe("updated_at"),
)

triggers = _table(  # the outbox: an event that a webhook must be told of, until it is
    "triggers",
    _uuid_column(),
    sa.Column("webhook_id", sa.Integer, sa.ForeignKey("webhooks.id")),  # NULL once the webhook is deleted
    _text("webhook_uuid"),
    _text("event"),
    sa.Column("context", Prose, nullable=False),  # JSON: what the templates may say
    *map(_text, ("consumer", "provider")),
    sa.Column("consumer_version_id", sa.Integer),
    sa.Column("provider_version_id", sa.Integer),
    sa.Column("contract_id", sa.Integer),
    sa.Column("verification_id", sa.Integer),
    _text("status"),  # not_run, retrying, success, failure
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due", sa.Float),  # seconds since 1970; NULL when there is nothing left to do
    _maybe("claimed_by"),  # the process that is at it
    sa.Column("claimed_until", sa.Float),
    _text("created_at"),
    sa.Index(None, "due"),
    sa.Index(None, "consumer", "provider"),
    sa.Index(None, "webhook_id"),
)

attempts = _table(  # each try to tell, with its log; secrets are redacted before they come here
    "attempts",
    _reference("trigger_id", "triggers.id"),
    sa.Column("success", sa.Boolean, nullable=False),
    sa.Column("log", Prose, nullable=False),
    _text("at"),
    sa.Index(None, "trigger_id"),
)

secrets = _table(  # what webhooks may say and nobody may read
    "secrets",
    _uuid_column(),
    _text("name"),
    *map(_maybe, ("description", "team")),
    sa.Column("value", Prose, nullable=False),
    _text("created_at"),
    _maybe("updated_at"),
    sa.UniqueConstraint("name"),
)

tokens = _table(
    "tokens",
    _uuid_column(),
    _text("description"),
    _text("hash"),  # of the token; the token itself is shown once and kept nowhere
    _text("role"),
    _text("scopes"),  # JSON: pacticipants; [] is all
    _text("created_at"),
    *map(_maybe, ("used_at", "revoked_at")),
    sa.UniqueConstraint("hash"),
)

access_decisions = _table(  # whether a served broker asks who may do what; what was decided last stands
    "access_decisions",
    _text("at"),
    _flag("controlled"),
    _text("why"),
)

audit = _table(  # appended by every change through the API; nothing there can take it back
    "audit",
    _uuid_column(),
    _text("at"),
    _text("who"),
    _text("action"),
    _text("subject"),
    sa.Column("details", Prose, nullable=False),  # JSON
)
