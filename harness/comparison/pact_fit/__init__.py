"""Pacts against OpenAPI documents: whether what a consumer needs is promised, without running anything."""

from harness.comparison.pact_fit.answer import Compared, Comparison, Finding, Reliance
from harness.comparison.pact_fit.comparing import compare, compare_all

__all__ = ["Compared", "Comparison", "Finding", "Reliance", "compare", "compare_all"]
