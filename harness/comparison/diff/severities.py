"""How much each kind of change matters, where the general rule alone does not tell."""

from __future__ import annotations

from harness.comparison.diff.change import Change, Side
from harness.comparison.severity import Severity

# Nothing is refused and nothing unheard of comes, but strict readers and servers may be hit: they are told.
WARNINGS = frozenset(
    {
        "optional-response-header-removed",
        "request-parameter-removed",
        "request-parameter-property-removed",
        "request-property-removed",
        "request-body-prefix-items-removed",
        "request-property-prefix-items-removed",
        "request-parameter-prefix-items-removed",
        "request-parameter-property-prefix-items-removed",
        "response-optional-property-removed",
        "response-body-prefix-items-added",
        "response-property-prefix-items-added",
        "response-header-prefix-items-added",
        "request-optional-property-became-read-only",
        "request-required-property-became-read-only",
    }
)

# Whoever leaves the parameter out means something else now, though nothing is refused.
_MEANING = "request-parameter-default-value-"


def severity(kind: str, *, breaks: bool, undecided: bool = False) -> Severity:
    """The severity of a kind of change that breaks, or does not, what the old document allowed."""
    if undecided:
        return Severity.WARNING
    kind = kind.replace("webhook-reply-", "request-").replace("webhook-", "response-")
    if kind.startswith(_MEANING):
        return Severity.WARNING
    if not breaks:
        return Severity.INFO
    return Severity.WARNING if kind in WARNINGS else Severity.ERROR


def change(kind: str, text: str, *place: str, breaks: bool, side: Side = Side.NONE) -> Change:
    """A change by its kind, its severity looked up."""
    return Change(id=kind, severity=severity(kind, breaks=breaks), side=side, place=place, text=text)
