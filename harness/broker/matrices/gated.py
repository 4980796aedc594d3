"""The matrix never says more than the gate: where an environment asks for more than pacts, both must say yes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.broker.matrices.matrix import answered as by_matrix
from harness.broker.store import scoped
from harness.broker.store.tables import (
    deployments,
    environments,
    integrations,
    pacticipants,
    publications,
    releases,
    versions,
)
from harness.gate import can_i_deploy
from harness.identity import Version
from harness.matrix import EvidenceKind
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from harness.broker.matrices.asking import Question
    from harness.broker.matrices.deciding import Answered
    from harness.gate.decision import Decision


def answered(db: sa.Connection, question: Question) -> Answered:
    """The answer of the matrix, held against the gate where the matrix cannot see everything. Raises Invalid."""
    found = by_matrix(db, question)
    if found.deployable is not True or not question.environment or question.ignored:
        return found
    if not _beyond_pacts(db, question.environment) and not _silent_candidate(db, question):
        return found
    decision = _decision(db, question)
    if decision is None or decision.verdict is Verdict.PASSED:
        return found
    told = [reason.text for reason in decision.reasons if reason.verdict is not Verdict.PASSED]
    deployable = False if decision.verdict is Verdict.FAILED else None
    unknown = found.unknown + sum(reason.verdict is Verdict.UNKNOWN for reason in decision.reasons)
    return replace(found, deployable=deployable, errors=told, successes=[], unknown=unknown)


def _beyond_pacts(db: sa.Connection, environment: str) -> bool:
    """Whether the environment demands more than pacts, or a consumer lives there that published none."""
    place = db.execute(_PLACE, {"name": environment}).one_or_none()
    if place is None:
        return False
    if set(json.loads(place.require)) - {EvidenceKind.PACTS.value}:
        return True
    return any(db.execute(query, {"place": place.id}).scalar() is not None for query in _SILENT_THERE)


def _silent_candidate(db: sa.Connection, question: Question) -> bool:
    """Whether a version that is named published no pact, and its pacticipant is a consumer otherwise."""
    named = [{"name": each.pacticipant, "number": each.version} for each in question.selectors if each.version]
    return any(db.execute(_SILENT_VERSION, each).scalar() is not None for each in named)


# Made once: making a statement costs more than asking it.
_PLACE = sa.select(environments.c.id, environments.c.require).where(environments.c.name == sa.bindparam("name"))
_NEEDS = sa.exists().where(integrations.c.consumer_id == versions.c.pacticipant_id)
_SILENT_THERE = [
    sa.select(table.c.id)
    .join_from(table, versions, versions.c.id == table.c.version_id)
    .where(
        table.c.environment_id == sa.bindparam("place"),
        table.c.until.is_(None),
        ~sa.exists().where(publications.c.version_id == table.c.version_id),
        _NEEDS,
    )
    .limit(1)
    for table in (deployments, releases)
]
_SILENT_VERSION = (
    sa.select(versions.c.id)
    .join_from(versions, pacticipants)
    .where(
        pacticipants.c.name == sa.bindparam("name"),
        versions.c.number == sa.bindparam("number"),
        ~sa.exists().where(publications.c.version_id == versions.c.id),
        _NEEDS,
    )
)


def _decision(db: sa.Connection, question: Question) -> Decision | None:
    """What the gate says of versions that are named; None where none is."""
    named = [Version(each.pacticipant, each.version) for each in question.selectors if each.version]
    if len(named) != len(question.selectors) or len({each.pacticipant for each in named}) != len(named):
        return None
    facts = scoped.facts_about(db, named, [question.environment])
    return None if facts is None else can_i_deploy(named, question.environment, facts)
