"""How long a decision takes from a ledger with a large history: opening it, reading what is needed, deciding.

100 services, 1,000 versions each, 200 integrations, 20,000 pact contents, 200,000 publications and results, and
ten earlier stays of each service in production, in SQLite. Each number is the median of 5. Prints one JSON line;
exits with 1 when the target of 300 ms is missed.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from harness.gate import can_i_deploy, deployment_plan, rollback_targets
from harness.identity import Version
from harness.ledger.db import tables
from harness.ledger.db.database import open_database
from harness.ledger.sql_ledger import open_ledger

SERVICES, VERSIONS, INTEGRATIONS, STAYS, TARGET = 100, 1_000, 200, 10, 0.300
AT = "2026-01-01T00:00:00+00:00"


def fill(url: str) -> None:
    """Write the estate straight into the tables."""
    draw = random.Random(20)
    edges: set[tuple[int, int]] = set()
    while len(edges) < INTEGRATIONS:
        consumer, provider = draw.randrange(SERVICES), draw.randrange(SERVICES)
        if consumer != provider:
            edges.add((consumer, provider))
    database = open_database(url)
    with database.writing() as db:
        db.execute(sa.insert(tables.pacticipants), [{"id": i + 1, "name": name(i)} for i in range(SERVICES)])
        db.execute(sa.insert(tables.versions), [version(i, n) for n in range(VERSIONS) for i in range(SERVICES)])
        contents: list[dict[str, Any]] = []
        published, results = [], []
        for consumer, provider in sorted(edges):
            for number in range(VERSIONS):
                if number % 10 == 0:
                    contents.append(contract(len(contents) + 1, consumer, provider))
                owner = number * SERVICES + consumer + 1
                published.append(publication(owner, len(contents), provider))
                results.append(result(contents[-1]["key"], consumer, provider, number))
        db.execute(sa.insert(tables.contracts), contents)
        db.execute(sa.insert(tables.publications), published)
        db.execute(sa.insert(tables.evidence), results)
        production = db.execute(sa.select(tables.environments.c.id).filter_by(name="production")).scalar_one()
        db.execute(
            sa.insert(tables.deployments),
            [deployment(production, i, back) for back in range(STAYS, -1, -1) for i in range(SERVICES)],
        )
    database.close()


def name(service: int) -> str:
    """A service's name."""
    return f"service-{service:03}"


def version(service: int, number: int) -> dict[str, Any]:
    """One row of versions; their order is that of time."""
    row = {"id": number * SERVICES + service + 1, "pacticipant_id": service + 1, "number": str(number + 1)}
    return {**row, "branch": "main", "commit": "c" * 40, "build_url": "", "created_at": AT}


def contract(row: int, consumer: int, provider: int) -> dict[str, Any]:
    """One pact's content."""
    owners = {"owner": name(consumer), "counterpart": name(provider)}
    return {"id": row, "key": f"{row:040x}", "kind": "pact", **owners, "created_at": AT, "text": "{}"}


def publication(owner: int, content: int, provider: int) -> dict[str, Any]:
    """One version's pact with one provider."""
    row = {"version_id": owner, "contract_id": content, "kind": "pact"}
    return {**row, "counterpart": name(provider), "published_at": AT}


def result(key: str, consumer: int, provider: int, number: int) -> dict[str, Any]:
    """One complete verification."""
    sides = {"consumer": name(consumer), "provider": name(provider), "number": str(number + 1)}
    counts = {"promised": 10, "exercised": 10, "complete": True, "decisive": True, "seconds": 0.1}
    told = {"because": "", "details": '{"results":[],"findings":[]}', "run": "r1", "at": AT, "cause": None}
    rest = {"kind": "pacts", "contract": key, "artifact": "", "identity": "", "verdict": "PASSED"}
    return {**sides, **counts, **told, **rest}


def deployment(production: int, service: int, back: int) -> dict[str, Any]:
    """The version before the latest runs in production; those before it ran there once."""
    row = (VERSIONS - 2 - back) * SERVICES + service + 1
    slot = {"environment_id": production, "pacticipant_id": service + 1, "instance": ""}
    return {**slot, "version_id": row, "since": AT, "until": AT if back else None}


def seconds(url: str, candidates: list[Version]) -> tuple[float, float]:
    """The medians for a decision and for a plan, each with a ledger that has just been opened."""
    decisions, plans = [], []
    for _ in range(5):
        for ask, taken in ((can_i_deploy, decisions), (deployment_plan, plans)):
            began = time.perf_counter()
            ledger = open_ledger(url)
            ask(candidates, "production", ledger.facts_about(candidates, ["production"]))
            taken.append(time.perf_counter() - began)
            ledger.close()
    return statistics.median(decisions), statistics.median(plans)


def seconds_back(url: str, services: list[str]) -> float:
    """The median for a way back."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        ledger = open_ledger(url)
        rollback_targets(services, "production", ledger.facts_of(["production"]))
        taken.append(time.perf_counter() - began)
        ledger.close()
    return statistics.median(taken)


def main() -> int:
    """Fill, measure, print, and say whether the target holds."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'ledger.db'}"
        fill(url)
        measured = {}
        for count in (1, 20):
            decision, plan = seconds(url, [Version(name(i), str(VERSIONS)) for i in range(count)])
            measured[f"{count} candidates"] = {
                "can_i_deploy_ms": round(decision * 1000),
                "plan_ms": round(plan * 1000),
                "rollback_ms": round(seconds_back(url, [name(i) for i in range(count)]) * 1000),
            }
    print(json.dumps(measured))
    worst = max(number for each in measured.values() for number in each.values())
    return 1 if worst > TARGET * 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
