"""The results that a remote broker keeps, as evidence: never more than it has, never cut by a row limit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.evidence import Evidence, EvidenceKind, Stated
from harness.identity import Version
from harness.ledger.counted_results import Counted, count, findings_in, names_of
from harness.ledger.remote import hal, reading
from harness.ledger.remote.hal import Document, redact_url
from harness.ledger.remote.site import Site, with_query
from harness.verdicts import Cause, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from harness.ledger.remote.reading import ServedPact

FIRST_LIMIT = 1_000  # rows; a matrix that fills it is asked for again with more
LAST_LIMIT = 1_000_000
MOST_ROUNDS = 3  # with more versions of a provider, all of its versions are asked for at once

Selectors = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One result: which versions, where it is told in full."""

    consumer: Version
    provider: Version
    success: bool | None  # None: of a document alone, which decides nothing yet
    at: str
    link: str
    static: bool = False  # of the provider's document (bi-directional), not of a run
    claimed: bool = False  # it rests on the provider's own word; a broker that does not say so means that
    because: str = ""  # what the broker says of a document
    disagreement: str = ""  # what it says of two builds of the provider's version
    broken: tuple[Finding, ...] = ()  # which promises it says were broken


def rows_between(site: Site, consumer: Version, providers: Mapping[str, Collection[str]]) -> list[ResultRow]:
    """The latest result of each pair: the consumer version, and these versions of its providers.

    No numbers for a provider: all of its versions. There may be results of more versions than were asked for.
    """
    found: dict[tuple[Version, str], ResultRow] = {}
    others = {name: numbers for name, numbers in providers.items() if name != consumer.pacticipant}
    for wanted in (*_rounds_with_itself(consumer, providers), *_rounds(others)):
        selectors = selector(consumer) + [part for each in wanted for part in selector(each)]
        for row in matrix(site, selectors):
            if row.consumer == consumer and row.provider.pacticipant in providers:
                found[row.provider, row.link] = row
    return list(found.values())


def _rounds_with_itself(consumer: Version, providers: Mapping[str, Collection[str]]) -> Iterator[list[Version]]:
    """Questions about a pact of a pacticipant with itself: one of its versions may serve another."""
    name = consumer.pacticipant
    numbers = providers.get(name)
    if numbers is None:
        return
    if not 0 < len(numbers) <= MOST_ROUNDS:
        yield [Version(name, "")]
        return
    if consumer.number in numbers:
        yield []
    yield from ([Version(name, number)] for number in sorted(numbers) if number != consumer.number)


def _rounds(providers: Mapping[str, Collection[str]]) -> Iterator[list[Version]]:
    """Questions that name no pacticipant twice, and none that would list pairs of other pacticipants in full."""
    named = {name: sorted(numbers) for name, numbers in providers.items() if 0 < len(numbers) <= MOST_ROUNDS}
    for turn in range(max(map(len, named.values()), default=0)):
        yield [Version(name, numbers[turn]) for name, numbers in sorted(named.items()) if turn < len(numbers)]
    yield from ([Version(name, "")] for name in sorted(providers.keys() - named.keys()))


def selector(version: Version) -> Selectors:
    """A version as the matrix wants it named; without a number, all of them."""
    number = [("q[][version]", version.number)] if version.number else []
    return [("q[][pacticipant]", version.pacticipant), *number]


def matrix(site: Site, selectors: Selectors) -> list[ResultRow]:
    """Every row with a result, whatever their number. Raises BrokerSilent when they cannot all be had."""
    limit = FIRST_LIMIT
    while True:
        query = [*selectors, ("latestby", "cvpv"), ("limit", str(limit))]
        url = with_query(site.below("matrix"), query)
        rows = hal.parts(site.read(url), "matrix", redact_url(url))
        if len(rows) < limit:
            return [row for each in rows if (row := row_of(each, redact_url(url))) is not None]
        if limit >= LAST_LIMIT:
            raise hal.junk(redact_url(url), f"the matrix has {limit} rows or more")
        limit *= 10


def row_of(document: Document, place: str) -> ResultRow | None:
    """A row of a matrix, where it says something."""
    result = document.get("verificationResult")
    provider = hal.part(document, "provider", place)
    if provider.get("version") is None:
        return None
    if hal.maybe_text(document, "verificationType") == "BDCT":
        return _static(document, place)
    if result is None:
        return None
    if not isinstance(result, dict) or not isinstance(result.get("success"), bool):
        raise hal.junk(place, "a result says neither yes nor no")
    consumer = hal.part(document, "consumer", place)
    return ResultRow(
        consumer=_version(consumer, place),
        provider=_version(provider, place),
        success=result["success"],
        at=hal.maybe_text(result, "verifiedAt"),
        link=hal.href(result, "self", place),
        broken=tuple(_broken_promises(document)),
        disagreement=hal.maybe_text(document, "disagreement"),
    )


def _broken_promises(row: Document) -> Iterator[Finding]:
    """The promises that a broker of ours names beside a failure."""
    listed = row.get("broken")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict):
            request, expected, came = (hal.maybe_text(each, part) for part in ("request", "expected", "came"))
            yield Finding(code="response.mismatch", subject=request, expected=expected, actual=came)


def _static(document: Document, place: str) -> ResultRow:
    """What the broker says of a provider's document, also where it says that it knows too little."""
    result = document.get("verificationResult")
    told = result if isinstance(result, dict) else {}
    success = told.get("success")
    return ResultRow(
        consumer=_version(hal.part(document, "consumer", place), place),
        provider=_version(hal.part(document, "provider", place), place),
        success=success if isinstance(success, bool) else None,
        at=hal.maybe_text(told, "verifiedAt"),
        link="",
        static=True,
        claimed=told.get("claimed") is not False,
        because=hal.maybe_text(document, "because"),
    )


def _version(side: Document, place: str) -> Version:
    return Version(hal.text(side, "name", place), hal.text(hal.part(side, "version", place), "number", place))


def evidence(site: Site, row: ResultRow, pact: ServedPact) -> Evidence | None:
    """What a result says of a pact; None when it speaks of other content than the pact has now."""
    told = in_full(site, row)
    if pact.sha not in row.link.split("/"):
        return None
    success, said = row.success is True, told.get("testResults")
    counted = count(
        pact.promised, lambda: names_of(json.loads(pact.contract.text), pact.ids), said, success=success
    )
    verdict, cause = _verdict(counted, success=success)
    disagree = row.disagreement if verdict is Verdict.FAILED else ""
    return Evidence(
        kind=EvidenceKind.PACTS,
        contract=pact.contract.key,
        consumer=row.consumer.pacticipant,
        provider=row.provider,
        artifact="",
        identity="",
        verdict=verdict,
        cause=Cause.DISAGREEING if disagree else cause,
        because=disagree or counted.because,
        promised=counted.promised,
        exercised=counted.exercised,
        complete=counted.exercised >= counted.promised,
        findings=() if success else findings_in(said, json.loads(pact.contract.text), pact.ids) or row.broken,
        run=run_of(told.get("testResults")) or hal.maybe_text(told, "buildUrl") or _number(row.link),
        at=row.at or hal.maybe_text(told, "verificationDate"),
    )


def statement_of_row(row: ResultRow, *, trusted: bool) -> Stated:
    """What a broker that compares documents says of a pair; the provider's own word counts only where trusted."""
    because = " ".join(row.because.split()) or "the broker holds the pact against the provider's document"
    if row.success is None:
        return Stated(verdict=Verdict.UNKNOWN, cause=Cause.NOT_EXERCISED, because=because, at=row.at)
    if not row.success:
        return Stated(verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE, because=because, at=row.at)
    if row.claimed and not trusted:
        because = "the broker's yes rests on the provider's own word, and gate.trust_claims is not set"
        return Stated(verdict=Verdict.UNKNOWN, cause=Cause.NOT_EXERCISED, because=because, at=row.at)
    return Stated(verdict=Verdict.PASSED, because=because, claimed=row.claimed, at=row.at)


def in_full(site: Site, row: ResultRow) -> Document:
    """The result in full. It never changes under its number."""
    told = site.keep(site.at(row.link))
    if told.get("success") is not row.success:
        raise hal.junk(redact_url(row.link), "the matrix and the result itself disagree")
    return told


def _number(link: str) -> str:
    return f"result {link.rstrip('/').rpartition('/')[2]} of the broker"


def _verdict(counted: Counted, *, success: bool) -> tuple[Verdict, Cause | None]:
    if not success:
        return Verdict.FAILED, Cause.BROKEN_PROMISE
    if counted.exercised < counted.promised:
        return Verdict.UNKNOWN, Cause.NOT_VERIFIED
    return Verdict.PASSED, None


def run_of(test_results: Any) -> str:
    """The run of ours that sent a result; "" when it was somebody else."""
    first = test_results[0] if isinstance(test_results, list) and test_results else None
    return hal.maybe_text(first, "run") if isinstance(first, dict) else ""


def pact_of(site: Site, row: ResultRow) -> ServedPact:
    """The pact that a result speaks of."""
    told = in_full(site, row)
    return reading.fetch_pact(site, hal.href(told, "pb:pact-version", redact_url(row.link)))


def any_result(site: Site, version: Version) -> ResultRow | None:
    """One result that a version gave as a provider, where there is one."""
    url = with_query(site.below("matrix"), [*selector(version), ("latestby", "cvpv"), ("limit", "20")])
    for each in hal.parts(site.read(url), "matrix", redact_url(url)):
        row = row_of(each, redact_url(url))
        if row is not None and row.provider == version and not row.static:
            return row
    return None


def summary(site: Site, candidates: Collection[Version], environment: str) -> Document:
    """What the broker itself answers about the candidates there."""
    selectors = [part for each in sorted(candidates) for part in selector(each)]
    query = [*selectors, ("latestby", "cvpv"), ("environment", environment), ("limit", str(LAST_LIMIT))]
    url = with_query(site.below("matrix"), query)
    return hal.part(site.read(url), "summary", redact_url(url))


def objection(site: Site, candidates: Collection[Version], environment: str) -> str:
    """What the broker itself has against the candidates there; "" when it says yes.

    Its yes counts for nothing here; its no is told.
    """
    told = summary(site, candidates, environment)
    if told.get("deployable") is True:
        return ""
    return " ".join(hal.maybe_text(told, "reason").split())[:500] or "it gives no reason"
