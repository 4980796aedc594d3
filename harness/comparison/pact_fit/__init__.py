"""Pacts against OpenAPI documents: whether what a consumer needs is promised, without running anything."""

from harness.comparison.pact_fit.answer import Compared, Comparison, Finding, Reliance, Severity
from harness.comparison.pact_fit.comparing import compare, compare_all

__all__ = ["Compared", "Comparison", "Finding", "Reliance", "Severity", "compare", "compare_all"]
