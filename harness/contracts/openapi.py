"""An OpenAPI document as a value: what one provider offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.contracts.document import Contract, ContractKind
from harness.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation that a document promises."""

    method: str  # upper case
    path: str  # the template, "/orders/{id}"
    statuses: tuple[str, ...] = ()  # "200", "4XX", "default"
    unread: str = ""  # what of it breaks the standard or is not there, so that nobody knows what it promises

    @property
    def label(self) -> str:
        """As people write it: `GET /orders/{id}`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApi:
    """All that one provider version offers over HTTP."""

    provider: str
    specification: str  # "3.1.0"
    operations: tuple[Operation, ...]
    key: str  # content key: SHA-1 of the canonical JSON
    document: dict[str, Any]
    place: str = ""
    problems: tuple[Problem, ...] = ()  # what breaks the standard, and references that lead nowhere
    remarks: tuple[Problem, ...] = ()  # what nothing is judged by, and keys that no version knows

    def contract(self) -> Contract:
        """As the ledger keeps it."""
        from json import dumps

        return Contract(
            kind=ContractKind.OPENAPI,
            owner=self.provider,
            key=self.key,
            text=dumps(self.document, ensure_ascii=False, indent=2),
            place=self.place,
        )
