"""What changed between two documents, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.comparison.severity import Severity
from harness.contracts.openapi_source import escape_pointer_step
from harness.errors import Exit, Problem

BRANCH = "\u2039"  # the first letter of a step into a branch of oneOf, anyOf or allOf: no step of a value


class Side(StrEnum):
    """On which way a change matters."""

    REQUEST = "request"
    RESPONSE = "response"
    NONE = "none"


class Compatibility(StrEnum):
    """What a new document means to those who use the old one."""

    BREAKING = "breaking"
    WARNING = "warning"
    COMPATIBLE = "compatible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change, told so that both sides can act on it."""

    id: str  # a documented name, e.g. "response-required-property-removed"
    severity: Severity
    side: Side = Side.NONE
    operation: str = ""  # "GET /orders/{id}"; "" for the document as a whole
    place: tuple[str, ...] = ()  # within the operation: ("responses", "200", "application/json", "total")
    text: str
    origin: tuple[str, ...] = ()  # the named schema in which it is written, and the place there; () for none
    reached: tuple[tuple[str, tuple[str, ...]], ...] = ()  # every operation in which it matters, with the place
    witness: tuple[Any] | None = None  # a value that one side allows and the other refuses, as a 1-tuple
    undecided: bool = False  # whether it breaks anybody could not be decided

    @property
    def operations(self) -> tuple[str, ...]:
        """Every operation in which it matters, each once."""
        return tuple(dict.fromkeys(operation for operation, _ in self.reached)) or (self.operation,)

    @property
    def schema(self) -> str:
        """The name of the schema in which it is written; "" for none."""
        return self.origin[0].rpartition("/")[2] if self.origin else ""

    @property
    def path(self) -> str:
        """The place as one text: `responses/200/application~1json/total`."""
        return self.at(self.place)

    @staticmethod
    def at(place: tuple[str, ...]) -> str:
        """A place as one text, steps escaped as in a JSON pointer."""
        return "/".join(escape_pointer_step(step.lstrip(BRANCH)) for step in place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """All changes between two documents; what matters most comes first."""

    changes: tuple[Change, ...] = ()
    operations: tuple[int, int] = field(default=(0, 0))  # how many there were on each side
    problems: tuple[Problem, ...] = ()  # of both documents: what of them could not be read
    remarks: tuple[Problem, ...] = ()  # of both documents: what nobody needs, or no version knows

    @property
    def verdict(self) -> Compatibility:
        """The worst of all changes."""
        severities = {change.severity for change in self.changes}
        if Severity.ERROR in severities:
            return Compatibility.BREAKING
        return Compatibility.WARNING if Severity.WARNING in severities else Compatibility.COMPATIBLE

    @property
    def exit(self) -> Exit:
        """1 for breaking, 3 when something is undecided and nothing breaks, 0 otherwise."""
        if self.verdict is Compatibility.BREAKING:
            return Exit.FAILED
        return Exit.UNKNOWN if any(change.undecided for change in self.changes) else Exit.PASSED
