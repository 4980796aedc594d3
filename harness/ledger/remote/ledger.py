"""The ledger of a remote broker: what every team sees is there, what a broker cannot keep is here beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.contracts.document import Contract, ContractKind
from harness.errors import BrokerSilent
from harness.evidence import (
    ALWAYS_REQUIRED,
    DeploymentRecord,
    Evidence,
    EvidenceKind,
    Facts,
    Known,
    Live,
    Objection,
    Stated,
)
from harness.identity import Version
from harness.ledger import refusals
from harness.ledger.deletions import laid_over
from harness.ledger.remote import coverages, deletions, merging, reading, results, selected, writing
from harness.ledger.remote import survey as surveys
from harness.ledger.remote.reading import DescribedVersion, ServedPact
from harness.ledger.remote.site import Site
from harness.ledger.remote.writing import is_kept
from harness.ledger.sql_ledger import SqlLedger
from harness.ports import Publication

if TYPE_CHECKING:
    from harness.comparison.coverage import Coverage
    from harness.ledger.remote.hal import Document
    from harness.ledger.remote.results import ResultRow
    from harness.ledger.remote.selected import PactSelection, PactToVerify
    from harness.ledger.remote.survey import Survey

HORIZON = 10  # versions of each pacticipant, the newest, that are read in full when nothing is asked for by name
AT_MOST = 400  # of them in all: in a large estate fewer of each
PAST = 50  # versions of each pacticipant, the newest, whose time in an environment is asked for
DEFAULT_POLICY = ALWAYS_REQUIRED


@dataclass(slots=True, kw_only=True)
class RemoteLedger:
    """A broker over HTTP, behind the same port as a ledger of our own; nothing of its word is taken for more."""

    site: Site
    beside: SqlLedger  # builds, documents, evidence of other kinds, descriptors: what a broker cannot keep
    policies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the manifest's
    trust_claims: bool = False  # whether a provider's word on its own document counts as evidence
    _read: dict[str, ServedPact] = field(default_factory=dict)  # by content key and by the broker's own name
    _chosen: dict[tuple[str, str, str], ServedPact] = field(default_factory=dict)  # by key and the two sides
    _asked: dict[Version, None] = field(default_factory=dict)
    _objections: dict[tuple[frozenset[Version], str], Objection] = field(default_factory=dict)
    _everything: Facts | None = None  # until this process changes something

    def record_version(
        self,
        known: Known,
        *,
        runtime: str = "",
        descriptor: Mapping[str, Any] | None = None,
        another_build: bool = False,
    ) -> None:
        """Make a version and its build known to the broker. Raises IdentityConflict for another build."""
        self.beside.record_version(known, runtime=runtime, descriptor=descriptor, another_build=another_build)
        writing.version(self.site, known)
        writing.builds(self.site, known, runtime)
        self._everything = None

    def descriptor(self, version: Version, runtime: str = "") -> Mapping[str, Any] | None:
        """With what that runtime can start the version again, when this machine was told."""
        return self.beside.descriptor(version, runtime)

    def publish(
        self, version: Version, contracts: Sequence[Contract], *, merge: bool = False
    ) -> Sequence[Publication]:
        """Keep pacts at the broker and other documents here. Raises IdentityConflict for other content."""
        refusals.check_version(version)
        refusals.check_contracts(version, contracts)
        pacts = [each for each in contracts if each.kind is ContractKind.PACT]
        before = self._published(version)
        writing.conflict(version, before, pacts, merge=merge)
        others = self.beside.publish(version, [each for each in contracts if each.kind is not ContractKind.PACT])
        parts = {c.counterpart for c in pacts if c.counterpart in before and not is_kept(c, before[c.counterpart])}
        new = {c.counterpart: c for c in pacts if c.counterpart in parts or c.counterpart not in before}
        shown = writing.pacts(self.site, version, list(new.values()), merge=bool(parts)) if new else {}
        self._everything = None
        told = {id(each.contract): each for each in others}
        seen: set[str] = set(before)
        done = [told.get(id(each)) or self._publication(version, each, seen) for each in contracts]
        return [
            replace(each, contract=shown[each.contract.counterpart], merged=True)
            if each.contract.kind is ContractKind.PACT and each.contract.counterpart in parts
            else each
            for each in done
        ]

    def hold_to_document(self, version: Version, document: Contract, *, own_tests: bool | None) -> None:
        """Publish a document as a provider contract, where the broker takes one. Raises UsageError."""
        writing.provider_contract(self.site, version, document, own_tests=own_tests)
        self._everything = None

    def _publication(self, version: Version, contract: Contract, seen: set[str]) -> Publication:
        created = contract.counterpart not in seen
        seen.add(contract.counterpart)
        return Publication(
            contract=contract, version=version, created=created, previous=self._previous(version, contract)
        )

    def _previous(self, version: Version, contract: Contract) -> str:
        """The key of what the pacticipant's version before had with the same provider."""
        before = ""
        for each in reading.versions_of(self.site, version.pacticipant):
            if each.version == version:
                return self._key_of(before)
            named = [link for link in each.pacts if surveys.provider_in(link) == contract.counterpart]
            before = named[0] if named else before
        return ""

    def _key_of(self, link: str) -> str:
        return reading.fetch_pact(self.site, link).contract.key if link else ""

    def _published(self, version: Version) -> Mapping[str, ServedPact]:
        found = reading.find_version(self.site, version)
        pacts = surveys.pacts_of(self.site, [found]) if found is not None else {}
        return self._remembered(pacts).get(version, {})

    def contract(self, key: str) -> Contract | None:
        """A contract by its content key: of the pacts that were read so far, or a document that is kept here."""
        found = self._read.get(key)
        return found.contract if found is not None else self.beside.contract(key)

    def record_evidence(self, evidence: Evidence) -> None:
        """Keep what a run saw here, and tell the broker what it can keep of it: yes and no about a pact."""
        self.beside.record_evidence(evidence)
        told = evidence.about_a_pact and evidence.decisive and bool(evidence.provider.number)
        if evidence.provider.number:
            coverages.tell(self.site, evidence)
        pact = self._pact(evidence) if told else None
        if pact is not None:
            writing.result(self.site, evidence, pact)
        self._everything = None

    def _pact(self, evidence: Evidence) -> ServedPact | None:
        """The pact at the broker that the evidence speaks of; None when it was never published there."""
        sides = evidence.consumer, evidence.provider.pacticipant
        chosen = self._chosen.get((evidence.contract, *sides))
        if chosen is not None:
            return chosen
        known = self._read.get(evidence.contract)
        if known is not None and (known.contract.owner, known.contract.counterpart) == sides:
            return known
        names = "pacts", "provider", evidence.provider.pacticipant, "consumer", evidence.consumer
        return reading.find_published(self.site, self.site.below(*names, "pact-version", evidence.contract))

    def pacts_for_verification(self, provider: str, wish: PactSelection) -> Sequence[PactToVerify]:
        """The pacts that the broker wants the provider to verify; results go where it wants them."""
        found = selected.choose(self.site, provider, wish)
        for each in found:
            contract = each.published.contract
            self._chosen[contract.key, contract.owner, contract.counterpart] = each.published
        return found

    def reusable(self, kind: EvidenceKind, contract: str, identity: str) -> Evidence | None:
        """The latest conclusive evidence for this content and identity that this machine has seen."""
        return self.beside.reusable(kind, contract, identity)

    def coverage(self, version: Version) -> Coverage:
        """What checks of this machine saw that version answer, and what the broker was told by others."""
        return self.beside.coverage(version) | coverages.read_coverage(self.site, version)

    def facts(self) -> Facts:
        """All that a decision may rest on: what is live, what was asked for, and the newest of each pacticipant.

        Of a version that was not read in full nothing is told: it would be taken for one that needs nobody.
        """
        if self._everything is None:
            self._everything = self._all()
        return replace(self._everything, objections=tuple(self._objections.values()))

    def _all(self) -> Facts:
        environments = reading.environments(self.site)
        live = self._live(environments, environments)
        names = [str(each.get("name")) for each in reading.pacticipants(self.site)]
        some = max(1, min(HORIZON, AT_MOST // max(1, len(names))))
        newest = self.site.each(lambda name: reading.newest(self.site, name, some), names)
        found = {each.version: each for listed in newest for each in listed}
        wanted = {*(each.version for each in live), *self._asked} - found.keys()
        found = {**surveys.find_versions(self.site, wanted), **found}
        _check_known(live, found)
        named = {v: found[v] for v in {*(each.version for each in live), *self._asked} if v in found}
        read = surveys.survey(self.site, {**found, **surveys.with_changed(self.site, named)})
        return self._facts(self._without_hollow(read), environments, live, places=environments)

    def facts_about(self, versions: Collection[Version], places: Collection[str]) -> Facts:
        """The part of it on which decisions about these versions in these environments rest."""
        environments = reading.environments(self.site)
        live = self._live(environments, places)
        found = surveys.find_versions(self.site, {*versions, *(each.version for each in live)})
        _check_known(live, found)
        self._asked.update(dict.fromkeys(version for version in versions if version in found))
        # Pairs of two others say nothing about these; in several environments each may complete another's set.
        about = {version.pacticipant for version in versions} if len(places) == 1 else ()
        found = surveys.with_changed(self.site, found, about)
        read = surveys.survey(self.site, found, about=about)
        missing = [version for version in versions if version not in found]
        read = replace(self._without_hollow(read), mentioned=self._mentioned(missing))
        facts = self._facts(read, environments, live, places=places)
        if versions and not missing:
            self._object(frozenset(versions), [place for place in places if place in environments])
        return replace(facts, objections=tuple(self._objections.values()))

    def facts_of(self, places: Collection[str]) -> Facts:
        """The part of it on which every way back in these environments rests, as far back as the broker tells."""
        environments = reading.environments(self.site)
        live = self._live(environments, places)
        names = sorted({each.version.pacticipant for each in live})
        listed = self.site.each(lambda name: reading.versions_of(self.site, name)[-PAST:], names)
        wanted = {each.version for found in listed for each in found} | {each.version for each in live}
        found = surveys.find_versions(self.site, wanted)
        _check_known(live, found)
        told = self.site.each(lambda each: reading.stays(self.site, each, places), found.values())
        history = sorted((stay for each in told for stay in each), key=_order)
        there = {stay.version for stay in history} | {each.version for each in live}
        staying = {v: d for v, d in found.items() if v in there}
        read = surveys.survey(self.site, surveys.with_changed(self.site, staying))
        return self._facts(self._without_hollow(read), environments, live, tuple(history), places=places)

    def record_deployment(self, environment: str, version: Version, *, instance: str = "") -> None:
        """It now runs there instead of what ran on that instance. Raises UnknownName."""
        refusals.check_name("the application instance", instance, empty=True)
        self._declared(environment)
        writing.deployment(self.site, environment, version, instance)
        self._everything = None

    def record_undeployment(self, environment: str, pacticipant: str, *, instance: str = "") -> int:
        """It no longer runs there; how many were. Raises UnknownName."""
        self._everything = None
        gone = Live(environment=environment, version=Version(pacticipant, ""), instance=instance)
        if deleted := deletions.end_deletions(self.site, gone):
            return deleted
        environments = reading.environments(self.site)
        return writing.undeployment(self.site, environment, environments, pacticipant, instance)

    def record_release(self, environment: str, version: Version) -> None:
        """It is now supported there, beside what was. Raises UnknownName."""
        self._declared(environment)
        writing.release(self.site, environment, version)
        self._everything = None

    def record_support_ended(self, environment: str, version: Version) -> None:
        """It is no longer supported there. Raises UnknownName."""
        self._everything = None
        if deletions.end_deletions(self.site, Live(environment=environment, version=version, released=True)):
            return
        writing.support_ended(self.site, environment, reading.environments(self.site), version)

    def declare_environment(self, name: str, require: Sequence[str]) -> None:
        """Make an environment known to the broker; what a yes requires there is kept here."""
        self.beside.declare_environment(name, require)
        if name not in reading.environments(self.site):
            writing.environment(self.site, name)
        self._everything = None

    def close(self) -> None:
        """Let go of the connections and of the file beside."""
        self.site.close()
        self.beside.close()

    def _declared(self, environment: str) -> None:
        """An environment that the manifest describes is made at the broker when something first comes there."""
        known = reading.environments(self.site)
        if environment in known:
            return
        if environment not in self.policies:
            raise refusals.unknown_environment(environment, known)
        writing.environment(self.site, environment)

    def _live(self, environments: Mapping[str, Document], places: Collection[str]) -> tuple[Live, ...]:
        wanted = [(name, each) for name, each in environments.items() if name in places]
        found = self.site.each(lambda pair: reading.live(self.site, *pair), wanted)
        return tuple(sorted(each for part in found for each in part))

    def _mentioned(self, missing: Collection[Version]) -> tuple[Version, ...]:
        """For versions that nobody knows: what could have been meant."""
        if not missing:
            return ()
        names = [str(each.get("name")) for each in reading.pacticipants(self.site)]
        numbered = [each for name in {v.pacticipant for v in missing} for each in self._numbers(name)]
        latest = {version.pacticipant for version in numbered}
        meant = (*numbered, *(Version(name, "") for name in names if name not in latest))
        return tuple(version for version in meant if version not in missing)

    def _numbers(self, name: str) -> list[Version]:
        return [each.version for each in reading.versions_of(self.site, name)]

    def _object(self, candidates: frozenset[Version], places: Sequence[str]) -> None:
        for place in places:
            text = results.objection(self.site, candidates, place)
            self._objections.pop((candidates, place), None)
            if text:
                said = Objection(candidates=candidates, environment=place, text=text)
                self._objections[candidates, place] = said

    def _without_hollow(self, read: Survey) -> Survey:
        """Versions of which the broker keeps no contract may have given results, or need what others needed."""
        gave = {each.provider for each in read.evidence}
        here = self.beside.facts().versions
        known = {v for v, k in here.items() if k.artifacts or k.openapi}
        told = {*read.pacts, *read.unread, *gave, *known}
        bare = [version for version in read.described if version not in told]
        return surveys.filled_up(self.site, read, bare) if bare else read

    def _facts(
        self,
        read: Survey,
        environments: Mapping[str, Document],
        live: tuple[Live, ...],
        history: tuple[DeploymentRecord, ...] = (),
        *,
        places: Collection[str],
    ) -> Facts:
        self._remembered(read.pacts)
        here = self.beside.facts()
        told = Facts(
            versions=merging.merged_versions(read.versions(), here),
            evidence=merging.merged_evidence(read.evidence, here.evidence),
            live=live,
            environments={name: self._policy(name, here) for name in (*environments, *self.policies)},
            history=history,
            seen=here.seen,
            statements=partial(_find_statement, read.stated, trusted=self.trust_claims) if read.stated else None,
        )
        return laid_over(told, deletions.read_traces(self.site), places)

    def _policy(self, name: str, here: Facts) -> tuple[str, ...]:
        return self.policies.get(name) or here.environments.get(name, DEFAULT_POLICY)

    def _remembered(
        self, pacts: Mapping[Version, Mapping[str, ServedPact]]
    ) -> Mapping[Version, Mapping[str, ServedPact]]:
        for found in pacts.values():
            for each in found.values():
                self._read.setdefault(each.contract.key, each)
                self._read.setdefault(each.sha, each)
        return pacts


def _find_statement(
    rows: Mapping[tuple[str, Version], ResultRow], contract: str, provider: Version, *, trusted: bool
) -> Stated | None:
    row = rows.get((contract, provider))
    return None if row is None else results.statement_of_row(row, trusted=trusted)


def _order(stay: DeploymentRecord) -> tuple[str, str]:
    """Oldest first; a broker tells seconds, and what ended was there before what did not."""
    return stay.since, stay.until or "~"


def _check_known(live: Collection[Live], found: Mapping[Version, DescribedVersion]) -> None:
    """What is live must be known: of a version that cannot be read nobody could say what it needs."""
    for each in live:
        if each.version not in found:
            raise BrokerSilent(
                f"{each.version} is live in {each.environment}, and the broker does not know that version",
                hint="somebody may just be deleting it: ask again",
            )
