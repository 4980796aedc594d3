"""Reads pacts, all specifications from 1.1 to 4, and says everything that is wrong with one at once."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contracts.pact import Interaction, InteractionKind, Pact, ProviderState
from harness.contracts.pact_shape import messages_of, problems_of, specification_of, written_as_v4
from harness.errors import ContractError, Problem
from harness.identity import canonical_json, content_key, key_of_canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_GLOB = frozenset("*?[")
_DEEPEST = 100  # levels; the verifier's own JSON reader stops at 128


def read_pact(text: str | bytes, place: str, *, ambiguous: bool = False) -> Pact:
    """The pact that a text holds; raises ContractError with every problem found, each with its place.

    `ambiguous` takes a pact in which one description promises two things: it can be compared, not verified.
    """
    document = _parsed(text, place)
    problems = tuple(problems_of(document, place, ambiguous=ambiguous))
    if problems:
        raise ContractError(*problems)
    return _pact(document, place)


def read_pacts(paths: Iterable[str], *, ambiguous: bool = False) -> tuple[Pact, ...]:
    """The pacts in files, folders and globs, sorted by path; one ContractError tells of all bad files."""
    pacts: list[Pact] = []
    problems: list[Problem] = []
    for file in sorted({file for path in paths for file in _files(path, problems)}):
        try:
            pacts.append(read_pact(file.read_bytes(), str(file), ambiguous=ambiguous))
        except ContractError as error:
            problems.extend(error.problems)
        except OSError as error:
            problems.append(Problem(f"cannot be read: {error.strerror}", str(file)))
    if problems:
        raise ContractError(*problems)
    return tuple(pacts)


def pact_key(document: dict[str, Any]) -> str:
    """The content key of a pact: the same whatever the order of its keys and of its interactions.

    It is the SHA-1 that a Pact Broker gives to the same content.
    """
    interactions, messages = document.get("interactions"), document.get("messages")
    if not isinstance(interactions, list) and not isinstance(messages, list):
        return content_key(document)
    parts = []  # of an object in its canonical spelling: each interaction is written once, to be sorted and hashed
    if isinstance(interactions, list):
        parts.append(f'"interactions":{_sorted(interactions)}')
    if isinstance(messages, list):
        # Only one of the two arrays is sorted; the broker does so, and keys must agree with its own.
        parts.append(f'"messages":{canonical_json(messages) if interactions else _sorted(messages)}')
    version = specification_of(document)
    if version is not None:
        parts.append(f'"pact_specification_version":{canonical_json(version)}')
    return key_of_canonical(f"{{{','.join(parts)}}}")


def _sorted(entries: list[Any]) -> str:
    return f"[{','.join(sorted(map(canonical_json, entries)))}]"


def place_of(pact: Pact, interaction: Interaction) -> str:
    """Where an interaction is written: file and JSON pointer."""
    messages = messages_of(pact.document)
    listed = interaction.index < len(messages) and messages[interaction.index] is interaction.document
    return f"{pact.place}#/{'messages' if listed else 'interactions'}/{interaction.index}"


def _files(path: str, problems: list[Problem]) -> Iterator[Path]:
    here = Path(path)
    if here.is_dir():
        yield from (file for file in here.glob("*.json") if file.is_file())
    elif here.exists():
        yield here
    elif _GLOB & set(path):
        anchor = Path(here.anchor)
        yield from (file for file in anchor.glob(str(here.relative_to(anchor))) if file.is_file())
    else:
        problems.append(Problem("no such file or folder", path, "name a pact, a folder of pacts or a glob"))


def _parsed(text: str | bytes, place: str) -> Any:
    doubled: list[tuple[dict[str, Any], str]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        document = dict(pairs)
        if len(document) < len(pairs):
            counted = Counter(name for name, _ in pairs)
            doubled.extend((document, name) for name, count in counted.items() if count > 1)
        return document

    written = _decoded(text, place)
    document = _loaded(written, keep, place)
    if doubled:
        raise ContractError(*(_doubled(document, each, name, place) for each, name in doubled))
    if _HALVES.search(written):  # two halves make a character, one alone cannot be written
        pointer, half = _half_written(document)
        if half:
            where = f"{place}#{pointer}"
            raise ContractError(f"half a character: {half!a}", where=where, hint="write it as UTF-8")
    return document


_HALVES = re.compile(r"\\u[dD]|[\ud800-\udfff]")


def _loaded(text: str, keep: Callable[[list[tuple[str, Any]]], dict[str, Any]], place: str) -> Any:
    try:
        document = json.loads(text, object_pairs_hook=keep, parse_constant=_refused)
        if _depth(document) > _DEEPEST:
            raise RecursionError
    except RecursionError:
        hint = f"at most {_DEEPEST} levels"
        raise ContractError("nested too deeply to be a pact", where=place, hint=hint) from None
    except json.JSONDecodeError as error:
        where = f"{place}:{error.lineno}:{error.colno}"
        raise ContractError(f"not JSON: {error.msg}", where=where, hint="a pact is one JSON object") from None
    except ValueError as error:  # NaN, or a number of thousands of digits
        raise ContractError(f"not JSON: {error}", where=place) from None
    return document


def _decoded(text: str | bytes, place: str) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"not UTF-8: byte {text[error.start]:#04x} at offset {error.start}"
        raise ContractError(what, where=place, hint="save the file as UTF-8") from None


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _doubled(document: Any, wanted: dict[str, Any], name: str, place: str) -> Problem:
    pointer = next((p for p, value in _walk(document) if value is wanted), "")
    where = f"{place}#{pointer}" if pointer else place
    return Problem(f"key {name!r} is written twice", where, "keep one of them: readers disagree on which counts")


def _half_written(document: Any) -> tuple[str, str]:
    """The first text with half of a surrogate pair: no other program could read it back."""
    for pointer, value in _walk(document):
        texts = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
        for text in texts:
            if any("\ud800" <= letter <= "\udfff" for letter in text):
                return pointer, text
    return "", ""


def _depth(document: Any) -> int:
    deepest, level = 0, [document] if isinstance(document, dict | list) else []
    while level:
        deepest += 1
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
    return deepest


def _walk(document: Any) -> Iterator[tuple[str, Any]]:
    waiting = [("", document)]
    while waiting:
        pointer, value = waiting.pop()
        yield pointer, value
        if isinstance(value, dict):
            waiting.extend((f"{pointer}/{_escaped(key)}", each) for key, each in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{pointer}/{index}", each) for index, each in enumerate(value))


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _pact(document: dict[str, Any], place: str) -> Pact:
    http = document.get("interactions") or []
    v4 = written_as_v4(document)
    interactions = [_interaction(index, each, v4=v4) for index, each in enumerate(http)]
    interactions += [_message(index, each) for index, each in enumerate(messages_of(document))]
    return Pact(
        consumer=document["consumer"]["name"],
        provider=document["provider"]["name"],
        specification=str(specification_of(document) or ""),
        interactions=tuple(_told_apart(interactions)),
        key=pact_key(document),
        document=document,
        place=place,
    )


def _told_apart(interactions: Sequence[Interaction]) -> Iterator[Interaction]:
    """Where a label is not enough, the parameters of the states are part of it."""
    alike = Counter(each.label for each in interactions)
    for each in interactions:
        yield replace(each, twin=True) if alike[each.label] > 1 else each


def _interaction(index: int, document: dict[str, Any], *, v4: bool) -> Interaction:
    kind = InteractionKind(document["type"]) if v4 else InteractionKind.HTTP
    if kind is not InteractionKind.HTTP:
        return _message(index, document, kind)
    request = document["request"]
    return Interaction(
        index=index,
        kind=kind,
        description=document["description"],
        states=_states(document),
        method=request["method"].upper(),
        path=request["path"],
        status=document["response"]["status"],
        pending=bool(document.get("pending")),
        document=document,
    )


def _message(
    index: int, document: dict[str, Any], kind: InteractionKind = InteractionKind.ASYNC_MESSAGE
) -> Interaction:
    return Interaction(
        index=index,
        kind=kind,
        description=document["description"],
        states=_states(document),
        pending=bool(document.get("pending")),
        document=document,
    )


def _states(document: dict[str, Any]) -> tuple[ProviderState, ...]:
    listed = document.get("providerStates")
    if isinstance(listed, list):
        return tuple(
            ProviderState(name=each["name"], params=tuple(sorted((each.get("params") or {}).items())))
            for each in listed
        )
    single = listed or document.get("providerState") or document.get("provider_state")
    return (ProviderState(name=single),) if single else ()
