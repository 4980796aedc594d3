"""Merging what consumer tests promised into one pact per pair, the same bytes for the same promises; pure."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.contracts.pact_merging import content, identity, sign_interaction, tests_of
from harness.contracts.pact_reader import whole_pact
from harness.errors import ContractError, Problem
from harness.identity import canonical_json

if TYPE_CHECKING:
    from pathlib import Path

    from harness.contracts.pact import Pact


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One interaction that one passing test stands for."""

    test: str  # its name
    consumer: str
    provider: str
    specification: str  # "4.0"
    interaction: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteSession:
    """What is known of the tests of one session."""

    passed: frozenset[str] = frozenset()  # names; what these no longer promise is dropped
    gone: Callable[[str], bool] = lambda _: False  # whether a test is known not to exist any more
    former: Mapping[str, str] = field(default_factory=dict)  # names that earlier releases gave to tests of it


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedPromise:
    """An interaction that no test stands for any more."""

    description: str
    tests: tuple[str, ...]  # which stood for it


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedPact:
    """The pact of a pair after a session."""

    text: str | None  # None when nothing is left to promise
    dropped: tuple[DroppedPromise, ...] = ()


def file_name(consumer: str, provider: str, *, apart: bool = False) -> str:
    """The file of a pair, `web-orders.json`; a name that no file can have gets a hash.

    `apart` gives it a hash in any case: `a-b` with `c` and `a` with `b-c` would meet in one file.
    """
    plain = f"{consumer}-{provider}"
    safe = re.sub(r"[^\w.+ -]", "_", plain).strip(". ") or "_"
    if not apart and safe == plain and len(plain.encode()) < 200:
        return f"{plain}.json"
    key = hashlib.sha256(f"{consumer}\0{provider}".encode()).hexdigest()[:8]
    while len(safe.encode()) > 120:
        safe = safe[:-1]
    return f"{safe}-{key}.json"


def file_of_pair(folder: Path, pair: tuple[str, str]) -> Path:
    """The file of a pair in a folder: the plain name, unless another pair has it already."""
    plain = folder / file_name(*pair)
    with contextlib.suppress(OSError, ContractError):
        if pair_of(plain.read_bytes(), str(plain)) != pair:
            return folder / file_name(*pair, apart=True)
    return plain


def replace_file(path: Path, text: str) -> None:
    """Write a pact so that nobody ever reads half of it."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


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
    existing: str | bytes | None,
    new: Iterable[Contribution],
    pair: tuple[str, str],
    session: SuiteSession,
    *,
    place: str,
) -> MergedPact:
    """The pact of a pair after a session.

    Raises ContractError for an existing file that is no pact of this pair, for two tests (of this session, or one
    of an earlier session that is still there) that give one interaction different content, and for two
    specifications in one pact.
    """
    fresh = sorted(new, key=lambda c: (identity(c.interaction), c.test))
    before = None if existing is None else _pact_of(pair, existing, place)
    kept = {} if before is None else _kept_interactions(before, session)
    _refuse_contradictions(fresh, _standing_promises(kept, pair), session, place)
    version = _version(fresh, _specification(before) if before and kept else "", place)
    promised = dict(kept)
    for each in reversed(fresh):  # of several tests the first by name has the last word
        key = identity(each.interaction)
        standing = promised.get(key)
        same = standing is not None and content(standing) == content(each.interaction)
        others = set(tests_of(standing)) if standing and same else set()
        tests = {each.test, *(others - {session.former.get(each.test)})}
        promised[key] = _sign_interaction(each.interaction, tests, version)
    text = _text(pair, version, list(promised.values())) if promised else None
    return MergedPact(text=text, dropped=_dropped_promises(before, promised))


def _dropped_promises(before: Pact | None, promised: Mapping[str, dict[str, Any]]) -> tuple[DroppedPromise, ...]:
    """What the file promised and promises no more."""
    return tuple(
        DroppedPromise(description=each.description, tests=tests_of(each.document))
        for each in (before.interactions if before else ())
        if identity(each.document) not in promised
    )


def pair_of(existing: bytes, place: str) -> tuple[str, str]:
    """Whose pact it is. Raises ContractError for a text that is none."""
    pact = whole_pact(existing, place)
    return pact.consumer, pact.provider


def takes_back(existing: bytes, session: SuiteSession, *, place: str) -> bool:
    """Whether tests of the session used to promise something in a pact. Raises ContractError for none."""
    tests = {test for each in whole_pact(existing, place).interactions for test in tests_of(each.document)}
    return any(test in session.passed or session.gone(test) for test in tests)


def _pact_of(pair: tuple[str, str], existing: str | bytes, place: str) -> Pact:
    pact = whole_pact(existing, place)
    if (pact.consumer, pact.provider) != pair:
        raise ContractError(
            f"it is the pact of {pact.consumer} and {pact.provider}, not of {pair[0]} and {pair[1]}",
            where=place,
            hint="move it away, or give --pacts another folder",
        )
    return pact


def _specification(pact: Pact) -> str:
    typed = any("type" in each.document for each in pact.interactions)
    return pact.specification or ("4.0" if typed else "3.0.0")


def _kept_interactions(pact: Pact, session: SuiteSession) -> dict[str, dict[str, Any]]:
    """What the file promises already and this session does not take back, by what identifies it."""
    kept = {}
    for interaction in (each.document for each in pact.interactions):
        tests = tests_of(interaction)
        left = {test for test in tests if test not in session.passed and not session.gone(test)}
        if left == set(tests):
            kept[identity(interaction)] = interaction
        elif left:
            kept[identity(interaction)] = _sign_interaction(interaction, left, _specification(pact))
    return kept


def _standing_promises(kept: Mapping[str, dict[str, Any]], pair: tuple[str, str]) -> Iterator[Contribution]:
    """What tests of earlier sessions stand for still; of what names no test nobody knows whose it is."""
    for interaction in kept.values():
        for test in tests_of(interaction):
            yield Contribution(
                test=test, consumer=pair[0], provider=pair[1], specification="", interaction=interaction
            )


def _refuse_contradictions(
    new: Iterable[Contribution], standing: Iterable[Contribution], session: SuiteSession, place: str
) -> None:
    """Refuse two tests that give one interaction different content; a test may change its own mind."""
    first: dict[str, Contribution] = {}
    earlier: dict[str, list[Contribution]] = {}
    for each in standing:
        earlier.setdefault(identity(each.interaction), []).append(each)
    problems = []
    for each in new:
        key = identity(each.interaction)
        own = {each.test, session.former.get(each.test)}
        others = [first.setdefault(key, each), *(c for c in earlier.get(key, ()) if c.test not in own)]
        against = [c for c in others if content(c.interaction) != content(each.interaction)]
        problems += [_contradiction(other, each, place) for other in against[:1]]
    if problems:
        raise ContractError(*problems)


def _contradiction(one: Contribution, other: Contribution, place: str) -> Problem:
    earlier = " (in an earlier session)" if not one.specification else ""
    return Problem(
        text=f"'{other.interaction['description']}' is promised with different content by "
        f"{one.test}{earlier} and {other.test}: {_what_differs(one.interaction, other.interaction)}",
        where=place,
        hint="give one of them another description or another provider state"
        + (", or run both together when both have changed" if earlier else ""),
    )


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


def _sort_key(interaction: Any) -> str:
    if not isinstance(interaction, dict):
        return canonical_json(interaction)
    states = interaction.get("providerStates", interaction.get("providerState"))
    return canonical_json([interaction.get("description"), states, interaction.get("type")])


def _sign_interaction(interaction: dict[str, Any], tests: set[str], version: str) -> dict[str, Any]:
    """The interaction with the tests that promise it, where the specification has a place for that."""
    return sign_interaction(interaction, tests) if version.startswith("4") else interaction


def _version(new: list[Contribution], kept: str, place: str) -> str:
    """The one specification of a pact; two cannot live in one file."""
    if not new:
        return kept
    first, *others = sorted(new, key=lambda each: each.test)
    for other in others:
        if other.specification != first.specification:
            raise ContractError(
                f"{first.test} promises in specification {first.specification} "
                f"and {other.test} in {other.specification}",
                where=place,
                hint="choose one for the pair: pact_between(consumer, provider, specification)",
            )
    if kept and kept.partition(".")[0] != first.specification.partition(".")[0]:
        raise ContractError(
            f"it is written in specification {kept}, and {first.test} promises in {first.specification}",
            where=place,
            hint="remove the file, and run all tests of the pair again",
        )
    return first.specification


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
    return stable_text(document)


def stable_text(document: Mapping[str, Any]) -> str:
    """A pact as text: the same bytes for the same promises, in whichever order they came."""
    ordered = {
        name: sorted(value, key=_sort_key) if name in ("interactions", "messages") else value
        for name, value in document.items()
    }
    return json.dumps(ordered, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
