"""The verdict for one pair of versions: what was seen of a contract on a provider, and why it is no yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import some_of
from harness.evidence.facts import Cell, Evidence, EvidenceKind, Facts, KnownBuild, Subject
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.identity import Version


def judge(facts: Facts, kind: EvidenceKind, contract: str, provider: Version, *, consumer: str = "") -> Cell:
    """The standing verdict of a consumer's promise document on a provider version.

    The latest decisive evidence stands, per artifact; where several artifacts carry one version number (two
    runtimes, or builds of one commit), the worst of them, and it is told that they disagree. Where no run
    decides, and the provider has published its document as a provider contract, that document does. Without a
    content key nothing is known of any content.
    """
    cells = facts.index.cells
    cell = cells.get((kind, contract, provider, consumer))
    if cell is None:
        cell = cells[kind, contract, provider, consumer] = _judge_contract(
            facts, kind, contract, provider, consumer
        )
    return cell


def judge_pact(facts: Facts, contract: str, provider: Version, *, consumer: str = "") -> Cell:
    """The same of a consumer's pact."""
    return judge(facts, EvidenceKind.PACTS, contract, provider, consumer=consumer)


def _judge_contract(facts: Facts, kind: EvidenceKind, contract: str, provider: Version, consumer: str) -> Cell:
    built = built_as(facts, provider)
    told = facts.index.told(kind, contract, provider.pacticipant).about(provider, built) if contract else ()
    spoken = [(e, ran(e, provider, built)) for e in told if e.speaks_for(consumer)]
    relevant = [e for e, its in spoken if its]
    # A result that was deleted leaves the question open again: what had been seen before it does not come back.
    decided = (each for each in spoken if each[0].decisive or each[0].cause is Cause.DELETED)
    standing = [e for e, its in {_what_ran(each[0], provider, built): each for each in decided}.values() if its]
    if not standing:
        attempts = [e for e in relevant if not e.decisive]
        return _undecided_cell(facts, kind, contract, provider, attempts[-1] if attempts else None)
    deciding = max(standing, key=lambda e: e.verdict)
    kept = [e for e in standing if e.verdict is Verdict.PASSED] if deciding.verdict is Verdict.FAILED else []
    failed = Cause.DISAGREEING if kept else deciding.cause or Cause.BROKEN_PROMISE
    return Cell(
        verdict=deciding.verdict,
        cause=failed if deciding.verdict is Verdict.FAILED else deciding.cause,
        evidence=deciding,
        flaky=_disagree(relevant),
        disagreement=_disagreement(facts, deciding, kept[-1]) if kept else "",
    )


def _what_ran(seen: Evidence, provider: Version, built: Collection[str]) -> tuple[str | Version, bool]:
    """What a result is about: a build, or the named version where none is known; and whether it is this one."""
    return seen.artifact or seen.provider, seen.provider == provider or seen.artifact in built


def _disagreement(facts: Facts, broke: Evidence, kept: Evidence) -> str:
    return (
        f"results of two builds disagree: {_build_text(facts, broke)} broke it at {broke.at} in run {broke.run}, "
        f"{_build_text(facts, kept)} kept it at {kept.at} in run {kept.run}"
    )


def build_that_ran(facts: Facts, seen: Evidence) -> KnownBuild | None:
    """What is known of the build that a result is about; None where the ledger does not tell."""
    known = facts.versions.get(seen.provider)
    named = known.builds if known and seen.artifact else ()
    return next((each for each in reversed(named) if each.artifact == seen.artifact), None)


def _build_text(facts: Facts, seen: Evidence) -> str:
    """A build as people are told of it: its number and runtime, and what no commit holds of it."""
    found = build_that_ran(facts, seen) or KnownBuild(artifact="")
    by = f" by {found.runtime}" if found.runtime else ""
    tree = ", of a dirty tree" if seen.provider.dirty else ""
    files = f", with {some_of(found.untraced)} not known to git" if found.untraced else ""
    name = f"build {seen.artifact[:12]}" if seen.artifact else "a build that nobody knows"
    return f"{name} ({seen.provider.number}{by}{tree}{files})"


def _undecided_cell(
    facts: Facts, kind: EvidenceKind, contract: str, provider: Version, last: Evidence | None
) -> Cell:
    """No run decides: the provider's document may. What cut a run short says more than that it may not."""
    asks = facts.statements if contract and kind.subject is Subject.PACT else None
    stated = asks(contract, provider) if asks is not None else None
    if stated is None or (last is not None and stated.verdict is Verdict.UNKNOWN):
        return Cell(verdict=Verdict.UNKNOWN, cause=(last and last.cause) or Cause.NOT_VERIFIED, evidence=last)
    return Cell(verdict=stated.verdict, cause=stated.cause, stated=stated)


def built_as(facts: Facts, version: Version) -> frozenset[str]:
    """What was built under a version's number, where it is known."""
    known = facts.versions.get(version)
    return known.artifacts if known else frozenset()


def ran(evidence: Evidence, provider: Version, built: Collection[str]) -> bool:
    """Whether the evidence speaks of a provider version that was built so: by what was built, else by its name."""
    if evidence.artifact and built:
        same = evidence.provider.pacticipant == provider.pacticipant and evidence.artifact in built
        # Another build that once had this number cannot open the gate for it, but what it broke still counts.
        return same or _broke(evidence, provider)
    return evidence.provider == provider or _broke(evidence, provider)


def _broke(evidence: Evidence, provider: Version) -> bool:
    """Whether that version broke it, or a run that recorded it under another number as its contracts changed."""
    return evidence.verdict is Verdict.FAILED and provider in (evidence.provider, evidence.provider.asked)


def _disagree(evidence: Sequence[Evidence]) -> bool:
    told = {(e.identity, e.verdict) for e in evidence if e.conclusive and e.identity} if len(evidence) > 1 else ()
    return len(told) > len({identity for identity, _ in told})


def is_latest(facts: Facts, evidence: Evidence) -> bool:
    """Whether nothing later speaks of the same contract on the same artifact of the same provider."""
    told = facts.index.told(evidence.kind, evidence.contract, evidence.provider.pacticipant)
    spoken = [e for e in told.about(evidence.provider, ()) if e.decisive and e.speaks_for(evidence.consumer)]
    same = [e for e in spoken if e.artifact == evidence.artifact]
    return bool(same) and (same[-1].identity, same[-1].verdict) == (evidence.identity, evidence.verdict)
