"""Everything that is known, and the verdict for one pair of versions."""

from __future__ import annotations

from harness.evidence.facts import (
    ALWAYS_REQUIRED,
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
from harness.evidence.judging import build_that_ran, built_as, is_latest, judge, judge_pact, ran

__all__ = [
    "ALWAYS_REQUIRED",
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
    "judge_pact",
    "ran",
]
