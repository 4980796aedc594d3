"""What the inside needs of the world; each port has a working fake that passes the same tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.contracts.document import Contract
from harness.identity import Version
from harness.services.system import Resource, Service

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from contextlib import AbstractContextManager

    from harness.comparison.coverage import Coverage
    from harness.evidence import Evidence, EvidenceKind, Facts, Known
    from harness.services.trust import Trust
    from harness.verdicts import Exchange

Unit = Service | Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One address of a running instance, seen from two sides."""

    name: str
    url: str  # as the harness reaches it: "http://127.0.0.1:32768", "postgresql://…"
    inside: str  # as the other instances of the run reach it: "http://catalog:8000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One running version of one service or resource; several versions may run at once."""

    name: str
    version: str
    slot: str = ""  # tells apart two instances of one service
    endpoints: tuple[Endpoint, ...]  # the first is the main one
    artifact: str = ""  # what was built; "" when it cannot be known
    handle: str = ""  # how its runtime knows it: a container id, a process id

    @property
    def url(self) -> str:
        """The main address, as the harness reaches it."""
        return self.endpoints[0].url if self.endpoints else ""

    @property
    def inside(self) -> str:
        """The main address, as other instances reach it."""
        return self.endpoints[0].inside if self.endpoints else ""


Tell = Callable[[str], None]  # takes a line about what is being done


def silent(step: str) -> None:
    """Nobody wants to know."""
    del step


class Session(Protocol):
    """One started system; leaving its context stops everything that it started."""

    def prepare(self, unit: Unit, tell: Tell = silent) -> None:
        """Build or pull what the unit needs; may take minutes, so each step is told. Raises ServiceDidNotStart."""
        del unit, tell

    def start(self, unit: Unit, peers: Mapping[str, Instance], slot: str = "") -> Instance:
        """Start the unit and wait until it is ready; peers give the values of `${NAME.url}`.

        Raises ServiceDidNotStart with the end of the log, after removing what it started.
        """
        ...

    def cancel(self) -> None:
        """Give up every prepare and start that is in progress, and begin no other; from any thread, at once."""
        return  # what starts at once need not be given up

    def stop(self, instance: Instance) -> None:
        """Stop one instance; stopping twice is harmless."""

    def alive(self, instance: Instance) -> bool:
        """Whether it still runs."""
        ...

    def log_tail(self, instance: Instance, lines: int = 40) -> tuple[str, ...]:
        """The last lines that it wrote."""
        del instance, lines
        return ()

    def log_position(self, instance: Instance) -> float:
        """Where its log stands now."""
        del instance
        return 0.0

    def log_between(self, instance: Instance, begin: float, end: float | None = None) -> tuple[str, ...]:
        """The last lines that it wrote between two positions; without an end, until now."""
        del instance, begin, end
        return ()

    def listening(self, instance: Instance) -> tuple[str, ...]:
        """Where it accepts connections, as it says inside: "127.0.0.1:8000"; empty where that cannot be seen."""
        del instance
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeOf:
    """What decides what a unit does, as far as it lies in files of this machine."""

    files: tuple[Path, ...] = ()
    unknown: tuple[str, ...] = ()  # why something of it cannot be known


class Runtime(Protocol):
    """A way to have services running; what a subclass leaves out claims nothing, so that nothing rests on it."""

    @property
    def name(self) -> str:
        """What `--runtime` calls it."""
        ...

    @property
    def in_containers(self) -> bool:
        """Whether what the manifest says of containers alone (mounted files and the like) has an effect."""
        return False

    def artifact(self, unit: Unit) -> str:
        """What would be started, by its content, before anything is built or started; "" where nobody can know."""
        del unit
        return ""

    def to_build(self, unit: Unit) -> bool:
        """Whether its `build-command` would run before it starts: something of it has changed."""
        del unit
        return False

    def build(self, unit: Unit, tell: Tell = silent) -> None:
        """Run its `build-command`, where something of it has changed. Raises ServiceDidNotStart."""
        del unit, tell

    def made_of(self, unit: Unit) -> MadeOf:
        """The files that the identity was made of, and why it may not be known."""
        del unit
        return MadeOf()

    def touched(self) -> Mapping[Path, str]:
        """Files in services' own folders that appeared or changed while they ran; to the service's name."""
        return {}

    def killed(self) -> Mapping[str, float]:
        """Units that did not go when they were asked to, and were made to; to the seconds that they had."""
        return {}

    def session(self, run: str, *, keep: bool = False) -> AbstractContextManager[Session]:
        """A place to start things for one run; `keep` leaves them running when the context ends."""
        ...

    def sweep(self) -> int:
        """Remove what dead runs left behind (not what was marked to keep); how many things it removed."""
        return 0

    def down(self) -> int:
        """Stop what `harness up` marked to keep; how many things it stopped."""
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where a runtime works, and how."""

    root: Path  # the manifest's folder
    environ: Mapping[str, str] = field(repr=False)
    apart: tuple[Path, ...] = ()  # files and folders that are no part of what a service is, wherever they lie
    fresh: bool = False  # build anew, whether or not anything has changed


def _serves_anywhere(environ: Mapping[str, str]) -> str:
    del environ
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeKind:
    """A way to have services running, as `--runtime KEY` asks for it."""

    key: str
    make: Callable[[Workspace], Runtime]  # called only where it is to serve, so it may import much
    why_not: Callable[[Mapping[str, str]], str] = _serves_anywhere  # why it cannot serve here; "" when it can
    remedy: str = ""  # what makes that it can
    automatic: bool = False  # whether `--runtime auto` may take it: the first such that can serve
    instead: str = ""  # what is said when it serves instead of another: "running services as local processes"
    required: str = ""  # the variable that with the value 1 makes `auto` take this one or none


class ProviderStates(Protocol):
    """How one running provider is put into the states that consumers name."""

    def names(self) -> frozenset[str] | None:
        """All states that the provider knows; None when it cannot say."""

    def set_up(self, state: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put the provider into a state; values for generators come back. Raises StateMissing, StateFailed."""

    def tear_down(self, state: str, params: Mapping[str, Any]) -> None:
        """Undo a state. Raises StateFailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactExchange:
    """One exchange as the service saw it, nothing redacted: for judges, never to be shown or kept."""

    method: str
    target: str  # path and query as they were sent, without the path of the service's own address
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes | None  # None: too large to be remembered
    status: int = 0  # 0: no answer came
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: bytes | None = b""
    trouble: str = ""  # why the answer is not whole: it broke off, did not come in time, is no HTTP
    late: bool = False  # the time for the answer ran out


class Recording(Protocol):
    """A proxy that is listening."""

    @property
    def url(self) -> str:
        """Where to send requests instead of to the service itself."""

    def exchanges(self, tag: str = "") -> Sequence[Exchange]:
        """What went through so far, oldest first; with a tag, only what carried it in TAG_HEADER."""

    def exact(self, tag: str) -> Sequence[ExactExchange]:
        """The same exchanges with that tag, for those who judge them."""


class Recorder(Protocol):
    """Puts a recording proxy on one edge of the service graph."""

    def record(
        self,
        upstream: str,
        *,
        headers: Mapping[str, str] | None = None,
        within: float | None = None,
        trust: Trust | None = None,
    ) -> AbstractContextManager[Recording]:
        """Listen, forward to upstream with these headers set, remember each exchange, redact secrets.

        `within`: seconds that the service has for an answer, where the usual ones are too few; `trust`: which
        certificate of it is believed.
        """


TAG_HEADER = "X-Contract-Harness-Tag"  # names one interaction; the recorder strips it before forwarding


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> str:
        """The time of day, ISO 8601, UTC."""

    def seconds(self) -> float:
        """A monotonic time in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What became of one published contract."""

    contract: Contract
    version: Version
    created: bool  # False: this version had published a pact or document there already
    merged: bool = False  # the contract is a part, put together with what was there
    previous: str = ""  # content key of what the pacticipant's version before had


class Ledger(Protocol):
    """The memory of the system; nothing it acknowledged is lost."""

    def record_version(
        self,
        known: Known,
        *,
        runtime: str = "",
        descriptor: Mapping[str, Any] | None = None,
        another_build: bool = False,
    ) -> None:
        """Remember a version and with what it can be started again.

        Raises IdentityConflict for a second build by one runtime, unless that is what is to be kept.
        """

    def descriptor(self, version: Version, runtime: str = "") -> Mapping[str, Any] | None:
        """With what that runtime can start the version again, when it was told."""

    def publish(
        self, version: Version, contracts: Sequence[Contract], *, merge: bool = False
    ) -> Sequence[Publication]:
        """Keep contracts under a version, all or none; with `merge`, parts of a pact beside those that are there.

        Raises IdentityConflict for other content, or for parts that contradict each other.
        """

    def hold_to_document(self, version: Version, document: Contract, *, own_tests: bool | None) -> None:
        """Make a published document a provider contract: it decides about pacts that nobody has run.

        `own_tests`: whether the provider's own tests held it to its document; None says nothing.
        """

    def contract(self, key: str) -> Contract | None:
        """A contract by its content key."""

    def record_evidence(self, evidence: Evidence) -> None:
        """Keep what a run saw; earlier evidence stays."""

    def reusable(self, kind: EvidenceKind, contract: str, identity: str) -> Evidence | None:
        """The latest conclusive evidence for this content and identity, with its results and findings."""

    def coverage(self, version: Version) -> Coverage:
        """What checks of ours saw a running provider of this version answer; operations as they were asked."""

    def facts(self) -> Facts:
        """All that a decision may rest on."""

    def facts_about(self, versions: Collection[Version], places: Collection[str]) -> Facts:
        """The part of it on which decisions about these versions in these environments rest."""

    def facts_of(self, places: Collection[str]) -> Facts:
        """The part of it on which every way back in these environments rests, history included."""

    def record_deployment(self, environment: str, version: Version, *, instance: str = "") -> None:
        """It now runs there instead of what ran on that instance. Raises UnknownName."""

    def record_undeployment(self, environment: str, pacticipant: str, *, instance: str = "") -> int:
        """It no longer runs there; how many were. Raises UnknownName."""

    def record_release(self, environment: str, version: Version) -> None:
        """It is now supported there, beside what was. Raises UnknownName."""

    def record_support_ended(self, environment: str, version: Version) -> None:
        """It is no longer supported there. Raises UnknownName."""

    def declare_environment(self, name: str, require: Sequence[str]) -> None:
        """Make an environment known, with the kinds of evidence that a yes requires there."""
