"""Everything that is known, and the verdict for one pair of versions."""

from __future__ import annotations

from harness.evidence.facts import (
    Cell,
    Evidence,
    EvidenceKind,
    Facts,
    Index,
    Known,
    KnownBuild,
    Live,
    Objection,
    Stated,
    Statements,
    Stay,
    Told,
)
from harness.evidence.judging import build_that_ran, built_as, is_latest, judge, ran

__all__ = [
    "Cell",
    "Evidence",
    "EvidenceKind",
    "Facts",
    "Index",
    "Known",
    "KnownBuild",
    "Live",
    "Objection",
    "Stated",
    "Statements",
    "Stay",
    "Told",
    "build_that_ran",
    "built_as",
    "is_latest",
    "judge",
    "ran",
]
