"""What a remote broker knows of some versions: their pacts, and the results between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from harness.evidence import Evidence, Known
from harness.identity import Version
from harness.ledger.remote import reading, results
from harness.ledger.remote.reading import DescribedVersion, ServedPact
from harness.ledger.remote.results import ResultRow

if TYPE_CHECKING:
    from harness.ledger.remote.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Some versions in full, and every result between two of them."""

    described: Mapping[Version, DescribedVersion] = field(default_factory=dict)
    pacts: Mapping[Version, Mapping[str, ServedPact]] = field(default_factory=dict)  # by provider
    unread: Mapping[Version, frozenset[str]] = field(default_factory=dict)  # providers of pacts that were not read
    evidence: tuple[Evidence, ...] = ()
    stated: Mapping[tuple[str, Version], ResultRow] = field(
        default_factory=dict
    )  # of documents, by key of the pact
    mentioned: tuple[Version, ...] = ()  # of these only the number is told, so nothing is taken for granted

    def versions(self) -> dict[Version, Known]:
        """All of them as facts."""
        told = {
            version: Known(
                version=version,
                pacts={
                    **dict.fromkeys(self.unread.get(version, ()), ""),
                    **{name: each.contract.key for name, each in self.pacts.get(version, {}).items()},
                },
                branch=found.branch,
                build_url=found.build_url,
            )
            for version, found in self.described.items()
        }
        return {**{version: Known(version=version) for version in self.mentioned}, **told}


def find_versions(site: Site, versions: Iterable[Version]) -> dict[Version, DescribedVersion]:
    """The versions that the broker knows, of those that were asked for."""
    wanted = sorted(set(versions))
    found = site.each(lambda version: reading.find_version(site, version), wanted)
    return {each.version: each for each in found if each is not None}


def with_changed(
    site: Site, found: Mapping[Version, DescribedVersion], about: Collection[str] = ()
) -> dict[Version, DescribedVersion]:
    """The versions, and what runs recorded as `NUMBER+changed.…` in their place: what that broke counts.

    With `about`, only of these pacticipants, whom they need, and who needs them.
    """
    numbers: dict[str, set[str]] = {}
    needed = {provider_in(link) for v, each in found.items() if v.pacticipant in about for link in each.pacts}
    for version, each in found.items():
        name = version.pacticipant
        if not about or name in {*about, *needed} or {provider_in(link) for link in each.pacts} & {*about, ""}:
            numbers.setdefault(name, set()).add(version.number)
    read = site.each(lambda one: reading.recorded_in_place(site, *one), sorted(numbers.items()))
    return {**found, **{each.version: each for some in read for each in some if each.version not in found}}


def survey(
    site: Site,
    found: Mapping[Version, DescribedVersion],
    *,
    about: Collection[str] = (),
) -> Survey:
    """The pacts of the versions and the results between them.

    With `about`, only where one of these pacticipants is a side.
    """
    unread = {v: skipped for v, each in found.items() if (skipped := _irrelevant_providers(each, about))}
    pacts = pacts_of(site, found.values(), unread)
    questions = [(version, {name: _numbers(name, found) for name in mine}) for version, mine in pacts.items()]
    rows = site.each(
        lambda question: results.rows_between(site, *question),
        [(version, wanted) for version, wanted in ((v, _filter_wanted(w, found)) for v, w in questions) if wanted],
    )
    between = [row for part in rows for row in part if row.provider in found]
    told = site.each(lambda row: _evidence(site, row, pacts), [row for row in between if not row.static])
    return Survey(
        described=found,
        pacts=pacts,
        unread=unread,
        evidence=tuple(each for each in told if each is not None),
        stated=dict(_static_rows(between, pacts)),
    )


def _static_rows(
    rows: Iterable[ResultRow], pacts: Mapping[Version, Mapping[str, ServedPact]]
) -> Iterator[tuple[tuple[str, Version], ResultRow]]:
    for row in rows:
        pact = pacts[row.consumer].get(row.provider.pacticipant)
        if row.static and pact is not None:
            yield (pact.contract.key, row.provider), row


def _irrelevant_providers(version: DescribedVersion, about: Collection[str]) -> frozenset[str]:
    """The providers of a version's pacts that do not matter for decisions about these pacticipants."""
    if not about or version.version.pacticipant in about:
        return frozenset()
    return frozenset(name for link in version.pacts if (name := provider_in(link)) and name not in about)


def provider_in(link: str) -> str:
    """The provider that the link to a pact names in its path; "" when it names none."""
    _, found, rest = link.partition("/pacts/provider/")
    return unquote(rest.partition("/")[0]) if found else ""


def _filter_wanted(
    wanted: Mapping[str, Collection[str]], found: Mapping[Version, DescribedVersion]
) -> dict[str, Collection[str]]:
    """Without the providers of which no version is looked at."""
    there = {version.pacticipant for version in found}
    return {name: numbers for name, numbers in wanted.items() if name in there}


def _numbers(pacticipant: str, found: Iterable[Version]) -> tuple[str, ...]:
    return tuple(version.number for version in found if version.pacticipant == pacticipant)


def _evidence(site: Site, row: ResultRow, pacts: Mapping[Version, Mapping[str, ServedPact]]) -> Evidence | None:
    pact = pacts[row.consumer].get(row.provider.pacticipant)
    return results.evidence(site, row, pact) if pact is not None else None


def pacts_of(
    site: Site, versions: Iterable[DescribedVersion], unread: Mapping[Version, frozenset[str]] | None = None
) -> dict[Version, dict[str, ServedPact]]:
    """By version and provider, what was published; versions that published nothing are left out."""
    skipped = unread or {}
    links = [
        (each.version, link)
        for each in versions
        for link in each.pacts
        if provider_in(link) not in skipped.get(each.version, ())
    ]
    read = site.each(lambda pair: reading.fetch_pact(site, pair[1]), links)
    found: dict[Version, dict[str, ServedPact]] = {}
    for (version, _), pact in zip(links, read, strict=True):
        found.setdefault(version, {})[pact.contract.counterpart] = pact
    return found


def filled_up(site: Site, survey: Survey, bare: Collection[Version]) -> Survey:
    """With what keeps versions without any contract from being taken for ones that need nothing.

    For each of them one result that it gave, or else the newest pacts that its pacticipant published.
    """
    rows = [row for row in site.each(lambda v: results.any_result(site, v), sorted(bare)) if row is not None]
    told = site.each(lambda row: results.evidence(site, row, results.pact_of(site, row)), rows)
    empty = {version.pacticipant for version in bare} - {row.provider.pacticipant for row in rows}
    siblings = [
        each for found in site.each(lambda n: _newest_with_pacts(site, n), sorted(empty)) for each in found
    ]
    known = {each.version: each for each in siblings} | dict(survey.described)
    return replace(
        survey,
        described=known,
        pacts={**pacts_of(site, siblings), **survey.pacts},
        evidence=(*survey.evidence, *(each for each in told if each is not None)),
    )


def _newest_with_pacts(site: Site, pacticipant: str) -> list[DescribedVersion]:
    """The newest version with a pact with each provider."""
    newest: dict[str, DescribedVersion] = {}
    for each in reading.versions_of(site, pacticipant):
        for link in each.pacts:
            newest[link.rpartition("/")[0]] = each  # links to pacts of one pair differ in the version at their end
    return list({each.version: each for each in newest.values()}.values())
