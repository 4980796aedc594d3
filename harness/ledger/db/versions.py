"""Pacticipants, their versions and what those stand for: rows in, values out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.evidence import Known, KnownBuild
from harness.identity import Version
from harness.ledger import refusals
from harness.ledger.db import branches, traces
from harness.ledger.db.rows import insert
from harness.ledger.db.tables import builds, contracts, pacticipants, publications, versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


# Made once: making a statement costs more than asking it.
_PACTICIPANT = sa.select(pacticipants.c.id).where(pacticipants.c.name == sa.bindparam("name"))
_VERSION = (
    sa.select(versions.c.id)
    .join(pacticipants)
    .where(pacticipants.c.name == sa.bindparam("name"), versions.c.number == sa.bindparam("number"))
)


def mention(db: sa.Connection, version: Version, now: str) -> int:
    """The row of a version, made on its first mention."""
    refusals.check_version(version)
    found = find(db, version)
    if found is not None:
        return found
    owner = mention_pacticipant(db, version.pacticipant, now)
    return insert(
        db,
        versions,
        pacticipant_id=owner,
        number=version.number,
        branch="",
        commit="",
        build_url="",
        created_at=now,
    )


def mention_pacticipant(db: sa.Connection, name: str, now: str) -> int:
    """The row of a pacticipant, made on its first mention."""
    refusals.check_name("the pacticipant", name)
    found = db.execute(_PACTICIPANT, {"name": name}).scalar()
    return insert(db, pacticipants, name=name, created_at=now) if found is None else int(found)


def find(db: sa.Connection, version: Version) -> int | None:
    """The row of a version that somebody has mentioned."""
    found = db.execute(_VERSION, {"name": version.pacticipant, "number": version.number}).scalar()
    return None if found is None else int(found)


def set_build_url(db: sa.Connection, row: int, url: str, now: str | None) -> None:
    """Say where a version was built; with `now` it is a change of what was said before."""
    changed = {"build_url": url} if now is None else {"build_url": url, "updated_at": now}
    db.execute(sa.update(versions).where(versions.c.id == row).values(changed))


def exists(db: sa.Connection, name: str) -> bool:
    """Whether anybody has mentioned a pacticipant."""
    return db.execute(_PACTICIPANT, {"name": name}).scalar() is not None


def pacticipant(db: sa.Connection, name: str) -> int:
    """The row of a known pacticipant. Raises UnknownName."""
    found = db.execute(_PACTICIPANT, {"name": name}).scalar()
    if found is None:
        raise refusals.unknown_pacticipant(name, db.execute(sa.select(pacticipants.c.name)).scalars())
    return int(found)


def known_version(db: sa.Connection, version: Version) -> tuple[int, int]:
    """The rows of a pacticipant and of its version. Raises UnknownName for one that nobody mentioned."""
    owner = pacticipant(db, version.pacticipant)
    found = find(db, version)
    if found is None:
        raise refusals.unknown_version(version, _numbers(db, owner))
    return owner, found


def _numbers(db: sa.Connection, owner: int) -> Sequence[str]:
    newest_first = versions.c.id.desc()
    query = sa.select(versions.c.number).where(versions.c.pacticipant_id == owner).order_by(newest_first)
    return db.execute(query).scalars().all()


def record(
    db: sa.Connection,
    known: Known,
    *,
    runtime: str,
    descriptor: Mapping[str, Any] | None,
    now: str,
    another_build: bool = False,
) -> None:
    """Keep what a version is and stands for; what is not said anew stays.

    Raises IdentityConflict for a second build by the same runtime, unless that is what is to be kept.
    """
    artifact = refusals.one_build(known.version, known.artifacts)
    refusals.check_name("the runtime", runtime, empty=True)
    row = mention(db, known.version, now)
    told = {"commit": known.commit, "build_url": known.build_url}
    if known.branch:
        branches.add(db, row, known.branch, now)
    news = {name: value for name, value in told.items() if value}
    for name, value in news.items():
        refusals.check_name(f"the {name} of {known.version}", value)
    if news:
        db.execute(sa.update(versions).where(versions.c.id == row).values(news))
    if artifact or descriptor is not None:
        build = {"runtime": runtime, "artifact": artifact}
        values = {
            "descriptor": None if descriptor is None else json.dumps(descriptor),
            "untraced": json.dumps(known.untraced) if known.untraced else None,
        }
        there = _first_build(db, row, build)
        if there is not None and artifact and there.artifact not in ("", artifact):
            if not another_build:
                since = there.artifact, there.first_seen_at
                raise refusals.other_build(known.version, runtime, since, artifact)
            there = None
        _record_build(db, row, build, there, values, now)


def _first_build(db: sa.Connection, row: int, build: Mapping[str, str]) -> sa.Row[Any] | None:
    """This very build, else one that could not be known, else the newest of the same runtime."""
    same = (builds.c.version_id == row) & (builds.c.runtime == build["runtime"])
    found = db.execute(sa.select(builds).where(same).order_by(builds.c.id.desc())).all()
    for wanted in (build["artifact"], ""):
        if match := next((each for each in found if each.artifact == wanted), None):
            return match
    return found[0] if found else None


def _record_build(
    db: sa.Connection,
    row: int,
    build: Mapping[str, str],
    there: sa.Row[Any] | None,
    values: Mapping[str, str | None],
    now: str,
) -> None:
    """A build that is new, or one that was there; an artifact that could not be known before is filled in."""
    if there is None:
        db.execute(sa.insert(builds).values(version_id=row, **build, first_seen_at=now, **values))
        return
    known = {name: value for name, value in values.items() if value is not None}
    if build["artifact"] and not there.artifact:
        known |= {"artifact": build["artifact"], "first_seen_at": now}
    if known:
        db.execute(sa.update(builds).where(builds.c.id == there.id).values(known))


def descriptor(db: sa.Connection, version: Version, runtime: str) -> Mapping[str, Any] | None:
    """With what that runtime can start a version again."""
    row = find(db, version)
    told = builds.c.version_id == row, builds.c.runtime == runtime, builds.c.descriptor.is_not(None)
    text = db.execute(sa.select(builds.c.descriptor).where(*told).order_by(builds.c.id.desc())).scalar()
    found: Mapping[str, Any] | None = None if text is None else json.loads(text)
    return found


def all_known(db: sa.Connection) -> dict[Version, Known]:
    """Every version and what is known of it, in the order in which they were first mentioned."""
    return find_known(db, sa.true(), sa.true(), sa.true())


def find_known(
    db: sa.Connection,
    which: sa.ColumnElement[bool],
    which_builds: sa.ColumnElement[bool],
    which_publications: sa.ColumnElement[bool],
) -> dict[Version, Known]:
    """Some versions and what is known of them, in the order in which they were first mentioned."""
    made = _builds(db, which_builds)
    pacts, documents = _promises(db, which_publications)
    lost = traces.deleted_pacts(db)
    query = sa.select(
        versions.c.id,
        pacticipants.c.name,
        versions.c.number,
        versions.c.branch,
        versions.c.commit,
        versions.c.build_url,
    ).join(pacticipants)
    result = {}
    for row in db.execute(query.where(which).order_by(versions.c.id)):
        version = Version(row.name, row.number)
        result[version] = Known(
            version=version,
            artifacts=frozenset(each.artifact for each in made.get(row.id, ())),
            untraced=next((each.untraced for each in reversed(made.get(row.id, ())) if each.untraced), ()),
            builds=tuple(made.get(row.id, ())),
            pacts=pacts.get(row.id, {}),
            lost=lost.get(version, {}),
            openapi=documents.get(row.id, ""),
            branch=row.branch,
            commit=row.commit,
            build_url=row.build_url,
        )
    return result


def _builds(db: sa.Connection, which: sa.ColumnElement[bool]) -> dict[int, list[KnownBuild]]:
    """Of each version: its builds, in the order in which they were first seen."""
    found: dict[int, list[KnownBuild]] = {}
    named = builds.c.version_id, builds.c.artifact, builds.c.runtime, builds.c.first_seen_at, builds.c.untraced
    for row in db.execute(sa.select(*named).where(builds.c.artifact != "", which).order_by(builds.c.id)):
        found.setdefault(row.version_id, []).append(build_of(row))
    return found


def builds_of(db: sa.Connection, version: Version) -> list[KnownBuild]:
    """Every build that ran under a version's number."""
    row = find(db, version)
    return [] if row is None else _builds(db, builds.c.version_id == row).get(row, [])


def build_of(row: Any) -> KnownBuild:
    """A build as its row tells it."""
    files = tuple(json.loads(row.untraced)) if row.untraced else ()
    return KnownBuild(artifact=row.artifact, runtime=row.runtime, since=row.first_seen_at or "", untraced=files)


def _promises(
    db: sa.Connection, which: sa.ColumnElement[bool]
) -> tuple[dict[int, dict[str, str]], dict[int, str]]:
    """Of each version: provider to the key of its pact, and the key of its OpenAPI document."""
    pacts: dict[int, dict[str, str]] = {}
    documents: dict[int, str] = {}
    query = (
        sa.select(publications.c.version_id, publications.c.kind, publications.c.counterpart, contracts.c.key)
        .join(contracts)
        .where(which)
        .order_by(publications.c.id)
    )
    for row in db.execute(query):
        if row.kind == ContractKind.PACT:
            pacts.setdefault(row.version_id, {})[row.counterpart] = row.key
        elif row.kind == ContractKind.OPENAPI:
            documents[row.version_id] = row.key
    return pacts, documents
