"""The answer to a question: the gate's where an environment is asked about, else that of every row."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.evidence import ALWAYS_REQUIRED, Cell, Facts, Live, judge_pact
from harness.gate import commands
from harness.gate.decision import decide_candidates, policy_of
from harness.identity import Version
from harness.ledger.db import findings, scoped
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import integrations, pacticipants, versions
from harness.ledger.matrix.basis import basis_of, with_attempts
from harness.ledger.matrix.deciding import Against, Answered, IgnoredVersions, answer, by_reason, by_rows
from harness.ledger.matrix.promised import ContentResult, PromiseResults, Rows, broken_in_place, latest
from harness.ledger.matrix.resolving import resolve_ignored, scene
from harness.ledger.static_verdict import statements
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from harness.evidence import Evidence
    from harness.ledger.matrix.basis import Basis, PublishedPact
    from harness.ledger.matrix.promised import MatrixRow
    from harness.ledger.matrix.question import Question
    from harness.ledger.matrix.resolving import ResolvedSelectors
    from harness.ledger.matrix.selected import SelectedVersions
    from harness.verdicts import Finding


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


_MOST_SETS = 64  # of versions that one question may mean; the gate is asked for each


def answer_question(db: sa.Connection, question: Question, *, trusted: bool) -> Answered:
    """The answer to a question; what it says never depends on how much of it is listed. Raises Unanswerable."""
    staged = scene(db, question)
    selected, warnings = resolve_ignored(db, question.ignored)
    basis = basis_of(db, staged, needs=bool(question.environment), trusted=trusted)
    basis = replace(basis, facts=replace(basis.facts, seen=_findings_of(db)))
    ignored = IgnoredVersions(selected=selected, stand_ins=staged.stand_ins, rows=basis.rows)
    live = bool(question.environment) or any(each.environment for each in question.selectors)
    # In an environment several versions may live beside each other: none of them stands for the others.
    rows = rows_of(basis, staged, latest_by="cvpv" if live else question.latest_by, every_pair=live)
    if question.environment:
        vague = _too_many(staged)
        rows = rows if vague else _without_supported(staged, rows)
        against = [*by_rows(staged, basis, rows, ignored), _too_vague(question)] if vague else []
        against += [] if vague else _of_the_gate(db, question, staged, basis, ignored, trusted=trusted)
    else:
        against = [*by_rows(staged, basis, rows, ignored), *_of_the_silent(db, question, staged, basis, ignored)]
    return answer(question, staged, rows, ignored, warnings, against)


def _without_supported(staged: ResolvedSelectors, rows: Rows) -> Rows:
    """The rows but for those of two that stay supported beside those who are asked for."""
    asked = {each.pacticipant for each in staged.specified}
    if all(each.specified or each.pacticipant not in asked for each in staged.selected):
        return rows
    versions = {(each.pacticipant, row) for each in staged.specified for row in each.rows}

    def concerns(row: MatrixRow) -> bool:
        sides = {(row.consumer, row.consumer_version), (row.provider, row.provider_version)}
        return not {row.consumer, row.provider} <= asked or bool(sides & versions)

    return rows.only(concerns)


def _of_the_gate(
    db: sa.Connection,
    question: Question,
    staged: ResolvedSelectors,
    basis: Basis,
    ignored: IgnoredVersions,
    *,
    trusted: bool,
) -> Iterator[Against]:
    """What the gate has against each set of versions that may be meant, but for what is to be ignored."""
    sets = _sets(staged)
    facts = _facts(db, question, staged, basis, sets, trusted=trusted)
    told = _reasons_of(sets, question.environment, facts)
    if missing := {each.missing for each in told} - {""}:  # which version of it could come, is told
        facts = _all_facts(db, question, [*sets, _newest_versions(db, missing)], trusted=trusted)
        told = _reasons_of(sets, question.environment, facts)
    reasons = [each for each in told if not ignored.reason(each)]
    facts = with_attempts(db, facts, reasons)
    for reason in reasons:
        yield by_reason(staged, basis, reason, _because(reason, facts))


def _newest_versions(db: sa.Connection, names: set[str]) -> tuple[Version, ...]:
    """The newest version of each pacticipant that has any."""
    found: list[Version] = []
    for part in chunks(sorted(names)):
        found += (Version(row.name, row.number) for row in db.execute(_NEWEST, {"names": part}))
    return tuple(found)


def _reasons_of(sets: Sequence[tuple[Version, ...]], environment: str, facts: Facts) -> list[Reason]:
    """What the gate has against the sets, each thing once."""
    policy = policy_of(environment, facts, None)
    decisions = (decide_candidates(chosen, environment, facts, policy) for chosen in sets)
    told = dict.fromkeys(reason for decision in decisions for reason in decision.reasons)
    return [each for each in told if each.verdict is not Verdict.PASSED]


def _because(reason: Reason, facts: Facts) -> str:
    if not (reason.contract and reason.consumer and reason.provider):
        return ""
    whose = reason.consumer.pacticipant
    said = judge_pact(facts, reason.contract, reason.provider, consumer=whose).because
    return "; ".join(filter(None, (reason.consumer.recorded, said)))


def _sets(staged: ResolvedSelectors) -> list[tuple[Version, ...]]:
    """One version of each pacticipant that was asked for, in every combination."""
    meant: dict[str, dict[Version, None]] = {}
    for each in staged.specified:
        here = meant.setdefault(each.pacticipant, {})
        here |= dict.fromkeys(Version(each.pacticipant, number) for _, number in each.versions)
    return list(product(*meant.values()))


def _too_many(staged: ResolvedSelectors) -> bool:
    """Whether more sets of versions may be meant than the gate can be asked about."""
    meant: dict[str, int] = {}
    for each in staged.specified:
        meant[each.pacticipant] = meant.get(each.pacticipant, 0) + len(each.versions)
    return any(each.any_version for each in staged.specified) or prod(meant.values()) > _MOST_SETS


def _too_vague(question: Question) -> Against:
    name = question.selectors[0].pacticipant
    text = f"More than {_MOST_SETS} sets of versions of {name} and others are meant: name them"
    before = "name one version of each"
    reason = Reason(verdict=Verdict.UNKNOWN, cause=Cause.TOO_MANY, text=text, before=before)
    return Against(Verdict.UNKNOWN, text, reason)


def _facts(
    db: sa.Connection,
    question: Question,
    staged: ResolvedSelectors,
    basis: Basis,
    sets: Sequence[tuple[Version, ...]],
    *,
    trusted: bool,
) -> Facts:
    """What the gate looks at: what was read already, unless more is demanded or somebody published nothing."""
    place = question.environment
    plain = set(staged.require) <= set(ALWAYS_REQUIRED) and not staged.traced
    if plain and not _needy(db, staged, basis):
        live = tuple(
            Live(environment=place, version=Version(each.pacticipant, number), released=_is_asked(staged, each))
            for each in staged.selected
            if not each.specified
            for _, number in each.versions
        )
        return replace(basis.facts, live=live, environments={place: tuple(staged.require)})
    return _all_facts(db, question, sets, trusted=trusted)


def _all_facts(
    db: sa.Connection, question: Question, sets: Sequence[tuple[Version, ...]], *, trusted: bool
) -> Facts:
    """What the command line looks at."""
    found = scoped.facts_about(db, {each for chosen in sets for each in chosen}, [question.environment])
    if found is None:
        raise RuntimeError("the matrix tells of a version that the ledger does not know")
    return replace(found, statements=statements(db, None, trusted=trusted), seen=_findings_of(db))


def _findings_of(db: sa.Connection) -> Callable[[Evidence], tuple[Finding, ...]]:
    """What was seen broken, asked when a no is told."""
    return findings.asked_later(lambda: nullcontext(db))


def _is_asked(staged: ResolvedSelectors, each: SelectedVersions) -> bool:
    """Whether others of its pacticipant are asked for: then it is what stays supported beside them."""
    return any(each.pacticipant == other.pacticipant for other in staged.specified)


def _of_the_silent(
    db: sa.Connection, question: Question, staged: ResolvedSelectors, basis: Basis, ignored: IgnoredVersions
) -> Iterator[Against]:
    """Versions that published nothing, or whose pact was deleted, and that may need who is concerned."""
    silent = _selected_versions(staged) if staged.traced else _needy(db, staged, basis)
    facts = scoped.facts_about(db, silent, []) if silent else None
    asked = {each.pacticipant for each in staged.specified}
    everybody = question.infers or len(question.selectors) == 1
    for version in silent if facts else ():
        unknown = {name for name, key in facts.index.needs(version).items() if not key} if facts else set()
        concerned = unknown if everybody and version.pacticipant in asked else unknown & asked
        if facts and concerned and not ignored.version(version):
            yield _silence(version, sorted(concerned), facts)


def _selected_versions(staged: ResolvedSelectors) -> list[Version]:
    """Every version that a question names or means."""
    return [Version(each.pacticipant, number) for each in staged.selected for _, number in each.versions]


def _silence(version: Version, needed: Sequence[str], facts: Facts) -> Against:
    lost = facts.versions[version].lost
    told = [f"The pact of {version} with {name} {lost[name]}" for name in needed if name in lost]
    text = f"{'; '.join(told)}: what it needs is not known" if told else _unpublished_text(version, needed)
    reason = Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.DELETED if told else Cause.NOT_PUBLISHED,
        text=text,
        consumer=version,
        command=commands.publish(version),
    )
    return Against(Verdict.UNKNOWN, text, reason)


def _unpublished_text(version: Version, needed: Sequence[str]) -> str:
    return (
        f"Nothing has been published for version {version.number} of {version.pacticipant}, and others of it"
        f" need {', '.join(needed)}: what this one needs is not known"
    )


def _needy(db: sa.Connection, staged: ResolvedSelectors, basis: Basis) -> list[Version]:
    """The versions without a pact whose pacticipant is a consumer otherwise."""
    consumers = {pair.consumer for pair in staged.pairs}
    others = sorted({each.pacticipant for each in basis.silent} - consumers)
    for names in chunks(others):
        consumers |= set(db.execute(_CONSUMERS, {"names": names}).scalars())
    return [each for each in basis.silent if each.pacticipant in consumers]


# Made once: making a statement costs more than asking it.
_NEWEST = (
    sa.select(pacticipants.c.name, versions.c.number)
    .join_from(versions, pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
    .where(
        versions.c.id.in_(
            sa.select(sa.func.max(versions.c.id))
            .join_from(versions, pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
            .where(pacticipants.c.name.in_(sa.bindparam("names", expanding=True)))
            .group_by(versions.c.pacticipant_id)
        )
    )
)
_CONSUMERS = (
    sa.select(pacticipants.c.name)
    .join(integrations, integrations.c.consumer_id == pacticipants.c.id)
    .where(pacticipants.c.name.in_(sa.bindparam("names", expanding=True)))
    .distinct()
)
