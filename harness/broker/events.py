"""What the publication of a pact means: which events it is, and who is told of them (BROKER-API 11.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.broker.http.metadata import Metadata, encode
from harness.broker.webhooks.webhook_events import Happening, Triggered, trigger
from harness.ledger.db import pacts, requiring, shown_versions, webhooks
from harness.ledger.db.outbox import EventSubject
from harness.ledger.db.publications import PublishOutcome
from harness.ledger.db.publishing import StoredPublication
from harness.ledger.db.tables import publications

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.results import VerificationResult
    from harness.ledger.db.shown_versions import ShownVersion
    from harness.ledger.db.webhooks import Webhook

Earlier = dict[str, Any]  # of whom, and before which version

PUBLISHED = "contract_published"
CHANGED = "contract_content_changed"
REQUIRING = "contract_requiring_verification_published"
VERIFIED = "provider_verification_published"
SUCCEEDED = "provider_verification_succeeded"
FAILED = "provider_verification_failed"


@dataclass(frozen=True, slots=True)
class Event:
    """One event, and why it is one."""

    name: str
    comment: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.comment})" if self.comment else self.name


@dataclass(frozen=True, slots=True)
class PublicationEvents:
    """The events of one publication, and the webhooks that will be told."""

    events: Sequence[Event]
    triggered: Sequence[Triggered]


def announce(request: Request, version: ShownVersion, published: StoredPublication) -> PublicationEvents:
    """Decide what the publication of a pact means, and put it into the outbox."""
    comments, changed = _changes(request.db, version, published)
    events = [Event(PUBLISHED, "" if changed else comments)]
    if changed:
        events.append(Event(CHANGED, comments))
    if not webhooks.any_enabled(request.db):
        return PublicationEvents(events, [])
    happened = _happening(request, version, published)
    told = [
        t
        for e in events
        for t in trigger(request.db, replace(happened, event=e.name), request.settings, request.now)
    ]
    for each in requiring.provider_versions(request.db, published.contract, published.provider):
        named = replace(
            happened,
            event=REQUIRING,
            provider_number=each.number,
            provider_branch=each.branch,
            provider_descriptions=tuple(each.descriptions),
        )
        told += trigger(request.db, named, request.settings, request.now)
    if told:
        request.later(request.wake)
    return PublicationEvents(events, told)


def announce_result(request: Request, result: VerificationResult, remembered: Metadata) -> list[Triggered]:
    """Put the publication of a result into the outbox, once for each consumer version that it is about."""
    told: list[Triggered] = []
    if not webhooks.any_enabled(request.db):
        return told
    for consumer in _consumers(request, result, remembered):
        happened = _result_happening(request, result, consumer)
        for name in _events_of(result):
            told += trigger(request.db, replace(happened, event=name), request.settings, request.now)
    if told:
        request.later(request.wake)
    return told


def _events_of(result: VerificationResult) -> tuple[str, ...]:
    """What happened; a success that left interactions out succeeded in nothing that anybody should rest on."""
    if result.partial:
        return (VERIFIED,)
    return VERIFIED, SUCCEEDED if result.success else FAILED


def _consumers(request: Request, result: VerificationResult, remembered: Metadata) -> list[ShownVersion]:
    rows = list(remembered.rows)
    if remembered.number:
        named = shown_versions.find(request.db, result.consumer, remembered.number)
        rows += [named] if named else []
    if not rows:
        newest = pacts.newest(request.db, [publications.c.contract_id == result.contract])
        rows = [newest.version] if newest else []
    found = shown_versions.versions_of_rows(request.db, list(dict.fromkeys(rows)))
    return [each for each in found if each.pacticipant == result.consumer]


def _result_happening(request: Request, result: VerificationResult, consumer: ShownVersion) -> Happening:
    provider = shown_versions.versions_of_rows(request.db, [result.version])[0]
    tags_named = tuple(each.name for each in consumer.tags)
    content = request.to(
        "pacts", "provider", result.provider, "consumer", result.consumer, "pact-version", result.sha
    )
    metadata = encode(Metadata(number=consumer.number, tags=tags_named, wip=True))
    return Happening(
        event="",
        cause=EventSubject(
            consumer=result.consumer,
            provider=result.provider,
            consumer_version=consumer.id,
            provider_version=provider.id,
            contract=result.contract,
            verification=result.id,
        ),
        base=request.base,
        consumer_number=consumer.number,
        consumer_branch=consumer.branches[-1].name if consumer.branches else "",
        consumer_tags=tags_named,
        provider_number=provider.number,
        provider_branch=provider.branches[-1].name if provider.branches else "",
        provider_tags=tuple(each.name for each in provider.tags),
        pact_url=f"{content}/metadata/{metadata}",
        result_url=f"{content}/verification-results/{result.id}",
        success=None if result.partial else result.success,
        build_url=result.build_url or "",
    )


def latest_happening(request: Request, webhook: Webhook) -> Happening:
    """What a webhook would be told now: of the latest pact that it is about, or of nothing in particular."""
    about = []
    if webhook.consumer.name:
        about.append(pacts.of_consumer(webhook.consumer.name))
    if webhook.provider.name:
        about += pacts.of_provider(webhook.provider.name)
    newest = pacts.newest(request.db, about)
    if newest is None:
        parties = (webhook.consumer.name or "", webhook.provider.name or "")
        return Happening(
            event="test", cause=EventSubject(consumer=parties[0], provider=parties[1]), base=request.base
        )
    version = shown_versions.versions_of_rows(request.db, [newest.version])[0]
    published = StoredPublication(
        consumer=newest.consumer,
        provider=newest.provider,
        contract=newest.contract,
        outcome=PublishOutcome.UNCHANGED,
    )
    return replace(_happening(request, version, published), event="test")


def _happening(request: Request, version: ShownVersion, published: StoredPublication) -> Happening:
    sha = pacts.find_pacts(request.db, [publications.c.contract_id == published.contract])[0].sha
    tagged = tuple(each.name for each in version.tags)
    metadata = encode(Metadata(number=version.number, tags=tagged, wip=True))
    pair = ("pacts", "provider", published.provider, "consumer", published.consumer)
    return Happening(
        event="",
        cause=EventSubject(
            consumer=published.consumer,
            provider=published.provider,
            consumer_version=version.id,
            contract=published.contract,
        ),
        base=request.base,
        consumer_number=version.number,
        consumer_branch=version.branches[-1].name if version.branches else "",
        consumer_tags=tagged,
        pact_url=request.to(*pair, "pact-version", sha, "metadata", metadata),
        build_url=version.build_url,
    )


def _changes(db: sa.Connection, version: ShownVersion, published: StoredPublication) -> tuple[str, bool]:
    """Whether the content is new, and the words for it: by tag, else by branch, else by what came before."""
    earlier = {"consumer": published.consumer, "provider": published.provider, "before": version.id}
    if version.tags:
        found = [_of_tag(db, earlier, each.name, published.contract) for each in version.tags]
        changed = [text for text in found if text]
        names = ", ".join(each.name for each in version.tags)
        return (", ".join(changed), True) if changed else (_same(names), False)
    untagged = db.execute(_UNTAGGED, earlier).scalar()
    if untagged is None:
        return "first time untagged pact published", True
    reference = _before_on_branch(db, earlier, version)
    before = untagged if reference is None else reference
    if before == published.contract:
        return _same(""), False
    if untagged != published.contract:
        return "pact content has changed since previous untagged version", True
    return "pact content has changed since the previous version on the same branch", True


def _of_tag(db: sa.Connection, earlier: Earlier, tag: str, contract: int) -> str:
    before = db.execute(_TAGGED, {**earlier, "named": tag}).scalar()
    if before is None:
        return f"first time any pact published for this consumer with consumer version tagged {tag}"
    if before != contract:
        return f"pact content has changed since the last consumer version tagged with {tag}"
    return ""


def _before_on_branch(db: sa.Connection, earlier: Earlier, version: ShownVersion) -> int | None:
    """What the branch had before; a new branch begins with what the main one has."""
    for each in version.branches:
        found = db.execute(_ON_BRANCH, {**earlier, "named": each.name}).scalar()
        if found is not None:
            return int(found)
    return db.execute(_ON_MAIN, earlier).scalar() if version.branches else None


# Made once: making a statement costs more than asking it. Each is the content of the newest earlier version.
_EARLIER = (
    sa.select(publications.c.contract_id)
    .where(
        pacts.IS_PACT,
        *pacts.of_pair(sa.bindparam("consumer"), sa.bindparam("provider")),
        pacts.before(sa.bindparam("before")),
    )
    .order_by(publications.c.version_id.desc())
    .limit(1)
)
_UNTAGGED = _EARLIER.where(pacts.without_tags())
_TAGGED = _EARLIER.where(pacts.with_tag(sa.bindparam("named")))
_ON_BRANCH = _EARLIER.where(pacts.on_branch(sa.bindparam("named")))
_ON_MAIN = _EARLIER.where(pacts.on_main())


def _same(tags_named: str) -> str:
    return f"pact content is the same as previous versions with tags {tags_named} and no new tags were applied"
