"""A pact held against a provider's document: the port through which the comparison is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.broker.store.provider_contracts import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Whether a pact fits a document: success, failed, or unknown."""

    verdict: str
    because: str = ""
    findings: Sequence[Mapping[str, Any]] = ()


def compared(pact: str, document: Document | None) -> Comparison:
    """What a comparison says; without one, nothing is known."""
    del pact
    if document is None:
        return Comparison(verdict="unknown", because="this version of the provider has published no document")
    return Comparison(verdict="unknown", because="pacts are not compared with documents yet: verify them")
