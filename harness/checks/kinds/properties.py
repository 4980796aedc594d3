"""A provider's own OpenAPI document, exercised on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.kind import Kind
from harness.evidence import EvidenceKind

if TYPE_CHECKING:
    from harness.checks.api import Check


def _check() -> Check:
    from harness.checks.openapi_properties import OpenApiProperties

    return OpenApiProperties()


PROPERTIES = Kind(
    key=EvidenceKind.PROPERTIES,
    check=_check,
    title="{provider} keeps its own document",
    breach="breaks its own document",
    row="its own document",
    tools=("schemathesis", "hypothesis"),
)


def contract_harness_checks() -> tuple[Kind, ...]:
    """The kind."""
    return (PROPERTIES,)
