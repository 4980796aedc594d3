"""Estates as BROKER-BASELINE describes them, written into a ledger in bulk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_reader import pact_key
from harness.ledger.db import tables as t
from harness.ledger.served_pact import serve_pact

if TYPE_CHECKING:
    from harness.ledger.db.database import Database

AT = "2026-01-01T00:00:00.000+00:00"
CONTENTS = 100  # versions share a content until the next one of these begins


@dataclass(frozen=True)
class Estate:
    """How many services, how many versions of each, and who needs whom."""

    name: str
    services: int
    versions: int
    needs: int = 2  # providers of each consumer
    hub: bool = False

    def pairs(self) -> list[tuple[int, int]]:
        """Consumer and provider, by position."""
        if self.hub:
            return [(n, 0) for n in range(1, self.services)]
        return [(n, (n + 1 + k) % self.services) for n in range(self.services) for k in range(self.needs)]


ESTATES = {
    "small": Estate("small", 5, 10),
    "medium": Estate("medium", 20, 200),
    "large": Estate("large", 100, 1000),
    "hub": Estate("hub", 100, 100, hub=True),
}


def load(database: Database, estate: Estate) -> None:
    """Everything of an estate: versions on main and tagged, pacts, results, and what is in production."""
    with database.writing() as db:
        names = [f"service-{n}" for n in range(estate.services)]
        rows = [
            {"id": n + 1, "name": name, "main_branch": "main", "created_at": AT} for n, name in enumerate(names)
        ]
        db.execute(sa.insert(t.pacticipants), rows)
        _versions(db, estate)
        _contracts(db, estate, names)
        _production(db, estate)
        if db.dialect.name == "postgresql":
            _go_on_counting(db)
            db.execute(sa.text("ANALYZE"))  # as the server does by itself, a minute later


def _go_on_counting(db: sa.Connection) -> None:
    """Rows that were written with their numbers do not move PostgreSQL's counters."""
    for table in t.metadata.sorted_tables:
        counter = sa.func.pg_get_serial_sequence(table.name, "id")
        newest = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0) + 1).scalar_subquery()
        db.execute(sa.select(sa.func.setval(counter, newest, sa.false())))


def version_row(estate: Estate, service: int, number: int) -> int:
    """The row of a version: all services' first versions come before all second ones."""
    return number * estate.services + service + 1


def _versions(db: sa.Connection, estate: Estate) -> None:
    made, on, tagged = [], [], []
    for number in range(estate.versions):
        for service in range(estate.services):
            row = version_row(estate, service, number)
            made.append(
                {
                    "id": row,
                    "pacticipant_id": service + 1,
                    "number": str(number),
                    "branch": "main",
                    "commit": "",
                    "build_url": "",
                    "created_at": AT,
                }
            )
            on.append({"branch_id": service + 1, "version_id": row, "created_at": AT})
            tagged.append({"pacticipant_id": service + 1, "version_id": row, "name": "main", "created_at": AT})
    heads = [version_row(estate, service, estate.versions - 1) for service in range(estate.services)]
    branches = [
        {"id": n + 1, "pacticipant_id": n + 1, "name": "main", "created_at": AT, "head_id": head}
        for n, head in enumerate(heads)
    ]
    for table, rows in ((t.versions, made), (t.branches, branches), (t.branch_versions, on), (t.tags, tagged)):
        _insert(db, table, rows)


def _contracts(db: sa.Connection, estate: Estate, names: list[str]) -> None:
    contents, published, evidence, results = [], [], [], []
    contract = 0
    for consumer, provider in estate.pairs():
        step = max(1, estate.versions // CONTENTS)
        for number in range(estate.versions):
            if number % step == 0:
                contract += 1
                contents.append(_contract(contract, names[consumer], names[provider], number))
            published.append(
                {
                    "version_id": version_row(estate, consumer, number),
                    "contract_id": contract,
                    "kind": "pact",
                    "counterpart": names[provider],
                    "published_at": AT,
                    "pacticipant_id": consumer + 1,
                }
            )
            row = len(evidence) + 1
            evidence.append(_evidence(row, contents[-1], names[provider], str(number)))
            results.append(
                {
                    "id": row,
                    "contract_id": contract,
                    "version_id": version_row(estate, provider, number),
                    "evidence_id": row,
                    "success": True,
                    "artifact": "",
                    "at": AT,
                }
            )
    pairs = [
        {"consumer_id": consumer + 1, "provider_id": provider + 1, "created_at": AT, "contract_at": AT}
        for consumer, provider in estate.pairs()
    ]
    for table, rows in (
        (t.contracts, contents),
        (t.publications, published),
        (t.evidence, evidence),
        (t.verifications, results),
        (t.integrations, pairs),
    ):
        _insert(db, table, rows)


def pact(consumer: str, provider: str, number: int) -> dict[str, object]:
    """A pact of about 22 KB with ten interactions."""
    filling = {f"field-{n}": "x" * 40 for n in range(40)}
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [
            {
                "description": f"interaction {n} of {number}",
                "request": {"method": "GET", "path": f"/{n}/{number}"},
                "response": {"status": 200, "body": filling},
            }
            for n in range(10)
        ],
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    }


def _contract(row: int, consumer: str, provider: str, number: int) -> dict[str, object]:
    document = pact(consumer, provider, number)
    text, key = json.dumps(document), pact_key(document)
    shown = serve_pact(Contract(kind=ContractKind.PACT, owner=consumer, counterpart=provider, key=key, text=text))
    return {
        "id": row,
        "key": key,
        "kind": "pact",
        "owner": consumer,
        "counterpart": provider,
        "created_at": AT,
        "text": text,
        "interactions": 10,
        "served": shown.text,
    }


def _evidence(row: int, contract: dict[str, object], provider: str, number: str) -> dict[str, object]:
    return {
        "id": row,
        "kind": "pacts",
        "contract": contract["key"],
        "consumer": contract["owner"],
        "provider": provider,
        "number": number,
        "artifact": "",
        "identity": "",
        "verdict": "PASSED",
        "promised": 10,
        "exercised": 10,
        "complete": True,
        "decisive": True,
        "run": "loaded",
        "at": AT,
        "seconds": 0.0,
        "because": "",
        "details": '{"results":[],"findings":[]}',
    }


def _production(db: sa.Connection, estate: Estate) -> None:
    place = db.execute(sa.select(t.environments.c.id).where(t.environments.c.name == "production")).scalar_one()
    named = {"uuid": "e-production", "production": True, "display_name": "Production", "created_at": AT}
    db.execute(sa.update(t.environments).where(t.environments.c.id == place).values(named))
    rows = [
        {
            "environment_id": place,
            "pacticipant_id": service + 1,
            "version_id": version_row(estate, service, estate.versions - 1),
            "instance": "",
            "since": AT,
            "uuid": f"d-{service}",
        }
        for service in range(estate.services)
    ]
    _insert(db, t.deployments, rows)


def _insert(db: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    for start in range(0, len(rows), 2000):
        db.execute(sa.insert(table), rows[start : start + 2000])
