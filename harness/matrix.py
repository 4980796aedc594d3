"""All that is known, as plain facts, and the verdict for one pair of versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.identity import Version
from harness.verdicts import Cause, Exercised, Finding, Verdict


class EvidenceKind(StrEnum):
    """The kinds of evidence that a gate policy can require."""

    PACTS = "pacts"  # a consumer's pact, verified on the running provider
    PROPERTIES = "properties"  # a provider's own OpenAPI document, exercised on it
    CONSUMERS = "consumers"  # the suite that writes the pacts
    INTEGRATION = "integration"  # the user's tests against the whole running system


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
    results: tuple[Exercised, ...] = ()  # empty in `Facts`: ask the ledger for them
    findings: tuple[Finding, ...] = ()  # empty in `Facts`: ask the ledger for them

    @property
    def conclusive(self) -> bool:
        """True for a complete FAILED, and for a PASSED that kept every promise: only these are reused."""
        if not self.complete:
            return False
        kept_all = 0 < self.promised <= self.exercised  # a claim to be complete is not believed by itself
        return self.verdict is Verdict.FAILED or (self.verdict is Verdict.PASSED and kept_all)

    @property
    def decisive(self) -> bool:
        """True when it decides: conclusive, or a promise was seen broken though the rest was cut."""
        return self.conclusive or self.verdict is Verdict.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one version of one pacticipant."""

    version: Version
    artifacts: frozenset[str] = frozenset()  # one per runtime that built it
    pacts: Mapping[str, str] = field(default_factory=dict)  # provider to content key
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
class Stay:
    """One version's time in one environment, from its deployment or release to its end."""

    environment: str
    version: Version
    instance: str = ""
    released: bool = False
    since: str = ""  # ISO 8601, UTC
    until: str = ""  # "" while it is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision may rest on; evidence is oldest first."""

    versions: Mapping[Version, Known] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    live: tuple[Live, ...] = ()
    environments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name to required kinds
    history: tuple[Stay, ...] = ()  # every stay anywhere, ended or not, oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What is known of one promise document on one provider version."""

    verdict: Verdict
    cause: Cause | None = None
    evidence: Evidence | None = None  # the one that decides
    flaky: bool = False  # complete results for one run identity disagree


def judge(facts: Facts, kind: EvidenceKind, contract: str, provider: Version) -> Cell:
    """The standing verdict of a promise document on a provider version.

    The latest decisive evidence stands, per artifact; where several artifacts carry one version number
    (two runtimes), the worst of them. Without a content key nothing is known of any content.
    """
    relevant = [
        e
        for e in facts.evidence
        if contract and e.kind is kind and e.contract == contract and _ran(facts, e, provider)
    ]
    latest = {e.artifact: e for e in relevant if e.decisive}
    if not latest:
        last = relevant[-1] if relevant else None
        return Cell(verdict=Verdict.UNKNOWN, cause=(last and last.cause) or Cause.NOT_VERIFIED, evidence=last)
    deciding = max(latest.values(), key=lambda e: e.verdict)
    return Cell(
        verdict=deciding.verdict,
        cause=deciding.cause or (Cause.BROKEN_PROMISE if deciding.verdict is Verdict.FAILED else None),
        evidence=deciding,
        flaky=_disagree(relevant),
    )


def _ran(facts: Facts, evidence: Evidence, provider: Version) -> bool:
    """Whether the evidence speaks of this provider version: by what was built, else by its name."""
    known = facts.versions.get(provider)
    built = known.artifacts if known else frozenset()
    if evidence.artifact and built:
        same = evidence.provider.pacticipant == provider.pacticipant and evidence.artifact in built
        # Another build that once had this number cannot open the gate for it, but what it broke still counts.
        return same or (evidence.provider == provider and evidence.verdict is Verdict.FAILED)
    return evidence.provider == provider


def stands(facts: Facts, evidence: Evidence) -> bool:
    """Whether nothing later speaks of the same contract on the same artifact of the same provider."""
    same = [
        e
        for e in facts.evidence
        if e.decisive
        and (e.kind, e.contract, e.artifact) == (evidence.kind, evidence.contract, evidence.artifact)
        and e.provider == evidence.provider
    ]
    return bool(same) and (same[-1].identity, same[-1].verdict) == (evidence.identity, evidence.verdict)


def _disagree(evidence: list[Evidence]) -> bool:
    seen: dict[str, set[Verdict]] = {}
    for each in evidence:
        if each.conclusive and each.identity:
            seen.setdefault(each.identity, set()).add(each.verdict)
    return any(len(verdicts) > 1 for verdicts in seen.values())
