"""Can these versions be deployed together, here, now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.errors import UnknownName, UsageError, did_you_mean, otherwise
from harness.evidence import ALWAYS_REQUIRED, Facts
from harness.gate import commands
from harness.gate import reasons as why
from harness.gate.completing_set import complete_set
from harness.gate.placing import UNNAMED, Instances, check_places, is_replaced
from harness.gate.target_state import MeetingPair, TargetState, scene
from harness.identity import Version
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer, what it rests on, and what would resolve a no."""

    verdict: Verdict
    candidates: tuple[Version, ...]
    environment: str  # "" is the set that ran, by itself
    require: tuple[str, ...]  # kinds of evidence that the policy demands
    reasons: tuple[Reason, ...]  # worst first
    considered: tuple[MeetingPair, ...]
    instances: Instances = field(default_factory=dict)  # where candidates go, but for those without a name
    together: tuple[Version, ...] = ()  # a larger set that would be a yes, where there is one
    together_on: Instances = field(default_factory=dict)  # where these go


def can_i_deploy(
    candidates: Sequence[Version],
    environment: str,
    facts: Facts,
    *,
    instances: Instances = UNNAMED,
    require: Sequence[str] | None = None,
) -> Decision:
    """Decide whether the candidates are safe together, beside everything that is live in the environment.

    A candidate replaces what is deployed of its own pacticipant on the instances that are named for it, else where
    a deployment without a name is recorded; what was released stays supported beside it.
    Raises UnknownName for a version or an environment that nobody knows, UsageError for an empty or doubled set.
    """
    resolve(candidates, environment, facts, instances)
    policy = policy_of(environment, facts, require)
    decision = decide_candidates(candidates, environment, facts, policy, instances=instances)
    if not environment or not completable(decision.reasons):
        return decision
    larger, there = complete_set(candidates, environment, facts, instances)
    if (
        not larger
        or decide_candidates(larger, environment, facts, policy, instances=there).verdict is not Verdict.PASSED
    ):
        return decision
    command = commands.can_i_deploy(larger, environment, there)
    told = (replace(r, command=command) if _completable(r) else r for r in decision.reasons)
    return replace(decision, together=larger, together_on=there, reasons=tuple(told))


def can_i_deploy_everywhere(
    candidates: Sequence[Version],
    environments: Sequence[str],
    facts: Facts,
    *,
    require: Sequence[str] | None = None,
) -> tuple[Decision, ...]:
    """The decision for each environment; the answer for all of them is the worst."""
    return tuple(can_i_deploy(candidates, each, facts, require=require) for each in dict.fromkeys(environments))


def completable(reasons: Iterable[Reason]) -> bool:
    """Whether versions that are neither asked for nor live could turn a reason: all facts are needed then."""
    return any(_completable(reason) for reason in reasons)


def _completable(reason: Reason) -> bool:
    """Whether another version of the other side could turn it."""
    broken = reason.verdict is Verdict.FAILED and reason.consumer is not None
    return broken or reason.cause is Cause.NOTHING_DEPLOYED


def resolve(candidates: Sequence[Version], environment: str, facts: Facts, instances: Instances = UNNAMED) -> None:
    """Refuse names that nobody knows, and sets that cannot be meant. Raises UnknownName, UsageError."""
    if not candidates:
        raise UsageError("no version to decide about", hint="name at least one SERVICE=VERSION")
    resolve_environment(environment, facts)
    check_places(candidates, instances)
    for candidate in candidates:
        known = facts.versions.get(candidate)
        if known is not None and known.deleted:
            raise UnknownName(f"{candidate} {known.deleted}", hint=_closest(candidate, facts))
        if known is None:
            raise UnknownName(_nobody_knows(candidate, facts), hint=_closest(candidate, facts))


def resolve_environment(environment: str, facts: Facts) -> None:
    """Refuse an environment that nobody knows. Raises UnknownName."""
    if environment not in facts.environments:
        meant = did_you_mean(environment, facts.environments)
        described = f"describe it in harness.toml: [environments.{environment}]"
        raise UnknownName(f"no environment '{environment}'", hint=meant or described)


def _nobody_knows(candidate: Version, facts: Facts) -> str:
    if facts.index.numbers(candidate.pacticipant):
        return f"no version {candidate.number} of '{candidate.pacticipant}'"
    return f"no pacticipant '{candidate.pacticipant}'"


def _closest(candidate: Version, facts: Facts) -> str:
    numbers = [v.number for v in facts.index.numbers(candidate.pacticipant)]
    names = [v.pacticipant for v in facts.versions]
    meant = did_you_mean(candidate.number, numbers) or did_you_mean(candidate.pacticipant, names)
    return otherwise(meant, commands.first_known(candidate))


def policy_of(environment: str, facts: Facts, require: Sequence[str] | None) -> tuple[str, ...]:
    """Pact verification is always required; the rest is the environment's own choice."""
    chosen = facts.environments[environment] if require is None else require
    return tuple(dict.fromkeys((*ALWAYS_REQUIRED, *chosen)))


def decide_candidates(
    candidates: Sequence[Version],
    environment: str,
    facts: Facts,
    policy: tuple[str, ...],
    *,
    instances: Instances = UNNAMED,
) -> Decision:
    """The decision for names that are known, without a search for a larger set."""
    staged = after(candidates, environment, facts, instances)
    pairs = tuple(dict.fromkeys(pair for candidate in candidates for pair in staged.pairs(candidate)))
    told = why.worst_first(_reasons(candidates, pairs, staged, policy))
    if Verdict.worst(reason.verdict for reason in told) is Verdict.PASSED:
        told = why.worst_first((*told, *why.of_objections(candidates, environment, facts)))
    return Decision(
        verdict=Verdict.worst(reason.verdict for reason in told),
        candidates=tuple(candidates),
        environment=environment,
        require=policy,
        reasons=told,
        considered=tuple(pair for pair in pairs if pair.contract),
        instances=instances,
    )


def after(candidates: Sequence[Version], environment: str, facts: Facts, instances: Instances) -> TargetState:
    """What is there when the candidates are: each replaces what is deployed where it goes, never a release."""
    here = (live for live in facts.live if live.environment == environment)
    staying = (live.version for live in here if not is_replaced(live, candidates, instances))
    return scene(facts, environment, (*candidates, *staying))


def _reasons(
    candidates: Sequence[Version], pairs: Iterable[MeetingPair], staged: TargetState, policy: Sequence[str]
) -> Iterator[Reason]:
    met: set[Version | None] = set()
    for reason in _find_reasons(candidates, pairs, staged, policy):
        met |= {reason.consumer, reason.provider}
        yield reason
    yield from (why.meets_nobody(c) for c in candidates if c not in met)


def _find_reasons(
    candidates: Sequence[Version], pairs: Iterable[MeetingPair], staged: TargetState, policy: Sequence[str]
) -> Iterator[Reason]:
    new = set(candidates)
    for candidate in candidates:
        yield from of_itself_and_missing(candidate, staged, policy)
    # A candidate that published nothing has said so for itself already.
    silent = {candidate for candidate in new if staged.facts.index.hollow(candidate)}
    yield from (why.of_pair(p, staged.facts) for p in pairs if p.contract or p.consumer not in silent)


def of_itself_and_missing(candidate: Version, staged: TargetState, policy: Sequence[str]) -> Iterator[Reason]:
    """What can be said of one candidate without any pair."""
    yield from why.of_itself(candidate, policy, staged.facts)
    if not staged.facts.index.hollow(candidate):
        yield from (why.of_missing(candidate, name, staged) for name in staged.missing(candidate))
