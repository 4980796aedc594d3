"""Is every value that one JSON Schema allows also allowed by another? Yes, no with a value, or undecided."""

from __future__ import annotations

from harness.comparison.containment.answer import Containment, ContainmentAnswer
from harness.comparison.containment.deciding import (
    allows,
    counterexample,
    decide_containment,
    equivalent,
    is_searchable,
    judgeable,
    proven,
)
from harness.comparison.containment.samples import samples

__all__ = [
    "Containment",
    "ContainmentAnswer",
    "allows",
    "counterexample",
    "decide_containment",
    "equivalent",
    "is_searchable",
    "judgeable",
    "proven",
    "samples",
]
