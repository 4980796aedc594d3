"""The rows of the matrix: what each version promised, and the standing result of each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from harness.broker.matrices.promised import Promise, Result, Rows, latest
from harness.broker.stating import Stating, held_to_documents
from harness.broker.store.rows import chunks
from harness.broker.store.tables import (
    builds,
    contracts,
    pacticipants,
    publications,
    self_verifications,
    verifications,
)
from harness.contracts.document import ContractKind
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from harness.broker.matrices.resolving import Pair, Scene
    from harness.evidence import Stated


class Standing(NamedTuple):
    """The result of a content on a provider version that stands."""

    verification: int | None
    success: bool | None
    stated: Stated | None = None  # what the document says, where no result decides


# Made once: making a statement costs more than asking it.
_PUBLISHED = (
    sa.select(
        publications.c.id,
        publications.c.contract_id,
        publications.c.version_id,
        publications.c.counterpart,
        pacticipants.c.name,
    )
    .join_from(publications, pacticipants, pacticipants.c.id == publications.c.pacticipant_id)
    .where(publications.c.kind == ContractKind.PACT.value)
)
_OF_VERSIONS = _PUBLISHED.where(publications.c.version_id.in_(sa.bindparam("ids", expanding=True)))
_OF_PAIRS = _PUBLISHED.where(
    pacticipants.c.name.in_(sa.bindparam("names", expanding=True)),
    publications.c.counterpart.in_(sa.bindparam("providers", expanding=True)),
)
_TOLD = sa.select(
    verifications.c.id,
    verifications.c.contract_id,
    verifications.c.version_id,
    verifications.c.success,
    verifications.c.partial,
    verifications.c.artifact,
).order_by(verifications.c.id)
_RESULTS = _TOLD.where(verifications.c.contract_id.in_(sa.bindparam("contracts", expanding=True)))
_RESULTS_ON = _RESULTS.where(verifications.c.version_id.in_(sa.bindparam("ids", expanding=True)))
_RESULTS_OF = _RESULTS.where(verifications.c.artifact.in_(sa.bindparam("artifacts", expanding=True)))
_KEYS = sa.select(contracts.c.key).where(contracts.c.id.in_(sa.bindparam("contracts", expanding=True)))
_EQUAL = sa.select(contracts.c.id, contracts.c.key, contracts.c.counterpart).where(
    contracts.c.kind == ContractKind.PACT.value, contracts.c.key.in_(_KEYS)
)
_ANY = sa.select(sa.exists().where(builds.c.artifact > ""), sa.exists(sa.select(self_verifications.c.id)))
_BUILDS = sa.select(builds.c.version_id, builds.c.artifact).where(
    builds.c.version_id.in_(sa.bindparam("ids", expanding=True)), builds.c.artifact != ""
)


def rows_of(db: sa.Connection, scene: Scene, *, latest_by: str, every_pair: bool, trusted: bool) -> Rows:
    """All rows, without any limit; `every_pair`: each live pair counts, also one that nobody has verified."""
    promised = _publications(db, scene)
    wanted = _provider_versions(scene)
    any_build, any_held = db.execute(_ANY).one()
    known = _results(db, {each.contract_id for each in promised}, wanted, any_build=any_build)
    if any_held:
        _state(Stating(db, trusted), promised, wanted, known)
    met: dict[int, tuple[Result, ...]] = {}  # the versions of one content share its results
    found = []
    for each in promised:
        if each.contract_id not in met:
            rows = wanted.get(each.counterpart, frozenset())
            met[each.contract_id] = _met(known.get(each.contract_id, {}), rows, every_pair=every_pair)
        found.append(_promise(each, met[each.contract_id]))
    return Rows(latest(found, latest_by))


def _publications(db: sa.Connection, scene: Scene) -> list[Any]:
    """The pacts of the selected consumer versions with the selected providers."""
    pairs = {(pair.consumer, pair.provider) for pair in scene.pairs}
    rows, anybody = _consumers(scene, scene.pairs)
    found: list[Any] = []
    for part in chunks(sorted(rows)):
        found += db.execute(_OF_VERSIONS, {"ids": part}).all()
    providers = sorted({pair.provider for pair in scene.pairs})
    for names in chunks(sorted(anybody)):
        found += db.execute(_OF_PAIRS, {"names": names, "providers": providers}).all()
    return [row for row in found if (row.name, row.counterpart) in pairs]


def _consumers(scene: Scene, pairs: Iterable[Pair]) -> tuple[set[int], set[str]]:
    rows: set[int] = set()
    anybody: set[str] = set()
    for name in {pair.consumer for pair in pairs}:
        for each in scene.of(name):
            if each.any_version:
                anybody.add(name)
            rows |= each.rows
    return rows, anybody


def _provider_versions(scene: Scene) -> dict[str, frozenset[int] | None]:
    """The selected versions of each provider; None is any."""
    found: dict[str, frozenset[int] | None] = {}
    for name in {pair.provider for pair in scene.pairs}:
        selected = scene.of(name)
        anything = any(each.any_version for each in selected)
        found[name] = None if anything else frozenset(row for each in selected for row in each.rows)
    return found


def _results(
    db: sa.Connection,
    promised: Collection[int],
    wanted: dict[str, frozenset[int] | None],
    *,
    any_build: bool,
) -> dict[int, dict[int, Standing]]:
    """By content and provider version: the latest result of each artifact, and the worst of them."""
    limited = None not in wanted.values()
    chosen = {row for rows in wanted.values() if rows for row in rows} if limited else None
    # Only results of foreign verifiers: nothing is shared.
    built = _builds(db, chosen or ()) if any_build else {}
    equal = _equal_contracts(db, promised) if any_build else {}
    told = _told(db, {*promised, *equal}, chosen, sorted({a for artifacts in built.values() for a in artifacts}))
    speaks = _speakers(built) if built else _of_itself
    standing: dict[int, dict[int, dict[str, Standing]]] = {}
    for _, row in sorted(told.items()):
        now = Standing(row.id, None if row.partial else row.success)
        for contract in _contracts_of(row, equal):
            on = standing.setdefault(contract, {})
            for version in speaks(row):
                _stand(on.setdefault(version, {}), row.artifact, now)
    return {
        contract: {version: _worst(by_artifact) for version, by_artifact in on.items()}
        for contract, on in standing.items()
    }


def _state(
    stating: Stating,
    promised: Sequence[Any],
    wanted: dict[str, frozenset[int] | None],
    known: dict[int, dict[int, Standing]],
) -> None:
    """Where no result decides, the document of a provider that is held to it does, as `harness.evidence.judge`."""
    held = held_to_documents(stating.db, wanted.keys())
    for contract, provider in {(each.contract_id, each.counterpart) for each in promised}:
        rows = wanted.get(provider, frozenset())
        on = known.setdefault(contract, {})
        for version in held.get(provider, ()):
            before = on.get(version)
            if (rows is None or version in rows) and (before is None or before.success is None):
                stated = stating.of(contract, version)
                said = None if stated.verdict is Verdict.UNKNOWN else stated.verdict is Verdict.PASSED
                on[version] = Standing(before.verification if before else None, said, stated)


def _worst(by_artifact: dict[str, Standing]) -> Standing:
    found = list(by_artifact.values())  # there may be many thousands of these, and most are of one artifact
    return found[0] if len(found) == 1 else min(found, key=_badness)


def _of_itself(row: Any) -> Iterable[int]:
    """Of which versions a result speaks where no build is known: of the one that it names."""
    return (row.version_id,)


def _told(
    db: sa.Connection, of: Collection[int], versions: Collection[int] | None, artifacts: Sequence[str]
) -> dict[int, Any]:
    """Every result of some contents: on some versions (None: on any), and on builds, whatever their number."""
    found: dict[int, Any] = {}
    for part in chunks(sorted(of)):
        if versions is None:
            found |= {row.id: row for row in db.execute(_RESULTS, {"contracts": part})}
        for ids in chunks(sorted(versions or ())):
            found |= {row.id: row for row in db.execute(_RESULTS_ON, {"contracts": part, "ids": ids})}
        for some in chunks(artifacts):
            found |= {row.id: row for row in db.execute(_RESULTS_OF, {"contracts": part, "artifacts": some})}
    return found


def _contracts_of(row: Any, equal: dict[int, list[int]]) -> Iterable[int]:
    """The promises that a result is about: a consumer's own, and of a known build everybody's with its content."""
    own = (row.contract_id,)
    return equal.get(row.contract_id, own) if equal and row.artifact else own


def _stand(standing: dict[str, Standing], artifact: str, now: Standing) -> None:
    """The latest result stands that decides; one that left interactions out takes nothing back."""
    before = standing.get(artifact)
    if now.success is not None or before is None or before.success is None:
        standing[artifact] = now


def _badness(standing: Standing) -> tuple[int, int]:
    """A failure before a success, that before what decides nothing; among equals the newest."""
    return {False: 0, True: 1, None: 2}[standing.success], -(standing.verification or 0)


def _equal_contracts(db: sa.Connection, promised: Collection[int]) -> dict[int, list[int]]:
    """Promises of the same content that other consumers made to the same provider, with those asked for."""
    groups: dict[tuple[str, str], set[int]] = {}
    for part in chunks(sorted(promised)):
        for row, key, provider in db.execute(_EQUAL, {"contracts": part}):
            groups.setdefault((key, provider), set()).add(row)
    found: dict[int, list[int]] = {}
    for group in groups.values():
        if len(group) > 1:
            mine = [row for row in group if row in promised]
            found |= dict.fromkeys(group, mine)
    return found


def _builds(db: sa.Connection, rows: Collection[int]) -> dict[int, set[str]]:
    """What was built under the number of each version."""
    found: dict[int, set[str]] = {}
    for part in chunks(sorted(rows)):
        for version, artifact in db.execute(_BUILDS, {"ids": part}):
            found.setdefault(version, set()).add(artifact)
    return found


def _speakers(built: dict[int, set[str]]) -> Callable[[Any], Iterable[int]]:
    """Of which versions a result speaks, as `harness.evidence.ran` says it."""
    same: dict[str, list[int]] = {}
    for version, artifacts in built.items():
        for artifact in artifacts:
            same.setdefault(artifact, []).append(version)

    def speaks(row: Any) -> Iterator[int]:
        mine = built.get(row.version_id, set())
        if not (row.artifact and mine) or (row.artifact not in mine and not row.success):
            yield row.version_id
        # Under whatever number it was seen: numbers are given anew, what was built stays what it is.
        yield from same.get(row.artifact, ()) if row.artifact else ()

    return speaks


def _promise(each: Any, results: tuple[Result, ...]) -> Promise:
    publication, _, version, provider, consumer = each
    return Promise(consumer, provider, publication, version, results)


def _met(known: dict[int, Standing], rows: frozenset[int] | None, *, every_pair: bool) -> tuple[Result, ...]:
    """What is known of a content on each provider version, newest first; None: any version."""
    stands = {version: s for version, s in known.items() if rows is None or version in rows}
    found = [Result(version, s.verification, s.success, s.stated) for version, s in stands.items()]
    missing = [] if rows is None else [version for version in rows if version not in stands]
    if every_pair and missing and (stands or len(missing) > 1):
        found += [Result(version) for version in missing]
    return tuple(sorted(found, key=lambda each: -(each.provider_version or 0))) or (Result(),)
