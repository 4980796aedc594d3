"""Reads pacts, all specifications from 1.1 to 4, and says everything that is wrong with one at once."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.contracts.pact import Interaction, InteractionKind, Pact, ProviderState
from harness.contracts.pact_entries import as_meant, contradictions, told_apart
from harness.contracts.pact_shape import entry_problems, problems_of, specification_of, written_as_v4
from harness.errors import ContractError, Problem
from harness.identity import canonical_json, content_key, key_of_canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from harness.contracts.document import Contract

_GLOB = frozenset("*?[")
_DEEPEST = 100  # levels; the verifier's own JSON reader stops at 128


def read_pact(text: str | bytes, place: str) -> Pact:
    """The pact that a text holds; an interaction that cannot be read says so, and spoils no other.

    Raises ContractError, with every problem and its place, for a text that does not even say whose pact it is.
    """
    document = _parse_json(text, place)
    problems = tuple(problems_of(document, place))
    if any(not problem.where.startswith(f"{place}#/") or _is_nameless(problem, place) for problem in problems):
        raise ContractError(*problems)
    return _pact(document, place, problems)


def _is_nameless(problem: Problem, place: str) -> bool:
    return problem.where.startswith((f"{place}#/consumer", f"{place}#/provider"))


def unreadable_pact(contract: Contract, problems: Sequence[Problem]) -> Pact:
    """What stands for a pact of which only the two names are known: it promises something, nobody knows what."""
    return Pact(
        consumer=contract.owner,
        provider=contract.counterpart,
        specification="",
        interactions=(_whole(problems, contract.place),),
        key=contract.key,
        document={},
        place=contract.place,
    )


def whole_pact(text: str | bytes, place: str) -> Pact:
    """The same where every interaction has to be read: raises ContractError for one that cannot be, too."""
    pact = read_pact(text, place)
    told = [f"{place}{each.unverifiable}" for each in pact.interactions if each.unverifiable]
    if told:
        raise ContractError(*told)
    return pact


class FoundPacts(NamedTuple):
    """The pacts at some paths, and what there could not be read at all."""

    pacts: tuple[Pact, ...]
    problems: tuple[Problem, ...]  # files that are no pacts, and patterns that match no file
    absent: tuple[Problem, ...]  # paths that are not there


def find_pacts(paths: Iterable[str]) -> FoundPacts:
    """The pacts in files, folders and globs, sorted by path; a file that is none spoils no other."""
    pacts: list[Pact] = []
    problems: list[Problem] = []
    absent: list[Problem] = []
    for file in sorted({file for path in paths for file in _files(path, problems, absent)}):
        try:
            pacts.append(read_pact(file.read_bytes(), str(file)))
        except ContractError as error:
            problems.extend(error.problems)
        except OSError as error:
            problems.append(Problem(f"cannot be read: {error.strerror}", str(file)))
    return FoundPacts(tuple(pacts), tuple(problems), tuple(absent))


def read_pacts(paths: Iterable[str]) -> tuple[Pact, ...]:
    """The same where all must be pacts: one ContractError tells of all bad files."""
    found = find_pacts(paths)
    if found.problems or found.absent:
        raise ContractError(*found.absent, *found.problems)
    return found.pacts


def pact_key(document: dict[str, Any]) -> str:
    """The content key of a pact: the same whatever the order of its keys and of its interactions.

    It is the SHA-1 that a Pact Broker gives to the same content.
    """
    interactions, messages = document.get("interactions"), document.get("messages")
    if not isinstance(interactions, list) and not isinstance(messages, list):
        return content_key(document)
    parts = []  # of an object in its canonical spelling: each interaction is written once, to be sorted and hashed
    if isinstance(interactions, list):
        parts.append(f'"interactions":{_sort_entries(interactions)}')
    if isinstance(messages, list):
        # Only one of the two arrays is sorted; the broker does so, and keys must agree with its own.
        parts.append(f'"messages":{canonical_json(messages) if interactions else _sort_entries(messages)}')
    version = specification_of(document)
    if version is not None:
        parts.append(f'"pact_specification_version":{canonical_json(version)}')
    return key_of_canonical(f"{{{','.join(parts)}}}")


def _sort_entries(entries: list[Any]) -> str:
    return f"[{','.join(sorted(map(canonical_json, entries)))}]"


def place_of(pact: Pact, interaction: Interaction) -> str:
    """Where an interaction is written: file and JSON pointer."""
    return f"{pact.place}#/{interaction.part}/{interaction.index}" if interaction.part else pact.place


def _files(path: str, problems: list[Problem], absent: list[Problem]) -> Iterator[Path]:
    here = Path(path)
    if here.is_dir():
        yield from (file for file in here.glob("*.json") if file.is_file())
    elif here.exists():
        yield here
    elif _GLOB & set(path):
        anchor = Path(here.anchor)
        matching = [file for file in anchor.glob(str(here.relative_to(anchor))) if file.is_file()]
        if not matching:
            problems.append(Problem("no file matches this pattern, so nobody's pacts are read from it", path))
        yield from matching
    else:
        absent.append(Problem("no such file or folder", path, "name a pact, a folder of pacts or a glob"))


def _parse_json(text: str | bytes, place: str) -> Any:
    doubled: list[tuple[dict[str, Any], str]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        document = dict(pairs)
        if len(document) < len(pairs):
            counted = Counter(name for name, _ in pairs)
            doubled.extend((document, name) for name, count in counted.items() if count > 1)
        return document

    written = _decode_text(text, place)
    document = _load_json(written, keep, place)
    if doubled:
        raise ContractError(*(_duplicate_key(document, each, name, place) for each, name in doubled))
    if _HALVES.search(written):  # two halves make a character, one alone cannot be written
        pointer, half = _half_written(document)
        if half:
            where = f"{place}#{pointer}"
            raise ContractError(f"half a character: {half!a}", where=where, hint="write it as UTF-8")
    return document


_HALVES = re.compile(r"\\u[dD]|[\ud800-\udfff]")


def _load_json(text: str, keep: Callable[[list[tuple[str, Any]]], dict[str, Any]], place: str) -> Any:
    try:
        document = json.loads(text, object_pairs_hook=keep, parse_constant=_refuse_constant)
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


def _decode_text(text: str | bytes, place: str) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"not UTF-8: byte {text[error.start]:#04x} at offset {error.start}"
        raise ContractError(what, where=place, hint="save the file as UTF-8") from None


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _duplicate_key(document: Any, wanted: dict[str, Any], name: str, place: str) -> Problem:
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
            waiting.extend((f"{pointer}/{_escape_step(key)}", each) for key, each in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{pointer}/{index}", each) for index, each in enumerate(value))


def _escape_step(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _pact(document: dict[str, Any], place: str, problems: Sequence[Problem]) -> Pact:
    interactions = [_whole(problems, place)] if problems else told_apart(list(_interactions(document)))
    return Pact(
        consumer=document["consumer"]["name"],
        provider=document["provider"]["name"],
        specification=str(specification_of(document) or ""),
        interactions=tuple(interactions),
        key=pact_key(document),
        document=document,
        place=place,
    )


def _whole(problems: Sequence[Problem], place: str) -> Interaction:
    """What stands for a pact of which nothing more can be read than whose it is: it promises something."""
    return Interaction(
        index=0,
        part="",
        kind=InteractionKind.UNKNOWN,
        description="the whole pact",
        unreadable=_problems_text(problems).replace(place, ""),
        document={},
    )


def _interactions(document: dict[str, Any]) -> Iterator[Interaction]:
    v4 = written_as_v4(document)
    for name, http in (("interactions", True), ("messages", False)):
        written = document.get(name) or []
        is_http = [http and not (v4 and _is_message(each)) for each in written]
        meant = [
            as_meant(each, http=over_http) if isinstance(each, dict) else each
            for each, over_http in zip(written, is_http, strict=True)
        ]
        against = contradictions(meant)
        for index, entry in enumerate(meant):
            read = _interaction(entry, (name, index), v4=v4)
            if index in against:
                read = replace(read, contradicts=_contradiction(read, against[index]))
            yield read


def _contradiction(interaction: Interaction, other: int) -> str:
    here = f"#/{interaction.part}/{interaction.index}"
    text = (
        f"{interaction.description!r} is promised twice, with different content: see #/{interaction.part}/{other}"
    )
    return f"{here}: {text} (give one of them another description or state)"


def _is_message(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("type") not in (None, InteractionKind.HTTP)


def _interaction(entry: Any, at: tuple[str, int], *, v4: bool) -> Interaction:
    part, index = at
    http = part == "interactions"
    problems = tuple(entry_problems(entry, f"#/{part}/{index}", http=http, v4=v4))
    if problems:
        told = entry.get("description") if isinstance(entry, dict) else None
        return Interaction(
            index=index,
            part=part,
            kind=InteractionKind.UNKNOWN,
            description=told if isinstance(told, str) and told else f"interaction {index}",
            unreadable=_problems_text(problems),
            document=entry if isinstance(entry, dict) else {},
        )
    kind = InteractionKind(entry["type"]) if v4 and http else _KIND_BEFORE_V4[http]
    over_http = kind is InteractionKind.HTTP
    return Interaction(
        index=index,
        part=part,
        kind=kind,
        description=entry["description"],
        states=_states(entry),
        method=entry["request"]["method"].upper() if over_http else "",
        path=entry["request"]["path"] if over_http else "",
        status=entry["response"]["status"] if over_http else 0,
        pending=bool(entry.get("pending")),
        document=entry,
    )


_KIND_BEFORE_V4 = {True: InteractionKind.HTTP, False: InteractionKind.ASYNC_MESSAGE}


def _problems_text(problems: Sequence[Problem]) -> str:
    return "; ".join(f"{each.where}: {each.text}" + (f" ({each.hint})" if each.hint else "") for each in problems)


def _states(document: dict[str, Any]) -> tuple[ProviderState, ...]:
    listed = document.get("providerStates")
    if isinstance(listed, list):
        return tuple(
            ProviderState(name=each["name"], params=tuple(sorted((each.get("params") or {}).items())))
            for each in listed
        )
    single = listed or document.get("providerState") or document.get("provider_state")
    return (ProviderState(name=single),) if single else ()
