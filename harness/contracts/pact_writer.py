"""Merging what consumer tests promised into one pact per pair, the same bytes for the same promises; pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.contracts.pact_reader import read_pact
from harness.errors import ContractError, Problem
from harness.identity import canonical_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One interaction that one passing test stands for."""

    test: str  # node id
    consumer: str
    provider: str
    specification: str  # "4.0"
    interaction: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What is known of the tests of one session."""

    passed: frozenset[str] = frozenset()  # node ids; what these no longer promise is dropped
    gone: Callable[[str], bool] = lambda _: False  # whether a test is known not to exist any more


def file_name(consumer: str, provider: str) -> str:
    """The file of a pair, `web-orders.json`; names that no file can have, or that would meet, get a hash."""
    plain = f"{consumer}-{provider}"
    safe = re.sub(r"[^\w.+ -]", "_", plain).strip(". ") or "_"
    clear = safe == plain and len(plain.encode()) < 200 and "-" not in consumer
    if clear:
        return f"{plain}.json"
    key = hashlib.sha256(f"{consumer}\0{provider}".encode()).hexdigest()[:8]
    return f"{safe[:120]}-{key}.json"


def contributions(test: str, document: Mapping[str, Any]) -> tuple[Contribution, ...]:
    """What a test's own pact document contributes."""
    consumer, provider = document["consumer"]["name"], document["provider"]["name"]
    version = document.get("metadata", {}).get("pactSpecification", {}).get("version", "")
    kinds = [*document.get("interactions", ()), *document.get("messages", ())]
    return tuple(
        Contribution(
            test=test, consumer=consumer, provider=provider, specification=version, interaction=dict(each)
        )
        for each in kinds
    )


def merge(
    existing: str | None, new: Iterable[Contribution], pair: tuple[str, str], session: Session, *, place: str
) -> str | None:
    """The pact of a pair after a session, as text; None when nothing is left to promise.

    Raises ContractError for an existing file that is no pact of this pair, and for two tests that give one
    interaction different content.
    """
    fresh = sorted(new, key=lambda c: (_identity(c.interaction), c.test))
    _refuse_contradictions(fresh, place)
    kept = _kept(existing, pair, session, place) if existing is not None else []
    promised = {_identity(each): each for each in kept}
    for each in reversed(fresh):  # the first test by name stands for an interaction that several promise
        promised[_identity(each.interaction)] = _signed(each)
    if not promised:
        return None
    version = _version(fresh, existing)
    return _text(pair, version, [promised[key] for key in sorted(promised)])


def _kept(existing: str, pair: tuple[str, str], session: Session, place: str) -> list[dict[str, Any]]:
    """What the file promises already and this session says nothing about."""
    pact = read_pact(existing, place)
    if (pact.consumer, pact.provider) != pair:
        raise ContractError(
            f"it is the pact of {pact.consumer} and {pact.provider}, not of {pair[0]} and {pair[1]}",
            where=place,
            hint="move it away, or give --pacts another folder",
        )
    tests = [(interaction.document, test_of(interaction.document)) for interaction in pact.interactions]
    return [each for each, test in tests if not test or (test not in session.passed and not session.gone(test))]


def test_of(interaction: Mapping[str, Any]) -> str:
    """The test that an interaction of a V4 pact stands for; "" when it does not say."""
    comments = interaction.get("comments")
    name = comments.get("testname") if isinstance(comments, dict) else ""
    return name if isinstance(name, str) else ""


def _refuse_contradictions(new: Iterable[Contribution], place: str) -> None:
    first: dict[str, Contribution] = {}
    problems = []
    for each in new:
        before = first.setdefault(_identity(each.interaction), each)
        if _content(before.interaction) != _content(each.interaction):
            problems.append(
                Problem(
                    text=f"'{each.interaction['description']}' is promised with different content by "
                    f"{before.test} and {each.test}: {_what_differs(before.interaction, each.interaction)}",
                    where=place,
                    hint="give one of them another description or another provider state",
                )
            )
    if problems:
        raise ContractError(*problems)


def _what_differs(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The parts in which two interactions differ, each with its two values."""
    parts = []
    for part in sorted({*one, *other} - {"comments", "key"}):
        mine, theirs = one.get(part), other.get(part)
        if isinstance(mine, dict) and isinstance(theirs, dict):
            inner = [k for k in sorted({*mine, *theirs}) if mine.get(k) != theirs.get(k)]
            parts += [f"{part}.{k}: {_short(mine.get(k))} and {_short(theirs.get(k))}" for k in inner]
        elif mine != theirs:
            parts.append(f"{part}: {_short(mine)} and {_short(theirs)}")
    return "; ".join(parts)


def _short(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _identity(interaction: Mapping[str, Any]) -> str:
    """What makes an interaction one of its kind: description, states, kind of talk."""
    states = interaction.get("providerStates", interaction.get("providerState"))
    return canonical_json([interaction.get("description"), states, interaction.get("type")])


def _content(interaction: Mapping[str, Any]) -> str:
    return canonical_json({k: v for k, v in interaction.items() if k not in ("comments", "key")})


def _signed(contribution: Contribution) -> dict[str, Any]:
    """The interaction with the test that it stands for, where the specification has a place for that."""
    interaction = contribution.interaction
    if not contribution.specification.startswith("4"):
        return interaction
    comments = interaction.get("comments") or {}
    return {**interaction, "comments": {**comments, "testname": contribution.test}}


def _version(new: list[Contribution], existing: str | None) -> str:
    if new:
        return max(each.specification for each in new)
    document = json.loads(existing or "{}")
    return str(document.get("metadata", {}).get("pactSpecification", {}).get("version", "4.0"))


def _text(pair: tuple[str, str], version: str, promised: list[dict[str, Any]]) -> str:
    messages = [each for each in promised if "type" not in each and "request" not in each]
    document: dict[str, Any] = {
        "consumer": {"name": pair[0]},
        "interactions": [each for each in promised if each not in messages],
        "metadata": {"pactSpecification": {"version": version}},
        "provider": {"name": pair[1]},
    }
    if messages:
        document["messages"] = messages
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
