"""Pacts against OpenAPI documents: whether what a consumer needs is promised, without running anything."""

from harness.comparison.pact_fit.answer import Comparison, FitFinding, PactComparison, Reliance
from harness.comparison.pact_fit.comparing import compare, compare_all

__all__ = ["Comparison", "FitFinding", "PactComparison", "Reliance", "compare", "compare_all"]
