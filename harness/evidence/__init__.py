"""Everything that is known, and the verdict for one pair of versions."""

from __future__ import annotations

from harness.evidence.facts import (
    Cell,
    DeploymentRecord,
    Evidence,
    EvidenceKind,
    Facts,
    Index,
    Known,
    KnownBuild,
    Live,
    Objection,
    PairEvidence,
    Stated,
    Statements,
    Subject,
)
from harness.evidence.judging import build_that_ran, built_as, is_latest, judge, ran

__all__ = [
    "Cell",
    "DeploymentRecord",
    "Evidence",
    "EvidenceKind",
    "Facts",
    "Index",
    "Known",
    "KnownBuild",
    "Live",
    "Objection",
    "PairEvidence",
    "Stated",
    "Statements",
    "Subject",
    "build_that_ran",
    "built_as",
    "is_latest",
    "judge",
    "ran",
]
