"""Small systems made from a number, and what is true of them by counting everything: the oracle of the gate.

Nothing here imports the gate. The definitions are those of docs/explanation/compatibility.md, in the plainest
words that a computer understands, without any index, graph or search.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.evidence import DeploymentRecord, Evidence, EvidenceKind, Facts, Known, Live
from harness.identity import Version
from harness.verdicts import Cause, Verdict

PLACE = "production"
PASSED, UNKNOWN, FAILED = Verdict.PASSED, Verdict.UNKNOWN, Verdict.FAILED


@dataclass(frozen=True)
class Small:
    """A system and questions about it."""

    facts: Facts
    candidates: tuple[Version, ...]
    named: tuple[str, ...]  # services to roll back
    rolling: bool
    per_instance: bool


def small_system(number: int) -> Small:
    """The system of that number; equal numbers give equal systems."""
    draw = random.Random(number)
    if number % 3 == 0:
        return _upgrade(draw)
    if number % 3 == 1:
        return _long_history(draw)
    names = ["a", "b", "c", "d"][: draw.choice((2, 3, 3, 4))]
    versions = [Version(name, str(n)) for name in names for n in range(1, draw.choice((2, 3, 3)) + 1)]
    hollow = {v for v in versions if draw.random() < 0.06}
    knowns = {v: _known(v, names, draw, hollow=v in hollow) for v in versions}
    live, history = _live(names, versions, draw)
    evidence = _evidence(versions, knowns, draw, hollow)
    by_name: dict[str, Version] = {}
    for version in draw.sample(versions, len(versions))[: draw.randint(1, 5)]:
        by_name[version.pacticipant] = version
    deployed = sorted({e.version.pacticipant for e in live if not e.released})
    policy = ("pacts", "properties") if draw.random() < 0.15 else ("pacts",)
    return Small(
        facts=Facts(
            versions=knowns,
            evidence=tuple(evidence),
            live=tuple(sorted(live)),
            environments={PLACE: policy},
            history=tuple(history),
        ),
        candidates=tuple(by_name.values()),
        named=tuple(draw.sample(deployed, min(len(deployed), draw.choice((1, 1, 2))))),
        rolling=draw.random() < 0.7,
        per_instance=draw.random() < 0.3,
    )


def _upgrade(draw: random.Random) -> Small:
    """Everything goes from version 1 to 2, and what does not fit is mostly old beside new: circles."""
    names = ["a", "b", "c", "d", "e"][: draw.choice((3, 4, 4, 5))]
    versions = [Version(name, number) for name in names for number in "12"]
    knowns = {}
    for version in versions:
        needed = [n for n in names if n != version.pacticipant and draw.random() < 0.5]
        pacts = {n: f"{version.pacticipant}-{n}-{version.number}" for n in needed}
        knowns[version] = Known(version=version, artifacts=frozenset([f"artifact of {version}"]), pacts=pacts)
    evidence = []
    misfit = draw.choice((0.15, 0.3, 0.5))
    for consumer, provider in itertools.permutations(versions, 2):
        key = knowns[consumer].pacts.get(provider.pacticipant)
        if key:
            mixed = consumer.number != provider.number
            bad = draw.random() < (misfit if mixed else 0.02)
            evidence.append(seen(provider, key, draw.choice((FAILED, FAILED, UNKNOWN)) if bad else PASSED))
    new, old = draw.choice((("2", "1"), ("2", "1"), ("1", "2")))
    live = [Live(environment=PLACE, version=Version(name, old)) for name in names]
    stays = [DeploymentRecord(environment=PLACE, version=Version(n, new), since="1", until="2") for n in names]
    stays += [DeploymentRecord(environment=PLACE, version=Version(n, old), since="2") for n in names]
    return Small(
        facts=Facts(
            versions=knowns,
            evidence=tuple(evidence),
            live=tuple(live),
            environments={PLACE: ("pacts",)},
            history=tuple(stays),
        ),
        candidates=tuple(Version(name, new) for name in draw.sample(names, len(names))),
        named=tuple(draw.sample(names, draw.choice((1, 1, 2)))),
        rolling=draw.random() < 0.7,
        per_instance=False,
    )


def _long_history(draw: random.Random) -> Small:
    """Several versions back for each service, instances that differ, few pairs that fit: ways back."""
    names = ["a", "b", "c", "d"][: draw.choice((2, 3, 3, 4))]
    versions = [Version(name, str(n)) for n in range(1, draw.choice((3, 4)) + 1) for name in names]
    knowns = {}
    for version in versions:
        needed = [n for n in names if n != version.pacticipant and draw.random() < 0.6]
        pacts = {n: f"{version.pacticipant}-{n}-{version.number}" for n in needed}
        knowns[version] = Known(version=version, artifacts=frozenset([f"artifact of {version}"]), pacts=pacts)
    evidence = []
    misfit = draw.choice((0.1, 0.25, 0.4))
    for consumer, provider in itertools.permutations(versions, 2):
        key = knowns[consumer].pacts.get(provider.pacticipant)
        if key and draw.random() < 0.95:
            evidence.append(seen(provider, key, FAILED if draw.random() < misfit else PASSED))
    live, history, clock = [], [], itertools.count(1)
    for name in names:
        for instance in draw.choice(([""], [""], ["blue", "green"])):
            mine = [v for v in versions if v.pacticipant == name][: draw.choice((2, 3, 4))]
            for version in mine[:-1]:
                at = f"{next(clock):04d}"
                history.append(
                    DeploymentRecord(
                        environment=PLACE, version=version, instance=instance, since=at, until=f"{at}+"
                    )
                )
            at = f"{next(clock):04d}"
            history.append(DeploymentRecord(environment=PLACE, version=mine[-1], instance=instance, since=at))
            live.append(Live(environment=PLACE, version=mine[-1], instance=instance, since=at))
    return Small(
        facts=Facts(
            versions=knowns,
            evidence=tuple(evidence),
            live=tuple(live),
            environments={PLACE: ("pacts",)},
            history=tuple(history),
        ),
        candidates=tuple(
            draw.choice([v for v in versions if v.pacticipant == name])
            for name in draw.sample(names, draw.randint(1, len(names)))
        ),
        named=tuple(draw.sample(names, draw.choice((1, 2, 2)))),
        rolling=draw.random() < 0.7,
        per_instance=draw.random() < 0.3,
    )


def _known(version: Version, names: Sequence[str], draw: random.Random, *, hollow: bool) -> Known:
    if hollow:
        return Known(version=version)
    needed = [n for n in names if draw.random() < (0.1 if n == version.pacticipant else 0.45)]
    return Known(
        version=version,
        artifacts=frozenset([f"artifact of {version}"]),
        pacts={n: f"{version.pacticipant}-{n}-{draw.choice('xy')}" for n in needed},
        openapi=draw.choice(("", f"document of {version}")),
    )


def _live(
    names: Sequence[str], versions: Sequence[Version], draw: random.Random
) -> tuple[list[Live], list[DeploymentRecord]]:
    live, history = [], []
    clock = itertools.count(1)
    for name in names:
        mine = [v for v in versions if v.pacticipant == name]
        for instance in draw.choice(([""], [""], [""], ["blue", "green"], [])):
            stays = [draw.choice(mine) for _ in range(draw.randint(1, 3))]
            for version in stays[:-1]:
                at = f"{next(clock):04d}"
                history.append(
                    DeploymentRecord(
                        environment=PLACE, version=version, instance=instance, since=at, until=f"{at}+"
                    )
                )
            at = f"{next(clock):04d}"
            history.append(DeploymentRecord(environment=PLACE, version=stays[-1], instance=instance, since=at))
            live.append(Live(environment=PLACE, version=stays[-1], instance=instance, since=at))
        if draw.random() < 0.15:
            live.append(Live(environment=PLACE, version=draw.choice(mine), released=True))
    return live, history


def _evidence(
    versions: Sequence[Version], knowns: dict[Version, Known], draw: random.Random, hollow: set[Version]
) -> Iterator[Evidence]:
    keys = sorted({(p, key) for k in knowns.values() for p, key in k.pacts.items()})
    worse = draw.choice((0.05, 0.2, 0.4))
    for provider in versions:
        for name, key in keys:
            if name == provider.pacticipant and provider not in hollow:
                for _ in range(draw.choice((1, 1, 1, 2))):
                    roll = draw.random()
                    verdict = FAILED if roll < worse else UNKNOWN if roll < 1.5 * worse else PASSED
                    yield seen(provider, key, verdict)
        document = knowns[provider].openapi
        if document and draw.random() < 0.9:
            yield seen(provider, document, PASSED, kind=EvidenceKind.PROPERTIES)


def seen(provider: Version, contract: str, verdict: Verdict, kind: EvidenceKind = EvidenceKind.PACTS) -> Evidence:
    """One complete result, or an attempt that told nothing."""
    return Evidence(
        kind=kind,
        contract=contract,
        provider=provider,
        artifact=f"artifact of {provider}",
        identity=f"identity of {provider}",
        verdict=verdict,
        cause=None if verdict is PASSED else Cause.BROKEN_PROMISE if verdict is FAILED else Cause.TOOL_CRASHED,
        because="" if verdict is PASSED else "it broke",
        promised=1,
        exercised=0 if verdict is UNKNOWN else 1,
        complete=verdict is not UNKNOWN,
        run="r1",
        at="2026-01-01T00:00:00+00:00",
    )


# --- the definitions -----------------------------------------------------------------------------------------


def is_hollow(version: Version, facts: Facts) -> bool:
    known = facts.versions[version]
    something = known.artifacts or known.pacts or known.openapi
    return not something and all(e.provider != version for e in facts.evidence)


def needs(version: Version, facts: Facts) -> dict[str, str]:
    if not is_hollow(version, facts):
        return dict(facts.versions[version].pacts)
    siblings = [k for v, k in facts.versions.items() if v.pacticipant == version.pacticipant]
    return {provider: "" for k in siblings for provider in k.pacts}


def standing(kind: EvidenceKind, key: str, provider: Version, facts: Facts) -> Verdict:
    history = [e for e in facts.evidence if (e.kind, e.contract, e.provider) == (kind, key, provider)]
    told = [e.verdict for e in history if e.verdict is not UNKNOWN]
    return told[-1] if told and key else UNKNOWN


def question(new: Iterable[Version], there: Iterable[Version], facts: Facts, come: Iterable[str] = ()) -> Verdict:
    """The worst of every pair with a new version in it; providers in `come` are not missed."""
    new, there, come = set(new), set(there), set(come)
    verdicts = [PASSED, *(v for version in new for v in of_itself(version, facts))]
    for consumer in there:
        for name, key in needs(consumer, facts).items():
            providers = [p for p in there if p.pacticipant == name]
            meets = [p for p in providers if consumer in new or p in new]
            verdicts += [standing(EvidenceKind.PACTS, key, provider, facts) for provider in meets]
            if consumer in new and not providers and name not in come:
                verdicts.append(UNKNOWN)
    return max(verdicts)


def of_itself(version: Version, facts: Facts) -> Iterator[Verdict]:
    if is_hollow(version, facts) and needs(version, facts):
        yield UNKNOWN
    document = facts.versions[version].openapi
    if "properties" in facts.environments[PLACE] and document:
        yield standing(EvidenceKind.PROPERTIES, document, version, facts)


def decision(candidates: Sequence[Version], facts: Facts, *, everywhere: bool = False) -> Verdict:
    """Of candidates that go where no instance has a name, or everywhere."""
    names = {c.pacticipant for c in candidates}
    stays = [
        e.version
        for e in facts.live
        if e.released or e.version.pacticipant not in names or (e.instance and not everywhere)
    ]
    return question(candidates, [*candidates, *stays], facts)


# --- every order ---------------------------------------------------------------------------------------------

Slot = tuple[str, str]
Moves = list[tuple[list[Slot], Version]]


def moves(small: Small) -> Moves:
    """Which slots each step replaces; a service that is not there yet gets a slot of its own."""
    result: Moves = []
    for candidate in small.candidates:
        name = candidate.pacticipant
        there = {
            (name, e.instance): e.version
            for e in small.facts.live
            if not e.released and e.version.pacticipant == name
        }
        others = [slot for slot, version in there.items() if version != candidate]
        if not there:
            result.append(([(name, "")], candidate))
        elif others and small.per_instance:
            result += [([slot], candidate) for slot in sorted(others)]
        elif others:
            result.append((others, candidate))
    return result


def walk(order: Moves, small: Small, ignored: set[str]) -> Verdict:
    """The worst state on the way through the steps in that order; the ignored services stand beside nothing."""
    facts = small.facts
    slots = {(e.version.pacticipant, e.instance): e.version for e in facts.live if not e.released}
    released = [e.version for e in facts.live if e.released]
    slots = {slot: v for slot, v in slots.items() if slot[0] not in ignored}
    worst = PASSED
    for replaced, new in order:
        before = [slots[slot] for slot in replaced if slot in slots]
        slots |= dict.fromkeys(replaced, new)
        there = [*slots.values(), *released, *(before if small.rolling else [])]
        worst = max(worst, question([new], there, facts, come=ignored))
    return worst


def best_order(small: Small) -> Verdict:
    return min(walk(list(order), small, set()) for order in itertools.permutations(moves(small)))


def smallest_block(small: Small, level: Verdict) -> int:
    """The size of the smallest set of steps of which, by itself, every order goes through a state that bad."""
    everything = moves(small)
    for size in range(1, len(everything) + 1):
        for chosen in itertools.combinations(everything, size):
            if _blocked(list(chosen), everything, small, level):
                return size
    return 0


def _blocked(chosen: Moves, everything: Moves, small: Small, level: Verdict) -> bool:
    """Whether these steps block one another, with the slots of all other steps left out of the picture."""
    left_out = {slot for replaced, _ in everything for slot in replaced} - {s for r, _ in chosen for s in r}
    present = {slot[0] for replaced, _ in chosen for slot in replaced}
    facts = small.facts
    live = tuple(e for e in facts.live if e.released or (e.version.pacticipant, e.instance) not in left_out)
    without = Small(
        facts=Facts(versions=facts.versions, evidence=facts.evidence, live=live, environments=facts.environments),
        candidates=small.candidates,
        named=small.named,
        rolling=small.rolling,
        per_instance=small.per_instance,
    )
    ignored = {slot[0] for slot in left_out} - present
    kept = {e.version.pacticipant for e in live if not e.released}
    return all(
        _walk_without(list(order), without, ignored - kept) >= level for order in itertools.permutations(chosen)
    )


def _walk_without(order: Moves, small: Small, come: set[str]) -> Verdict:
    facts = small.facts
    slots = {(e.version.pacticipant, e.instance): e.version for e in facts.live if not e.released}
    released = [e.version for e in facts.live if e.released]
    worst = PASSED
    for replaced, new in order:
        before = [slots[slot] for slot in replaced if slot in slots]
        slots |= dict.fromkeys(replaced, new)
        there = [*slots.values(), *released, *(before if small.rolling else [])]
        worst = max(worst, question([new], there, facts, come=come))
    return worst


# --- every way back ------------------------------------------------------------------------------------------


def options(small: Small) -> dict[str, list[Version]]:
    """What each deployed service could go back to, newest first."""
    deployed: dict[str, set[Version]] = {}
    for each in small.facts.live:
        if not each.released:
            deployed.setdefault(each.version.pacticipant, set()).add(each.version)
    result: dict[str, list[Version]] = {name: [] for name in deployed}
    for stay in reversed(small.facts.history):
        name = stay.version.pacticipant
        if name in deployed and deployed[name] != {stay.version} and stay.version not in result[name]:
            result[name].append(stay.version)
    return result


def best_rollback(small: Small, acceptable: Verdict) -> tuple[Version, ...]:
    """By trying every combination: fewest moved, then least far back, then the first services' newest."""
    possible = options(small)
    order = [*small.named, *sorted(name for name in possible if name not in small.named)]
    ranges = [range(1 if n in small.named else 0, len(possible[n]) + 1) for n in order]
    fitting = []
    for ranks in itertools.product(*ranges):
        chosen = tuple(possible[n][r - 1] for n, r in zip(order, ranks, strict=True) if r)
        if decision(chosen, small.facts, everywhere=True) <= acceptable:
            fitting.append((len(chosen), sum(ranks), ranks, chosen))
    return min(fitting)[3] if fitting else ()
