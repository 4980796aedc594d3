"""Two OpenAPI documents: what changed, and whether it breaks those who keep to the old one."""

from __future__ import annotations

from harness.comparison.diff.change import Change, Diff, Side, Verdict
from harness.comparison.diff.notice import Notice
from harness.comparison.diff.whole import diff
from harness.comparison.openapi.document import Document, document_of, read_document

__all__ = [
    "Change",
    "Diff",
    "Document",
    "Notice",
    "Side",
    "Verdict",
    "diff",
    "document_of",
    "read_document",
]
