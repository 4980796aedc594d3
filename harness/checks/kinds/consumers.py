"""The user's suite that writes the pacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.kind import Kind
from harness.evidence import EvidenceKind

if TYPE_CHECKING:
    from harness.checks.api import Check


def _check() -> Check:
    from harness.checks.suites import SuiteCheck

    return SuiteCheck(EvidenceKind.CONSUMERS)


CONSUMERS = Kind(
    key=EvidenceKind.CONSUMERS,
    check=_check,
    title="consumer tests of {provider}",
    breach="does not pass its consumers tests",
    tools=("pytest", "pact-python"),
)


def contract_harness_checks() -> tuple[Kind, ...]:
    """The kind."""
    return (CONSUMERS,)
