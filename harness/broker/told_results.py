"""How many promises of a pact a published result speaks of: one rule, for our own broker and for a remote one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

from harness.broker.served_pact import interaction_id, interactions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many interactions a pact holds, how many of them a result speaks of, and why these are not all."""

    promised: int
    exercised: int
    because: str = ""


def count(promised: int, names: Callable[[], Iterable[set[object]]], results: Any, *, success: bool) -> Counted:
    """What the `testResults` of a result say; whoever names no interaction in any way is believed for all of them.

    An empty list names none of them, and a success does not rest on an interaction that is told as failed. What
    the interactions may be called is asked only where it is needed.
    """
    named = _named(results, success=success)
    if named is None:
        return Counted(promised=promised, exercised=promised)
    exercised = min(promised, sum(bool(each & named) for each in names()))
    return Counted(promised=promised, exercised=exercised, because=_because(promised, exercised, named, results))


def names_of(pact: Any, ids: Sequence[str] | None = None) -> Iterator[set[object]]:
    """What each interaction may be called; the ids are what a broker calls them, in their order."""
    interactions = interactions_of(pact) if isinstance(pact, dict) else ()
    yield from map(_names, interactions, ids if ids is not None else repeat(""))


def _because(promised: int, exercised: int, named: set[object], results: list[Any]) -> str:
    if exercised >= promised:
        return ""
    if not results:
        return f"its test results are an empty list: they name none of the {promised} interactions"
    if named and not exercised:
        return f"its test results name none of the {promised} interactions of the pact, only unknown ones"
    return f"only {exercised} of {promised} interactions were verified, its test results say"


def _named(results: Any, *, success: bool) -> set[object] | None:
    """The interactions that results name as kept; None when they name none in any way that verifiers do."""
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        return None
    told = [(_name_told(each), each.get("success")) for each in results]
    contradicts = success and any(kept is False for _, kept in told)
    if told and not contradicts and not any(name for name, _ in told):
        return None
    return {name for name, kept in told if name and not (success and kept is False)}


def _name_told(result: dict[str, Any]) -> object:
    if isinstance(result.get("interactionId"), str):
        return result["interactionId"]
    if isinstance(result.get("interactionDescription"), str):
        return result["interactionDescription"], str(result.get("interactionProviderState") or "")
    return None


def _names(interaction: Any, called: str) -> set[object]:
    """What an interaction may be called: its ids, or its description with its only provider state."""
    names: set[object] = {interaction_id(interaction)}
    names |= {called} if called else set()
    if isinstance(interaction, dict):
        state = interaction.get("providerState") or interaction.get("provider_state") or ""
        names.add((str(interaction.get("description", "")), str(state)))
    return names
