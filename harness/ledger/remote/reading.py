"""What a remote broker knows of versions, pacts and environments, as values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_reader import pact_key
from harness.evidence import DeploymentRecord, Live
from harness.identity import Version
from harness.ledger.remote import hal
from harness.ledger.remote.hal import Document, redact_url
from harness.ledger.remote.site import with_query

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from harness.ledger.remote.site import Site

_OF_THE_BROKER = ("_links", "createdAt", "_embedded")  # what a broker adds to a pact


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedPact:
    """One pact as a broker serves it."""

    contract: Contract
    sha: str  # what the broker calls this content; ours is the contract's key
    ids: tuple[str, ...]  # what results call its interactions, in the order of the document
    results: str  # where results are sent

    @property
    def promised(self) -> int:
        """How many promises the pact holds."""
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedVersion:
    """One version as a broker describes it."""

    version: Version
    branch: str = ""
    build_url: str = ""
    pacts: tuple[str, ...] = ()  # links to what it published
    document: Document = field(default_factory=dict, repr=False)


def environments(site: Site) -> dict[str, Document]:
    """Every environment by its name."""
    url = site.link("pb:environments")
    place = redact_url(url)
    return {hal.text(each, "name", place): each for each in site.all_pages(url, "environments")}


def live(site: Site, name: str, environment: Document) -> list[Live]:
    """What runs and what is supported in one environment."""
    return [
        Live(
            environment=name,
            version=_version_in(each, place),
            instance=hal.maybe_text(each, "applicationInstance") or hal.maybe_text(each, "target"),
            released=released,
            since=hal.maybe_text(each, "createdAt"),
        )
        for released, place, each in _records(site, environment)
    ]


_LISTS = (
    (False, "pb:currently-deployed-deployed-versions", "deployedVersions"),
    (True, "pb:currently-supported-released-versions", "releasedVersions"),
)


def _records(site: Site, environment: Document) -> Iterable[tuple[bool, str, Document]]:
    for released, rel, key in _LISTS:
        url = site.at(hal.href(environment, rel, site.base))
        for each in site.all_pages(url, key):
            yield released, redact_url(url), each


def _version_in(record: Document, place: str) -> Version:
    inside = hal.part(record, "_embedded", place)
    name = hal.text(hal.part(inside, "pacticipant", place), "name", place)
    return Version(name, hal.text(hal.part(inside, "version", place), "number", place))


def pacticipants(site: Site) -> list[Document]:
    """Every pacticipant."""
    return site.all_pages(site.link("pb:pacticipants"), "pacticipants")


def find_version(site: Site, version: Version) -> DescribedVersion | None:
    """What the broker knows of a version, None when nobody mentioned it."""
    url = site.link("pb:pacticipant-version", pacticipant=version.pacticipant, version=version.number)
    found = site.find(url)
    return None if found is None else parse_version(version.pacticipant, found, redact_url(url))


def versions_of(site: Site, pacticipant: str) -> list[DescribedVersion]:
    """Every version of a pacticipant, oldest first; none when nobody knows it."""
    of_it = site.find(site.link("pb:pacticipant", pacticipant=pacticipant))
    if of_it is None:
        return []
    url = site.at(hal.href(of_it, "pb:versions", site.base))
    return [
        parse_version(pacticipant, each, redact_url(url)) for each in reversed(site.all_pages(url, "versions"))
    ]


def newest(site: Site, pacticipant: str, count: int) -> list[DescribedVersion]:
    """Some versions of a pacticipant, oldest first, the newest last; one page is asked for."""
    of_it = site.find(site.link("pb:pacticipant", pacticipant=pacticipant))
    if of_it is None:
        return []
    url = site.at(hal.href(of_it, "pb:versions", site.base))
    page = hal.embedded_list(site.read(url, pageNumber="1", pageSize=str(count)), "versions", redact_url(url))
    # A broker that knows no pages tells all of them; newest first, as every broker does.
    return [parse_version(pacticipant, each, redact_url(url)) for each in reversed(page[:count])]


def recorded_in_place(site: Site, pacticipant: str, numbers: Collection[str]) -> list[DescribedVersion]:
    """What runs recorded as `NUMBER+changed.…` in the place of these versions of a pacticipant.

    That came after the number itself, and every broker lists the newest first: older pages are not asked for.
    """
    url = with_query(site.below("pacticipants", pacticipant, "versions"), {"pageNumber": "1", "pageSize": "100"})
    awaited, found = set(numbers), []
    for page in site.pages(url, "versions"):
        listed = [parse_version(pacticipant, each, redact_url(url)) for each in page]
        found += [each for each in listed if each.version.asked.number in numbers]
        awaited -= {each.version.number for each in listed}
        if not awaited:
            break
    return [each for each in found if each.version.asked != each.version]


def parse_version(pacticipant: str, document: Document, place: str) -> DescribedVersion:
    """One version from its document. A version that does not say what it published is not one without pacts."""
    named = hal.part(document, "_links", place).get("pb:pact-versions")
    pacts = hal.links(document, "pb:pact-versions")
    if not isinstance(named, list) or len(pacts) != len(named):
        raise hal.junk(place, "the version does not name its pacts: there is no list of links 'pb:pact-versions'")
    inside = document.get("_embedded")
    branches = inside.get("branchVersions") if isinstance(inside, dict) else None
    listed = branches if isinstance(branches, list) else ()
    names = [hal.maybe_text(each, "name") for each in listed if isinstance(each, dict)]
    return DescribedVersion(
        version=Version(pacticipant, hal.text(document, "number", place)),
        branch=names[-1] if names else "",
        build_url=hal.maybe_text(document, "buildUrl"),
        pacts=tuple(each["href"] for each in pacts),
        document=document,
    )


def fetch_pact(site: Site, link: str) -> ServedPact:
    """The pact behind a link. Raises BrokerSilent for one that cannot be read."""
    url = site.at(link)
    return parse_pact(site.keep(url), redact_url(url))


def find_published(site: Site, url: str) -> ServedPact | None:
    """The pact at an address, None when there is none."""
    found = site.find(url)
    return None if found is None else parse_pact(found, redact_url(url))


def parse_pact(document: Document, place: str) -> ServedPact:
    """A pact from its document. Raises BrokerSilent for one that cannot be read."""
    kept = {name: value for name, value in document.items() if name not in _OF_THE_BROKER}
    plain, ids = without_ids(kept)
    consumer = hal.text(hal.part(plain, "consumer", place), "name", place)
    provider = hal.text(hal.part(plain, "provider", place), "name", place)
    named = hal.links(document, "pb:pact-version")
    sha = hal.maybe_text(named[0], "name") if named else ""
    if not sha:
        raise hal.junk(place, "it does not name the content of the pact")
    return ServedPact(
        contract=Contract(
            kind=ContractKind.PACT,
            owner=consumer,
            counterpart=provider,
            key=pact_key(plain),
            text=json.dumps(plain, ensure_ascii=False),
            place=place,
        ),
        sha=sha,
        ids=ids,
        results=hal.maybe_href(document, "pb:publish-verification-results"),
    )


def without_ids(pact: Document) -> tuple[Document, tuple[str, ...]]:
    """A pact as it was published, and what the broker calls its interactions."""
    ids: list[str] = []
    plain = dict(pact)
    for name in ("interactions", "messages"):
        if isinstance(plain.get(name), list):
            ids += [_id_of(each) for each in plain[name]]
            plain[name] = [_without_id(each) for each in plain[name]]
    return plain, tuple(ids)


def _id_of(interaction: Any) -> str:
    return hal.maybe_text(interaction, "_id") if isinstance(interaction, dict) else ""


def _without_id(interaction: Any) -> Any:
    if not isinstance(interaction, dict):
        return interaction
    return {name: value for name, value in interaction.items() if name != "_id"}


_PAST = (
    (False, "pb:record-deployment", "deployedVersions", "undeployedAt", "currentlyDeployed"),
    (True, "pb:record-release", "releasedVersions", "supportEndedAt", "currentlySupported"),
)


def stays(site: Site, version: DescribedVersion, places: Iterable[str]) -> list[DeploymentRecord]:
    """Every time of a version in the environments, ended or not, as far as the broker tells."""
    found = []
    for released, rel, key, ended, still in _PAST:
        for link in hal.links(version.document, rel):
            if hal.maybe_text(link, "name") in places:
                document = site.find(site.at(link["href"])) or {"_embedded": {key: []}}
                found += [
                    DeploymentRecord(
                        environment=str(link["name"]),
                        version=version.version,
                        instance=hal.maybe_text(each, "applicationInstance") or hal.maybe_text(each, "target"),
                        released=released,
                        since=hal.maybe_text(each, "createdAt"),
                        until=_until(each, ended, still),
                    )
                    for each in hal.embedded_list(document, key, redact_url(link["href"]))
                ]
    return found


def _until(record: Mapping[str, Any], ended: str, still: str) -> str:
    if record.get(still) is True:
        return ""
    told = record.get(ended)
    return (
        told if isinstance(told, str) and told else str(record.get("updatedAt") or record.get("createdAt") or "?")
    )
