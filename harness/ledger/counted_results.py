"""How many promises of a pact a published result speaks of: one rule, for our own broker and for a remote one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

from harness.ledger.served_pact import interaction_id, interactions_of
from harness.verdicts import Finding

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
    named = _exercised_names(results, success=success)
    if named is None:
        return Counted(promised=promised, exercised=promised)
    exercised = min(promised, sum(bool(each & named) for each in names()))
    return Counted(promised=promised, exercised=exercised, because=_because(promised, exercised, named, results))


def names_of(pact: Any, ids: Sequence[str] | None = None) -> Iterator[set[object]]:
    """What each interaction may be called; the ids are what a broker calls them, in their order."""
    interactions = interactions_of(pact) if isinstance(pact, dict) else ()
    yield from map(_names, interactions, ids if ids is not None else repeat(""))


def findings_in(results: Any, pact: Any, ids: Sequence[str] | None = None) -> tuple[Finding, ...]:
    """What `testResults` say of each interaction that was not kept, in the words of their verifier."""
    if not isinstance(results, list):
        return ()
    interactions = interactions_of(pact) if isinstance(pact, dict) else ()
    called = list(zip(names_of(pact, ids), interactions, strict=False))
    failed = [each for each in results if isinstance(each, dict) and each.get("success") is False]
    return tuple(finding for each in failed for finding in _findings(each, _interaction(each, called)))


def _interaction(result: dict[str, Any], called: list[tuple[set[object], Any]]) -> dict[str, Any]:
    name = _name_told(result)
    found = next((one for names, one in called if name in names), None)
    return found if isinstance(found, dict) else {}


def _findings(result: dict[str, Any], interaction: dict[str, Any]) -> Iterator[Finding]:
    request = interaction.get("request")
    asked = request if isinstance(request, dict) else {}
    operation = " ".join(str(asked[part]) for part in ("method", "path") if asked.get(part))
    subject = str(interaction.get("description") or result.get("interactionDescription") or "an interaction")
    response = interaction.get("response")
    status = response.get("status") if isinstance(response, dict) else None
    promised = f"status {status} and what else the pact says" if status else "what the pact says"
    for each in _mismatches(result):
        expected, came = _expected_and_actual(each)
        yield Finding(
            code=_CODES.get(str(each.get("attribute")), "response.mismatch"),
            subject=subject,
            operation=operation,
            expected=expected or promised,
            actual=came,
        )


_CODES = {
    "status": "response.status.mismatch",
    "header": "response.header.mismatch",
    "body": "response.body.mismatch",
}


def _mismatches(result: dict[str, Any]) -> list[dict[str, Any]]:
    """What verifiers write: mismatches, or exceptions; a result that says nothing more broke as well."""
    told = [*_objects(result.get("mismatches")), *_objects(result.get("exceptions"))]
    return told or [{"description": "another answer: the result does not say which"}]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    yield from (each for each in (value if isinstance(value, list) else ()) if isinstance(each, dict))


def _expected_and_actual(mismatch: dict[str, Any]) -> tuple[str, str]:
    """What was expected and what came, as far as they are told apart."""
    words = next((mismatch[key] for key in ("description", "mismatch", "message") if mismatch.get(key)), "")
    where = mismatch.get("identifier") or mismatch.get("path")
    expected, actual = (mismatch.get(key) for key in ("expected", "actual"))
    if expected is None or actual is None:
        return "", f"{where}: {words}" if where and words else _text(words or where or mismatch)
    return f"{where}: {_text(expected)}" if where else _text(expected), _text(actual)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _because(promised: int, exercised: int, named: set[object], results: list[Any]) -> str:
    if exercised >= promised:
        return ""
    if not results:
        return f"its test results are an empty list: they name none of the {promised} interactions"
    if named and not exercised:
        return f"its test results name none of the {promised} interactions of the pact, only unknown ones"
    return f"only {exercised} of {promised} interactions were verified, its test results say"


def _exercised_names(results: Any, *, success: bool) -> set[object] | None:
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
