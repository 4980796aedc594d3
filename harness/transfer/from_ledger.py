"""Everything that a ledger of our own keeps for a team, as records: the same as its API would show."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.gate import can_i_deploy
from harness.identity import Version
from harness.ledger.db import environments, places, traces, webhooks
from harness.ledger.db import tables as t
from harness.transfer import from_ledger_providers, records
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.ledger.sql_ledger import SqlLedger
    from harness.transfer.archive import Archive
    from harness.transfer.from_http import Progress
    from harness.transfer.records import Record

_ANSWERS = {Verdict.PASSED: True, Verdict.FAILED: False, Verdict.UNKNOWN: None}
_AT_ONCE = 100  # records in one line
_SECRET = ("authorization", "token", "key", "secret", "password", "cookie")  # parts of names of headers


def unfold(ledger: SqlLedger, archive: Archive, progress: Progress) -> None:
    """Write everything of a ledger to the archive, as of one moment."""
    with ledger.database.reading() as db:
        for done, (what, read) in enumerate(_PARTS):
            progress("reading", done, len(_PARTS))
            archive.append(what, list(read(db)))
        for number, some in enumerate(_few(from_ledger_providers.evidence(db))):
            archive.append(f"evidence {number}", some)
    archive.append("answers", list(_answers(ledger)))
    archive.finish()
    progress("reading", len(_PARTS), len(_PARTS))


def _few(found: Iterator[Record]) -> Iterator[list[Record]]:
    """So many that one line of the file holds them: what runs saw may be long."""
    while some := list(islice(found, _AT_ONCE)):
        yield some


def _environments(db: sa.Connection) -> Iterator[Record]:
    require = environments.policies(db)
    for each in places.list_environments(db):
        yield records.ArchivedEnvironment(
            name=each.name,
            display_name=each.display_name,
            production=each.production,
            contacts=None if each.contacts is None else list(each.contacts),
            require=require.get(each.name, ()),
            created_at=each.created_at,
        )


def _names_by_row(db: sa.Connection, query: sa.Select[Any]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for row in db.execute(query):
        of, name = tuple(row)
        found.setdefault(of, []).append(name)
    return {of: tuple(names) for of, names in found.items()}


def _pacticipants(db: sa.Connection) -> Iterator[Record]:
    labels = _names_by_row(db, sa.select(t.labels.c.pacticipant_id, t.labels.c.name))
    for row in db.execute(sa.select(t.pacticipants).order_by(t.pacticipants.c.id)):
        yield records.ArchivedPacticipant(
            name=row.name,
            display_name=row.display_name or "",
            main_branch=row.main_branch or "",
            repository_url=row.repository_url or "",
            repository_name=row.repository_name or "",
            repository_namespace=row.repository_namespace or "",
            labels=labels.get(row.id, ()),
            created_at=row.created_at or "",
        )


def _versions(db: sa.Connection) -> Iterator[Record]:
    on = t.branch_versions.join(t.branches, t.branches.c.id == t.branch_versions.c.branch_id)
    names = sa.select(t.branch_versions.c.version_id, t.branches.c.name).select_from(on)
    branches = _names_by_row(db, names.order_by(t.branch_versions.c.id))
    tags = _names_by_row(db, sa.select(t.tags.c.version_id, t.tags.c.name).order_by(t.tags.c.id))
    query = sa.select(t.versions, t.pacticipants.c.name.label("owner")).join(t.pacticipants)
    for row in db.execute(query.order_by(t.versions.c.id)):
        yield records.ArchivedVersion(
            pacticipant=row.owner,
            number=row.number,
            build_url=row.build_url,
            branches=branches.get(row.id, ()),
            tags=tags.get(row.id, ()),
            created_at=row.created_at,
        )
    yield from _branches(db)


def _branches(db: sa.Connection) -> Iterator[Record]:
    head = t.versions.alias("head")
    query = (
        sa.select(t.pacticipants.c.name.label("owner"), t.branches.c.name, t.branches.c.created_at, head.c.number)
        .join_from(t.branches, t.pacticipants)
        .outerjoin(head, head.c.id == t.branches.c.head_id)
        .order_by(t.branches.c.id)
    )
    for row in db.execute(query):
        yield records.ArchivedBranch(
            pacticipant=row.owner, name=row.name, head=row.number or "", created_at=row.created_at
        )


def _pacts(db: sa.Connection) -> Iterator[Record]:
    of_pacts = t.contracts.c.kind == ContractKind.PACT.value
    for row in db.execute(sa.select(t.contracts).where(of_pacts).order_by(t.contracts.c.id)):
        yield records.ArchivedContent(
            consumer=row.owner, provider=row.counterpart, key=row.key, sha=row.key, text=row.text
        )
    query = (
        sa.select(
            t.pacticipants.c.name,
            t.versions.c.number,
            t.publications.c.counterpart,
            t.contracts.c.key,
            t.publications.c.published_at,
        )
        .join_from(t.publications, t.contracts, t.contracts.c.id == t.publications.c.contract_id)
        .join(t.versions, t.versions.c.id == t.publications.c.version_id)
        .join(t.pacticipants, t.pacticipants.c.id == t.versions.c.pacticipant_id)
        .where(of_pacts)
        .order_by(t.publications.c.id)
    )
    for name, number, provider, key, at in db.execute(query):
        yield records.ArchivedPact(consumer=name, number=number, provider=provider, key=key, created_at=at)


def _results(db: sa.Connection) -> Iterator[Record]:
    told, contract = t.verifications, t.contracts
    query = (
        sa.select(
            told,
            contract.c.owner,
            contract.c.counterpart,
            contract.c.key,
            t.versions.c.number.label("of"),
            t.evidence.c.promised,
            t.evidence.c.exercised,
        )
        .join_from(told, contract, contract.c.id == told.c.contract_id)
        .join(t.versions, t.versions.c.id == told.c.version_id)
        .join(t.evidence, t.evidence.c.id == told.c.evidence_id)
        .order_by(told.c.id)
    )
    for row in db.execute(query):
        yield records.ArchivedResult(
            consumer=row.owner,
            provider=row.counterpart,
            key=row.key,
            number=row.of,
            success=row.success,
            promised=row.promised,
            exercised=row.exercised,
            at=row.at,
            build_url=row.build_url or "",
            results=None if row.results is None else json.loads(row.results),
            verified_by=None if row.verified_by is None else json.loads(row.verified_by),
            wip=row.wip,
            consumer_number=row.consumer_number or "",
        )


def _live(db: sa.Connection) -> Iterator[Record]:
    for each in environments.stays(db):
        yield records.ArchivedLive(
            environment=each.environment,
            pacticipant=each.version.pacticipant,
            number=each.version.number,
            instance=each.instance,
            released=each.released,
            since=each.since,
            until=each.until,
        )


def _deletions(db: sa.Connection) -> Iterator[Record]:
    return (records.Deletion.of(each) for each in traces.all_open_traces(db))


def _webhooks(db: sa.Connection) -> Iterator[Record]:
    for each in webhooks.all_webhooks(db):
        hidden = tuple(name for name in each.headers if any(part in name.lower() for part in _SECRET))
        yield records.ArchivedWebhook(
            uuid=each.uuid,
            description=each.description or "",
            enabled=each.enabled,
            events=tuple(each.events),
            consumer_name=each.consumer.name or "",
            consumer_label=each.consumer.label or "",
            provider_name=each.provider.name or "",
            provider_label=each.provider.label or "",
            method=each.method,
            url=each.url,
            headers={name: value for name, value in each.headers.items() if name not in hidden},
            body=each.body,
            username=each.username or "",
            secrets=(*hidden, *(("password",) if each.password else ())),
        )


def _answers(ledger: SqlLedger) -> Iterator[Record]:
    facts = ledger.facts()
    there = [each for each in facts.live if facts.versions[each.version].deleted is None]
    for place, version in dict.fromkeys((each.environment, each.version) for each in there):
        decision = can_i_deploy([Version(version.pacticipant, version.number)], place, facts)
        yield records.ArchivedAnswer(
            environment=place,
            pacticipant=version.pacticipant,
            number=version.number,
            deployable=_ANSWERS[decision.verdict],
            reason=decision.reasons[0].text,
        )


_PARTS = (
    ("environments", _environments),
    ("pacticipants", _pacticipants),
    ("versions", _versions),
    ("builds", from_ledger_providers.builds),
    ("pacts", _pacts),
    ("documents", from_ledger_providers.documents),
    ("results", _results),
    ("live", _live),
    ("deletions", _deletions),
    ("webhooks", _webhooks),
)
