"""The three answers, the causes behind them, and what a check reports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import total_ordering
from typing import TYPE_CHECKING

from harness.errors import Exit
from harness.identity import Version

if TYPE_CHECKING:
    from collections.abc import Iterable


@total_ordering
class Verdict(Enum):
    """PASSED < UNKNOWN < FAILED, so that the worst of several is their maximum."""

    PASSED = "PASSED"
    UNKNOWN = "UNKNOWN"
    FAILED = "FAILED"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Verdict):
            return NotImplemented
        order = list(Verdict)
        return order.index(self) < order.index(other)

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """Combine verdicts; no evidence at all is UNKNOWN, never PASSED."""
        return max(verdicts, default=cls.UNKNOWN)

    @property
    def exit(self) -> Exit:
        """The exit code of a command that answers with this verdict."""
        return Exit[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """That somebody deleted what was known; nobody agreed that it does not count any more."""

    at: str  # ISO 8601, UTC
    who: str

    def __str__(self) -> str:
        return f"was deleted on {self.at} by {self.who}"


class Cause(StrEnum):
    """Why an answer is not a yes: a closed set, each with a page in docs/reference/causes.md."""

    BROKEN_PROMISE = "broken promise"
    NOT_VERIFIED = "not verified"
    NOT_ASKED = "not asked as promised"
    NOT_PUBLISHED = "not published"
    DELETED = "deleted"
    STATE_MISSING = "provider state missing"
    STATE_FAILED = "provider state failed"
    NOTHING_DEPLOYED = "nothing deployed there"
    DID_NOT_START = "service did not start"
    SERVICE_DIED = "service died"
    TOOL_CRASHED = "tool crashed"
    TIME_RAN_OUT = "time ran out"
    NOTHING_EXERCISED = "nothing was exercised"
    NOT_EXERCISED = "not exercised"
    KIND_NOT_CHECKED = "nothing can check this kind yet"
    PLUGIN_MISSING = "plug-in missing"
    UNREADABLE = "document cannot be read"
    DISAGREEING = "results disagree"
    UNKNOWN_NAME = "unknown name"
    INTERRUPTED = "interrupted"
    TOO_MANY = "too many possibilities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its response as they went over the wire, secrets redacted, large bodies cut."""

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: str = ""
    request_size: int = 0  # bytes, before any cut
    status: int = 0  # 0: no response came
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str = ""
    response_size: int = 0  # bytes, before any cut
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where what came is not what was expected."""

    place: str  # "$.total", "status", "header Content-Type"
    expected: str
    actual: str
    text: str = ""  # in the words of who found it

    @property
    def sentence(self) -> str:
        """Where it stands, what was promised there, and what came."""
        return f"{self.place}: expected {self.expected}, came {self.actual}"


def most_telling_first(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """The status first, then the deepest place, since that is why those above it differ.

    Equally deep ones go by name and index, so that a promise that is broken at many places reads the same twice:
    the verifier tells them in any order.
    """
    return tuple(sorted(differences, key=_telling_order))


def _telling_order(difference: Difference) -> tuple[bool, int, list[tuple[int, str]], str]:
    steps = re.findall(r"[0-9]+|[^0-9.\[\]]+", difference.place)
    return (
        difference.place != "status",
        -len(re.findall(r"[.\[]", difference.place)),
        [(int(step), "") if step[0] in "0123456789" else (-1, step) for step in steps],
        difference.text,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken promise, told so that both teams can act on it."""

    code: str  # a documented name, e.g. "response.body.mismatch"
    subject: str  # what was exercised, e.g. "an order by id" or "GET /orders/{id}"
    expected: str
    actual: str
    consumer: str = ""  # whose promise it is; "" for a provider's own document
    operation: str = ""  # "GET /orders/{id}" where it is known
    place: str = ""  # where the promise is written: file and JSON pointer
    replay: str = ""  # a command that shows it again
    remedy: str = ""
    count: int = 1  # in how many cases it showed
    differences: tuple[Difference, ...] = ()
    exchange: Exchange | None = None
    log: tuple[str, ...] = ()  # what the services wrote while the request was under way: "orders | Traceback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """One kind of answer that a running provider really gave, where a promise was kept."""

    operation: str  # "GET /orders/{id}", or as it was asked: "GET /orders/7"
    status: int
    media_type: str = ""  # "application/json", without parameters; "" when there was none
    fields: tuple[str, ...] = ()  # of the body, sorted: "/items/[]/total"
    parameters: tuple[str, ...] = ()  # that were sent, sorted: "query limit", "header if-match", "body"
    service: str = ""  # whose answer it is, where a result speaks of several services


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercised:
    """One promise that a check tried to see kept: an interaction, an operation, a test."""

    subject: str
    verdict: Verdict
    cause: Cause | None = None  # always set unless PASSED
    because: str = ""  # one sentence, always set unless PASSED
    place: str = ""  # where the promise is written
    seconds: float = 0.0
    replay: str = ""
    operation: str = ""  # "GET /orders/{id}" where it is known
    exchange: Exchange | None = None
    remark: str = ""  # what a reader of a yes must know: a part of the promise that nothing touched
    covered: tuple[Covered, ...] = ()  # what of the provider's answers was seen; only where PASSED

    def __post_init__(self) -> None:
        if self.verdict is not Verdict.PASSED and (self.cause is None or not self.because):
            raise ValueError(f"{self.subject}: {self.verdict.name} needs a cause and a reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPromise:
    """What was asked, what was promised to come, and what came; each cut to what a line can hold."""

    request: str  # "an order by id: GET /orders/7"
    expected: str
    came: str

    def __str__(self) -> str:
        return f"{self.request}: expected {self.expected}, came {self.came}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a decision is what it is: one cause, who is concerned, and the command that resolves it."""

    verdict: Verdict
    text: str
    cause: Cause | None = None  # always set unless PASSED
    consumer: Version | None = None
    provider: Version | None = None
    missing: str = ""  # the pacticipant of which nothing is there
    contract: str = ""  # content key
    command: str = ""  # what resolves it; unless PASSED this or `before` is set
    before: str = ""  # where the command is to be run, or what is to be done first; alone: what no command does
    broken: tuple[BrokenPromise, ...] = ()  # of a no, as far as it is known; the first few

    def __post_init__(self) -> None:
        if self.verdict is not Verdict.PASSED and (self.cause is None or not self.resolution):
            raise ValueError(f"{self.text}: {self.verdict.name} needs a cause and a command")

    @property
    def resolution(self) -> str:
        """What resolves it, as a reader is told."""
        return f"{self.before} {self.command}".strip()
