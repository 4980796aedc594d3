"""What happens in a run, as frozen, serialisable facts; every report is a fold over them.

As JSON each event is one line with its `event` name; `read` and `write` are each other's inverse.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from harness.evidence import EvidenceKind
from harness.identity import Version, plain_value
from harness.ports import Endpoint
from harness.verdicts import Cause, Exercised, Finding, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run began; `set` is what it answers for, together."""

    run: str
    harness: str  # version of the harness
    at: str  # ISO 8601, UTC
    runtime: str  # as `--runtime` calls it
    note: str = ""  # why this runtime, in one line
    remarks: tuple[str, ...] = ()  # what the files say and has no effect here
    set: tuple[Version, ...]
    seed: int
    event: Literal["run-started"] = "run-started"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskId:
    """One promise document on one provider; a row of the matrix."""

    kind: EvidenceKind
    provider: Version  # for suites: the system's name and ""
    consumer: Version | None = None
    contract: str = ""  # content key

    def __str__(self) -> str:
        if self.consumer:
            return f"{self.consumer} needs {self.provider}"
        return f"{self.provider} {self.kind}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """What one consumer uses of one provider, by its pact."""

    consumer: Version
    provider: Version
    contract: str
    operations: tuple[str, ...]  # "GET /orders/7": method and path as the pact has them
    interactions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What will be run, what is answered by earlier evidence, and who uses whom."""

    tasks: tuple[TaskId, ...]
    reused: tuple[TaskId, ...]
    starts: tuple[str, ...]  # services and resources that will be started
    uses: tuple[Uses, ...] = ()
    event: Literal["planned"] = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A pact was held against its provider's document, before anything was started; no evidence, a forecast."""

    task: TaskId
    verdict: Verdict  # FAILED: what the document says and what the pact needs cannot both be
    because: str = ""
    errors: tuple[str, ...] = ()  # everything that does not fit
    event: Literal["compared"] = "compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePreparing:
    """An image is being built or pulled, or a process prepared."""

    name: str
    version: str
    event: Literal["service-preparing"] = "service-preparing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStep:
    """What is being done to build or pull its image, now and then: the latest line of it."""

    name: str
    version: str
    text: str
    event: Literal["service-step"] = "service-step"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarting:
    """It was started and is not yet ready."""

    name: str
    version: str
    prepared: float = 0.0  # seconds that building or pulling its image took
    event: Literal["service-starting"] = "service-starting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReady:
    """It answers."""

    name: str
    version: str
    slot: str = ""
    endpoints: tuple[Endpoint, ...]
    seconds: float
    prepared: float = 0.0  # seconds that building or pulling its image took, before these
    proven: bool = True  # False: nothing says when it is ready; it runs, and that is all
    event: Literal["service-ready"] = "service-ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFailed:
    """It did not come up; nothing that needs it can be checked."""

    name: str
    version: str
    because: str
    log_tail: tuple[str, ...] = ()
    resolve: str = ""  # the command that resolves it; "" where starting it again shows more
    event: Literal["service-failed"] = "service-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Something that changes no verdict, and that who trusts this run should know."""

    about: str  # the service or suite
    text: str  # in one or two sentences, with what resolves it
    event: Literal["noticed"] = "noticed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStarted:
    """A task began."""

    task: TaskId
    promised: int  # how many promises it is to exercise; 0 when only the check itself can tell
    event: Literal["check-started"] = "check-started"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseExercised:
    """One promise of a task was tried."""

    task: TaskId
    exercised: Exercised
    event: Literal["promise-exercised"] = "promise-exercised"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFound:
    """A promise is broken; who is hit by it and who is not."""

    task: TaskId
    finding: Finding
    accepted: bool = False  # the manifest says to live with this code
    hits: tuple[Version, ...] = ()  # consumers that use what broke
    spares: tuple[Version, ...] = ()  # consumers of the same provider that do not
    event: Literal["check-found"] = "check-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinished:
    """A task has its verdict; `reused` tells that earlier evidence of equal content answered it."""

    task: TaskId
    verdict: Verdict
    cause: Cause | None = None
    because: str = ""
    promised: int
    exercised: int
    seconds: float
    reused: str = ""  # the run that saw it; "" when it was this one
    flaky: bool = False
    lost: str = ""  # the service that did not start, where that is the cause
    event: Literal["check-finished"] = "check-finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The answer: can the set be deployed together."""

    verdict: Verdict
    set: tuple[Version, ...]
    environment: str = ""  # "" is the set that ran, by itself
    require: tuple[str, ...]  # the policy: kinds of evidence that a yes requires
    reasons: tuple[Reason, ...]
    event: Literal["decided"] = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run's own verdict: the worst of the decision and of every check that ran."""

    verdict: Verdict
    seconds: float
    interrupted: bool = False
    event: Literal["run-finished"] = "run-finished"


Event = (
    RunStarted
    | Planned
    | Compared
    | ServicePreparing
    | ServiceStep
    | ServiceStarting
    | ServiceReady
    | ServiceFailed
    | Noticed
    | CheckStarted
    | PromiseExercised
    | CheckFound
    | CheckFinished
    | Decided
    | RunFinished
)


@cache  # making it takes thousands of times as long as reading an event
def _adapter() -> TypeAdapter[Event]:
    from pydantic import Field, TypeAdapter

    return TypeAdapter(Annotated[Event, Field(discriminator="event")])


def write(events: Iterable[Event]) -> Iterator[str]:
    """Each event as one line of JSON, without the line end."""
    for event in events:
        yield json.dumps(plain_value(event), separators=(",", ":"), ensure_ascii=False)


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """The events of such lines; a line that is none raises pydantic's ValidationError."""
    adapter = _adapter()
    for line in lines:
        if line.strip():
            yield adapter.validate_json(line)
