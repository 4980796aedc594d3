"""A ledger that works and forgets; held to the same tests as the ones that remember."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from harness.comparison.backing import backed_verdict
from harness.comparison.coverage import Coverage
from harness.comparison.diff import read_document
from harness.comparison.pact_fit import compare
from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_merging import put_together
from harness.contracts.pact_reader import read_pact
from harness.errors import IdentityConflict, Problem
from harness.evidence import DeploymentRecord, Evidence, EvidenceKind, Facts, Known, KnownBuild, Live, Stated
from harness.identity import Version
from harness.ledger import refusals
from harness.ledger.db.evidence import check as check_evidence
from harness.ports import Publication
from harness.verdicts import Cause, Verdict

Slot = tuple[ContractKind, str]


@dataclass(slots=True)
class Build:
    """What one runtime built under a version number."""

    artifact: str = ""
    since: str = ""
    untraced: tuple[str, ...] = ()
    descriptor: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Record:
    """One version, as it is remembered."""

    known: Known
    builds: dict[str, list[Build]] = field(default_factory=dict)  # by runtime, oldest first
    contracts: dict[Slot, tuple[Contract, str]] = field(default_factory=dict)


@dataclass(slots=True)
class MemoryLedger:
    """The ledger port on plain dictionaries."""

    records: dict[Version, Record] = field(default_factory=dict)
    seen: list[Evidence] = field(default_factory=list)
    environments: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"test": ("pacts",), "production": ("pacts",)}
    )
    deployed: dict[tuple[str, str, str], Version] = field(default_factory=dict)
    released: dict[tuple[str, Version], None] = field(default_factory=dict)
    history: list[DeploymentRecord] = field(default_factory=list)
    held: dict[Version, tuple[Contract, bool | None]] = field(default_factory=dict)  # provider contracts
    ticks: Any = field(default_factory=count)

    def now(self) -> str:
        return f"2026-01-01T00:00:{next(self.ticks):06d}Z"

    def _mention(self, version: Version) -> Record:
        refusals.check_version(version)
        return self.records.setdefault(version, Record(Known(version=version)))

    def record_version(
        self,
        known: Known,
        *,
        runtime: str = "",
        descriptor: Mapping[str, Any] | None = None,
        another_build: bool = False,
    ) -> None:
        artifact = refusals.one_build(known.version, known.artifacts)
        refusals.check_name("the runtime", runtime, empty=True)
        told = {"branch": known.branch, "commit": known.commit, "build_url": known.build_url}
        for name, value in told.items():
            refusals.check_name(f"the {name} of {known.version}", value, empty=True)
        refusals.check_version(known.version)
        there = self.records.get(known.version)
        builds = there.builds.get(runtime, []) if there else []
        same = [b for b in builds if b.artifact == artifact] or [b for b in builds if not b.artifact]
        others = [b for b in builds if b.artifact]
        if artifact and others and not same and not another_build:
            raise refusals.other_build(known.version, runtime, (others[-1].artifact, others[-1].since), artifact)
        record = self._mention(known.version)
        news: dict[str, Any] = {name: value for name, value in told.items() if value}
        record.known = replace(record.known, **news)
        if artifact or descriptor is not None:
            kept = record.builds.setdefault(runtime, [])
            build = (same or ([] if artifact else others) or [Build(since="")])[-1]
            if build not in kept:
                kept.append(build)
            build.since = build.since if build.artifact else self.now()
            build.artifact = artifact or build.artifact
            build.descriptor = build.descriptor if descriptor is None else descriptor
            build.untraced = known.untraced or build.untraced

    def descriptor(self, version: Version, runtime: str = "") -> Mapping[str, Any] | None:
        record = self.records.get(version)
        builds = record.builds.get(runtime, []) if record else []
        return next((b.descriptor for b in reversed(builds) if b.descriptor is not None), None)

    def publish(
        self, version: Version, contracts: Sequence[Contract], *, merge: bool = False
    ) -> Sequence[Publication]:
        refusals.check_version(version)
        refusals.check_contracts(version, contracts)
        there = self.records[version].contracts if version in self.records else {}
        conflicts: list[Problem] = []
        for contract in contracts:
            before, since = there.get((contract.kind, contract.counterpart), (contract, ""))
            if before.key != contract.key:
                conflicts += refusals.conflicts(version, before, contract, since, merge=merge)
        if conflicts:
            raise IdentityConflict(*conflicts)
        record = self._mention(version)
        return [self._publish_one(record, contract) for contract in contracts]

    def _publish_one(self, record: Record, contract: Contract) -> Publication:
        slot = contract.kind, contract.counterpart
        created = slot not in record.contracts
        merged = not created and record.contracts[slot][0].key != contract.key
        if created:
            record.contracts[slot] = replace(contract, place=""), self.now()
        elif merged:
            contract = put_together(record.contracts[slot][0], contract)
            record.contracts[slot] = replace(contract, place=""), self.now()
        return Publication(
            contract=contract,
            merged=merged,
            version=record.known.version,
            created=created,
            previous=self._previous(record.known.version, slot),
        )

    def _previous(self, version: Version, slot: Slot) -> str:
        previous = ""
        for other, record in self.records.items():
            if other == version:
                break
            if other.pacticipant == version.pacticipant and slot in record.contracts:
                previous = record.contracts[slot][0].key
        return previous

    def hold_to_document(self, version: Version, document: Contract, *, own_tests: bool | None) -> None:
        self._mention(version)
        self.held[version] = document, own_tests

    def _stated(self, key: str, provider: Version) -> Stated | None:
        pact, (document, own_tests) = self.contract(key), self.held.get(provider, (None, None))
        if pact is None or document is None:
            return None
        if own_tests is False:
            because = "the provider's own tests did not hold it to its document"
            return Stated(verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE, because=because)
        found = compare(read_pact(pact.text, ""), read_document(document.text.encode(), ""))
        told = backed_verdict(found, self.coverage(provider))
        return Stated(verdict=told.verdict, cause=told.cause, because=told.because)

    def contract(self, key: str) -> Contract | None:
        kept = [each for record in self.records.values() for each in record.contracts.values()]
        matching = sorted((since, contract.text) for contract, since in kept if contract.key == key)
        by_text = {contract.text: contract for contract, _ in kept if contract.key == key}
        return by_text[matching[0][1]] if matching else None

    def record_evidence(self, evidence: Evidence) -> None:
        check_evidence(evidence)
        if evidence.provider.number:
            self._mention(evidence.provider)
        self.seen.append(evidence)

    def reusable(self, kind: EvidenceKind, contract: str, identity: str) -> Evidence | None:
        if not contract or not identity:
            return None
        for each in reversed(self.seen):
            if (each.kind, each.contract, each.identity) == (kind, contract, identity) and each.decisive:
                return each if each.conclusive else None
        return None

    def coverage(self, version: Version) -> Coverage:
        """By the same rule as a matrix: by what was built where it is known, else by the name."""
        of_runtimes = self.records[version].builds.values() if version in self.records else ()
        built = {b.artifact for builds in of_runtimes for b in builds}
        built.discard("")
        return Coverage.of(
            covered
            for each in self.seen
            if each.provider.pacticipant == version.pacticipant
            and (each.artifact in built if each.artifact and built else each.provider == version)
            for result in each.results
            if result.verdict is Verdict.PASSED
            for covered in result.covered
            if covered.service in ("", version.pacticipant)
        )

    def facts(self) -> Facts:
        live = [
            Live(
                environment=stay.environment,
                version=stay.version,
                instance=stay.instance,
                released=stay.released,
                since=stay.since,
            )
            for stay in self.history
            if not stay.until
        ]
        return Facts(
            versions={version: _known(record) for version, record in self.records.items()},
            evidence=tuple(replace(each, results=(), findings=()) for each in self.seen),
            live=tuple(sorted(live)),
            environments=dict(self.environments),
            history=tuple(self.history),
            statements=self._stated if self.held else None,
        )

    def facts_about(self, versions: Collection[Version], places: Collection[str]) -> Facts:
        facts = self.facts()
        return replace(facts, live=tuple(each for each in facts.live if each.environment in places))

    def facts_of(self, places: Collection[str]) -> Facts:
        facts = self.facts_about((), places)
        return replace(facts, history=tuple(each for each in facts.history if each.environment in places))

    def _begin(self, stay: DeploymentRecord) -> None:
        self.history.append(replace(stay, since=self.now()))

    def _end(self, environment: str, pacticipant: str, instance: str, *, number: str = "") -> None:
        """End the open stays of that slot; with a number, the release of that version."""
        for position, stay in enumerate(self.history):
            slot = stay.environment, stay.version.pacticipant, stay.instance
            same = stay.version.number == number if number else True
            if slot == (environment, pacticipant, instance) and same and stay.released == bool(number):
                self.history[position] = replace(stay, until=stay.until or self.now())

    def _there(self, environment: str, pacticipant: str) -> None:
        if environment not in self.environments:
            raise refusals.unknown_environment(environment, self.environments)
        names = {version.pacticipant for version in self.records}
        if pacticipant not in names:
            raise refusals.unknown_pacticipant(pacticipant, names)

    def _numbers(self, pacticipant: str) -> list[str]:
        return [v.number for v in reversed(self.records) if v.pacticipant == pacticipant]

    def _known_there(self, environment: str, version: Version) -> None:
        self._there(environment, version.pacticipant)
        if version not in self.records:
            raise refusals.unknown_version(version, self._numbers(version.pacticipant))

    def record_deployment(self, environment: str, version: Version, *, instance: str = "") -> None:
        refusals.check_name("the application instance", instance, empty=True)
        self._known_there(environment, version)
        if self.deployed.get((environment, version.pacticipant, instance)) == version:
            return
        self._end(environment, version.pacticipant, instance)
        self.deployed[environment, version.pacticipant, instance] = version
        self._begin(DeploymentRecord(environment=environment, version=version, instance=instance))

    def record_undeployment(self, environment: str, pacticipant: str, *, instance: str = "") -> int:
        self._there(environment, pacticipant)
        if (environment, pacticipant, instance) not in self.deployed:
            others = [i for e, p, i in self.deployed if (e, p) == (environment, pacticipant)]
            raise refusals.not_deployed(environment, pacticipant, instance, others)
        del self.deployed[environment, pacticipant, instance]
        self._end(environment, pacticipant, instance)
        return 1

    def record_release(self, environment: str, version: Version) -> None:
        self._known_there(environment, version)
        if (environment, version) not in self.released:
            self._begin(DeploymentRecord(environment=environment, version=version, released=True))
        self.released[environment, version] = None

    def record_support_ended(self, environment: str, version: Version) -> None:
        self._known_there(environment, version)
        if (environment, version) not in self.released:
            there = [
                v.number for e, v in self.released if e == environment and v.pacticipant == version.pacticipant
            ]
            raise refusals.not_released(environment, version, there)
        del self.released[environment, version]
        self._end(environment, version.pacticipant, "", number=version.number)

    def declare_environment(self, name: str, require: Sequence[str]) -> None:
        refusals.check_name("the environment", name)
        self.environments[name] = refusals.check_policy(require)

    def close(self) -> None:
        """Nothing to let go of."""


def _known(record: Record) -> Known:
    contracts = [contract for contract, _ in record.contracts.values()]
    return replace(
        record.known,
        artifacts=frozenset(b.artifact for builds in record.builds.values() for b in builds if b.artifact),
        builds=tuple(
            KnownBuild(artifact=b.artifact, runtime=runtime, since=b.since, untraced=b.untraced)
            for runtime, builds in record.builds.items()
            for b in builds
            if b.artifact
        ),
        untraced=next((b.untraced for bs in record.builds.values() for b in reversed(bs) if b.untraced), ()),
        pacts={c.counterpart: c.key for c in contracts if c.kind is ContractKind.PACT},
        openapi=next((c.key for c in contracts if c.kind is ContractKind.OPENAPI), ""),
    )
