"""A contract document of any kind, as the ledger keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ContractKind(StrEnum):
    """What kind of promise a document holds; a kind that nothing can check is UNKNOWN, never skipped."""

    PACT = "pact"
    OPENAPI = "openapi"
    ASYNCAPI = "asyncapi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One document, known by its content."""

    kind: ContractKind
    owner: str  # the pacticipant that promises: a pact's consumer, an OpenAPI document's provider
    counterpart: str = ""  # a pact's provider; "" for a provider's own document
    key: str  # content key: SHA-1 of BROKER-API 6.1 for pacts, of the canonical JSON otherwise
    text: str  # the document as it was given, JSON
    place: str = ""  # where it was read from; not part of the content
