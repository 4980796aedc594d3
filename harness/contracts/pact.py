"""A pact as a value: what one consumer needs of one provider."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.contracts.document import Contract, ContractKind
from harness.identity import canonical_json


class InteractionKind(StrEnum):
    """How the two sides talk."""

    HTTP = "Synchronous/HTTP"
    ASYNC_MESSAGE = "Asynchronous/Messages"
    SYNC_MESSAGE = "Synchronous/Messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """A condition that the provider must be in before an interaction."""

    name: str
    params: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One thing that the consumer does and what it needs back; parts as written in the document."""

    index: int  # position in the document's `interactions` (or `messages`) array
    kind: InteractionKind
    description: str
    states: tuple[ProviderState, ...] = ()
    method: str = ""
    path: str = ""
    status: int = 0  # the expected response status
    pending: bool = False
    twin: bool = False  # another of its pact has the same description and states, with other parameters
    document: dict[str, Any]  # the interaction as written

    @property
    def label(self) -> str:
        """Description and states together: what makes it one of a kind in its pact."""
        given = ", ".join(self._told(state) for state in self.states)
        return f"{self.description} (given {given})" if given else self.description

    def _told(self, state: ProviderState) -> str:
        if not self.twin or not state.params:
            return state.name
        return f"{state.name} with {', '.join(f'{name}={canonical_json(value)}' for name, value in state.params)}"

    @property
    def expects_redirect(self) -> bool:
        """True when the consumer handles the redirect itself."""
        return 300 <= self.status < 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Pact:
    """All that one consumer version needs of one provider."""

    consumer: str
    provider: str
    specification: str  # "2.0.0", "4.0", …; "" when the document does not say
    interactions: tuple[Interaction, ...]
    key: str  # content key, BROKER-API 6.1
    document: dict[str, Any]
    place: str = ""  # the file it was read from

    def contract(self) -> Contract:
        """As the ledger keeps it."""
        from json import dumps

        text = dumps(self.document, ensure_ascii=False, indent=2)
        return Contract(
            kind=ContractKind.PACT,
            owner=self.consumer,
            counterpart=self.provider,
            key=self.key,
            text=text,
            place=self.place,
        )
