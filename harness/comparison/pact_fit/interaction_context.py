"""Findings, made where an interaction and an operation meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.operations import OperationObject
from harness.comparison.pact_fit.answer import FitFinding
from harness.comparison.pact_fit.exchange import PactMessage, message
from harness.comparison.pact_fit.validators import Validators, Wanted
from harness.comparison.severity import Severity
from harness.contracts.openapi_source import escape_pointer_step
from harness.contracts.pact import Interaction
from harness.identity import canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.openapi.document import Document
    from harness.comparison.pact_fit.rules import MatchingRules

_SHOWN = 200
Check = Callable[["InteractionContext"], None]


@dataclass(slots=True, kw_only=True)
class InteractionContext:
    """One interaction beside the operation that it meets; what is found is collected here."""

    interaction: Interaction
    request: PactMessage
    response: PactMessage
    validators: Validators
    operation: OperationObject | None = None
    found: list[FitFinding | Check] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)  # the schemas that are needed
    unknown: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, interaction: Interaction, validators: Validators) -> InteractionContext:
        """Before the operation is known."""
        return cls(
            interaction=interaction,
            request=message(interaction, "request"),
            response=message(interaction, "response"),
            validators=validators,
        )

    @property
    def document(self) -> Document:
        """The provider's document."""
        return self.validators.document

    def tell(  # noqa: PLR0913 - one argument per field
        self,
        code: str,
        text: str,
        *,
        severity: Severity = Severity.ERROR,
        at: Sequence[str | int] = (),
        place: str = "",
        expected: Any = None,
        actual: Any = None,
        remedy: str = "",
    ) -> None:
        """Note a finding; `at` is its place in the interaction."""
        steps = "".join(f"/{escape_pointer_step(str(step))}" for step in at)
        self.found.append(
            FitFinding(
                code=code,
                severity=severity,
                interaction=self.interaction.index,
                description=self.interaction.label,
                path=f"#/interactions/{self.interaction.index}{steps}",
                place=place or (self.operation.pointer if self.operation else "#/paths"),
                text=text,
                expected=_display_value(expected),
                actual=_display_value(actual),
                remedy=remedy,
            )
        )

    def replace_rules(self, message: PactMessage, rules: MatchingRules) -> None:
        """Know the rules of a message by the places of its value."""
        if message is self.request:
            self.request = message._replace(rules=rules)
        else:
            self.response = message._replace(rules=rules)

    def later(self, check: Check) -> None:
        """Tell what a check tells at this place, when all schemas that are needed are ready."""
        self.found.append(check)

    def findings(self) -> list[FitFinding]:
        """Everything that was told, in order."""
        told: list[FitFinding] = []
        for each in self.found:
            if isinstance(each, FitFinding):
                told.append(each)
                continue
            self.found = []
            each(self)
            told += [inner for inner in self.found if isinstance(inner, FitFinding)]
        return told

    def undecided(self, what: str, why: str) -> None:
        """Note what could not be compared."""
        self.unknown.append(f"'{self.interaction.label}': {what} could not be compared: {why}")


def _display_value(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else canonical_json(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
