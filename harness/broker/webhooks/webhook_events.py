"""What happened, in the words of templates and logs, and who is told of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.ledger.db import outbox
from harness.ledger.db import webhooks as kept
from harness.ledger.db.outbox import EventSubject
from harness.ledger.db.tables import labels, pacticipants

if TYPE_CHECKING:
    from harness.broker.settings import BrokerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event, with everything that a template may say of it."""

    event: str
    cause: EventSubject
    base: str  # the URL that links start with
    consumer_number: str = ""
    consumer_branch: str = ""
    consumer_tags: tuple[str, ...] = ()
    provider_number: str = ""
    provider_branch: str = ""
    provider_tags: tuple[str, ...] = ()
    provider_descriptions: tuple[str, ...] = ()
    pact_url: str = ""
    result_url: str = ""
    success: bool | None = None  # of the latest verification; None when there is none
    build_url: str = ""
    deployed_provider_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Triggered:
    """A webhook that will be told."""

    webhook: str  # what people call it
    event: str
    uuid: str


def trigger(db: sa.Connection, happened: Happening, settings: BrokerSettings, now: str) -> list[Triggered]:
    """Put an event into the outbox for every webhook that wants to be told; in the transaction of the change."""
    cause = happened.cause
    found = kept.matching(db, happened.event, cause.consumer, cause.provider)
    if not found:
        return []
    context = context_of(db, happened)
    due = time.time() + settings.webhook_delay
    return [
        Triggered(
            each.title,
            happened.event,
            outbox.add(db, (each.id, each.uuid), happened.event, context, cause, (now, due)),
        )
        for each in found
    ]


def context_of(db: sa.Connection, happened: Happening) -> dict[str, Any]:
    """What is kept of an event: the values of the template parameters, and what the log tells."""
    cause = happened.cause
    state = {None: "pending", True: "success", False: "failure"}[happened.success]
    values = {
        "consumerName": cause.consumer,
        "providerName": cause.provider,
        "consumerVersionNumber": happened.consumer_number,
        "consumerVersionBranch": happened.consumer_branch,
        "consumerVersionTags": ", ".join(happened.consumer_tags),
        "providerVersionNumber": happened.provider_number,
        "providerVersionBranch": happened.provider_branch,
        "providerVersionTags": ", ".join(happened.provider_tags),
        "providerVersionDescriptions": ", ".join(happened.provider_descriptions),
        "pactUrl": happened.pact_url,
        "verificationResultUrl": happened.result_url,
        "githubVerificationStatus": state,
        "bitbucketVerificationStatus": _BITBUCKET[state],
        "azureDevOpsVerificationStatus": _AZURE[state],
        "gitlabVerificationStatus": _GITLAB[state],
        "consumerLabels": ", ".join(_labels(db, cause.consumer)),
        "providerLabels": ", ".join(_labels(db, cause.provider)),
        "eventName": happened.event,
        "buildUrl": happened.build_url,
        "currentlyDeployedProviderVersionNumber": ", ".join(happened.deployed_provider_numbers),
    }
    return {"values": values, "told": _log_fields(happened)}


_BITBUCKET = {"success": "SUCCESSFUL", "failure": "FAILED", "pending": "INPROGRESS"}
_AZURE = {"success": "succeeded", "failure": "failed", "pending": "pending"}
_GITLAB = {"success": "success", "failure": "failed", "pending": "pending"}


def _log_fields(happened: Happening) -> dict[str, Any]:
    """As the log of the original has it."""
    told: dict[str, Any] = {"base_url": happened.base}
    if happened.event == "test":
        return {**told, "event_name": happened.event}
    optional = {
        "consumer_version_number": happened.consumer_number if happened.provider_number else "",
        "provider_version_number": happened.provider_number,
        "provider_version_branch": happened.provider_branch,
        "provider_version_tags": list(happened.provider_tags),
        "consumer_version_branch": happened.consumer_branch,
        "build_url": happened.build_url,
        "consumer_version_tags": list(happened.consumer_tags),
    }
    told |= {name: value for name, value in optional.items() if value}
    return {**told, "event_name": happened.event}


def _labels(db: sa.Connection, name: str) -> list[str]:
    query = sa.select(labels.c.name).join(pacticipants).where(pacticipants.c.name == name).order_by(labels.c.id)
    return list(db.execute(query).scalars())
