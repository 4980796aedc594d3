"""Two parts of one pact, from two test jobs, as one (BROKER-API 6.3, 6.4).

They contradict each other only where one description in one state is asked for in two ways. What is the same is
kept once, with the newer answer; everything else stands beside each other, and nothing is lost.
"""

from __future__ import annotations

from typing import Any

from harness.identity import canonical_json

_LISTS = ("interactions", "messages")
_HTTP = ("method", "path", "query", "headers", "body")


def conflicts(there: dict[str, Any], added: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The interactions that ask for one thing in two ways, each with what is there or else in its part."""
    found = []
    for name in _LISTS:
        known = _by_identity(_of(there, name))
        for identity, each in _by_identity(_of(added, name)).items():
            # Of two answers that one part gives, none is the newer one: merged, one would be lost.
            first, own = each[0], [other for other in each[1:] if canonical_json(other) != canonical_json(each[0])]
            found += [(first, other) for other in own]
            before = known.get(identity, ())
            found += [(one, other) for one in before for other in each if _request(one) != _request(other)]
    return found


def _by_identity(interactions: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for each in interactions:
        found.setdefault(_identity(each), []).append(each)
    return found


def merged(there: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    """Both parts; they must not contradict each other."""
    result = {**there, **{name: value for name, value in added.items() if name not in there}}
    for name in _LISTS:
        if name in there or name in added:
            result[name] = _merged(_of(there, name), _of(added, name))
    return result


def _merged(there: list[Any], added: list[Any]) -> list[Any]:
    newer = {_identity(each): each for each in added}
    known = {_identity(each) for each in there}
    kept = [newer.get(_identity(each), each) for each in there]
    return kept + [each for identity, each in newer.items() if identity not in known]


def _of(document: dict[str, Any], name: str) -> list[Any]:
    found = document.get(name)
    return found if isinstance(found, list) else []


def _identity(interaction: Any) -> str:
    """Its kind, description and states; the order of the states does not matter."""
    if not isinstance(interaction, dict):
        return canonical_json(interaction)
    states = interaction.get("providerStates", interaction.get("providerState", interaction.get("provider_state")))
    listed = states if isinstance(states, list) else [states] if states else []
    named = sorted(canonical_json({"name": each} if isinstance(each, str) else each) for each in listed)
    return canonical_json([interaction.get("type"), interaction.get("description"), named])


def _request(interaction: Any) -> str:
    """What is asked for; of a message, which asks for nothing, that is nothing."""
    request = interaction.get("request") if isinstance(interaction, dict) else None
    if not isinstance(request, dict):
        return canonical_json(request)
    known = {name: request.get(name) for name in _HTTP}
    return canonical_json({**known, "method": str(request.get("method", "")).lower()})
