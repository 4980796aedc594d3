"""Two documents, seen once for each way in which a value travels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.comparison.diff.notice import Notice
from harness.comparison.diff.schemas import SchemaComparison
from harness.comparison.diff.sides import Sides
from harness.comparison.openapi.dialects import Direction

if TYPE_CHECKING:
    from harness.comparison.openapi.document import Document, Sameness


@dataclass(frozen=True, slots=True)
class Views:
    """The comparisons of schemas, one for each way in which a value travels."""

    accepted: SchemaComparison
    sent: SchemaComparison
    notice: Notice

    @classmethod
    def of(cls, old: Document, new: Document, sameness: Sameness, notice: Notice) -> Views:
        """All views of two documents."""
        accepted = Sides(old, new, sameness, Direction.REQUEST, notice)
        sent = Sides(old, new, sameness, Direction.RESPONSE, notice)
        return cls(SchemaComparison(accepted), SchemaComparison(sent), notice)
