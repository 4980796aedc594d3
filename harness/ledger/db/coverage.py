"""What checks saw a provider's version answer, from the evidence that is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.comparison.coverage import Coverage
from harness.evidence import Evidence, EvidenceKind
from harness.ledger.db import evidence
from harness.ledger.db.tables import builds, pacticipants, versions
from harness.ledger.db.tables import evidence as table
from harness.verdicts import Cause, Covered, Exercised, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.identity import Version


def of_version(db: sa.Connection, version: Version) -> Coverage:
    """All that was seen of what this version is: by its builds where they are known, else by its name."""
    built = _artifacts(db, version)
    mine = table.c.number == version.number
    if built:
        mine = sa.or_(sa.and_(mine, table.c.artifact == ""), table.c.artifact.in_(sorted(built)))
    query = sa.select(table.c.details).where(table.c.provider == version.pacticipant, mine)
    # Row by row: the details of a large run hold every exchange.
    return Coverage.of(
        each for row in db.execute(query) for each in _parse_covered(row.details, version.pacticipant)
    )


def tell(db: sa.Connection, version: Version, run: str, seen: Sequence[Covered], now: str) -> None:
    """Keep what a run elsewhere saw; it decides nothing by itself."""
    evidence.record(db, coverage_evidence(version, run, seen, now), now)


def coverage_evidence(version: Version, run: str, seen: Sequence[Covered], at: str) -> Evidence:
    """What a run elsewhere saw, as evidence that decides nothing by itself."""
    about = Exercised(subject="answers", verdict=Verdict.PASSED, covered=tuple(seen))
    return Evidence(
        kind=EvidenceKind.PROPERTIES,
        contract="",
        provider=version,
        artifact="",
        identity="",
        verdict=Verdict.UNKNOWN,
        cause=Cause.NOT_VERIFIED,
        because="what a run elsewhere saw answered",
        promised=0,
        exercised=0,
        complete=False,
        run=run,
        at=at,
        results=(about,),
    )


def _artifacts(db: sa.Connection, version: Version) -> set[str]:
    query = (
        sa.select(builds.c.artifact)
        .join_from(builds, versions)
        .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
        .where(pacticipants.c.name == version.pacticipant, versions.c.number == version.number)
    )
    return {artifact for artifact in db.execute(query).scalars() if artifact}


def _parse_covered(details: str, provider: str) -> Iterator[Covered]:
    if '"covered"' not in details:
        return  # seen by a harness that kept no coverage
    for result in json.loads(details)["results"]:
        if result.get("verdict") == Verdict.PASSED.value:
            mine = ("", provider)  # the result of a suite speaks of every service that it met
            yield from (_value(e) for e in result.get("covered", ()) if e.get("service", "") in mine)


def _value(each: dict[str, Any]) -> Covered:
    return Covered(
        operation=each["operation"],
        status=each["status"],
        media_type=each["media_type"],
        fields=tuple(each["fields"]),
        parameters=tuple(each["parameters"]),
    )
