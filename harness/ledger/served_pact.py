"""A pact as readers get it: as it was published, each interaction with an `_id` that results can name.

The `_id` is the SHA-1 of the interaction's canonical JSON without any `_id` of its own, and comes first
(BROKER-API 6.2). One that was submitted is overwritten: results must name what is there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.identity import content_key

if TYPE_CHECKING:
    from harness.contracts.document import Contract

_LISTS = ("interactions", "messages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The text that readers get, and how many promises are in it."""

    text: str
    interactions: int


def serve_pact(contract: Contract) -> Served:
    """A pact with the ids of its interactions; what is no JSON object is served as it is."""
    return _kept_ready(contract) if len(contract.text) > _LARGE else _serve(contract)


_LARGE = 50_000  # characters: one that takes longer than a write is made ready before that begins, and taken then


def _serve(contract: Contract) -> Served:
    try:
        document = json.loads(contract.text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return Served(text=contract.text, interactions=0)
    shown = {name: _with_ids(value) if name in _LISTS else value for name, value in document.items()}
    return Served(text=_compact_json(shown), interactions=len(interactions_of(document)))


def make_ready(contract: Contract) -> None:
    """Make what readers get of a large pact, so that it need not be made while others wait."""
    if len(contract.text) > _LARGE:
        _kept_ready(contract)


_kept_ready = lru_cache(maxsize=4)(_serve)


def interaction_ids(document: dict[str, Any]) -> tuple[str, ...]:
    """The ids of a pact's interactions and messages, in the order of the document."""
    return tuple(map(interaction_id, interactions_of(document)))


def interactions_of(document: dict[str, Any]) -> tuple[Any, ...]:
    """A pact's interactions and messages, in the order of the document."""
    parts = (document.get(name) for name in _LISTS)
    return tuple(each for part in parts if isinstance(part, list) for each in part)


def interaction_id(interaction: Any) -> str:
    """What results call an interaction."""
    return content_key(_without_id(interaction))


def _with_ids(interactions: Any) -> Any:
    if not isinstance(interactions, list):
        return interactions
    return [
        {"_id": interaction_id(each), **_without_id(each)} if isinstance(each, dict) else each
        for each in interactions
    ]


def _without_id(interaction: Any) -> Any:
    if not isinstance(interaction, dict):
        return interaction
    return {name: value for name, value in interaction.items() if name != "_id"}


def _compact_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
