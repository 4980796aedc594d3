"""How much each kind of change matters, where the general rule alone does not tell."""

from __future__ import annotations

from harness.comparison.openapi_diff.change import Change, Severity, Side

# Changes that break only some: strict servers, consumers that list all values. As the reference tool has it.
WARNINGS = frozenset(
    {
        "optional-response-header-removed",
        "request-parameter-removed",
        "request-parameter-pattern-changed",
        "request-parameter-all-of-removed",
        "request-parameter-property-removed",
        "request-parameter-property-type-changed",
        "request-property-pattern-changed",
        "request-body-pattern-changed",
        "request-property-removed",
        "request-body-all-of-removed",
        "request-property-all-of-removed",
        "response-body-media-type-schema-removed",
        "response-optional-property-removed",
        "response-property-enum-value-added",
        "response-body-enum-value-added",
        "response-header-enum-value-added",
        "response-required-property-became-not-write-only",
    }
)

# A limit where there was none: documents often only catch up with what a server always did.
_NEWLY_LIMITED = (
    "-max-set",
    "-min-set",
    "-exclusive-max-set",
    "-exclusive-min-set",
    "-max-length-set",
    "-min-items-set",
    "-max-items-set",
    "-min-properties-set",
    "-max-properties-set",
)

# Whoever leaves the parameter out means something else now, though nothing is refused.
_MEANING = "request-parameter-default-value-"

# Here the reference tool says nothing although a consumer can break: we warn, and say so in docs/reference.
_WARNED_ABOUT = (
    "-any-of-added",
    "-enum-removed",
    "-undeclared-required",
    "-became-not-read-only",
    "-became-write-only",
    "response-body-pattern-changed",
    "response-body-pattern-removed",
    "response-property-pattern-changed",
    "response-property-pattern-removed",
    "response-header-pattern-changed",
    "response-header-pattern-removed",
)


def severity(kind: str, *, breaks: bool, undecided: bool = False) -> Severity:
    """The severity of a kind of change that breaks, or does not, what the old document allowed."""
    if undecided:
        return Severity.WARNING
    kind = kind.replace("webhook-reply-", "request-").replace("webhook-", "response-")
    if kind.startswith(_MEANING):
        return Severity.ERROR
    if not breaks:
        return Severity.INFO
    mild = kind in WARNINGS or kind.endswith(_NEWLY_LIMITED) or kind.endswith(_WARNED_ABOUT)
    return Severity.WARNING if mild else Severity.ERROR


def change(kind: str, text: str, *place: str, breaks: bool, side: Side = Side.NONE) -> Change:
    """A change by its kind, its severity looked up."""
    return Change(id=kind, severity=severity(kind, breaks=breaks), side=side, place=place, text=text)
