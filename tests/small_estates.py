"""Small estates with everything that a matrix looks at, written into a ledger as they are; questions to them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from harness.ledger.db import tables as t
from harness.ledger.matrix.question import Question, VersionSelector

AT = "2026-01-01T00:00:00.000+00:00"
NAMES, TAGS, BRANCHES, PLACES, SLOTS = "abc", ("dev", "rc"), ("main", "feat"), ("test", "prod"), ("", "blue")

Filling = dict[sa.Table, list[dict[str, Any]]]  # rows by table


@dataclass(frozen=True, kw_only=True)
class Mentioned:
    """One version and all that is known of it."""

    row: int
    whose: str
    number: str
    branches: frozenset[str]
    tags: frozenset[str]
    pacts: Mapping[str, int]  # provider to content
    build: str
    there: frozenset[tuple[str, str]]  # place and slot where it is deployed
    released: frozenset[str]  # places


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one verification came to."""

    consumer: str
    provider: str
    content: int
    number: str
    success: bool
    partial: bool
    artifact: str


@dataclass(frozen=True, kw_only=True)
class SmallEstate:
    """Versions in the order in which they came, results oldest first."""

    versions: Sequence[Mentioned]
    results: Sequence[Told]
    mains: Mapping[str, str]
    require: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def of(self, whose: str) -> list[Mentioned]:
        """The versions of one pacticipant, oldest first."""
        return [each for each in self.versions if each.whose == whose]


def small_estate(seed: int) -> SmallEstate:
    """One of very many, always the same for a number."""
    dice = random.Random(seed)
    versions: list[Mentioned] = []
    taken: set[tuple[str, str, str]] = set()
    for row in range(1, dice.randint(3, 9)):
        whose = dice.choice(NAMES)
        number = str(1 + sum(each.whose == whose for each in versions))
        if number != "1" and dice.random() < 0.2:  # a run found other contracts under a number that there was
            number = f"{dice.randint(1, int(number) - 1)}+changed.{number}"
        spots = [(p, s) for p in PLACES for s in SLOTS if dice.random() < 0.25 and (whose, p, s) not in taken]
        taken |= {(whose, place, slot) for place, slot in spots}
        needed = [name for name in NAMES if dice.random() < (0.5 if name > whose else 0.08)]
        versions.append(
            Mentioned(
                row=row,
                whose=whose,
                number=number,
                branches=frozenset(name for name in BRANCHES if dice.random() < 0.4),
                tags=frozenset(name for name in TAGS if dice.random() < 0.4),
                pacts={name: dice.randint(0, 1) for name in needed},
                build=dice.choice(["", "", "x", "y"]) and f"{whose}-{dice.choice('xy')}",
                there=frozenset(spots),
                released=frozenset(place for place in PLACES if dice.random() < 0.12),
            )
        )
    mains = {name: dice.choice(["main", "feat"]) for name in NAMES if dice.random() < 0.7}
    require = {place: ["integration"] for place in PLACES if dice.random() < 0.1}
    return SmallEstate(versions=versions, results=list(_results(dice, versions)), mains=mains, require=require)


def _results(dice: random.Random, versions: Sequence[Mentioned]) -> Iterator[Told]:
    promised = [(each.whose, name, content) for each in versions for name, content in each.pacts.items()]
    for _ in range(dice.randint(0, 3 * len(promised))):
        consumer, provider, content = dice.choice(promised)
        ours = [each for each in versions if each.whose == provider]
        if ours:
            on = dice.choice(ours)
            success = dice.random() < 0.85
            yield Told(
                consumer=consumer,
                provider=provider,
                content=content,
                number=on.number,
                success=success,
                partial=success and dice.random() < 0.1,
                artifact=dice.choice(["", on.build, *(each.build for each in ours)]),
            )


def write(db: sa.Connection, estate: SmallEstate) -> None:
    """Put an estate in the place of whatever the ledger held."""
    for table in reversed(t.metadata.sorted_tables):
        db.execute(sa.delete(table))
    owners = {name: row for row, name in enumerate(NAMES, 1)}
    rows: Filling = {table: [] for table in t.metadata.sorted_tables}
    for name, row in owners.items():
        rows[t.pacticipants].append(
            {"id": row, "name": name, "main_branch": estate.mains.get(name), "created_at": AT}
        )
    for row, name in enumerate(PLACES, 1):
        required = json.dumps(list(estate.require.get(name, ())))
        rows[t.environments].append(
            {"id": row, "name": name, "uuid": f"e{row}", "require": required, "production": False}
        )
    _write_versions(rows, estate, owners)
    contracts = _write_contracts(rows, estate, owners)
    _write_results(rows, estate, contracts)
    for table, listed in rows.items():
        if listed:
            db.execute(sa.insert(table), listed)


def _write_versions(rows: Filling, estate: SmallEstate, owners: dict[str, int]) -> None:
    branches: dict[tuple[str, str], dict[str, Any]] = {}
    places = {name: row for row, name in enumerate(PLACES, 1)}
    for each in estate.versions:
        mine = {"pacticipant_id": owners[each.whose]}
        empty = {"branch": "", "commit": "", "build_url": "", "created_at": AT}
        rows[t.versions].append({"id": each.row, "number": each.number, **mine, **empty})
        for name in sorted(each.branches):
            new = {"id": len(branches) + 1, "name": name, "created_at": AT, **mine}
            branch = branches.setdefault((each.whose, name), new)
            branch["head_id"] = each.row
            rows[t.branch_versions].append({"branch_id": branch["id"], "version_id": each.row, "created_at": AT})
        for name in sorted(each.tags):
            rows[t.tags].append({"version_id": each.row, "name": name, "created_at": AT, **mine})
        if each.build:
            built = {"runtime": "docker", "artifact": each.build, "first_seen_at": AT}
            rows[t.builds].append({"version_id": each.row, **built})
        for place, slot in sorted(each.there):
            where = {"environment_id": places[place], "version_id": each.row, "instance": slot, "since": AT}
            rows[t.deployments].append({**where, **mine, "uuid": f"d{each.row}{place}{slot}"})
        for place in sorted(each.released):
            where = {"environment_id": places[place], "version_id": each.row, "since": AT}
            rows[t.releases].append({**where, "uuid": f"r{each.row}{place}"})
    rows[t.branches] = list(branches.values())


def _write_contracts(
    rows: Filling, estate: SmallEstate, owners: dict[str, int]
) -> dict[tuple[str, str, int], int]:
    known: dict[tuple[str, str, int], int] = {}
    pairs: dict[tuple[int, int], None] = {}
    for each in estate.versions:
        for name, content in sorted(each.pacts.items()):
            promise = (each.whose, name, content)
            if promise not in known:
                known[promise] = len(known) + 1
                whose = {"owner": each.whose, "counterpart": name, "kind": "pact", "created_at": AT, "text": "{}"}
                rows[t.contracts].append({"id": known[promise], "key": f"k{content}", **whose})
            pairs[owners[each.whose], owners[name]] = None
            rows[t.publications].append(
                {
                    "version_id": each.row,
                    "contract_id": known[promise],
                    "kind": "pact",
                    "counterpart": name,
                    "published_at": AT,
                    "pacticipant_id": owners[each.whose],
                }
            )
    for consumer, provider in pairs:
        rows[t.integrations].append(
            {"consumer_id": consumer, "provider_id": provider, "created_at": AT, "contract_at": AT}
        )
    return known


def _write_results(rows: Filling, estate: SmallEstate, known: dict[tuple[str, str, int], int]) -> None:
    numbered = {(each.whose, each.number): each.row for each in estate.versions}
    for row, each in enumerate(estate.results, 1):
        rows[t.evidence].append(
            {
                "id": row,
                "kind": "pacts",
                "contract": f"k{each.content}",
                "consumer": each.consumer,
                "provider": each.provider,
                "number": each.number,
                "artifact": each.artifact,
                "identity": "",
                "verdict": "PASSED" if each.success else "FAILED",
                "promised": 2,
                "exercised": 1 if each.partial else 2,
                "complete": not each.partial,
                "decisive": not each.partial,
                "run": "r",
                "at": AT,
                "seconds": 0.0,
                "because": "",
                "details": '{"results":[],"findings":[]}',
            }
        )
        rows[t.verifications].append(
            {
                "id": row,
                "contract_id": known[each.consumer, each.provider, each.content],
                "version_id": numbered[each.provider, each.number],
                "evidence_id": row,
                "success": each.success,
                "partial": each.partial,
                "artifact": each.artifact,
                "at": AT,
            }
        )


def questions(seed: int, estate: SmallEstate) -> Iterator[Question]:
    """Questions of every form, for pacticipants and numbers that there are and some that there are not."""
    dice = random.Random(seed)
    for _ in range(12):
        who = dice.sample(NAMES, k=dice.choice([1, 1, 1, 2, 2, 3]))
        target: dict[str, Any] = dice.choice(
            [
                {},
                {"latest": True},
                {"environment": dice.choice(PLACES)},
                {"environment": dice.choice(PLACES)},
                {"tag": dice.choice(TAGS), "latest": True},
                {"tag": dice.choice(TAGS)},
                {"main_branch": True, "latest": True},
                {"main_branch": True},
            ]
        )
        ignored = [
            VersionSelector(pacticipant=dice.choice(NAMES), version=dice.choice(["", "1", "2"]))
            for _ in range(dice.choice([0, 0, 0, 1, 2]))
        ]
        yield Question(
            selectors=[_asked(dice, name, estate) for name in who],
            ignored=ignored,
            latest_by=dice.choice(["", "cvp", "cvpv", "cp"]),
            **target,
        )


def _asked(dice: random.Random, name: str, estate: SmallEstate) -> VersionSelector:
    numbers = [each.number for each in estate.of(name)] or ["1"]
    form: dict[str, Any] = dice.choice(
        [
            {"version": dice.choice(numbers)},
            {"version": dice.choice(numbers)},
            {"version": numbers[-1]},
            {"version": "9"},
            {},
            {"latest": True},
            {"tag": dice.choice(TAGS)},
            {"tag": dice.choice(TAGS), "latest": True},
            {"branch": dice.choice(BRANCHES)},
            {"branch": dice.choice(BRANCHES), "latest": True},
            {"main_branch": True},
            {"main_branch": True, "latest": True},
            {"environment": dice.choice(PLACES)},
        ]
    )
    return VersionSelector(pacticipant=name, **form)
