"""The rows of the matrix: what each version promised, and what the judge says of each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.evidence import Cell, judge_pact
from harness.ledger.matrix.promised import ContentResult, PromiseResults, Rows, broken_in_place, latest
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from harness.identity import Version
    from harness.ledger.matrix.basis import Basis, PublishedPact
    from harness.ledger.matrix.resolving import ResolvedSelectors

_SUCCESS = {Verdict.PASSED: True, Verdict.FAILED: False, Verdict.UNKNOWN: None}


def rows_of(basis: Basis, scene: ResolvedSelectors, *, latest_by: str, every_pair: bool) -> Rows:
    """All rows, without any limit; `every_pair`: each live pair counts, also one that nobody has verified."""
    chosen = {
        name: scene.versions_of(name) for name, some in scene.provider_versions().items() if some is not None
    }
    met: dict[int, tuple[ContentResult, ...]] = {}  # the versions of one content share its results

    def promise(each: PublishedPact) -> PromiseResults:
        if each.contract not in met:
            met[each.contract] = _results(basis, each, chosen.get(each.provider), every_pair=every_pair)
        return PromiseResults(each.consumer, each.provider, each.publication, each.version, met[each.contract])

    found = latest(map(promise, basis.promised), latest_by)
    if not basis.in_place:
        return Rows(found)
    broken = broken_in_place(found, map(promise, basis.in_place), _stand_ins(basis, scene), latest_by)
    return Rows(sorted((*found, *broken), key=lambda each: each.order))


def _stand_ins(basis: Basis, scene: ResolvedSelectors) -> dict[int, tuple[int, str]]:
    """By row: in which version's place something was recorded, and the words for that."""
    return {basis.rows[each]: (basis.rows[version], each.recorded) for each, version in scene.stand_ins.items()}


def _results(
    basis: Basis, each: PublishedPact, versions: Collection[Version] | None, *, every_pair: bool
) -> tuple[ContentResult, ...]:
    """What is known of a content on each provider version, newest first; None: any version."""
    found, missing = [], []
    for version in _spoken_of(basis, each) if versions is None else versions:
        cell = judge_pact(basis.facts, each.key, version, consumer=each.consumer)
        if cell.stated or (cell.evidence and cell.evidence.row in basis.results):
            found.append(_result(basis, version, cell))
        elif versions is not None:
            missing.append(ContentResult(basis.rows[version]))
    if every_pair and (found or len(missing) > 1):
        found += missing
    return tuple(sorted(found, key=lambda result: -(result.provider_version or 0))) or (ContentResult(),)


def _spoken_of(basis: Basis, each: PublishedPact) -> set[Version]:
    """The versions of the provider of which anything is known that concerns a content."""
    told = basis.facts.index.of_pact(each.key, each.provider)
    found = {*told.by_version, *basis.held.get(each.provider, ())}
    found.update(version for version in told.by_asked if version in basis.rows)
    for artifact in told.by_artifact:
        found.update(basis.built.get((each.provider, artifact), ()))
    return found


def _result(basis: Basis, version: Version, cell: Cell) -> ContentResult:
    number = basis.results.get(cell.evidence.row) if cell.evidence else None
    said = cell.stated, cell.because, cell.disagreement, cell.flaky
    return ContentResult(basis.rows[version], number, _SUCCESS[cell.verdict], *said)
