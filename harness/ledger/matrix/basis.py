"""What a question rests on: the facts about everybody in its scene, each read once; rows in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.evidence import Evidence, Facts, Known, KnownBuild, Stated, Statements
from harness.identity import Version
from harness.ledger.db import evidence as seen
from harness.ledger.db import scoped
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import (
    builds,
    contracts,
    evidence,
    pacticipants,
    publications,
    verifications,
    versions,
)
from harness.ledger.db.verifications import is_about_a_pact
from harness.ledger.db.versions import build_of
from harness.ledger.static_verdict import Stating, held_to_documents
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from harness.ledger.matrix.resolving import ResolvedSelectors
    from harness.verdicts import Reason


class PublishedPact(NamedTuple):
    """One pact of one consumer version."""

    publication: int
    contract: int
    version: int
    provider: str
    consumer: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The facts of a scene, and under which rows the ledger keeps what they speak of."""

    promised: Sequence[PublishedPact]  # the pacts between those whom the question concerns
    facts: Facts
    rows: Mapping[Version, int]  # every version that the facts speak of
    results: Mapping[int, int]  # evidence to the result that tells of it in the API
    built: Mapping[
        tuple[str, str], Mapping[Version, KnownBuild]
    ]  # by provider and artifact: the versions built so
    held: Mapping[str, Collection[Version]]  # provider to the versions that are held to their document
    in_place: Sequence[PublishedPact]  # of what runs recorded in the place of selected versions
    silent: Collection[Version]  # versions that published no pact, of those whose pacts were looked for


# Made once: making a statement costs more than asking it.
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_PUBLISHED = (
    sa.select(
        publications.c.id,
        publications.c.contract_id,
        publications.c.version_id,
        publications.c.counterpart,
        pacticipants.c.name,
        contracts.c.key,
    )
    .join_from(publications, pacticipants, pacticipants.c.id == publications.c.pacticipant_id)
    .join(contracts, contracts.c.id == publications.c.contract_id)
    .where(publications.c.kind == ContractKind.PACT.value)
)
_OF_VERSIONS = _PUBLISHED.where(publications.c.version_id.in_(_IDS))
_OF_PAIRS = _PUBLISHED.where(
    pacticipants.c.name.in_(sa.bindparam("names", expanding=True)),
    publications.c.counterpart.in_(sa.bindparam("providers", expanding=True)),
)
_TOLD = sa.select(*seen.WITHOUT_DETAILS, verifications.c.id, verifications.c.version_id).join_from(
    verifications, evidence, evidence.c.id == verifications.c.evidence_id
)
_RESULTS = _TOLD.where(verifications.c.contract_id.in_(sa.bindparam("contracts", expanding=True)))
_RESULTS_ON = _RESULTS.where(verifications.c.version_id.in_(_IDS))
_RESULTS_OF = _RESULTS.where(verifications.c.artifact.in_(sa.bindparam("artifacts", expanding=True)))
_KEYS = sa.select(contracts.c.key).where(contracts.c.id.in_(sa.bindparam("contracts", expanding=True)))
_EQUAL = sa.select(contracts.c.id).where(
    contracts.c.kind == ContractKind.PACT.value,
    contracts.c.key.in_(_KEYS),
    contracts.c.counterpart.in_(sa.bindparam("providers", expanding=True)),
)
_ATTEMPTS = sa.select(*seen.WITHOUT_DETAILS).where(
    is_about_a_pact,
    evidence.c.contract.in_(sa.bindparam("keys", expanding=True)),
    evidence.c.verdict == Verdict.UNKNOWN.value,
)
_DELETED = _ATTEMPTS.where(evidence.c.cause == Cause.DELETED.value)
_BUILDS = (
    sa.select(
        *(versions.c.id, versions.c.number, pacticipants.c.name),
        *(builds.c.artifact, builds.c.runtime, builds.c.first_seen_at, builds.c.untraced),
    )
    .join_from(builds, versions)
    .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
    .where(builds.c.artifact != "")
)
_BUILDS_OF = _BUILDS.where(builds.c.version_id.in_(_IDS))
_BUILDS_OF_ALL = _BUILDS.where(pacticipants.c.name.in_(sa.bindparam("names", expanding=True)))


def basis_of(db: sa.Connection, scene: ResolvedSelectors, *, needs: bool, trusted: bool) -> Basis:
    """All that the answers about a scene rest on, without any limit; `needs`: also what each version needs."""
    rows = {Version(s.pacticipant, number): row for s in scene.selected for row, number in s.versions}
    published, silent = _publications(db, scene, {row: version for version, row in rows.items()})
    pairs = {(pair.consumer, pair.provider) for pair in scene.pairs}
    promised = [each for each in published if (each.consumer, each.provider) in pairs]
    recorded = _recorded_in_place(db, scene, rows)
    in_place = [each for each in recorded if (each.consumer, each.provider) in pairs]
    wanted = scene.provider_versions()
    built = _builds(db, wanted, rows) if scene.any_build else {}
    looked_at = [*promised, *in_place]
    contents = _equal_contents(db, looked_at) if scene.any_build else {each.contract for each in looked_at}
    told, results = _evidence(db, contents, _with_changed(scene, wanted), built, rows)
    told = with_deleted(db, told, looked_at) if scene.traced else told
    held = _held_versions(db, wanted, rows) if scene.any_held else {}
    return Basis(
        promised=promised,
        facts=Facts(
            versions=_known_versions(rows if needs else (), rows, [*published, *recorded], built),
            evidence=told,
            statements=_statements(Stating(db, trusted), looked_at, held, rows) if held else None,
        ),
        rows=rows,
        results=results,
        built=built,
        held=held,
        in_place=in_place,
        silent=silent,
    )


def with_deleted(
    db: sa.Connection, told: tuple[Evidence, ...], promised: Iterable[PublishedPact]
) -> tuple[Evidence, ...]:
    """The evidence with what remains of results that were deleted: these leave their question open."""
    found: list[Evidence] = []
    for part in chunks(sorted({each.key for each in promised})):
        found += map(seen.value_of, db.execute(_DELETED, {"keys": part}).all())
    return tuple(sorted((*told, *found), key=lambda each: each.row))


def with_attempts(db: sa.Connection, facts: Facts, reasons: Iterable[Reason]) -> Facts:
    """The facts with what came to nothing as well, where something is open: it decides nothing, and says why."""
    open_ones = {each.contract for each in reasons if each.verdict is Verdict.UNKNOWN and each.provider} - {""}
    known = {each.row for each in facts.evidence}
    found: list[Evidence] = []
    for part in chunks(sorted(open_ones)):
        found += [
            value
            for row in db.execute(_ATTEMPTS, {"keys": part})
            if (value := seen.value_of(row)).row not in known
        ]
    if not found:
        return facts
    return replace(facts, evidence=tuple(sorted((*facts.evidence, *found), key=lambda each: each.row)))


def _publications(
    db: sa.Connection, scene: ResolvedSelectors, versions_of: Mapping[int, Version]
) -> tuple[list[PublishedPact], list[Version]]:
    """The pacts of those who are asked for and of the consumers of the scene; and which versions have none."""
    rows, anybody = scene.consumer_versions()
    found: list[PublishedPact] = []
    for part in chunks(sorted(rows)):
        found += map(PublishedPact._make, db.execute(_OF_VERSIONS, {"ids": part}).all())
    silent = [versions_of[row] for row in sorted(rows - {each.version for each in found})]
    providers = sorted({pair.provider for pair in scene.pairs})
    for names in chunks(sorted(anybody)):
        found += map(PublishedPact._make, db.execute(_OF_PAIRS, {"names": names, "providers": providers}).all())
    return found, silent


def _builds(
    db: sa.Connection, wanted: Mapping[str, frozenset[int] | None], rows: dict[Version, int]
) -> dict[tuple[str, str], dict[Version, KnownBuild]]:
    """What was built of the providers, and as which versions."""
    chosen = sorted(row for some in wanted.values() for row in some or ())
    any_of = sorted(name for name, some in wanted.items() if some is None)
    found: dict[tuple[str, str], dict[Version, KnownBuild]] = {}
    asked: list[tuple[sa.Select[Any], dict[str, Any]]] = [(_BUILDS_OF, {"ids": part}) for part in chunks(chosen)]
    asked += [(_BUILDS_OF_ALL, {"names": part}) for part in chunks(any_of)]
    for query, told in asked:
        for row in db.execute(query, told):
            version = Version(row.name, row.number)
            rows[version] = row.id
            found.setdefault((row.name, row.artifact), {})[version] = build_of(row)
    return found


def _recorded_in_place(
    db: sa.Connection, scene: ResolvedSelectors, rows: dict[Version, int]
) -> list[PublishedPact]:
    """The pacts of what runs recorded in the place of selected versions."""
    more = {each: scene.changed[version][each] for each, version in scene.stand_ins.items()}
    rows |= more
    found: list[PublishedPact] = []
    for part in chunks(sorted(more.values())):
        found += map(PublishedPact._make, db.execute(_OF_VERSIONS, {"ids": part}).all())
    return found


def _with_changed(
    scene: ResolvedSelectors, wanted: Mapping[str, frozenset[int] | None]
) -> dict[str, frozenset[int] | None]:
    """The versions, and those that runs recorded in their place because contracts had changed."""
    more = {row for some in scene.changed.values() for row in some.values()}
    return {name: None if some is None else some | more for name, some in wanted.items()}


def _evidence(
    db: sa.Connection,
    contents: Collection[int],
    wanted: Mapping[str, frozenset[int] | None],
    built: Mapping[tuple[str, str], Mapping[Version, KnownBuild]],
    rows: dict[Version, int],
) -> tuple[tuple[Evidence, ...], dict[int, int]]:
    """The results of the pacts on the wanted versions, and on the builds of these; oldest first."""
    found: dict[int, Any] = {}
    limited = None not in wanted.values()
    ids = sorted({row for some in wanted.values() for row in some or ()})
    artifacts = sorted({artifact for _, artifact in built})
    for part in chunks(sorted(contents)):
        asked: list[tuple[sa.Select[Any], dict[str, Any]]] = [] if limited else [(_RESULTS, {})]
        asked += [(_RESULTS_ON, {"ids": some}) for some in chunks(ids if limited else [])]
        asked += [(_RESULTS_OF, {"artifacts": some}) for some in chunks(artifacts if limited else [])]
        for query, told in asked:
            found |= {row[0]: row for row in db.execute(query, {"contracts": part, **told}).all()}
    values = []
    for _, row in sorted(found.items()):
        value = seen.value_of(row)
        values.append(value)
        rows.setdefault(value.provider, row[-1])
    # What is seen of `1+changed.…` may speak of 1, which nobody needs to have named.
    rows |= scoped.rows_of(db, {each.provider.asked for each in values} - rows.keys())
    return tuple(values), {row[0]: row[-2] for row in found.values()}


def _equal_contents(db: sa.Connection, promised: Sequence[PublishedPact]) -> set[int]:
    """The contents, and the same of other consumers: what was seen of a known build is everybody's."""
    found = {each.contract for each in promised}
    providers = sorted({each.provider for each in promised})
    for part in chunks(sorted(found)):
        found |= set(db.execute(_EQUAL, {"contracts": part, "providers": providers}).scalars())
    return found


def _held_versions(
    db: sa.Connection, wanted: Mapping[str, frozenset[int] | None], rows: dict[Version, int]
) -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for name, numbers in held_to_documents(db, wanted.keys()).items():
        for row, number in numbers.items():
            version = Version(name, number)
            rows.setdefault(version, row)
            found.setdefault(name, []).append(version)
    return found


def _statements(
    stating: Stating,
    promised: Iterable[PublishedPact],
    held: Mapping[str, Collection[Version]],
    rows: Mapping[Version, int],
) -> Statements:
    texts = {each.key: each.contract for each in promised}

    def states(key: str, provider: Version) -> Stated | None:
        if key not in texts or provider not in held.get(provider.pacticipant, ()):
            return None
        return stating.of(texts[key], rows[provider])

    return states


def _known_versions(
    wanted: Iterable[Version],
    rows: Mapping[Version, int],
    published: Iterable[PublishedPact],
    built: Mapping[tuple[str, str], Mapping[Version, KnownBuild]],
) -> dict[Version, Known]:
    """The wanted versions with their pacts, and those of which a build is known."""
    artifacts: dict[Version, list[KnownBuild]] = {}
    for versions_built in built.values():
        for version, build in versions_built.items():
            artifacts.setdefault(version, []).append(build)
    pacts: dict[int, dict[str, str]] = {}
    for each in published:
        pacts.setdefault(each.version, {})[each.provider] = each.key
    return {
        version: Known(
            version=version,
            artifacts=frozenset(each.artifact for each in artifacts.get(version, ())),
            builds=tuple(artifacts.get(version, ())),
            pacts=pacts.get(rows[version], {}),
        )
        for version in dict.fromkeys((*wanted, *artifacts))
    }
