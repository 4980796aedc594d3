"""The matrix: a question, its scene, all rows, one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.broker.matrices.deciding import Answered, answer
from harness.broker.matrices.resolving import resolve_ignored
from harness.broker.matrices.rows import rows_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harness.broker.matrices.asking import Question
    from harness.broker.matrices.resolving import Scene


def answered(db: sa.Connection, question: Question, staged: Scene, *, trusted: bool) -> Answered:
    """The answer to a question; what it says never depends on how much of it is listed."""
    ignored, warnings = resolve_ignored(db, question.ignored)
    live = bool(question.environment) or any(each.environment for each in question.selectors)
    # In an environment several versions may live beside each other: none of them stands for the others.
    latest_by = "cvpv" if live else question.latest_by
    rows = rows_of(db, staged, latest_by=latest_by, every_pair=live, trusted=trusted)
    return answer(question, staged, rows, ignored, warnings)
