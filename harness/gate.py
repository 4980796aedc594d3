"""Pure questions to the facts: can these versions be deployed together, here.

The definition, line by line, is docs/explanation/compatibility.md. Everything that asks (the command line,
pytest, pages, later HTTP) calls `can_i_deploy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UnknownName, UsageError, did_you_mean
from harness.identity import Version
from harness.matrix import Cell, EvidenceKind, Facts, Live, judge
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A consumer version that will meet a provider version, and the pact between them."""

    consumer: Version
    provider: Version
    contract: str  # content key


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer, what it rests on, and what would resolve a no."""

    verdict: Verdict
    candidates: tuple[Version, ...]
    environment: str  # "" is the set that ran, by itself
    require: tuple[str, ...]  # kinds of evidence that the policy demands
    reasons: tuple[Reason, ...]  # worst first
    considered: tuple[Pair, ...]


def can_i_deploy(
    candidates: Sequence[Version], environment: str, facts: Facts, *, require: Sequence[str] | None = None
) -> Decision:
    """Decide whether the candidates are safe together, beside everything that is live in the environment.

    A candidate replaces what is deployed of its own pacticipant; what was released stays supported beside it.
    Raises UnknownName for a version or an environment that nobody knows, UsageError for an empty or doubled set.
    """
    _resolve(candidates, environment, facts)
    policy = _policy(environment, facts, require)
    live = _beside(candidates, environment, facts)
    pairs = tuple(dict.fromkeys(_meetings(candidates, live, facts)))
    reasons = [*_missing_providers(candidates, live, environment, facts)]
    reasons += [_pair_reason(pair, facts) for pair in pairs]
    reasons += _own_evidence(candidates, policy, facts)
    reasons += [_meets_nobody(c) for c in candidates if not any(_concerns(r, c) for r in reasons)]
    ordered = _worst_first(reasons)
    return Decision(
        verdict=Verdict.worst(reason.verdict for reason in ordered),
        candidates=tuple(candidates),
        environment=environment,
        require=policy,
        reasons=ordered,
        considered=pairs,
    )


def _resolve(candidates: Sequence[Version], environment: str, facts: Facts) -> None:
    if not candidates:
        raise UsageError("no version to decide about", hint="name at least one SERVICE=VERSION")
    if environment not in facts.environments:
        raise UnknownName(f"no environment '{environment}'", hint=did_you_mean(environment, facts.environments))
    seen: set[str] = set()
    for candidate in candidates:
        if candidate.pacticipant in seen:
            raise UsageError(f"'{candidate.pacticipant}' is named twice", hint="name one version of each service")
        seen.add(candidate.pacticipant)
        if candidate not in facts.versions:
            raise UnknownName(_nobody_knows(candidate, facts), hint=_closest(candidate, facts))


def _nobody_knows(candidate: Version, facts: Facts) -> str:
    known = any(v.pacticipant == candidate.pacticipant for v in facts.versions)
    return (
        f"no version {candidate.number} of '{candidate.pacticipant}'"
        if known
        else (f"no pacticipant '{candidate.pacticipant}'")
    )


def _closest(candidate: Version, facts: Facts) -> str:
    numbers = [v.number for v in facts.versions if v.pacticipant == candidate.pacticipant]
    if numbers:
        return did_you_mean(candidate.number, numbers) + " Publish it first: harness publish"
    names = [v.pacticipant for v in facts.versions]
    return did_you_mean(candidate.pacticipant, names) or "publish it first: harness publish"


def _policy(environment: str, facts: Facts, require: Sequence[str] | None) -> tuple[str, ...]:
    """Pact verification is always required; the rest is the environment's own choice."""
    chosen = facts.environments[environment] if require is None else require
    return tuple(dict.fromkeys((EvidenceKind.PACTS.value, *chosen)))


def _beside(candidates: Sequence[Version], environment: str, facts: Facts) -> tuple[Live, ...]:
    """What stays live when the candidates are there."""
    replaced = {candidate.pacticipant for candidate in candidates}
    here = (live for live in facts.live if live.environment == environment)
    return tuple(live for live in here if live.released or live.version.pacticipant not in replaced)


def _meetings(candidates: Sequence[Version], live: Sequence[Live], facts: Facts) -> Iterator[Pair]:
    """Every pair with at least one candidate in it; pairs among what is live already are not this question."""
    new = set(candidates)
    there = tuple(dict.fromkeys((*candidates, *(each.version for each in live))))
    for consumer in there:
        known = facts.versions.get(consumer)
        for provider in there:
            contract = known.pacts.get(provider.pacticipant) if known else None
            if contract and (consumer in new or provider in new):
                yield Pair(consumer=consumer, provider=provider, contract=contract)


def _missing_providers(
    candidates: Sequence[Version], live: Sequence[Live], environment: str, facts: Facts
) -> Iterator[Reason]:
    """A consumer whose provider is not there at all cannot work, and nothing is known to be broken either."""
    there = {v.pacticipant for v in candidates} | {each.version.pacticipant for each in live}
    for consumer in candidates:
        for provider in facts.versions[consumer].pacts:
            if provider not in there:
                yield Reason(
                    verdict=Verdict.UNKNOWN,
                    cause=Cause.NOTHING_DEPLOYED,
                    text=f"{consumer} needs {provider}, and no version of it is {_place(environment)}",
                    consumer=consumer,
                    contract=facts.versions[consumer].pacts[provider],
                    command=_bring(provider, environment),
                )


def _place(environment: str) -> str:
    return f"in {environment}" if environment else "in the set that ran"


def _bring(provider: str, environment: str) -> str:
    if environment:
        return f"harness record-deployment {provider}=VERSION --environment {environment}"
    return f"harness run {provider}"


def _pair_reason(pair: Pair, facts: Facts) -> Reason:
    cell = judge(facts, EvidenceKind.PACTS, pair.contract, pair.provider)
    verify = f"harness verify {pair.provider.argument} --against {pair.consumer.argument}"
    return Reason(
        verdict=cell.verdict,
        cause=cell.cause if cell.verdict is not Verdict.PASSED else None,
        text=f"{pair.consumer} {_WORDS[cell.verdict]} {pair.provider}{_note(cell)}",
        consumer=pair.consumer,
        provider=pair.provider,
        contract=pair.contract,
        command="" if cell.verdict is Verdict.PASSED else verify,
    )


_WORDS = {
    Verdict.PASSED: "is verified on",
    Verdict.FAILED: "is broken by",
    Verdict.UNKNOWN: "is not verified on",
}


def _note(cell: Cell) -> str:
    """What a reader needs beside the verdict: why it is unknown, and results that contradict each other."""
    notes = []
    if cell.verdict is not Verdict.PASSED and cell.evidence and cell.evidence.because:
        notes.append(cell.evidence.because)
    if cell.flaky:
        notes.append("flaky: complete results of the same content disagree; the latest stands")
    return f" ({'; '.join(notes)})" if notes else ""


def _own_evidence(candidates: Sequence[Version], policy: Sequence[str], facts: Facts) -> Iterator[Reason]:
    """Evidence about each candidate itself that the policy demands beside the pacts."""
    for name in policy:
        kind = EvidenceKind(name)
        if kind is EvidenceKind.PACTS:
            continue
        for candidate in candidates:
            for contract in _own_contracts(candidate, kind, facts):
                yield _own_reason(candidate, kind, contract, facts)


def _own_contracts(candidate: Version, kind: EvidenceKind, facts: Facts) -> tuple[str, ...]:
    """Which documents the candidate must have evidence for; a suite is known only by its evidence."""
    known = facts.versions[candidate]
    if kind is EvidenceKind.PROPERTIES:
        return (known.openapi,) if known.openapi else ()
    if kind is EvidenceKind.CONSUMERS and not known.pacts:
        return ()
    seen = [e.contract for e in facts.evidence if e.kind is kind and e.provider == candidate]
    return (seen[-1],) if seen else ("",)


def _own_reason(candidate: Version, kind: EvidenceKind, contract: str, facts: Facts) -> Reason:
    cell = judge(facts, kind, contract, candidate)
    words = {
        Verdict.PASSED: f"keeps its {kind}",
        Verdict.FAILED: f"breaks its {kind}",
        Verdict.UNKNOWN: f"has no standing evidence of its {kind}",
    }
    return Reason(
        verdict=cell.verdict,
        cause=cell.cause if cell.verdict is not Verdict.PASSED else None,
        text=f"{candidate} {words[cell.verdict]}{_note(cell)}",
        provider=candidate,
        contract=contract,
        command="" if cell.verdict is Verdict.PASSED else f"harness run {candidate.argument} --only {kind}",
    )


def _concerns(reason: Reason, candidate: Version) -> bool:
    return candidate in (reason.consumer, reason.provider)


def _meets_nobody(candidate: Version) -> Reason:
    return Reason(
        verdict=Verdict.PASSED,
        text=f"{candidate} meets nobody: it needs nothing and nobody live needs it",
        provider=candidate,
    )


def _worst_first(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons in the order in which people should read them."""
    return tuple(sorted(reasons, key=lambda r: (-list(Verdict).index(r.verdict), r.text)))
