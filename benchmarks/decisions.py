"""How long decisions take on a large estate, from facts in memory.

1,000 services, 10 versions each, 5,000 integrations. Each number is the median of 5 questions. `first` includes
making the index over all evidence, as for a command that has just read the ledger; `again` asks the same facts
another question, as a served broker does. Reading the ledger is in neither. Prints one JSON line; exits with 1
when a target is missed.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import sys
import time
from typing import TYPE_CHECKING

from harness.evidence import DeploymentRecord, Evidence, EvidenceKind, Facts, Known, Live
from harness.gate import can_i_deploy, deployment_plan, rollback_targets
from harness.identity import Version
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICES, VERSIONS, INTEGRATIONS, CANDIDATES = 1_000, 10, 5_000, 20
TARGETS = {"can_i_deploy": 0.050, "plan": 1.0, "rollback": 1.0, "rollback_set": 1.0}  # seconds
MEGABYTES = 300
RUNS = 5


def estate(seed: int = 20) -> Facts:
    """Every version has a pact of its own with each provider, verified on its own number and those beside it."""
    draw = random.Random(seed)
    names = [f"service-{n:04}" for n in range(SERVICES)]
    edges: set[tuple[int, int]] = set()
    while len(edges) < INTEGRATIONS:
        consumer, provider = draw.randrange(SERVICES), draw.randrange(SERVICES)
        if consumer != provider:
            edges.add((consumer, provider))
    needs: dict[str, list[str]] = {name: [] for name in names}
    for consumer, provider in sorted(edges):
        needs[names[consumer]].append(names[provider])
    knowns, evidence = {}, []
    for name in names:
        for number in range(1, VERSIONS + 1):
            version = Version(name, str(number))
            pacts = {provider: f"{name}:{provider}:{number}" for provider in needs[name]}
            knowns[version] = Known(version=version, artifacts=frozenset([f"{name}@{number}"]), pacts=pacts)
            for provider, key in pacts.items():
                near = (n for n in (number - 1, number, number + 1) if 1 <= n <= VERSIONS)
                evidence += [passed(key, Version(provider, str(n))) for n in near]
    live = tuple(Live(environment="production", version=Version(name, str(VERSIONS - 1))) for name in names)
    history = tuple(
        DeploymentRecord(
            environment="production",
            version=Version(name, str(number)),
            since=f"{number:02}",
            until="" if number == VERSIONS - 1 else f"{number + 1:02}",
        )
        for number in range(1, VERSIONS)
        for name in names
    )
    return Facts(
        versions=knowns,
        evidence=tuple(evidence),
        live=live,
        environments={"production": ("pacts",)},
        history=history,
    )


def passed(contract: str, provider: Version) -> Evidence:
    """One complete result."""
    return Evidence(
        kind=EvidenceKind.PACTS,
        contract=contract,
        provider=provider,
        artifact=f"{provider.pacticipant}@{provider.number}",
        identity=f"run of {provider.pacticipant}@{provider.number}",
        verdict=Verdict.PASSED,
        promised=10,
        exercised=10,
        complete=True,
        run="r1",
        at="2026-01-01T00:00:00+00:00",
    )


def cold(facts: Facts) -> Facts:
    """The same facts without any index."""
    return Facts(
        versions=facts.versions,
        evidence=facts.evidence,
        live=facts.live,
        environments=facts.environments,
        history=facts.history,
    )


def seconds(ask: Callable[[Facts, int], object], facts: Facts, *, first: bool) -> float:
    """The median of some questions."""
    taken = []
    for run in range(RUNS):
        asked = cold(facts) if first else facts
        began = time.perf_counter()
        ask(asked, run)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> int:
    """Measure, print, and say whether the targets hold."""
    facts = estate()
    names = sorted({version.pacticipant for version in facts.versions})
    sets = [random.Random(run).sample(names, CANDIDATES) for run in range(RUNS)]
    new = [[Version(name, str(VERSIONS)) for name in chosen] for chosen in sets]
    questions: dict[str, Callable[[Facts, int], object]] = {
        "can_i_deploy": lambda world, run: can_i_deploy(new[run], "production", world),
        "plan": lambda world, run: deployment_plan(new[run], "production", world),
        "rollback": lambda world, run: rollback_targets(sets[run][:1], "production", world),
        "rollback_set": lambda world, run: rollback_targets(sets[run], "production", world),
    }
    result: dict[str, object] = {"evidence": len(facts.evidence), "versions": len(facts.versions)}
    result["verdicts"] = [
        can_i_deploy(new[0], "production", facts).verdict.value,
        deployment_plan(new[0], "production", facts).verdict.value,
        rollback_targets(sets[0], "production", facts).verdict.value,
    ]
    missed = []
    for name, ask in questions.items():
        first, again = (seconds(ask, facts, first=first) for first in (True, False))
        result[name] = {"first_ms": round(first * 1000, 1), "again_ms": round(again * 1000, 1)}
        missed += [name] if first > TARGETS[name] else []
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    result |= {"peak_rss_mb": peak, "missed": missed + (["memory"] if peak > MEGABYTES else [])}
    print(json.dumps(result))
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
