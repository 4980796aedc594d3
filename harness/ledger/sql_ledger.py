"""The memory of the system on SQL: one transaction per call, history appended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.evidence import Facts
from harness.ledger.db import (
    coverage,
    environments,
    findings,
    provider_contracts,
    publications,
    scoped,
    traces,
    versions,
)
from harness.ledger.db import evidence as seen
from harness.ledger.db.database import Database, open_database
from harness.ledger.static_verdict import statements

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import sqlalchemy as sa

    from harness.comparison.coverage import Coverage
    from harness.contracts.document import Contract
    from harness.evidence import Evidence, EvidenceKind, Known, Statements
    from harness.identity import Version
    from harness.ports import Publication


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class SqlLedger:
    """The ledger on SQLite or PostgreSQL; what a method has acknowledged survives a crash."""

    database: Database
    now: Callable[[], str] = field(default=_now)
    trust_claims: bool = False  # whether a provider's word on its own document counts as evidence

    def record_version(
        self,
        known: Known,
        *,
        runtime: str = "",
        descriptor: Mapping[str, Any] | None = None,
        another_build: bool = False,
    ) -> None:
        """Remember a version and with what it can be started again; contracts are published, not declared.

        Raises IdentityConflict when this runtime has already built something else under that number, unless that
        is what is to be kept: then both stand beside each other.
        """
        with self.database.writing() as db:
            versions.record(
                db,
                known,
                runtime=runtime,
                descriptor=descriptor,
                now=self.now(),
                another_build=another_build,
            )

    def descriptor(self, version: Version, runtime: str = "") -> Mapping[str, Any] | None:
        """With what that runtime can start the version again, when it was told."""
        with self.database.reading() as db:
            return versions.descriptor(db, version, runtime)

    def publish(
        self, version: Version, contracts: Sequence[Contract], *, merge: bool = False
    ) -> Sequence[Publication]:
        """Keep contracts under a version, all or none. Raises IdentityConflict for other content."""
        with self.database.writing() as db:
            return publications.publish(db, version, contracts, self.now(), merge=merge)

    def hold_to_document(self, version: Version, document: Contract, *, own_tests: bool | None) -> None:
        """Make a published document a provider contract: it decides about pacts that nobody has run."""
        told = provider_contracts.ProviderClaim(success=own_tests)
        with self.database.writing() as db:
            row = versions.mention(db, version, self.now())
            contract = publications.keep(db, document, self.now())
            provider_contracts.claim(db, row, contract, told, self.now())

    def contract(self, key: str) -> Contract | None:
        """A contract by its content key."""
        with self.database.reading() as db:
            return publications.contract(db, key)

    def record_evidence(self, evidence: Evidence) -> None:
        """Keep what a run saw; earlier evidence stays."""
        with self.database.writing() as db:
            seen.record(db, evidence, self.now())

    def reusable(self, kind: EvidenceKind, contract: str, identity: str) -> Evidence | None:
        """The latest conclusive evidence for this content and identity, with its results and findings."""
        with self.database.reading() as db:
            return seen.reusable(db, kind, contract, identity)

    def coverage(self, version: Version) -> Coverage:
        """What checks of ours saw a running provider of this version answer; operations as they were asked."""
        with self.database.reading() as db:
            return coverage.of_version(db, version)

    def facts(self) -> Facts:
        """All that a decision may rest on, as of one moment."""
        with self.database.reading() as db:
            return Facts(
                versions=traces.remaining(db)[1] | versions.all_known(db),
                evidence=seen.everything(db),
                live=environments.live(db),
                environments=environments.policies(db),
                history=environments.stays(db),
                statements=self._statements(db),
                seen=findings.asked_later(self.database.reading),
            )

    def facts_about(self, versions: Collection[Version], places: Collection[str]) -> Facts:
        """The part of the facts on which decisions about these versions in these environments rest.

        All of the facts where a version is not known. Without history: that is `facts_of`.
        """
        with self.database.reading() as db:
            found = scoped.facts_about(db, versions, places)
            if found is not None:
                return self._with_what_is_asked(db, found)
        return self.facts()

    def facts_of(self, places: Collection[str]) -> Facts:
        """The part of the facts on which every way back in these environments rests, history included."""
        with self.database.reading() as db:
            return self._with_what_is_asked(db, scoped.facts_of(db, places))

    def _with_what_is_asked(self, db: sa.Connection, found: Facts) -> Facts:
        seen = findings.asked_later(self.database.reading)
        return replace(found, statements=self._statements(db), seen=seen)

    def _statements(self, db: sa.Connection) -> Statements | None:
        return statements(db, self.database, trusted=self.trust_claims)

    def record_deployment(self, environment: str, version: Version, *, instance: str = "") -> None:
        """It now runs there instead of what ran on that instance. Raises UnknownName."""
        with self.database.writing() as db:
            environments.deploy(db, environment, version, instance, self.now())

    def record_undeployment(self, environment: str, pacticipant: str, *, instance: str = "") -> int:
        """It no longer runs on that instance; how many were. Raises UnknownName."""
        with self.database.writing() as db:
            return environments.undeploy(db, environment, pacticipant, instance, self.now())

    def record_release(self, environment: str, version: Version) -> None:
        """It is now supported there, beside what was. Raises UnknownName."""
        with self.database.writing() as db:
            environments.release(db, environment, version, self.now())

    def record_support_ended(self, environment: str, version: Version) -> None:
        """It is no longer supported there. Raises UnknownName."""
        with self.database.writing() as db:
            environments.end_support(db, environment, version, self.now())

    def declare_environment(self, name: str, require: Sequence[str]) -> None:
        """Make an environment known, with the kinds of evidence that a yes requires there."""
        with self.database.writing() as db:
            environments.declare(db, name, require, self.now())

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


def open_ledger(url: str, *, trust_claims: bool = False) -> SqlLedger:
    """The ledger at `sqlite:///path`, a path, or `postgresql://…`, made and brought up to date as needed.

    Raises UsageError for any other form, EnvironmentProblem for a database that cannot be used or that a
    newer harness wrote.
    """
    return SqlLedger(open_database(url), trust_claims=trust_claims)
