"""Puts what was copied into a database; what is there already stays, so doing it twice changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness import identity
from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_reader import pact_key
from harness.errors import ContractError, HarnessError
from harness.evidence import Evidence, EvidenceKind
from harness.ledger import refusals
from harness.ledger.db import (
    branches,
    environments,
    evidence,
    places,
    publications,
    traces,
    verifications,
    versions,
    webhooks,
)
from harness.ledger.db import tables as t
from harness.ledger.db.rows import insert, new_uuid
from harness.ledger.deletions import open_again
from harness.transfer import import_into_providers, records
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from harness.ledger.db.database import Database
    from harness.transfer.from_http import Progress
    from harness.transfer.records import Record

AT_ONCE = 200  # records in one transaction: others may write in between


@dataclass(slots=True, kw_only=True)
class Keeper:
    """Keeps records one by one, in the order in which they refer to each other."""

    now: str
    contents: dict[tuple[str, str, str], records.ArchivedContent] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def keep(self, db: sa.Connection, record: Record) -> None:
        """Put one record there unless it is; what contradicts what is there is told and left out."""
        try:
            self._keep(db, record)
        except HarnessError as error:
            self.problems.append("; ".join(problem.text for problem in error.problems))

    def _keep(self, db: sa.Connection, record: Record) -> None:
        how: dict[str, Callable[[sa.Connection, Any], None]] = {
            "environment": self._environment,
            "pacticipant": self._pacticipant,
            "version": self._version,
            "branch": self._branch,
            "build": lambda db, told: import_into_providers.keep_build(db, told, self.now),
            "content": self._content,
            "pact": self._pact,
            "document": lambda db, told: import_into_providers.keep_document(db, told, self.now),
            "claim": lambda db, told: import_into_providers.keep_claim(db, told, self.now),
            "evidence": lambda db, told: import_into_providers.keep_evidence(db, told, self.now),
            "result": self._result,
            "live": self._live,
            "deletion": self._deletion,
            "webhook": self._webhook,
        }
        how[record.kind](db, record)

    def _content(self, _db: sa.Connection, told: records.ArchivedContent) -> None:
        """Kept with the first version that published it; one that is called like another would get its results."""
        if key_of(told.text) != told.key:
            raise ContractError(
                f"the pact of {told.consumer} with {told.provider} is not what it is called: {told.key[:12]}"
            )
        self.contents[told.consumer, told.provider, told.key] = told

    def _environment(self, db: sa.Connection, told: records.ArchivedEnvironment) -> None:
        if places.by_name(db, told.name) is None:
            described = places.EnvironmentDescription(
                name=told.name,
                display_name=told.display_name or told.name,
                production=told.production,
                contacts=told.contacts,
            )
            places.create(db, described, told.created_at or self.now)
            if told.require:
                environments.declare(db, told.name, told.require, self.now)

    def _pacticipant(self, db: sa.Connection, told: records.ArchivedPacticipant) -> None:
        row = versions.mention_pacticipant(db, told.name, told.created_at or self.now)
        for column in ("display_name", "main_branch", "repository_url", "repository_name", "repository_namespace"):
            value = getattr(told, column)
            missing = sa.and_(t.pacticipants.c.id == row, t.pacticipants.c[column].is_(None))
            if value:
                db.execute(sa.update(t.pacticipants).where(missing).values({column: value}))
        for label in told.labels:
            _once(db, t.labels, {"pacticipant_id": row, "name": label}, created_at=told.created_at or self.now)

    def _version(self, db: sa.Connection, told: records.ArchivedVersion) -> None:
        created = told.created_at or self.now
        row = versions.mention(db, identity.Version(told.pacticipant, told.number), created)
        unsaid = sa.and_(t.versions.c.id == row, t.versions.c.build_url == "")
        db.execute(sa.update(t.versions).where(unsaid).values(build_url=told.build_url))
        for name in told.branches:
            branches.add(db, row, name, created, main_candidates=())
        owner = versions.pacticipant(db, told.pacticipant)
        for tag in told.tags:
            _once(db, t.tags, {"version_id": row, "name": tag}, pacticipant_id=owner, created_at=created)

    def _branch(self, db: sa.Connection, told: records.ArchivedBranch) -> None:
        head = versions.find(db, identity.Version(told.pacticipant, told.head)) if told.head else None
        owner = versions.pacticipant(db, told.pacticipant)
        branch = branches.find(db, owner, told.name)
        if branch is None:
            branch = insert(
                db, t.branches, pacticipant_id=owner, name=told.name, created_at=told.created_at or self.now
            )
        values: dict[str, Any] = {"head_id": head} if head is not None else {}
        if told.created_at:
            values["created_at"] = told.created_at
        if values:
            db.execute(sa.update(t.branches).where(t.branches.c.id == branch).values(values))

    def _pact(self, db: sa.Connection, told: records.ArchivedPact) -> None:
        content = self.contents.get((told.consumer, told.provider, told.key))
        if content is None:
            self.problems.append(f"the pact of {told.consumer} {told.number} with {told.provider} has no content")
            return
        version = identity.Version(told.consumer, told.number)
        publications.publish(db, version, [_contract(content)], told.created_at or self.now)

    def _result(self, db: sa.Connection, told: records.ArchivedResult) -> None:
        provider = identity.Version(told.provider, told.number)
        same = {"key": told.key, "kind": ContractKind.PACT.value, "owner": told.consumer}
        query = sa.select(t.contracts.c.id).filter_by(**same, counterpart=told.provider)
        contract = db.execute(query).scalar()
        version = versions.mention(db, provider, told.at or self.now)
        if contract is None:
            return
        same_result = {"contract_id": contract, "version_id": version, "at": told.at, "success": told.success}
        there = sa.select(t.verifications).filter_by(**same_result).order_by(t.verifications.c.id)
        before = db.execute(there).first()
        if before is None:
            row = evidence.append(db, _evidence(told))
            verifications.from_evidence(db, _evidence(told), row, version)
            before = db.execute(there).first()
        if before is not None and before.results is None:
            db.execute(sa.update(t.verifications).where(t.verifications.c.id == before.id).values(_details(told)))

    def _live(self, db: sa.Connection, told: records.ArchivedLive) -> None:
        version = identity.Version(told.pacticipant, told.number)
        since = told.since or self.now
        if told.ended:
            self._past(db, told, version)
        elif told.released:
            environments.release(db, told.environment, version, since)
        else:
            environments.deploy(db, told.environment, version, told.instance, since)

    def _past(self, db: sa.Connection, told: records.ArchivedLive, version: identity.Version) -> None:
        """A time that is over."""
        place = places.by_name(db, told.environment)
        owner, row = versions.known_version(db, version)
        if place is None:
            raise refusals.unknown_environment(told.environment, ())
        same = {"environment_id": place.id, "version_id": row, "since": told.since, "until": told.until}
        if told.released:
            _once(db, t.releases, same, uuid=new_uuid())
        else:
            of_slot = {"pacticipant_id": owner, "instance": told.instance}
            _once(db, t.deployments, {**same, **of_slot}, uuid=new_uuid())

    def _deletion(self, db: sa.Connection, told: records.Deletion) -> None:
        """A result of a broker that shows its results only leaves nothing but this."""
        traces.keep(db, told.trace)
        same = {"contract": told.contract, "provider": told.pacticipant, "number": told.number}
        deleted = t.evidence.c.cause == Cause.DELETED.value
        if (
            told.contract
            and db.execute(sa.select(t.evidence.c.id).filter_by(**same).where(deleted)).first() is None
        ):
            evidence.append(db, open_again(told.trace))

    def _webhook(self, db: sa.Connection, told: records.ArchivedWebhook) -> None:
        """One that lost its secrets is switched off until somebody gives them again."""
        if webhooks.by_uuid(db, told.uuid) is not None:
            return
        webhooks.create(
            db,
            webhooks.Webhook(
                uuid=told.uuid,
                description=told.description or None,
                enabled=told.enabled and not told.secrets,
                events=told.events,
                consumer=_party(told.consumer_name, told.consumer_label),
                provider=_party(told.provider_name, told.provider_label),
                method=told.method,
                url=told.url,
                headers=told.headers,
                body=told.body,
                username=told.username or None,
            ),
            self.now,
        )


def _party(name: str, label: str) -> webhooks.Party:
    return webhooks.Party(name=name or None, label=label or None)


def key_of(text: str) -> str:
    """The content key of a pact's text, "" for what is no pact."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return pact_key(document) if isinstance(document, dict) else ""


def _once(db: sa.Connection, table: sa.Table, same: dict[str, Any], **further: Any) -> None:
    if db.execute(sa.select(table.c.id).filter_by(**same)).scalar() is None:
        insert(db, table, **same, **further)


def _contract(content: records.ArchivedContent) -> Contract:
    return Contract(
        kind=ContractKind.PACT,
        owner=content.consumer,
        counterpart=content.provider,
        key=content.key,
        text=content.text,
    )


def _details(told: records.ArchivedResult) -> dict[str, Any]:
    return {
        "build_url": told.build_url or None,
        "results": None if told.results is None else json.dumps(told.results),
        "verified_by": None if told.verified_by is None else json.dumps(told.verified_by),
        "wip": told.wip,
        "consumer_number": told.consumer_number or None,
    }


def _evidence(told: records.ArchivedResult) -> Evidence:
    """As results of foreign clients are kept: a success that left interactions out is no yes."""
    return Evidence(
        kind=EvidenceKind.PACTS,
        contract=told.key,
        consumer=told.consumer,
        provider=identity.Version(told.provider, told.number),
        artifact="",
        identity="",
        verdict=Verdict.PASSED if told.success else Verdict.FAILED,
        cause=None if told.success else Cause.BROKEN_PROMISE,
        promised=told.promised,
        exercised=told.exercised,
        complete=told.exercised >= told.promised,
        run=told.build_url or "copied from another broker",
        at=told.at,
    )


def import_records(database: Database, found: Iterable[Record], progress: Progress, now: str) -> list[str]:
    """Put everything there; what contradicted what was there before, in words."""
    ordered = _in_order(found)
    keeper = Keeper(now=now)
    progress("writing", 0, len(ordered))
    for start in range(0, len(ordered), AT_ONCE):
        with database.writing() as db:
            for record in ordered[start : start + AT_ONCE]:
                keeper.keep(db, record)
        progress("writing", min(start + AT_ONCE, len(ordered)), len(ordered))
    return keeper.problems


def _in_order(found: Iterable[Record]) -> Sequence[Record]:
    """What is referred to before what refers to it; versions and results as they came into the world."""
    listed = list(found)
    return [each for kind in records.KINDS for each in sorted(_of(kind, listed), key=_when)]


def _of(kind: str, listed: Iterable[Record]) -> Iterator[Record]:
    return (each for each in listed if each.kind == kind)


def _when(record: Record) -> str:
    if isinstance(record, records.ArchivedVersion):
        return record.created_at
    if isinstance(record, records.ArchivedLive):
        return record.since
    if isinstance(record, records.ArchivedBuild):
        return record.first_seen
    return (
        record.at
        if isinstance(record, (records.ArchivedResult, records.ArchivedEvidence, records.ArchivedClaim))
        else ""
    )
