"""Pacticipants, their versions and what those stand for: rows in, values out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.broker import refusals
from harness.broker.store import branches
from harness.broker.store.rows import insert
from harness.broker.store.tables import builds, contracts, pacticipants, publications, versions
from harness.contracts.document import ContractKind
from harness.evidence import Known
from harness.identity import Version

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
    db: sa.Connection, known: Known, *, runtime: str, descriptor: Mapping[str, Any] | None, now: str
) -> None:
    """Keep what a version is and stands for; what is not said anew stays. Raises IdentityConflict."""
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
        _record_build(db, known.version, row, {"runtime": runtime, "artifact": artifact}, descriptor, now)


def _record_build(
    db: sa.Connection,
    version: Version,
    row: int,
    build: Mapping[str, str],
    descriptor: Mapping[str, Any] | None,
    now: str,
) -> None:
    """One artifact per version and runtime; one that could not be known before is filled in."""
    same = (builds.c.version_id == row) & (builds.c.runtime == build["runtime"])
    there = db.execute(sa.select(builds).where(same)).one_or_none()
    artifact = build["artifact"]
    if there is None:
        text = None if descriptor is None else json.dumps(descriptor)
        db.execute(sa.insert(builds).values(version_id=row, **build, first_seen_at=now, descriptor=text))
        return
    if artifact and there.artifact not in ("", artifact):
        raise refusals.other_build(version, build["runtime"], (there.artifact, there.first_seen_at), artifact)
    text = there.descriptor if descriptor is None else json.dumps(descriptor)
    first = there.first_seen_at if there.artifact else now
    values = {"artifact": artifact or there.artifact, "descriptor": text, "first_seen_at": first}
    db.execute(sa.update(builds).where(same).values(values))


def descriptor(db: sa.Connection, version: Version, runtime: str) -> Mapping[str, Any] | None:
    """With what that runtime can start a version again."""
    row = find(db, version)
    query = sa.select(builds.c.descriptor).where(builds.c.version_id == row, builds.c.runtime == runtime)
    text = db.execute(query).scalar()
    found: Mapping[str, Any] | None = None if text is None else json.loads(text)
    return found


def all_known(db: sa.Connection) -> dict[Version, Known]:
    """Every version and what is known of it, in the order in which they were first mentioned."""
    return described(db, sa.true(), sa.true(), sa.true())


def described(
    db: sa.Connection,
    which: sa.ColumnElement[bool],
    which_builds: sa.ColumnElement[bool],
    which_publications: sa.ColumnElement[bool],
) -> dict[Version, Known]:
    """Some versions and what is known of them, in the order in which they were first mentioned."""
    made = _artifacts(db, which_builds)
    pacts, documents = _promises(db, which_publications)
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
            artifacts=frozenset(made.get(row.id, ())),
            pacts=pacts.get(row.id, {}),
            openapi=documents.get(row.id, ""),
            branch=row.branch,
            commit=row.commit,
            build_url=row.build_url,
        )
    return result


def _artifacts(db: sa.Connection, which: sa.ColumnElement[bool]) -> dict[int, set[str]]:
    made: dict[int, set[str]] = {}
    query = sa.select(builds.c.version_id, builds.c.artifact).where(builds.c.artifact != "", which)
    for row in db.execute(query):
        made.setdefault(row.version_id, set()).add(row.artifact)
    return made


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
