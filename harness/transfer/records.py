"""What is copied, one value for each thing that a broker keeps; secrets are not among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness import identity
from harness.ledger.deletions import Trace
from harness.verdicts import Deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEnvironment:
    """Where versions are deployed or released."""

    kind: Literal["environment"] = "environment"
    name: str
    display_name: str = ""
    production: bool = False
    contacts: list[Any] | None = None
    require: tuple[str, ...] = ()  # the kinds of evidence that a yes requires there; () is not told
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedPacticipant:
    """One service, with what people said of it."""

    kind: Literal["pacticipant"] = "pacticipant"
    name: str
    display_name: str = ""
    main_branch: str = ""
    repository_url: str = ""
    repository_name: str = ""
    repository_namespace: str = ""
    labels: tuple[str, ...] = ()
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedVersion:
    """One version, in the order of the first mention within its pacticipant."""

    kind: Literal["version"] = "version"
    pacticipant: str
    number: str
    build_url: str = ""
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedBranch:
    """Which version is the head of a branch; not always the newest."""

    kind: Literal["branch"] = "branch"
    pacticipant: str
    name: str
    head: str = ""
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedBuild:
    """What a version number stands for; only a ledger of ours tells."""

    kind: Literal["build"] = "build"
    pacticipant: str
    number: str
    runtime: str
    artifact: str = ""
    descriptor: dict[str, Any] | None = None  # with what it can be started again
    untraced: tuple[str, ...] = ()  # files that ran and that no commit holds
    first_seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedContent:
    """The content of a pact, once for all versions that published it."""

    kind: Literal["content"] = "content"
    consumer: str
    provider: str
    key: str  # ours
    sha: str  # what the other broker calls it
    text: str  # JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedPact:
    """Which content a version published for a provider."""

    kind: Literal["pact"] = "pact"
    consumer: str
    number: str
    provider: str
    key: str
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedDocument:
    """The OpenAPI document of a provider's version."""

    kind: Literal["document"] = "document"
    provider: str
    number: str
    key: str  # ours
    text: str  # JSON
    source: str = ""  # as it was sent, in base64; "" when that is not kept
    source_type: str = ""
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedClaim:
    """What a provider's version says of itself and its document."""

    kind: Literal["claim"] = "claim"
    provider: str
    number: str
    success: bool | None  # None: only that it is held to its document
    content: str | None = None  # in base64
    content_type: str | None = None
    format: str | None = None
    verifier: str | None = None
    verifier_version: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEvidence:
    """What a run saw, in full; of a broker that shows its results only, what it says was covered."""

    kind: Literal["evidence"] = "evidence"
    of: str  # "pacts", "properties", "integration"
    contract: str = ""
    consumer: str = ""
    provider: str
    number: str = ""
    artifact: str = ""
    identity: str = ""
    verdict: str
    cause: str | None = None
    because: str = ""
    promised: int = 0
    exercised: int = 0
    complete: bool = False
    run: str = ""
    at: str = ""
    seconds: float = 0.0
    details: str = ""  # JSON: results and findings


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedResult:
    """What a provider version's verification said of a content."""

    kind: Literal["result"] = "result"
    consumer: str
    provider: str
    key: str
    number: str  # the provider's
    success: bool
    promised: int = 0
    exercised: int = 0
    at: str = ""
    build_url: str = ""
    results: Any = None  # verbatim
    verified_by: Any = None
    wip: bool = False  # of work in progress; only a ledger of ours tells
    consumer_number: str = ""  # whose pact was fetched; only a ledger of ours tells


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedLive:
    """A version's time somewhere: it runs or is supported there now, or was."""

    kind: Literal["live"] = "live"
    environment: str
    pacticipant: str
    number: str
    instance: str = ""
    released: bool = False
    since: str = ""
    until: str = ""  # "" while it is there

    @property
    def ended(self) -> bool:
        """Whether it is there no longer."""
        return bool(self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What was deleted and that nothing has come instead of; only a ledger of ours tells."""

    kind: Literal["deletion"] = "deletion"
    pacticipant: str
    number: str
    counterpart: str = ""
    environment: str = ""
    instance: str = ""
    released: bool = False
    contract: str = ""
    at: str
    who: str

    @classmethod
    def of(cls, trace: Trace) -> Deletion:
        """As a record."""
        return cls(
            pacticipant=trace.version.pacticipant,
            number=trace.version.number,
            counterpart=trace.counterpart,
            environment=trace.environment,
            instance=trace.instance,
            released=trace.released,
            contract=trace.contract,
            at=trace.deleted.at,
            who=trace.deleted.who,
        )

    @property
    def trace(self) -> Trace:
        """What it was before it was a record."""
        return Trace(
            row=0,
            version=identity.Version(self.pacticipant, self.number),
            counterpart=self.counterpart,
            environment=self.environment,
            instance=self.instance,
            released=self.released,
            contract=self.contract,
            deleted=Deleted(at=self.at, who=self.who),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedWebhook:
    """Whom to tell of what; without its secrets."""

    kind: Literal["webhook"] = "webhook"
    uuid: str
    description: str = ""
    enabled: bool = True
    events: tuple[str, ...] = ()
    consumer_name: str = ""
    consumer_label: str = ""
    provider_name: str = ""
    provider_label: str = ""
    method: str = "POST"
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    username: str = ""
    secrets: tuple[str, ...] = ()  # what a person has to fill in again: names of headers, "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedAnswer:
    """What the other broker says about a live version in its environment: True, False, or that it cannot tell."""

    kind: Literal["answer"] = "answer"
    environment: str
    pacticipant: str
    number: str
    deployable: bool | None = None
    reason: str = ""


Record = (
    ArchivedEnvironment
    | ArchivedPacticipant
    | ArchivedVersion
    | ArchivedBranch
    | ArchivedBuild
    | ArchivedContent
    | ArchivedPact
    | ArchivedDocument
    | ArchivedClaim
    | ArchivedEvidence
    | ArchivedResult
    | ArchivedLive
    | Deletion
    | ArchivedWebhook
    | ArchivedAnswer
)

NAMED_BY: Mapping[str, tuple[str, ...]] = {  # kind to what tells two of it apart; in the order in which they refer
    "environment": ("name",),
    "pacticipant": ("name",),
    "version": ("pacticipant", "number"),
    "branch": ("pacticipant", "name"),
    "build": ("pacticipant", "number", "runtime", "artifact"),
    "content": ("consumer", "provider", "key"),
    "pact": ("consumer", "number", "provider", "key"),
    "document": ("provider", "number", "key"),
    "claim": ("provider", "number", "success", "at"),
    "evidence": (
        "of",
        "contract",
        "consumer",
        "provider",
        "number",
        "artifact",
        "identity",
        "verdict",
        "run",
        "at",
    ),
    "result": ("consumer", "provider", "key", "number", "success", "at"),
    "live": ("environment", "pacticipant", "number", "instance", "released", "ended"),
    "deletion": ("pacticipant", "number", "counterpart", "environment", "instance", "released", "contract", "at"),
    "webhook": ("uuid",),
}
KINDS = tuple(NAMED_BY)
OURS = ("build", "document", "claim", "evidence", "deletion")  # a Pact Broker has none of these
PLURALS = {
    "environment": "environments",
    "pacticipant": "pacticipants",
    "version": "versions",
    "branch": "branches",
    "build": "builds",
    "content": "pact contents",
    "pact": "published pacts",
    "document": "provider contracts",
    "claim": "self-verifications",
    "evidence": "results of runs",
    "result": "verification results",
    "live": "deployments and releases",
    "deletion": "deletions",
    "webhook": "webhooks",
}
