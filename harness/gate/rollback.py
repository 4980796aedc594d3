"""Where a service, or a set of them, can safely go back to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.errors import UnknownName, UsageError, did_you_mean, otherwise
from harness.evidence import DeploymentRecord, Live
from harness.gate import commands
from harness.gate.choice import BOUND, Choice, Search
from harness.gate.decision import Decision, decide_candidates, policy_of, resolve_environment
from harness.gate.order import DeploymentPlan, deployment_plan
from harness.gate.placing import everywhere
from harness.gate.target_state import scene
from harness.identity import Version
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.evidence import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackTarget:
    """A version that was there before, and what the gate says about it now."""

    version: Version
    since: str  # of its last stay
    until: str  # "" while it is still there, or supported
    released: bool
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """The answer for the whole set, where each service could go alone, and the order."""

    verdict: Verdict
    services: tuple[str, ...]
    environment: str
    targets: tuple[RollbackTarget, ...]  # newest first, service by service
    together: tuple[Version, ...]  # what to move, and to which version; the named services first
    dragged: tuple[Version, ...]  # those of `together` that nobody named
    plan: DeploymentPlan | None  # the order of `together`
    reasons: tuple[Reason, ...]  # worst first


def rollback_targets(
    services: Sequence[str],
    environment: str,
    facts: Facts,
    *,
    require: Sequence[str] | None = None,
    bound: int = BOUND,
) -> Rollback:
    """Find the newest earlier state of the services that is compatible with what is there now.

    It moves as few other services as possible, then goes back least. FAILED: every earlier state breaks something.
    Raises UnknownName, UsageError for names that nobody knows or that are not there.
    """
    policy = policy_of(environment, facts, require) if environment in facts.environments else ()
    live = [each for each in facts.live if each.environment == environment]
    _resolve(services, environment, facts, live)
    deployed = _deployed_versions(live)
    earlier = _earlier(environment, facts, deployed)
    targets = [_target(stay, environment, facts, policy) for name in services for stay in earlier.get(name, ())]
    strict, lenient = _choices(services, environment, facts, policy, (deployed, earlier, bound))
    chosen = strict.versions or lenient.versions
    return Rollback(
        verdict=_verdict(strict, lenient, nothing=any(not earlier.get(name) for name in services)),
        services=tuple(services),
        environment=environment,
        targets=tuple(targets),
        together=chosen,
        dragged=tuple(v for v in chosen if v.pacticipant not in services),
        plan=deployment_plan(chosen, environment, facts, require=require) if chosen else None,
        reasons=_reasons(services, chosen, earlier, (environment, facts, policy, bound), strict, lenient),
    )


def _resolve(services: Sequence[str], environment: str, facts: Facts, live: Iterable[Live]) -> None:
    if not services:
        raise UsageError("no service to roll back", hint="name at least one SERVICE")
    resolve_environment(environment, facts)
    there = {each.version.pacticipant for each in live if not each.released}
    for position, name in enumerate(services):
        if name in services[:position]:
            raise UsageError(f"'{name}' is named twice", hint="name each service once")
        if not facts.index.numbers(name):
            known = {version.pacticipant for version in facts.versions}
            raise UnknownName(f"no pacticipant '{name}'", hint=did_you_mean(name, known))
        if name not in there:
            hint = _where_it_is(name, environment, facts, there)
            raise UnknownName(f"no '{name}' is deployed in {environment}", hint=hint)


def _where_it_is(name: str, environment: str, facts: Facts, there: Iterable[str]) -> str:
    record = commands.record_deployment(facts.index.numbers(name)[-1], environment)
    return otherwise(did_you_mean(name, there), f"if it runs there, record it: {record}")


def _deployed_versions(live: Iterable[Live]) -> dict[str, tuple[Version, ...]]:
    found: dict[str, dict[Version, None]] = {}
    for each in live:
        if not each.released:
            found.setdefault(each.version.pacticipant, {})[each.version] = None
    return {name: tuple(versions) for name, versions in found.items()}


def _earlier(
    environment: str, facts: Facts, deployed: Mapping[str, Sequence[Version]]
) -> dict[str, tuple[DeploymentRecord, ...]]:
    """Of each deployed service: the last stay of every version that it could go back to, newest first."""
    last: dict[Version, DeploymentRecord] = {}
    for stay in facts.history:  # oldest first, so that the last one remains, at the place of the last one
        if stay.environment == environment and stay.version.pacticipant in deployed:
            last.pop(stay.version, None)
            last[stay.version] = stay
    found: dict[str, list[DeploymentRecord]] = {}
    for version, stay in reversed(last.items()):
        if deployed[version.pacticipant] != (version,) and version in facts.versions:
            found.setdefault(version.pacticipant, []).append(stay)
    return {name: tuple(stays) for name, stays in found.items()}


def _target(stay: DeploymentRecord, environment: str, facts: Facts, policy: tuple[str, ...]) -> RollbackTarget:
    return RollbackTarget(
        version=stay.version,
        since=stay.since,
        until=stay.until,
        released=stay.released,
        decision=_everywhere([stay.version], environment, facts, policy),
    )


def _everywhere(versions: Sequence[Version], environment: str, facts: Facts, policy: tuple[str, ...]) -> Decision:
    """The gate's answer about versions that come back on all instances of their services."""
    live = [each for each in facts.live if each.environment == environment]
    return decide_candidates(versions, environment, facts, policy, instances=everywhere(versions, live))


_World = tuple[dict[str, tuple[Version, ...]], dict[str, tuple[DeploymentRecord, ...]], int]


def _choices(
    services: Sequence[str], environment: str, facts: Facts, policy: Sequence[str], world: _World
) -> tuple[Choice, Choice]:
    """The best proven choice and, only where there is none, the best of which nothing is known to be broken."""
    deployed, earlier, bound = world
    here = [each for each in facts.live if each.environment == environment]
    past = [stay.version for stays in earlier.values() for stay in stays]
    search = Search(
        named=services,
        options={name: tuple(stay.version for stay in stays) for name, stays in earlier.items()},
        deployed=deployed,
        released=scene(facts, environment, [each.version for each in here if each.released], also=past),
        now=scene(facts, environment, [each.version for each in here], also=past),
        policy=policy,
        acceptable=Verdict.PASSED,
        bound=bound,
    )
    strict = search.best()
    if strict.versions or strict.gave_up:
        return strict, Choice()
    return strict, replace(search, acceptable=Verdict.UNKNOWN, _fits={}, _alone={}).best()


def _verdict(strict: Choice, lenient: Choice, *, nothing: bool) -> Verdict:
    if strict.versions:
        return Verdict.PASSED
    open_still = nothing or strict.gave_up or lenient.gave_up or lenient.versions
    return Verdict.UNKNOWN if open_still else Verdict.FAILED


_Place = tuple[str, "Facts", tuple[str, ...], int]


def _reasons(
    services: Sequence[str],
    chosen: tuple[Version, ...],
    earlier: Mapping[str, Sequence[DeploymentRecord]],
    place: _Place,
    *choices: Choice,
) -> tuple[Reason, ...]:
    environment, facts, policy, bound = place
    if chosen:
        return _everywhere(chosen, environment, facts, policy).reasons
    nothing = [_nothing_before(name, environment, facts) for name in services if not earlier.get(name)]
    if nothing or any(choice.gave_up for choice in choices):
        return tuple(nothing) or (_gave_up(services, environment, bound),)
    newest = [earlier[name][0].version for name in services]
    return _everywhere(newest, environment, facts, policy).reasons


def _gave_up(services: Sequence[str], environment: str, bound: int) -> Reason:
    return Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.TOO_MANY,
        text=f"too many earlier versions fit {' and '.join(services)} half-way; the search gave up",
        command=commands.rollback(services, environment, bound * 10),
    )


def _nothing_before(name: str, environment: str, facts: Facts) -> Reason:
    there = {live.version for live in facts.live if live.environment == environment}
    known = facts.index.numbers(name)
    other = next((version for version in reversed(known) if version not in there), known[-1])
    return Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.NOTHING_DEPLOYED,
        text=f"no other version of {name} was ever in {environment}",
        command=commands.can_i_deploy([other], environment),
    )
