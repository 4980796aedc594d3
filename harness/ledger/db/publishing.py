"""Publishing a pact through the API: kept, already there, merged, or refused; rows in, values out."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.contracts import pact_merging
from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_reader import pact_key
from harness.ledger.db import integrations, traces
from harness.ledger.db.publications import PublishOutcome, published_pact, put_in_place
from harness.ledger.db.versions import mention_pacticipant
from harness.ledger.served_pact import make_ready

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True, kw_only=True)
class PactToPublish:
    """One pact to publish."""

    consumer: str
    provider: str
    document: dict[str, Any]
    text: str  # as it was sent
    key: str  # of its content: made before any row is asked for
    merge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPublication:
    """One pact that is published."""

    consumer: str
    provider: str
    contract: int
    outcome: PublishOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRefusal:
    """One pact that cannot be published, and why."""

    given: PactToPublish
    there: str  # the content that is there
    merging: bool


def pact_to_publish(
    *, consumer: str, provider: str, document: dict[str, Any], text: str, merge: bool = False
) -> PactToPublish:
    """A pact that is about to be published, with all that takes long and needs no row."""
    key = pact_key(document)
    given = PactToPublish(consumer=consumer, provider=provider, document=document, text=text, key=key, merge=merge)
    make_ready(contract_of(given))
    return given


def contract_of(given: PactToPublish) -> Contract:
    """The content of a pact, with its key."""
    return Contract(
        kind=ContractKind.PACT,
        owner=given.consumer,
        counterpart=given.provider,
        key=given.key,
        text=given.text,
    )


def refusal(
    db: sa.Connection, version: int | None, given: PactToPublish, *, allowed: bool
) -> PublishRefusal | None:
    """Why a version cannot have this content; None when it can."""
    there = _there(db, version, given.provider)
    if there is None or there.key == given.key:
        return None
    if given.merge:
        known = json.loads(there.text)
        if isinstance(known, dict) and pact_merging.conflicts(known, given.document):
            return PublishRefusal(given=given, there=there.text, merging=True)
        return None
    return None if allowed else PublishRefusal(given=given, there=there.text, merging=False)


def clash(first: PactToPublish, second: PactToPublish) -> bool:
    """Whether two pacts for one provider in one request contradict each other."""
    if first.key == second.key:
        return False
    return not second.merge or bool(pact_merging.conflicts(first.document, second.document))


def contradictions(refused: PublishRefusal) -> list[str]:
    """The descriptions of what is asked for in two ways."""
    there = json.loads(refused.there)
    found = pact_merging.conflicts(there, refused.given.document) if isinstance(there, dict) else []
    return [str(each.get("description", "")) for _, each in found]


def publish(db: sa.Connection, version: int, given: PactToPublish, now: str) -> StoredPublication:
    """Keep a pact of a version; whoever calls has asked whether it may."""
    there = _there(db, version, given.provider)
    if there is not None and given.merge:
        given = _merge_with_known(given, json.loads(there.text))
    row, outcome = put_in_place(db, version, there, contract_of(given), now)
    if there is not None and given.merge:
        outcome = PublishOutcome.MERGED
    if outcome is not PublishOutcome.CREATED:  # what is new has touched it
        owner, provider = (mention_pacticipant(db, name, now) for name in (given.consumer, given.provider))
        integrations.touch(db, owner, provider, now)
    traces.end_by_publication(db, given.consumer, version, now)
    return StoredPublication(consumer=given.consumer, provider=given.provider, contract=row, outcome=outcome)


def _there(db: sa.Connection, version: int | None, provider: str) -> Any:
    return None if version is None else published_pact(db, version, provider)


def _merge_with_known(given: PactToPublish, known: Any) -> PactToPublish:
    if not isinstance(known, dict):
        return given
    both = pact_merging.merge_parts(known, given.document)
    text = json.dumps(both, ensure_ascii=False, separators=(",", ":"))
    return replace(given, document=both, text=text, key=pact_key(both))
