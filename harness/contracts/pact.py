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
    UNKNOWN = "unknown"  # of a type that nobody knows, or written so that it cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """A condition that the provider must be in before an interaction."""

    name: str
    params: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One thing that the consumer does and what it needs back; parts as written in the document."""

    index: int  # position in its list
    part: str = "interactions"  # the list: "interactions" or "messages"; "" for a pact that cannot be read at all
    kind: InteractionKind
    description: str
    states: tuple[ProviderState, ...] = ()
    method: str = ""
    path: str = ""
    status: int = 0  # the expected response status
    pending: bool = False
    twin: bool = False  # another of its pact has the same description and states, with other parameters
    told_by: str = ""  # what tells it apart from another with the same description, states and parameters
    unreadable: str = ""  # "#/interactions/0/type: …", why nothing can be said of it; it promises something, too
    contradicts: str = ""  # "#/interactions/0: …", which other one makes the same request and needs another answer
    document: dict[str, Any]  # the interaction as written, what is left out or spelled in old ways made plain

    @property
    def label(self) -> str:
        """Description and states together: what makes it one of a kind in its pact."""
        given = ", ".join(self._told(state) for state in self.states)
        told = f"{self.description} (given {given})" if given else self.description
        return f"{told} [{self.told_by}]" if self.told_by else told

    def _told(self, state: ProviderState) -> str:
        if not self.twin or not state.params:
            return state.name
        return f"{state.name} with {', '.join(f'{name}={canonical_json(value)}' for name, value in state.params)}"

    @property
    def unverifiable(self) -> str:
        """Why no verification can tell whether it is kept; "" where one can."""
        return self.unreadable or self.contradicts

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

    @property
    def unreadable(self) -> str:
        """Why nothing of it can be read but whose it is; "" where something can."""
        return next((each.unreadable for each in self.interactions if not each.part), "")

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
