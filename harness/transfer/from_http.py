"""Everything that a broker shows through its public API, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.identity import Version
from harness.ledger.remote import deletions, hal, reading, results
from harness.ledger.remote.hal import Document, redact_url
from harness.ledger.remote.site import Site
from harness.transfer import from_http_providers, records
from harness.transfer.archive import Archive
from harness.transfer.records import Record

AT_ONCE = 24  # parts between two writes

Progress = Callable[[str, int, int], None]  # what is being copied, how much of it is done, of how much
Part = tuple[str, Callable[[], Sequence[Record]]]


@dataclass(frozen=True, slots=True)
class Copying:
    """A copy under way: what is there already is not asked for again."""

    site: Site
    archive: Archive
    progress: Progress
    history: bool = False  # also what was deployed and released before: two more requests per version and place
    _contents: set[tuple[str, str, str]] = field(default_factory=set)

    def everything(self) -> None:
        """Copy what is not there yet. Raises BrokerSilent, BrokerRefused; then what is there stays."""
        if self.archive.complete:
            return
        self._contents.update((e.consumer, e.provider, e.key) for e in self._there(records.ArchivedContent))
        self._parts("environments", [("environments", self._environments)])
        self._parts("pacticipants", [("pacticipants", self._pacticipants)])
        names = [each.name for each in self._there(records.ArchivedPacticipant)]
        self._parts("versions", [(f"versions {name}", self._bound(self._versions, name)) for name in names])
        versions = list(self._there(records.ArchivedVersion))
        self._parts(
            "pacts", [(f"pacts {v.pacticipant}\n{v.number}", self._bound(self._pacts, v)) for v in versions]
        )
        first = _first_publishers(self._there(records.ArchivedPact))
        self._parts(
            "results",
            [
                (f"results {v.pacticipant}\n{v.number}", self._bound(self._results, (v, p)))
                for v, p in first.items()
            ],
        )
        if from_http_providers.has_documents(self.site):
            self._parts(
                "documents",
                [(f"document {v.pacticipant}\n{v.number}", self._bound(self._document, v)) for v in versions],
            )
        if self.history:
            self._parts(
                "history",
                [(f"history {v.pacticipant}\n{v.number}", self._bound(self._past, v)) for v in versions],
            )
        places = [each.name for each in self._there(records.ArchivedEnvironment)]
        self._parts("deployments", [(f"live {name}", self._bound(self._live, name)) for name in places])
        self._parts("deletions", [("deletions", self._deletions)])
        self._parts("webhooks", [("webhooks", self._webhooks)])
        there = (each for each in self._there(records.ArchivedLive) if not each.ended)
        live = list(dict.fromkeys((e.environment, e.pacticipant, e.number) for e in there))
        self._parts("answers", [("answer " + "\n".join(each), self._bound(self._answer, each)) for each in live])
        self.archive.finish()

    def _bound(self, function: Callable[[Any], Sequence[Record]], value: Any) -> Callable[[], Sequence[Record]]:
        return lambda: function(value)

    def _parts(self, what: str, wanted: Sequence[Part]) -> None:
        missing = [part for part in wanted if part[0] not in self.archive.done]
        done = len(wanted) - len(missing)
        self.progress(what, done, len(wanted))
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            for (name, _), found in zip(some, self.site.each(lambda part: part[1](), some), strict=True):
                self.archive.append(name, [each for each in found if self._is_new(each)])
            done += len(some)
            self.progress(what, done, len(wanted))

    def _is_new(self, record: Record) -> bool:
        """A content is copied once, however many versions published it."""
        if not isinstance(record, records.ArchivedContent):
            return True
        same = record.consumer, record.provider, record.key
        new = same not in self._contents
        self._contents.add(same)
        return new

    def _there(self, kind: type[Any]) -> Iterator[Any]:
        return (each for each in self.archive.records() if isinstance(each, kind))

    def _environments(self) -> Sequence[Record]:
        return [
            records.ArchivedEnvironment(
                name=name,
                display_name=hal.maybe_text(each, "displayName"),
                production=each.get("production") is True,
                contacts=each["contacts"] if isinstance(each.get("contacts"), list) else None,
                created_at=hal.maybe_text(each, "createdAt"),
            )
            for name, each in reading.environments(self.site).items()
        ]

    def _deletions(self) -> Sequence[Record]:
        return [records.Deletion.of(each) for each in deletions.read_traces(self.site)]

    def _pacticipants(self) -> Sequence[Record]:
        return [_pacticipant(each, self.site.base) for each in reading.pacticipants(self.site)]

    def _versions(self, name: str) -> Sequence[Record]:
        found = [_version(name, each) for each in reading.versions_of(self.site, name)]
        of_it = self.site.read(self.site.link("pb:pacticipant", pacticipant=name))
        url = self.site.at(hal.href(of_it, "pb:branches", self.site.base))
        return [*found, *(self._branch(name, each) for each in self.site.all_pages(url, "branches"))]

    def _branch(self, pacticipant: str, branch: Document) -> records.ArchivedBranch:
        link = hal.maybe_href(branch, "pb:latest-version")
        head = self.site.find(self.site.at(link)) if link else None
        return records.ArchivedBranch(
            pacticipant=pacticipant,
            name=hal.text(branch, "name", "a branch"),
            head=hal.maybe_text(head, "number") if head else "",
            created_at=hal.maybe_text(branch, "createdAt"),
        )

    def _pacts(self, version: records.ArchivedVersion) -> Sequence[Record]:
        found = reading.find_version(self.site, Version(version.pacticipant, version.number))
        copied: list[Record] = []
        for link in found.pacts if found else ():
            url = self.site.at(link)
            document = self.site.read(url)
            pact = reading.parse_pact(document, redact_url(url))
            contract = pact.contract
            copied.append(
                records.ArchivedContent(
                    consumer=contract.owner,
                    provider=contract.counterpart,
                    key=contract.key,
                    sha=pact.sha,
                    text=contract.text,
                )
            )
            copied.append(
                records.ArchivedPact(
                    consumer=contract.owner,
                    number=version.number,
                    provider=contract.counterpart,
                    key=contract.key,
                    created_at=hal.maybe_text(document, "createdAt"),
                )
            )
        return copied

    def _results(self, asked: tuple[Version, Sequence[str]]) -> Sequence[Record]:
        consumer, providers = asked
        described = reading.find_version(self.site, consumer)
        pacts = [reading.fetch_pact(self.site, link) for link in (described.pacts if described else ())]
        wanted = {e.contract.counterpart: e for e in pacts if e.contract.counterpart in providers}
        rows = results.rows_between(self.site, consumer, dict.fromkeys(wanted, ()))
        found = [_result(self.site, row, wanted[row.provider.pacticipant]) for row in rows]
        return [each for each in found if each is not None]

    def _document(self, version: records.ArchivedVersion) -> Sequence[Record]:
        return from_http_providers.of_version(self.site, version)

    def _live(self, name: str) -> Sequence[Record]:
        environment = reading.environments(self.site).get(name)
        return [
            records.ArchivedLive(
                environment=name,
                pacticipant=each.version.pacticipant,
                number=each.version.number,
                instance=each.instance,
                released=each.released,
                since=each.since,
            )
            for each in (reading.live(self.site, name, environment) if environment else ())
        ]

    def _past(self, version: records.ArchivedVersion) -> Sequence[Record]:
        found = reading.find_version(self.site, Version(version.pacticipant, version.number))
        places = {link.get("name") for link in hal.links(found.document, "pb:record-deployment")} if found else ()
        stays = reading.stays(self.site, found, [str(name) for name in places]) if found else []
        return [
            records.ArchivedLive(
                environment=each.environment,
                pacticipant=version.pacticipant,
                number=version.number,
                instance=each.instance,
                released=each.released,
                since=each.since,
                until=each.until,
            )
            for each in stays
            if each.until
        ]

    def _webhooks(self) -> Sequence[Record]:
        listed = self.site.read(self.site.link("pb:webhooks"))
        urls = [self.site.at(each["href"]) for each in hal.links(listed, "pb:webhooks")]
        return [_webhook(self.site.read(url), redact_url(url)) for url in urls]

    def _answer(self, live: tuple[str, str, str]) -> Sequence[Record]:
        environment, pacticipant, number = live
        summary = results.summary(self.site, [Version(pacticipant, number)], environment)
        told = summary.get("deployable")
        return [
            records.ArchivedAnswer(
                environment=environment,
                pacticipant=pacticipant,
                number=number,
                deployable=told if isinstance(told, bool) else None,
                reason=" ".join(hal.maybe_text(summary, "reason").split())[:500],
            )
        ]


def _first_publishers(pacts: Iterable[records.ArchivedPact]) -> dict[Version, list[str]]:
    """For each content the version that published it first: results are the content's, and are asked for once."""
    seen: set[tuple[str, str, str]] = set()
    found: dict[Version, list[str]] = {}
    for each in pacts:
        content = each.consumer, each.provider, each.key
        if content not in seen:
            seen.add(content)
            found.setdefault(Version(each.consumer, each.number), []).append(each.provider)
    return found


def _pacticipant(document: Document, place: str) -> records.ArchivedPacticipant:
    inside = document.get("_embedded")
    labels = inside.get("labels") if isinstance(inside, dict) else None
    return records.ArchivedPacticipant(
        name=hal.text(document, "name", place),
        display_name=hal.maybe_text(document, "displayName"),
        main_branch=hal.maybe_text(document, "mainBranch"),
        repository_url=hal.maybe_text(document, "repositoryUrl"),
        repository_name=hal.maybe_text(document, "repositoryName"),
        repository_namespace=hal.maybe_text(document, "repositoryNamespace"),
        labels=_names(labels),
        created_at=hal.maybe_text(document, "createdAt"),
    )


def _names(documents: Any) -> tuple[str, ...]:
    listed: Iterable[Any] = documents if isinstance(documents, list) else ()
    return tuple(hal.maybe_text(each, "name") for each in listed if isinstance(each, dict) and each.get("name"))


def _version(pacticipant: str, described: reading.DescribedVersion) -> records.ArchivedVersion:
    inside = described.document.get("_embedded")
    told = inside if isinstance(inside, dict) else {}
    return records.ArchivedVersion(
        pacticipant=pacticipant,
        number=described.version.number,
        build_url=described.build_url,
        branches=_names(told.get("branchVersions")),
        tags=_names(told.get("tags")),
        created_at=hal.maybe_text(described.document, "createdAt"),
    )


def _result(site: Site, row: results.ResultRow, pact: reading.ServedPact) -> records.ArchivedResult | None:
    if row.success is None or row.static:
        return None  # of a document, which is compared anew
    evidence = results.evidence(site, row, pact)
    if evidence is None:
        return None
    told = results.in_full(site, row)
    return records.ArchivedResult(
        consumer=pact.contract.owner,
        provider=pact.contract.counterpart,
        key=pact.contract.key,
        number=row.provider.number,
        success=row.success,
        promised=evidence.promised,
        exercised=evidence.exercised,
        at=row.at,
        build_url=hal.maybe_text(told, "buildUrl"),
        results=told.get("testResults"),
        verified_by=told.get("verifiedBy") or None,
    )


def _webhook(document: Document, place: str) -> records.ArchivedWebhook:
    request = hal.part(document, "request", place)
    headers = {str(k): str(v) for k, v in (request.get("headers") or {}).items()}
    hidden = tuple(name for name, value in headers.items() if set(value) == {"*"})
    password = ("password",) if request.get("password") else ()
    return records.ArchivedWebhook(
        uuid=hal.text(document, "uuid", place),
        description=hal.maybe_text(document, "description"),
        enabled=document.get("enabled") is not False,
        events=_names(document.get("events")),
        consumer_name=_side(document, "consumer", "name"),
        consumer_label=_side(document, "consumer", "label"),
        provider_name=_side(document, "provider", "name"),
        provider_label=_side(document, "provider", "label"),
        method=hal.maybe_text(request, "method") or "POST",
        url=hal.text(request, "url", place),
        headers={name: value for name, value in headers.items() if name not in hidden},
        body=request.get("body"),
        username=hal.maybe_text(request, "username"),
        secrets=(*hidden, *password),
    )


def _side(document: Document, side: str, what: str) -> str:
    told = document.get(side)
    return hal.maybe_text(told, what) if isinstance(told, dict) else ""
