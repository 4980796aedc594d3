"""Reasons as JSON: the same fields for whoever reads them, from a command or over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.identity import Version
    from harness.verdicts import Reason


def reason_documents(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """Reasons as the documented JSON."""
    return [
        {
            "verdict": each.verdict.value,
            "cause": each.cause.value if each.cause else None,
            "text": each.text,
            "consumer": version_document(each.consumer),
            "provider": version_document(each.provider),
            "missing": each.missing or None,
            "contract": each.contract or None,
            "command": each.command or None,
            "before": each.before or None,
            "broken": [{"request": b.request, "expected": b.expected, "came": b.came} for b in each.broken],
        }
        for each in reasons
    ]


def version_document(version: Version | None) -> dict[str, str] | None:
    """A version as the documented JSON."""
    return {"name": version.pacticipant, "version": version.number} if version else None
