"""Whether the copy has everything, and answers as the other broker does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.gate import can_i_deploy
from harness.identity import Version
from harness.ledger.db import tables as t
from harness.transfer import records
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.ledger.sql_ledger import SqlLedger
    from harness.transfer.records import Record

SAID = {True: Verdict.PASSED, False: Verdict.FAILED, None: Verdict.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many things of a kind were copied, and how many of them are there now."""

    what: str
    copied: int
    there: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A live version about which the two brokers say different things."""

    version: Version
    environment: str
    said: Verdict  # by the other broker
    says: Verdict  # by the gate, from the copy
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyComparison:
    """What the copy is worth."""

    counts: tuple[Count, ...]
    answers: int  # how many were compared
    disagreements: tuple[Disagreement, ...]

    @property
    def complete(self) -> bool:
        """Whether everything is there."""
        return all(count.copied == count.there for count in self.counts)

    @property
    def wrong_yes(self) -> bool:
        """Whether the copy says yes where the other broker says no."""
        return any((each.said, each.says) == (Verdict.FAILED, Verdict.PASSED) for each in self.disagreements)


def compare_copy(ledger: SqlLedger, found: Iterable[Record]) -> CopyComparison:
    """The counts and the answers, side by side."""
    listed = list(found)
    answers = [each for each in listed if isinstance(each, records.ArchivedAnswer)]
    wanted = {kind: {_name(each) for each in listed if each.kind == kind} for kind in records.KINDS}
    with ledger.database.reading() as db:
        there = {kind: set(_there(db, kind)) for kind in records.KINDS}
    return CopyComparison(
        counts=tuple(
            Count(what=records.PLURALS[kind], copied=len(names), there=len(names & there[kind]))
            for kind, names in wanted.items()
            if names or kind not in records.OURS
        ),
        answers=len(answers),
        disagreements=tuple(each for answer in answers for each in _disagreements(ledger, answer)),
    )


def _disagreements(ledger: SqlLedger, answer: records.ArchivedAnswer) -> Iterator[Disagreement]:
    version = Version(answer.pacticipant, answer.number)
    facts = ledger.facts_about([version], [answer.environment])
    decision = can_i_deploy([version], answer.environment, facts)
    said = SAID[answer.deployable]
    if decision.verdict is not said:
        yield Disagreement(
            version=version,
            environment=answer.environment,
            said=said,
            says=decision.verdict,
            because=decision.reasons[0].text if decision.verdict > said else f"it said: {answer.reason}",
        )


def _name(record: Record) -> tuple[Any, ...]:
    """What a thing is called, so that it can be found again."""
    return tuple(getattr(record, part) for part in records.NAMED_BY[record.kind])


def _there(db: sa.Connection, kind: str) -> Iterator[tuple[Any, ...]]:
    for query in _queries()[kind]:
        for row in db.execute(query):
            yield tuple(row)


def _queries() -> dict[str, tuple[sa.Select[Any], ...]]:
    """The same parts of what is there now, by kind."""
    owner, number = t.pacticipants.c.name, t.versions.c.number
    contract, build, trace = t.contracts.c, t.builds.c, t.traces.c
    of_version = t.versions.join(t.pacticipants, t.pacticipants.c.id == t.versions.c.pacticipant_id)
    published = t.publications.join(of_version, t.versions.c.id == t.publications.c.version_id)
    published = published.join(t.contracts, contract.id == t.publications.c.contract_id)
    pact = sa.select(owner, number, t.publications.c.counterpart, contract.key).select_from(published)
    return {
        "environment": (sa.select(t.environments.c.name).where(t.environments.c.uuid.is_not(None)),),
        "pacticipant": (sa.select(owner),),
        "version": (sa.select(owner, number).select_from(of_version),),
        "branch": (sa.select(owner, t.branches.c.name).join_from(t.branches, t.pacticipants),),
        "build": (sa.select(owner, number, build.runtime, build.artifact).select_from(t.builds.join(of_version)),),
        "document": (_documents(),),
        "claim": (_claims(),),
        "evidence": (_evidence(),),
        "content": (sa.select(contract.owner, contract.counterpart, contract.key),),
        "pact": (pact,),
        "result": (_results(),),
        "live": (_live(t.deployments, released=False), _live(t.releases, released=True)),
        "deletion": (sa.select(*(trace[name] for name in records.NAMED_BY["deletion"])),),
        "webhook": (sa.select(t.webhooks.c.uuid),),
    }


def _documents() -> sa.Select[Any]:
    query = sa.select(t.pacticipants.c.name, t.versions.c.number, t.contracts.c.key)
    return (
        query.join_from(t.publications, t.contracts, t.contracts.c.id == t.publications.c.contract_id)
        .join(t.versions, t.versions.c.id == t.publications.c.version_id)
        .join(t.pacticipants, t.pacticipants.c.id == t.versions.c.pacticipant_id)
    )


def _claims() -> sa.Select[Any]:
    told = t.self_verifications
    query = sa.select(t.pacticipants.c.name, t.versions.c.number, told.c.success, told.c.at)
    return query.join_from(told, t.versions).join(t.pacticipants)


def _evidence() -> sa.Select[Any]:
    names = ("kind", *records.NAMED_BY["evidence"][1:])
    return sa.select(*(t.evidence.c[name] for name in names))


def _results() -> sa.Select[Any]:
    told, contract = t.verifications.c, t.contracts.c
    return (
        sa.select(contract.owner, contract.counterpart, contract.key, t.versions.c.number, told.success, told.at)
        .join_from(t.verifications, t.contracts, contract.id == told.contract_id)
        .join(t.versions, t.versions.c.id == told.version_id)
    )


def _live(table: sa.Table, *, released: bool) -> sa.Select[Any]:
    instance = sa.literal("") if released else table.c.instance
    return (
        sa.select(
            t.environments.c.name,
            t.pacticipants.c.name,
            t.versions.c.number,
            instance,
            sa.literal(released, sa.Boolean),
            table.c.until.is_not(None),
        )
        .join_from(table, t.environments, t.environments.c.id == table.c.environment_id)
        .join(t.versions, t.versions.c.id == table.c.version_id)
        .join(t.pacticipants, t.pacticipants.c.id == t.versions.c.pacticipant_id)
    )
