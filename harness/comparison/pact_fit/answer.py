"""What a comparison of a pact with an OpenAPI document answers."""

from __future__ import annotations

from dataclasses import dataclass

from harness.comparison.severity import Severity
from harness.contracts.pact import Pact
from harness.errors import Problem
from harness.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FitFinding:
    """One thing that the two sides do not agree on, or that a reader should know."""

    code: str  # "response.body.incompatible"; all codes are in docs/reference/compare.md
    severity: Severity
    interaction: int  # its place in the pact, from 0
    description: str  # of the interaction, with its states
    path: str  # in the pact: "#/interactions/0/response/body/total"
    place: str  # in the document: "#/paths/~1orders/get/responses/200"
    text: str
    expected: str = ""
    actual: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliance:
    """What of the document one interaction relies on."""

    interaction: int
    description: str
    operation: str  # "GET /orders/{id}"
    status: str  # as the pact expects it: "404"
    declared: str = ""  # the response that the document has for it: "404", "4XX", "default"; "" for none
    media_type: str = ""
    fields: tuple[str, ...] = ()  # of the response body, by its schema: "/items/[]/total"
    written: tuple[str, ...] | None = None  # the same as answers have them, where that is not JSON: "/order/@id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Whether a document promises what a pact needs, and every reason why not."""

    findings: tuple[FitFinding, ...] = ()
    reliances: tuple[Reliance, ...] = ()
    unknown: tuple[str, ...] = ()  # what could not be compared, and why

    @property
    def verdict(self) -> Verdict:
        """FAILED with any error; UNKNOWN when something could not be compared; PASSED otherwise."""
        if any(each.severity is Severity.ERROR for each in self.findings):
            return Verdict.FAILED
        return Verdict.UNKNOWN if self.unknown else Verdict.PASSED


@dataclass(frozen=True, slots=True, kw_only=True)
class PactComparison:
    """One pact with the document, and what came of it."""

    pact: Pact
    document: str  # where the document was found
    comparison: Comparison
    problems: tuple[Problem, ...] = ()  # of the document: what of it cannot be read
    remarks: tuple[Problem, ...] = ()  # of the document: what nobody needs, or no version knows
