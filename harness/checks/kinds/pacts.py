"""A consumer's pact, verified on the running provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.kind import Kind
from harness.comparison.pact_matching import REVISION
from harness.evidence import EvidenceKind

if TYPE_CHECKING:
    from harness.checks.api import Check


def _check() -> Check:
    from harness.checks.pact_provider import PactProvider

    return PactProvider()


PACTS = Kind(
    key=EvidenceKind.PACTS,
    check=_check,
    title="{consumer} needs {provider}",
    breach="breaks what its consumers need",
    tools=("pact-python",),
    revision=f"pact-matching={REVISION}",  # of pacts there are two judges
)


def contract_harness_checks() -> tuple[Kind, ...]:
    """The kind."""
    return (PACTS,)
