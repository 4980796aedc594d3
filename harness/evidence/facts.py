"""All that is known, as plain facts: versions, contracts, evidence, what is live."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter

from harness.identity import Version
from harness.verdicts import Cause, Deleted, Exercised, Finding, Verdict


class Subject(StrEnum):
    """What a kind of evidence is about, which says how it is planned, shared out and required."""

    PACT = "pact"  # one consumer's promise document on one provider
    DOCUMENT = "document"  # one service's own OpenAPI document; required where it has one
    SERVICE = "service"  # one running service, by what its manifest says of that kind
    WRITERS = "writers"  # the suite that writes the pacts: everybody who has one; it needs nothing that runs
    SYSTEM = "system"  # a suite against the whole running system: everybody in it


class EvidenceKind(StrEnum):
    """The key of a kind of evidence, as JSON, the ledger, `--only` and a gate policy have it.

    Its words and its check are its `Kind`. Plug-ins bring further ones, so any key can be read: whether somebody
    here knows it is the door's to say (`harness.plugins`).
    """

    PACTS = "pacts"  # a consumer's pact, verified on the running provider
    PROPERTIES = "properties"  # a provider's own OpenAPI document, exercised on it
    CONSUMERS = "consumers"  # the suite that writes the pacts
    INTEGRATION = "integration"  # the user's tests against the whole running system

    @classmethod
    def _missing_(cls, value: object) -> EvidenceKind | None:
        """The key of a plug-in's kind; None for what is no key at all."""
        if not isinstance(value, str) or not _KEY.fullmatch(value):
            return None
        key = str.__new__(cls, value)
        key._name_ = key._value_ = value
        members: dict[object, EvidenceKind] = cls._value2member_map_  # type: ignore[assignment]
        return members.setdefault(value, key)  # one object for each key, as flags of the standard library do it

    @property
    def subject(self) -> Subject:
        """What it is about; what a plug-in brings is about one running service."""
        return _SUBJECTS.get(self, Subject.SERVICE)

    @classmethod
    def about(cls, subject: Subject) -> EvidenceKind:
        """The built-in kind that is about that."""
        return next(kind for kind in cls if kind.subject is subject)

    @property
    def is_suite(self) -> bool:
        """Whether it is a suite of the user's own tests, which speaks of many versions at once."""
        return self.subject in {Subject.WRITERS, Subject.SYSTEM}


ALWAYS_REQUIRED = (EvidenceKind.PACTS.value,)  # whatever else a gate policy demands
_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SUBJECTS = {
    EvidenceKind.PACTS: Subject.PACT,
    EvidenceKind.PROPERTIES: Subject.DOCUMENT,
    EvidenceKind.CONSUMERS: Subject.WRITERS,
    EvidenceKind.INTEGRATION: Subject.SYSTEM,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen when one promise document met one running provider."""

    kind: EvidenceKind
    contract: str  # content key of the promise document, or of the suite's files
    consumer: str = ""  # "" unless kind is PACTS
    provider: Version
    artifact: str  # what was built; "" when it cannot be known (a foreign client, an attached service)
    identity: str  # run identity: artifact, dependencies, states, settings; "" when it cannot be known
    verdict: Verdict
    cause: Cause | None = None
    because: str = ""
    promised: int  # how many promises the document holds
    exercised: int  # how many of them got a PASSED or FAILED
    complete: bool  # nothing was cut, skipped or lost; only complete evidence is reused
    run: str  # the run that saw it
    at: str  # ISO 8601, UTC
    seconds: float = 0.0
    row: int = field(default=0, compare=False)  # where a ledger of ours keeps it; 0 anywhere else
    results: tuple[Exercised, ...] = ()  # empty in `Facts`: ask the ledger for them
    findings: tuple[Finding, ...] = ()  # empty in `Facts`: ask the ledger for them

    @property
    def about_a_pact(self) -> bool:
        """Whether a consumer's pact met its provider; only that can be told to other Pact Brokers."""
        return self.kind is EvidenceKind.PACTS

    @property
    def conclusive(self) -> bool:
        """True for a complete FAILED, and for a PASSED that kept every promise: only these are reused."""
        if not self.complete:
            return False
        # A claim to be complete is not believed by itself; of an empty pact the provider keeps all there is.
        kept_all = self.promised <= self.exercised and (self.promised > 0 or self.about_a_pact)
        return self.verdict is Verdict.FAILED or (self.verdict is Verdict.PASSED and kept_all)

    @property
    def decisive(self) -> bool:
        """True when it decides: conclusive, or a promise was seen broken though the rest was cut."""
        return self.conclusive or self.verdict is Verdict.FAILED

    def speaks_for(self, consumer: str) -> bool:
        """True when it holds for that consumer's promise of this content.

        Our own runs do not tell the provider whose pact it is; what a foreign verifier told it is not known.
        """
        return bool(self.artifact) or not self.about_a_pact or self.consumer == consumer


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBuild:
    """One build that ran under a version's number."""

    artifact: str
    runtime: str = ""
    since: str = ""  # ISO 8601, UTC
    untraced: tuple[str, ...] = ()  # files that ran in it and that no commit holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one version of one pacticipant."""

    version: Version
    artifacts: frozenset[str] = frozenset()  # every build of it, by whatever runtime
    untraced: tuple[str, ...] = ()  # files that ran and that no commit holds; () where the commit says all
    builds: tuple[KnownBuild, ...] = field(default=(), compare=False)  # the same in full, where a ledger tells it
    pacts: Mapping[str, str] = field(default_factory=dict)  # provider to content key
    lost: Mapping[str, Deleted] = field(default_factory=dict)  # providers with whom its pact was deleted
    deleted: Deleted | None = None  # the version itself, while it was live
    openapi: str = ""  # content key
    branch: str = ""
    commit: str = ""
    build_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Live:
    """One version that runs, or is supported, in one environment."""

    environment: str
    version: Version
    instance: str = ""  # the application instance; "" is the only one
    released: bool = False  # a release adds; a deployment replaces
    since: str = field(default="", compare=False)  # ISO 8601, UTC; "" when nobody said


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRecord:
    """One version's time in one environment, from its deployment or release to its end."""

    environment: str
    version: Version
    instance: str = ""
    released: bool = False
    since: str = ""  # ISO 8601, UTC
    until: str = ""  # "" while it is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """What a remote broker has against a set of candidates, in its own words."""

    candidates: frozenset[Version]
    environment: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What texts say of a pact on a provider version, and what of it was seen to be true (bi-directional)."""

    verdict: Verdict
    cause: Cause | None = None  # always set unless PASSED
    because: str  # one sentence
    claimed: bool = False  # a yes that rests on the provider's own word
    at: str = ""  # since when the document says so: ISO 8601, UTC


# The content key of a pact and a provider version; None where that version is to be verified with pacts.
Statements = Callable[[str, Version], Stated | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What is known of one promise document on one provider version."""

    verdict: Verdict
    cause: Cause | None = None
    evidence: Evidence | None = None  # the one that decides
    flaky: bool = False  # complete results for one run identity disagree
    disagreement: str = ""  # which build says otherwise, where two builds of the version disagree
    stated: Stated | None = None  # what decides where no run does

    @property
    def because(self) -> str:
        """Why it is no yes, in the words of who said so; "" where nobody gave a reason."""
        if self.verdict is Verdict.PASSED:
            return ""
        said = self.stated.because if self.stated else self.evidence.because if self.evidence else ""
        return "; ".join(each for each in (self.disagreement, said) if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision may rest on; evidence is oldest first."""

    versions: Mapping[Version, Known] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    live: tuple[Live, ...] = ()
    environments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name to required kinds
    history: tuple[DeploymentRecord, ...] = ()  # every stay anywhere, ended or not, oldest first
    objections: tuple[Objection, ...] = ()  # of a remote broker; none from a ledger of our own
    statements: Statements | None = field(default=None, repr=False, compare=False)  # asked where nothing was run
    seen: Callable[[Evidence], tuple[Finding, ...]] | None = field(default=None, repr=False, compare=False)
    _made: list[Index] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def index(self) -> Index:
        """The same facts by what decisions ask for; made when first asked."""
        if not self._made:
            self._made.append(Index(evidence=self.evidence, versions=self.versions))
        return self._made[0]


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """What was seen of one promise document on one provider, by the version and by the build that it names."""

    by_version: Mapping[Version, Sequence[tuple[int, Evidence]]]  # with their positions, oldest first
    by_artifact: Mapping[str, Sequence[tuple[int, Evidence]]]
    by_asked: Mapping[Version, Sequence[tuple[int, Evidence]]]  # what `1+changed.…` showed, by 1

    def about(self, version: Version, built: Collection[str]) -> list[Evidence]:
        """What may speak of a version, oldest first."""
        named = [*self.by_version.get(version, ()), *self.by_asked.get(version, ())]
        of_builds = [each for artifact in built for each in self.by_artifact.get(artifact, ())] if built else ()
        if not of_builds:
            return [evidence for _, evidence in sorted(named, key=itemgetter(0))]
        return [evidence for _, evidence in sorted(dict([*named, *of_builds]).items(), key=itemgetter(0))]


@dataclass(slots=True, kw_only=True)
class Index:
    """Facts by what decisions ask for; each part is made in one pass, when it is first asked for."""

    evidence: tuple[Evidence, ...]
    versions: Mapping[Version, Known]
    cells: dict[tuple[EvidenceKind, str, Version, str], Cell] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)  # contract to the position of its latest evidence
    _before: array[int] = field(default_factory=lambda: array("q"))  # position to that of the same contract before
    _told: dict[tuple[EvidenceKind, str, str], PairEvidence] = field(default_factory=dict)
    _of_service: dict[tuple[EvidenceKind, str], list[Evidence]] = field(default_factory=dict)
    _numbers: dict[str, list[Version]] = field(default_factory=dict)
    _changed: dict[Version, list[Version]] = field(default_factory=dict)
    _seen: set[Version] = field(default_factory=set)

    def told(self, kind: EvidenceKind, contract: str, provider: str) -> PairEvidence:
        """What was seen of a promise document on any version of a provider."""
        found = self._told.get((kind, contract, provider))
        if found is None:
            found = self._told[kind, contract, provider] = self._gathered(kind, contract, provider)
        return found

    def of_pact(self, contract: str, provider: str) -> PairEvidence:
        """The same of a pact."""
        return self.told(EvidenceKind.PACTS, contract, provider)

    def _gathered(self, kind: EvidenceKind, contract: str, provider: str) -> PairEvidence:
        by_version: dict[Version, list[tuple[int, Evidence]]] = {}
        by_artifact: dict[str, list[tuple[int, Evidence]]] = {}
        by_asked: dict[Version, list[tuple[int, Evidence]]] = {}
        for placed in self._of_contract(contract):
            each = placed[1]
            if each.kind is kind and each.provider.pacticipant == provider:
                by_version.setdefault(each.provider, []).append(placed)
                if (asked := each.provider.asked) != each.provider:
                    by_asked.setdefault(asked, []).append(placed)
                if each.artifact:
                    by_artifact.setdefault(each.artifact, []).append(placed)
        return PairEvidence(by_version, by_artifact, by_asked)

    def _of_contract(self, contract: str) -> Sequence[tuple[int, Evidence]]:
        """What was seen of a promise document anywhere, oldest first."""
        if len(self._before) != len(self.evidence):
            self._chain()
        found = []
        position = self._last.get(contract, -1)
        while position >= 0:
            found.append((position, self.evidence[position]))
            position = self._before[position]
        return found[::-1]

    def _chain(self) -> None:
        # Numbers, not lists: many small lists would make the garbage collector walk through all evidence.
        for position, each in enumerate(self.evidence):
            self._before.append(self._last.get(each.contract, -1))
            self._last[each.contract] = position

    def of_service(self, kind: EvidenceKind, provider: str) -> Sequence[Evidence]:
        """What was seen of that kind on any version of a provider, oldest first."""
        if not self._of_service:
            for each in self.evidence:
                self._of_service.setdefault((each.kind, each.provider.pacticipant), []).append(each)
        return self._of_service.get((kind, provider), ())

    def numbers(self, pacticipant: str, *, deleted: bool = False) -> Sequence[Version]:
        """The versions of a pacticipant in the order of their first mention; deleted ones when asked."""
        if not self._numbers:
            for version in self.versions:
                self._numbers.setdefault(version.pacticipant, []).append(version)
                if (asked := version.asked) is not version:
                    self._changed.setdefault(asked, []).append(version)
        found = self._numbers.get(pacticipant, ())
        return found if deleted else [each for each in found if self.versions[each].deleted is None]

    def changed(self, version: Version) -> Sequence[Version]:
        """What runs recorded as `NUMBER+changed.…` in a version's place, since it stood for other contracts."""
        self.numbers(version.pacticipant, deleted=True)
        return self._changed.get(version, ())

    def hollow(self, version: Version) -> bool:
        """Whether nothing is known of a version but its number: no build, no contract, no evidence."""
        known = self.versions.get(version)
        if known and (known.artifacts or known.pacts or known.openapi or known.lost or known.deleted):
            return False
        if not self._seen:
            # What was merely seen to answer speaks of no contract, and says nothing of what a version needs.
            self._seen.update(each.provider for each in self.evidence if each.contract)
        return version not in self._seen

    def needs(self, version: Version) -> Mapping[str, str]:
        """Provider to the content key of the pact with it; "" where a pact was deleted: nobody knows what it says.

        A version of which nothing is known may need whatever other versions of it needed, with key "".
        """
        known = self.versions.get(version)
        if known and (known.pacts or known.lost):
            return {**dict.fromkeys(known.lost, ""), **known.pacts} if known.lost else known.pacts
        if not self.hollow(version):
            return {}
        others = (self.versions[other] for other in self.numbers(version.pacticipant, deleted=True))
        return {provider: "" for other in others for provider in (*other.pacts, *other.lost)}
