"""Two parts of one pact, from two test jobs, as one; pure.

What is the same is kept once, everything else stands beside each other, and nothing is lost. Foreign clients
contradict each other only where one description in one state is asked for in two ways; of two answers the newer
one stands, as the original broker has it. Our own tests contradict each other already where anything differs.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_reader import pact_key
from harness.identity import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LISTS = ("interactions", "messages")
_HTTP = ("method", "path", "query", "headers", "body")


def conflicts(there: dict[str, Any], added: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The interactions that ask for one thing in two ways, each with what is there or else in its part."""
    found = []
    for name in _LISTS:
        known = _by_identity(_of(there, name))
        for key, each in _by_identity(_of(added, name)).items():
            # Of two answers that one part gives, none is the newer one: merged, one would be lost.
            first, own = each[0], [other for other in each[1:] if canonical_json(other) != canonical_json(each[0])]
            found += [(first, other) for other in own]
            before = known.get(key, ())
            found += [(one, other) for one in before for other in each if _request(one) != _request(other)]
    return found


def described_twice(first: Contract, second: Contract) -> tuple[str, ...] | None:
    """The interactions to which two parts of one pact give different content, by their descriptions.

    None where they are no parts that could be put together: no pacts, or not of one pair.
    """
    slots = {(each.kind, each.owner, each.counterpart) for each in (first, second)}
    parts = [_part(each) for each in (first, second)]
    if len(slots) > 1 or first.kind is not ContractKind.PACT or not all(parts):
        return None
    return tuple(str(one.get("description", "")) for one, _ in contradictions(*parts) if isinstance(one, dict))


def put_together(first: Contract, second: Contract) -> Contract:
    """The pact of which both are parts; they must not contradict each other."""
    both = merge_parts(_part(first), _part(second))
    places = [each.place for each in (first, second) if each.place]
    text = json.dumps(both, ensure_ascii=False, separators=(",", ":"))
    return replace(second, key=pact_key(both), text=text, place=" and ".join(places))


def _part(contract: Contract) -> dict[str, Any]:
    try:
        document = json.loads(contract.text)
    except ValueError:
        return {}  # it is kept as it came; that it cannot be read is told where it is read
    return document if isinstance(document, dict) else {}


def contradictions(there: Mapping[str, Any], added: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """The interactions to which the two parts give different content, whatever part of it differs."""
    found = []
    for name in _LISTS:
        known = _by_identity(_of(there, name))
        for key, each in _by_identity(_of(added, name)).items():
            found += [
                (one, other) for one in known.get(key, ()) for other in each if content(one) != content(other)
            ]
    return found


def _by_identity(interactions: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for each in interactions:
        found.setdefault(identity(each), []).append(each)
    return found


def merge_parts(there: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    """Both parts; they must not contradict each other."""
    result = {**there, **{name: value for name, value in added.items() if name not in there}}
    for name in _LISTS:
        if name in there or name in added:
            result[name] = _merge_lists(_of(there, name), _of(added, name))
    return result


def _merge_lists(there: list[Any], added: list[Any]) -> list[Any]:
    newer = {identity(each): each for each in added}
    known = {identity(each) for each in there}
    kept = [_newer(each, newer.get(identity(each), each)) for each in there]
    return kept + [each for key, each in newer.items() if key not in known]


def _newer(known: Any, newer: Any) -> Any:
    """What is told again, with the tests of both where it is the same."""
    both = {*tests_of(known), *tests_of(newer)}
    if known is newer or not both or content(known) != content(newer):
        return newer
    return sign_interaction(newer, both)


def _of(document: Mapping[str, Any], name: str) -> list[Any]:
    found = document.get(name)
    return found if isinstance(found, list) else []


def identity(interaction: Any) -> str:
    """What makes an interaction one of its kind: kind, description and states, in whichever order they stand."""
    if not isinstance(interaction, dict):
        return canonical_json(interaction)
    states = interaction.get("providerStates", interaction.get("providerState", interaction.get("provider_state")))
    listed = states if isinstance(states, list) else [states] if states else []
    named = sorted(canonical_json({"name": each} if isinstance(each, str) else each) for each in listed)
    return canonical_json([interaction.get("type"), interaction.get("description"), named])


def content(interaction: Any) -> str:
    """All that an interaction promises: neither its comments nor its key."""
    if not isinstance(interaction, dict):
        return canonical_json(interaction)
    return canonical_json({k: v for k, v in interaction.items() if k not in ("comments", "key", "_id")})


def tests_of(interaction: Any) -> tuple[str, ...]:
    """The tests that promise an interaction of a V4 pact; none when it does not say."""
    comments = interaction.get("comments") if isinstance(interaction, dict) else None
    if not isinstance(comments, dict):
        return ()
    names = comments.get("testnames") or [comments.get("testname")]
    return tuple(name for name in names if isinstance(name, str) and "::" in name)


def sign_interaction(interaction: Mapping[str, Any], tests: Iterable[str]) -> dict[str, Any]:
    """The interaction with the tests that promise it."""
    names = sorted(tests)
    others = {k: v for k, v in (interaction.get("comments") or {}).items() if not k.startswith("testname")}
    several = {"testnames": names} if len(names) > 1 else {}
    return {**interaction, "comments": {**others, "testname": names[0], **several}}


def _request(interaction: Any) -> str:
    """What is asked for; of a message, which asks for nothing, that is nothing."""
    request = interaction.get("request") if isinstance(interaction, dict) else None
    if not isinstance(request, dict):
        return canonical_json(request)
    known = {name: request.get(name) for name in _HTTP}
    return canonical_json({**known, "method": str(request.get("method", "")).lower()})
