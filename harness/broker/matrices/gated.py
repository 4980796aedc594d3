"""The matrix never says more than the gate: where an environment asks for more than pacts, both must say yes."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.broker.matrices.matrix import answered as by_matrix
from harness.broker.matrices.resolving import resolve_ignored, scene
from harness.broker.stating import statements
from harness.broker.store import scoped
from harness.broker.store.rows import chunks
from harness.broker.store.tables import (
    deployments,
    environments,
    integrations,
    publications,
    releases,
    versions,
)
from harness.evidence import EvidenceKind
from harness.gate import can_i_deploy, commands
from harness.identity import Version
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.broker.matrices.asking import Question
    from harness.broker.matrices.deciding import Answered
    from harness.broker.matrices.resolving import Scene
    from harness.broker.matrices.selected import Selected


_MOST_SETS = 64  # of versions that one question may mean; the gate is asked for each


def answered(db: sa.Connection, question: Question, *, trusted: bool) -> Answered:
    """The answer of the matrix, held against the gate where the matrix cannot see everything. Raises Invalid."""
    staged = scene(db, question)
    found = by_matrix(db, question, staged, trusted=trusted)
    if found.deployable is not True:
        return found
    reasons = list(_against(db, question, staged, trusted=trusted))
    if not reasons:
        return found
    failed = any(reason.verdict is Verdict.FAILED for reason in reasons)
    unknown = found.unknown + sum(reason.verdict is Verdict.UNKNOWN for reason in reasons)
    told = list(dict.fromkeys(reason.text for reason in reasons))
    return replace(found, deployable=False if failed else None, errors=told, successes=[], unknown=unknown)


def _against(db: sa.Connection, question: Question, staged: Scene, *, trusted: bool) -> Iterator[Reason]:
    """What stands against a yes of the matrix, but for what is to be ignored."""
    if question.environment:
        # What is released of those that are asked for stays beside them, and the matrix does not look at it.
        beside = len(question.selectors) > 1 or any(pair.consumer == pair.provider for pair in staged.pairs)
        if beside or _beyond_pacts(db, question.environment) or _may_be_silent(db, staged):
            yield from _of_the_gate(db, question, staged, trusted=trusted)
    elif question.infers or len(question.selectors) == 1:
        yield from _of_the_silent(db, question, staged)


def _of_the_gate(db: sa.Connection, question: Question, staged: Scene, *, trusted: bool) -> Iterator[Reason]:
    """What the gate has against each set of versions that may be meant."""
    sets = _sets(staged)
    if sets is None:
        yield _too_vague(question)
        return
    ignored, _ = resolve_ignored(db, question.ignored)
    facts = scoped.facts_about(db, {each for chosen in sets for each in chosen}, [question.environment])
    if facts is None:
        raise RuntimeError("the matrix tells of a version that the ledger does not know")
    facts = replace(facts, statements=statements(db, None, trusted=trusted))
    for chosen in sets:
        for reason in can_i_deploy(chosen, question.environment, facts).reasons:
            # Of a provider that is not there the matrix has told, and it knows whether that is to be ignored.
            told = question.ignored and reason.cause is Cause.NOTHING_DEPLOYED
            if reason.verdict is not Verdict.PASSED and not told and not _is_ignored(reason, ignored):
                yield reason


def _sets(staged: Scene) -> list[tuple[Version, ...]] | None:
    """One version of each pacticipant that was asked for, in every combination; None: too many to ask for each."""
    meant: dict[str, dict[Version, None]] = {}
    for each in staged.specified:
        if each.any_version:
            return None
        here = meant.setdefault(each.pacticipant, {})
        here |= dict.fromkeys(Version(each.pacticipant, number) for _, number in each.versions)
    if prod(len(each) for each in meant.values()) > _MOST_SETS:
        return None
    return list(product(*meant.values()))


def _too_vague(question: Question) -> Reason:
    names = question.selectors[0].pacticipant
    return Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.NOT_VERIFIED,
        text=f"More than {_MOST_SETS} sets of versions of {names} and others are meant: name them",
        command=commands.can_i_deploy(
            (Version(question.selectors[0].pacticipant, "VERSION"),), question.environment
        ),
    )


def _is_ignored(reason: Reason, ignored: Sequence[Selected]) -> bool:
    return any(_covers(each, version) for version in (reason.consumer, reason.provider) for each in ignored)


def _covers(each: Selected, version: Version | None) -> bool:
    if version is None or each.pacticipant != version.pacticipant:
        return False
    return each.any_version or version.number in {number for _, number in each.versions}


def _of_the_silent(db: sa.Connection, question: Question, staged: Scene) -> Iterator[Reason]:
    """Versions of which nothing is known, though others of their pacticipant needed somebody who is concerned."""
    meant = {row: Version(each.pacticipant, number) for each in staged.selected for row, number in each.versions}
    silent = [meant[row] for part in chunks(sorted(meant)) for row in db.execute(_SILENT, {"ids": part}).scalars()]
    facts = scoped.facts_about(db, silent, []) if silent else None
    ignored, _ = resolve_ignored(db, question.ignored)
    asked = {each.pacticipant for each in staged.specified}
    for version in silent if facts else ():
        needs = facts.index.needs(version) if facts and facts.index.hollow(version) else {}
        concerned = needs.keys() if version.pacticipant in asked else needs.keys() & asked
        if concerned and not any(_covers(each, version) for each in ignored):
            yield _unpublished(version, sorted(concerned))


def _unpublished(version: Version, needed: Sequence[str]) -> Reason:
    return Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.NOT_PUBLISHED,
        text=f"Nothing has been published for version {version.number} of {version.pacticipant}, and others of it"
        f" need {', '.join(needed)}: what this one needs is not known",
        consumer=version,
        command=commands.publish(version),
    )


def _beyond_pacts(db: sa.Connection, environment: str) -> bool:
    """Whether the environment demands more than pacts, or a consumer lives there that published none."""
    place = db.execute(_PLACE, {"name": environment}).one_or_none()
    if place is None:
        return False
    require, *silent = place
    return bool(set(json.loads(require)) - {EvidenceKind.PACTS.value}) or any(silent)


def _may_be_silent(db: sa.Connection, staged: Scene) -> bool:
    """Whether a version that is asked for published no pact, and its pacticipant is a consumer otherwise."""
    rows = [row for each in staged.specified for row, _ in each.versions]
    return any(db.execute(_SILENT, {"ids": part}).first() is not None for part in chunks(rows))


# Made once: making a statement costs more than asking it.
_NEEDS = sa.exists().where(integrations.c.consumer_id == versions.c.pacticipant_id)
_SILENT_THERE = [
    sa.exists().where(
        table.c.environment_id == environments.c.id,
        table.c.until.is_(None),
        versions.c.id == table.c.version_id,
        ~sa.exists().where(publications.c.version_id == table.c.version_id),
        _NEEDS,
    )
    for table in (deployments, releases)
]
_PLACE = sa.select(environments.c.require, *_SILENT_THERE).where(environments.c.name == sa.bindparam("name"))
_SILENT = sa.select(versions.c.id).where(
    versions.c.id.in_(sa.bindparam("ids", expanding=True)),
    ~sa.exists().where(publications.c.version_id == versions.c.id),
    _NEEDS,
)
