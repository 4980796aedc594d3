"""The user's tests against the whole running system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.kind import Kind
from harness.evidence import EvidenceKind

if TYPE_CHECKING:
    from harness.checks.api import Check


def _check() -> Check:
    from harness.checks.suites import SuiteCheck

    return SuiteCheck(EvidenceKind.INTEGRATION)


INTEGRATION = Kind(
    key=EvidenceKind.INTEGRATION,
    check=_check,
    title="integration tests of {provider}",
    breach="does not pass its integration tests",
    tools=("pytest",),
)


def contract_harness_checks() -> tuple[Kind, ...]:
    """The kind."""
    return (INTEGRATION,)
