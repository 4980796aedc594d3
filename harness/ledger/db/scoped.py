"""The part of the facts on which decisions about some versions rest: rows in, values out.

An estate may hold hundreds of thousands of versions and results; a decision looks at what is live and at the
candidates. What is read here gives the same answers as everything would (test_ledger_scoped.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.evidence import ALWAYS_REQUIRED, Facts, Known
from harness.identity import Version
from harness.ledger.db import changed, environments, traces
from harness.ledger.db import evidence as seen
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import builds, evidence, pacticipants, publications, versions
from harness.ledger.db.versions import find_known

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


# One lookup in the index for each pacticipant: an OR of a thousand pairs takes longer to write than to answer.
_NUMBERED = sa.select(versions.c.id, versions.c.number).where(
    versions.c.pacticipant_id == sa.bindparam("owner"),
    versions.c.number.in_(sa.bindparam("numbers", expanding=True)),
)


def facts_about(db: sa.Connection, asked: Collection[Version], places: Collection[str]) -> Facts | None:
    """What decisions about these versions in these environments rest on; None when a version is not known."""
    policies = environments.policies(db)
    live = tuple(each for each in environments.live(db) if each.environment in places)
    deleted = traces.remaining(db)[1]
    subjects = {*asked, *(each.version for each in live)}
    rows = rows_of(db, subjects)
    if not rows.keys() >= set(asked):
        return None
    for recorded in changed.in_place_of(db, subjects).values():
        rows |= recorded
    known = _known_versions(db, rows.values())
    told = set(_evidence_rows(db, known.values(), asked, {k for p in places for k in policies.get(p, ())}))
    bare = {v for v, k in known.items() if not (k.artifacts or k.pacts or k.openapi)}
    told |= set(_any_evidence(db, bare))
    evidence_found = seen.of_rows(db, sorted(told))
    empty = bare - {each.provider for each in evidence_found}
    further = _siblings(db, {version.pacticipant for version in empty}) | _first_publishers(db, rows.values())
    return Facts(
        versions=deleted | _known_versions(db, {*rows.values(), *further}),
        evidence=evidence_found,
        live=live,
        environments=policies,
    )


def facts_of(db: sa.Connection, places: Collection[str]) -> Facts:
    """What every way back in these environments rests on: all that was ever there, and since when."""
    history = tuple(stay for stay in environments.stays(db) if stay.environment in places)
    found = facts_about(db, {stay.version for stay in history}, places)
    if found is None:
        raise RuntimeError("the ledger tells of a stay of a version that it does not know")
    return replace(found, history=history)


def rows_of(db: sa.Connection, wanted: set[Version]) -> dict[Version, int]:
    """The rows of versions; those that nobody mentioned are left out."""
    owners: dict[str, int] = {}
    for part in chunks({version.pacticipant for version in wanted}):
        query = sa.select(pacticipants.c.name, pacticipants.c.id).where(pacticipants.c.name.in_(part))
        owners |= {name: row for name, row in db.execute(query)}
    numbers: dict[str, list[str]] = {}
    for version in wanted:
        numbers.setdefault(version.pacticipant, []).append(version.number)
    found: dict[Version, int] = {}
    for name, owner in owners.items():
        for part in chunks(numbers[name]):
            rows = db.execute(_NUMBERED, {"owner": owner, "numbers": part})
            found |= {Version(name, number): row for row, number in rows}
    return found


def _known_versions(db: sa.Connection, rows: Collection[int]) -> dict[Version, Known]:
    found: dict[Version, Known] = {}
    for part in chunks(sorted(rows)):
        found |= find_known(
            db, versions.c.id.in_(part), builds.c.version_id.in_(part), publications.c.version_id.in_(part)
        )
    return found


def _evidence_rows(
    db: sa.Connection, known: Collection[Known], asked: Collection[Version], demanded: Collection[str]
) -> Iterator[int]:
    """The results for every promise of the versions, and all kinds that a policy demands of those asked for."""
    keys = {key for each in known for key in (*each.pacts.values(), each.openapi) if key}
    for part in chunks(keys):
        yield from db.execute(sa.select(evidence.c.id).where(evidence.c.contract.in_(part))).scalars()
    kinds = [kind for kind in demanded if kind not in ALWAYS_REQUIRED]
    names = {version.pacticipant for version in asked}
    if kinds:
        for part in chunks(names):
            about = evidence.c.kind.in_(kinds) & evidence.c.provider.in_(part)
            yield from db.execute(sa.select(evidence.c.id).where(about)).scalars()


def _any_evidence(db: sa.Connection, bare: Collection[Version]) -> Iterator[int]:
    """For versions without build and contract: one result that speaks of each, where there is one."""
    for part in chunks(bare):
        about = (
            evidence.c.provider.in_({v.pacticipant for v in part})
            & evidence.c.number.in_({v.number for v in part})
            & (evidence.c.contract != "")
        )
        grouped = sa.select(sa.func.max(evidence.c.id)).where(about)
        yield from db.execute(grouped.group_by(evidence.c.provider, evidence.c.number)).scalars()


def _siblings(db: sa.Connection, names: Collection[str]) -> set[int]:
    """Where some version is but a number: the latest versions of that pacticipant that needed each provider."""
    found: set[int] = set()
    for part in chunks(names):
        query = (
            sa.select(sa.func.max(publications.c.version_id))
            .join(versions, versions.c.id == publications.c.version_id)
            .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
            .where(pacticipants.c.name.in_(part))
            .group_by(pacticipants.c.id, publications.c.counterpart)
        )
        found |= set(db.execute(query).scalars())
    return found


def _first_publishers(db: sa.Connection, rows: Collection[int]) -> set[int]:
    """The first version with each pact of the versions: a reason says with whom evidence is shared."""
    found: set[int] = set()
    for part in chunks(rows):
        mine = sa.select(publications.c.contract_id).where(publications.c.version_id.in_(part)).distinct()
        query = sa.select(sa.func.min(publications.c.version_id)).where(publications.c.contract_id.in_(mine))
        found |= set(db.execute(query.group_by(publications.c.contract_id)).scalars())
    return found
