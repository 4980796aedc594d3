"""What is worth looking at: the heads of branches and tags, each with its latest result; rows in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.identity import Version
from harness.ledger.db import changed, pacts, results
from harness.ledger.db.pacts import StoredPact
from harness.ledger.db.results import VerificationResult
from harness.ledger.db.rows import chunks, in_order
from harness.ledger.db.tables import (
    branches,
    integrations,
    pacticipants,
    publications,
    tags,
    triggers,
    verifications,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.ledger.db.paging import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One pact that is the newest of some kind."""

    pact: StoredPact
    result: VerificationResult | None
    verified_before: bool  # the pair had a success with another content; told where this one has no result
    contradicted: bool  # another build of the version that gave the result broke the pact
    webhooks: str  # none, not_run, success, failure, retrying

    @property
    def status(self) -> str:
        """How its verification stands."""
        if self.result is None:
            return "stale" if self.verified_before else "never"
        kept = self.result.success and not self.result.partial and not self.contradicted
        return "success" if kept else "failed"


def items(db: sa.Connection, where: Sequence[sa.ColumnElement[bool]], page: Page | None) -> tuple[list[Item], int]:
    """The items of some pairs, the latest activity first, and how many there are in all."""
    rows = _rows(db, where)
    total = len(rows)
    chosen = rows if page is None else rows[page.offset : page.offset + page.size]
    found = pacts.of_publications(db, chosen)
    known = results.latest_of_contracts(db, [pact.contract for pact in found]) if found else {}
    contradicted = _contradicted_pairs(db, list(known.values()))
    told = _webhook_statuses(db, found)
    verified = _verified_pairs(db, [pact for pact in found if pact.contract not in known])
    made = [
        Item(
            pact=pact,
            result=known.get(pact.contract),
            verified_before=(pact.consumer, pact.provider) in verified,
            contradicted=pact.contract in contradicted,
            webhooks=told.get((pact.consumer, pact.provider), "none"),
        )
        for pact in found
    ]
    return sorted(made, key=_activity, reverse=True), total


def _activity(item: Item) -> tuple[str, int, int]:
    at = item.result.at if item.result else item.pact.published_at
    return at, item.result.id if item.result else 0, item.pact.publication


def _rows(db: sa.Connection, where: Sequence[sa.ColumnElement[bool]]) -> list[int]:
    """The publications of heads; of a pair without any, its newest one."""
    found = db.execute(_HEADS.where(*where) if where else _HEADS).all()
    pairs = {(owner, provider) for _, owner, provider in found}
    return [row for row, _, _ in found] + _newest_of_others(db, pairs, where)


def _newest_of_others(
    db: sa.Connection, pairs: set[tuple[int, str]], where: Sequence[sa.ColumnElement[bool]]
) -> list[int]:
    found: list[int] = []
    for consumer, name in db.execute(_PAIRS).all():
        if (consumer, name) in pairs:
            continue
        newest = (
            sa.select(publications.c.id)
            .where(
                publications.c.pacticipant_id == consumer,
                publications.c.counterpart == name,
                publications.c.kind == ContractKind.PACT.value,
                *where,
            )
            .order_by(publications.c.version_id.desc())
            .limit(1)
        )
        found += db.execute(newest).scalars().all()
    return found


def _verified_pairs(db: sa.Connection, found: Sequence[StoredPact]) -> set[tuple[str, str]]:
    """The pairs of which some content was verified with success."""
    verified = set()
    for consumer, provider in {(pact.consumer, pact.provider) for pact in found}:
        if db.execute(_SUCCESS, {"consumer": consumer, "provider": provider}).scalar() is not None:
            verified.add((consumer, provider))
    return verified


def _contradicted_pairs(db: sa.Connection, latest: Sequence[VerificationResult]) -> set[int]:
    """The contents that a build of the version with the latest result broke, or what was recorded in its place."""
    versions = {Version(each.provider, each.number): each.version for each in latest}
    recorded = changed.in_place_of(db, versions.keys())
    asked = {row: versions[version] for version, some in recorded.items() for row in some.values()}
    wanted = {(each.contract, each.version) for each in latest}
    last: dict[tuple[int, int, str], bool] = {}
    contracts = {each.contract for each in latest}
    for part in chunks(contracts):
        for contract, version, artifact, success in db.execute(_OF_BUILDS, {"contracts": part}):
            if (contract, asked.get(version, version)) in wanted:
                last[contract, version, artifact] = success
    return {contract for (contract, _, _), success in last.items() if not success}


def _webhook_statuses(db: sa.Connection, found: Sequence[StoredPact]) -> dict[tuple[str, str], str]:
    """How the webhooks of pairs fared: the worst of their latest events."""
    worst: dict[tuple[str, str], str] = {}
    order = ("none", "success", "not_run", "retrying", "failure")
    pairs = {(pact.consumer, pact.provider) for pact in found}
    for consumer, provider, status in db.execute(_TRIGGERED):
        if (consumer, provider) in pairs:
            before = worst.get((consumer, provider), "none")
            worst[consumer, provider] = max(before, status, key=order.index)
    return worst


# Made once: making a statement costs more than asking it.
_HEADS = (
    sa.select(publications.c.id, publications.c.pacticipant_id, publications.c.counterpart)
    .join_from(publications, pacticipants, pacticipants.c.id == publications.c.pacticipant_id)
    .where(
        publications.c.kind == ContractKind.PACT.value,
        publications.c.version_id.in_(
            sa.union(
                sa.select(branches.c.head_id).where(branches.c.head_id.is_not(None)),
                sa.select(sa.func.max(tags.c.version_id)).group_by(tags.c.pacticipant_id, tags.c.name),
            )
        ),
    )
    .order_by(
        in_order(pacticipants.c.name),
        in_order(publications.c.counterpart),
        publications.c.version_id.desc(),
        publications.c.id,
    )
)
_provider = pacticipants.alias("provider")
_PAIRS = (
    sa.select(integrations.c.consumer_id, _provider.c.name)
    .join_from(integrations, _provider, _provider.c.id == integrations.c.provider_id)
    .order_by(integrations.c.id)
)
_of_pair = sa.select(publications.c.contract_id).where(
    *pacts.of_pair(sa.bindparam("consumer"), sa.bindparam("provider"))
)
_SUCCESS = (
    sa.select(verifications.c.id)
    .where(verifications.c.contract_id.in_(_of_pair), verifications.c.success.is_(True))
    .limit(1)
)
_OF_BUILDS = (  # what leaves interactions out takes nothing back
    sa.select(
        verifications.c.contract_id, verifications.c.version_id, verifications.c.artifact, verifications.c.success
    )
    .where(
        verifications.c.contract_id.in_(sa.bindparam("contracts", expanding=True)),
        verifications.c.partial.is_(False),
    )
    .order_by(verifications.c.id)
)
_TRIGGERED = sa.select(triggers.c.consumer, triggers.c.provider, triggers.c.status).where(
    triggers.c.id.in_(
        sa.select(sa.func.max(triggers.c.id)).group_by(
            triggers.c.consumer, triggers.c.provider, triggers.c.webhook_uuid, triggers.c.event
        )
    )
)
