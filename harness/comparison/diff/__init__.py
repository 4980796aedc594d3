"""Two OpenAPI documents: what changed, and whether it breaks those who keep to the old one."""

from __future__ import annotations

from harness.comparison.diff.change import Change, Compatibility, Diff, Side
from harness.comparison.diff.notice import Notice
from harness.comparison.diff.whole import diff
from harness.comparison.openapi.document import Document, document_of, read_document

__all__ = [
    "Change",
    "Compatibility",
    "Diff",
    "Document",
    "Notice",
    "Side",
    "diff",
    "document_of",
    "read_document",
]
