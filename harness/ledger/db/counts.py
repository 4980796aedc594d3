"""How much of everything there is; rows in, numbers out."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from harness.ledger.db import pacts
from harness.ledger.db import tables as t
from harness.ledger.db.times import moment

Numbers = dict[str, Any]


def everything(db: sa.Connection) -> dict[str, Numbers]:
    """All counts, grouped as the original groups them."""
    interactions, messages = _latest_interactions(db)
    is_pact = t.publications.c.kind == "pact"
    pact_contracts = t.contracts.c.kind == "pact"
    return {
        "interactions": {
            "latestInteractionsCount": interactions,
            "latestMessagesCount": messages,
            "latestInteractionsAndMessagesCount": interactions + messages,
        },
        "pacticipants": {
            "count": _count(db, t.pacticipants),
            "withMainBranchSetCount": _count(db, t.pacticipants, t.pacticipants.c.main_branch.is_not(None)),
        },
        "integrations": {"count": _count(db, t.integrations)},
        "pactPublications": {
            "count": _count(db, t.publications, is_pact),
            **_first_and_last(db, t.publications.c.published_at, is_pact),
        },
        "pactVersions": {"count": _count(db, t.contracts, pact_contracts)},
        "pactRevisionsPerConsumerVersion": {"distribution": _revisions(db)},
        "verificationResults": _verifications(db),
        "verificationResultsPerPactVersion": {"distribution": _results_per_content(db)},
        **_names(db),
        **_places(db),
    }


def _verifications(db: sa.Connection) -> Numbers:
    succeeded = t.verifications.c.success.is_(True)
    told = (t.verifications.c.contract_id, t.verifications.c.version_id, t.verifications.c.success)
    pairs = sa.select(*told).distinct().subquery()
    count = _count(db, t.verifications)
    successes = _count(db, t.verifications, succeeded)
    return {
        "count": count,
        "successCount": successes,
        "failureCount": count - successes,
        "distinctCount": db.execute(sa.select(sa.func.count()).select_from(pairs)).scalar_one(),
        **_first_and_last(db, t.verifications.c.at),
    }


def _names(db: sa.Connection) -> dict[str, Numbers]:
    on_branch = sa.select(sa.func.count(sa.distinct(t.branch_versions.c.version_id)))
    with_branch = db.execute(on_branch).scalar_one()
    distinct = sa.select(t.tags.c.name).distinct().subquery()
    with_owner = sa.select(t.tags.c.name, t.tags.c.pacticipant_id).distinct().subquery()
    return {
        "pacticipantVersions": {
            "count": _count(db, t.versions),
            "withUserCreatedBranchCount": with_branch,
            "withBranchCount": with_branch,
            "withBranchSetCount": with_branch,
        },
        "webhooks": {"count": _count(db, t.webhooks)},
        "tags": {
            "count": _count(db, t.tags),
            "distinctCount": db.execute(sa.select(sa.func.count()).select_from(distinct)).scalar_one(),
            "distinctWithPacticipantCount": db.execute(
                sa.select(sa.func.count()).select_from(with_owner)
            ).scalar_one(),
        },
        "triggeredWebhooks": {"count": _count(db, t.triggers)},
        "webhookExecutions": {"count": _count(db, t.attempts)},
        "matrix": {"count": -1},
    }


def _places(db: sa.Connection) -> dict[str, Numbers]:
    deployed = _count(db, t.deployments)
    same = sa.and_(t.environments.c.id == t.deployments.c.environment_id, t.environments.c.name == t.tags.c.name)
    by_tag = sa.exists().where(t.tags.c.version_id == t.deployments.c.version_id, same)
    return {
        "environments": {"count": _count(db, t.environments, t.environments.c.uuid.is_not(None))},
        "deployedVersions": {
            "count": deployed,
            "userCreatedCount": _count(db, t.deployments, ~by_tag),
            "currentlyDeployedCount": _count(db, t.deployments, t.deployments.c.until.is_(None)),
        },
        "releasedVersions": {
            "count": _count(db, t.releases),
            "currentlySupportedCount": _count(db, t.releases, t.releases.c.until.is_(None)),
        },
    }


def _count(db: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return db.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()


def _first_and_last(db: sa.Connection, column: sa.Column[str], *where: sa.ColumnElement[bool]) -> Numbers:
    first, last = db.execute(sa.select(sa.func.min(column), sa.func.max(column)).where(*where)).one()
    return {"first": moment(first), "last": moment(last)} if first else {"first": None, "last": None}


def _revisions(db: sa.Connection) -> dict[str, int]:
    revision = t.publications.c.revision
    query = sa.select(revision, sa.func.count()).where(t.publications.c.kind == "pact").group_by(revision)
    return {str(number): count for number, count in db.execute(query.order_by(revision))}


def _results_per_content(db: sa.Connection) -> dict[str, int]:
    counted = (
        sa.select(sa.func.count().label("results"))
        .select_from(t.verifications)
        .group_by(t.verifications.c.contract_id)
        .subquery()
    )
    query = sa.select(counted.c.results, sa.func.count()).group_by(counted.c.results).order_by(counted.c.results)
    return {str(number): count for number, count in db.execute(query)}


def _latest_interactions(db: sa.Connection) -> tuple[int, int]:
    """How many interactions and messages the latest pacts of all pairs hold."""
    interactions = messages = 0
    rows = [each.publication for each in pacts.latest_of_each(db, [])]
    for start in range(0, len(rows), 200):
        wanted = t.publications.c.id.in_(rows[start : start + 200])
        for _, text in pacts.contents(db, [wanted]):
            here, there = _count_interactions(text)
            interactions, messages = interactions + here, messages + there
    return interactions, messages


def _count_interactions(text: str) -> tuple[int, int]:
    document = json.loads(text)
    if not isinstance(document, dict):
        return 0, 0
    listed = document.get("interactions")
    both = listed if isinstance(listed, list) else []
    talks = sum(isinstance(each, dict) and "Messages" in str(each.get("type", "")) for each in both)
    more = document.get("messages")
    return len(both) - talks, talks + (len(more) if isinstance(more, list) else 0)
