"""The copy of a pact that the verifier gets: unique tokens instead of descriptions, and a tag on each request.

Tokens make results attributable even when descriptions repeat; the recorder strips the tags again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.checks.engines.pact_plugins import of_interactions
from harness.contracts.pact_shape import version_read
from harness.ports import TAG_HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.contracts.pact import Interaction, Pact

_STATES = ("providerStates", "providerState", "provider_state")
_TRIMMINGS = ("_id", "key", "comments", "pending", *_STATES)


def copy_of(pact: Pact, chosen: Mapping[str, Interaction], *, with_states: bool) -> dict[str, Any]:
    """A pact of the chosen interactions, by token; states are named so that the endpoint knows whose they are."""
    metadata = dict(pact.document.get("metadata") or {})
    metadata.pop("plugins", None)
    if plugins := of_interactions(pact, chosen.values()):
        metadata["plugins"] = plugins
    metadata["pactSpecification"] = {"version": version_read(pact.document)}
    return {
        "consumer": {"name": "consumer"},
        "provider": {"name": "provider"},
        "interactions": [
            _copy_interaction(token, each, with_states=with_states) for token, each in chosen.items()
        ],
        "metadata": metadata,
    }


def state_name(token: str, index: int) -> str:
    """How the state of an interaction is called in the copy."""
    return f"{token}/{index}"


def needs_values(interaction: Interaction) -> bool:
    """True when values that the set-up returns go into the request or the response."""
    return _mentions(interaction.document, "ProviderState")


def _copy_interaction(token: str, interaction: Interaction, *, with_states: bool) -> dict[str, Any]:
    copied = {key: value for key, value in interaction.document.items() if key not in _TRIMMINGS}
    request = copied["request"]
    values = request.get("headers") or {}
    several = any(isinstance(value, list) for value in values.values()) or "type" in interaction.document
    copied["request"] = {**request, "headers": {**values, TAG_HEADER: [token] if several else token}}
    copied["description"] = token
    names = [state_name(token, index) for index in range(len(interaction.states))]
    if with_states and len(names) == 1 and "providerStates" not in interaction.document:
        copied["providerState"] = names[0]
    elif with_states:
        copied["providerStates"] = [{"name": name} for name in names]
    return copied


def _mentions(value: Any, generator: str) -> bool:
    if isinstance(value, dict):
        if value.get("type") == generator and "expression" in value:
            return True
        return any(_mentions(each, generator) for each in value.values())
    return isinstance(value, list) and any(_mentions(each, generator) for each in value)
