"""What is told of the rows of a matrix, all at once; rows in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.ledger.db import shown_versions
from harness.ledger.db.rows import chunks
from harness.ledger.db.shown_versions import ShownVersion
from harness.ledger.db.tables import contracts, deployments, environments, publications, releases, verifications

if TYPE_CHECKING:
    from harness.ledger.matrix.promised import MatrixRow


@dataclass(frozen=True, slots=True)
class PublishedContent:
    """When a pact was published, and its content."""

    at: str
    sha: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixDetails:
    """Everything that rows point at."""

    versions: Mapping[int, ShownVersion]
    published: Mapping[int, PublishedContent]
    verified: Mapping[int, str]  # when
    places: Mapping[int, Sequence[str]]  # where versions are now: uuids
    environments: Mapping[str, Any]


# Made once: making a statement costs more than asking it.
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_PLACES = sa.union_all(
    *(
        sa.select(table.c.version_id, sa.literal(released).label("released"), *environments.c)
        .join_from(table, environments)
        .where(table.c.version_id.in_(_IDS), table.c.until.is_(None), environments.c.uuid.is_not(None))
        for released, table in enumerate((deployments, releases))
    )
).order_by("released", "name")
_MOMENTS = sa.union_all(  # of publications and of results
    sa.select(publications.c.id, publications.c.published_at, contracts.c.key, publications.c.revision)
    .join_from(publications, contracts)
    .where(publications.c.id.in_(_IDS)),
    sa.select(
        verifications.c.id, verifications.c.at, sa.literal_column("''"), sa.literal_column("0").label("none")
    ).where(verifications.c.id.in_(sa.bindparam("verified", expanding=True))),
)


def of(db: sa.Connection, rows: Sequence[MatrixRow]) -> MatrixDetails:
    """What some rows point at, in a handful of queries."""
    ids = {row.consumer_version for row in rows} | {r.provider_version for r in rows if r.provider_version}
    versions = {each.id: each for each in shown_versions.versions_of_rows(db, sorted(ids), pacts=False)}
    there = list(_rows(db, _PLACES, ids))
    publication_ids = {row.publication for row in rows}
    verification_ids = {row.verification for row in rows if row.verification}
    moments = list(_moments(db, publication_ids, verification_ids))
    return MatrixDetails(
        versions=versions,
        published={row: PublishedContent(at, sha, revision) for row, at, sha, revision in moments if sha},
        verified={row: at for row, at, sha, _ in moments if not sha},
        places=_places(there),
        environments={row.uuid: row for row in there},
    )


def _places(there: Iterable[Any]) -> dict[int, list[str]]:
    found: dict[int, dict[str, None]] = {}
    for row in there:
        found.setdefault(row.version_id, {})[row.uuid] = None
    return {version: list(uuids) for version, uuids in found.items()}


def _moments(db: sa.Connection, published: Collection[int], verified: Collection[int]) -> Iterator[Any]:
    nobody: list[int] = []
    for ids, results in zip_longest(chunks(sorted(published)), chunks(sorted(verified)), fillvalue=nobody):
        yield from db.execute(_MOMENTS, {"ids": ids, "verified": results}).all()


def _rows(
    db: sa.Connection, query: sa.Select[Any] | sa.CompoundSelect[Any], ids: Collection[Any]
) -> Iterator[Any]:
    for part in chunks(sorted(ids)):
        yield from db.execute(query, {"ids": part}).all()
