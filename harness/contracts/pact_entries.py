"""The interactions of a pact as they are meant: what is left out, spelled in old ways, or said twice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from harness.identity import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.contracts.pact import Interaction

_TRIMMINGS = frozenset({"_id", "key", "comments"})  # parts of an interaction that promise nothing
_ASKED = ("method", "path", "query", "headers", "body", "contents")
_EXAMPLES = {  # a status of each class that a `statusCode` rule may name
    "info": 100,
    "information": 100,
    "success": 200,
    "redirect": 302,
    "clientError": 400,
    "serverError": 500,
    "nonError": 200,
    "error": 400,
}
_NOT_SAID = 200  # the status of a response that names none, as every verifier takes it


def as_meant(entry: dict[str, Any], *, http: bool) -> dict[str, Any]:
    """The interaction with what verifiers read into it; the same value where there is nothing to read in.

    A description that is left out is the request's own words, a method GET, a path "/", a status 200; `match:
    "value"` is equality, a state that is a text its name, a header's value that is a number the text of it.
    """
    said: dict[str, Any] = {part: _with_plain_rules(entry[part]) for part in _PARTS if part in entry}
    if http:
        said["request"] = _with_line(said.get("request"))
        said["response"] = _with_status(said.get("response"))
        said |= {part: _with_header_texts(said[part]) for part in _PARTS}
    said["providerStates"] = _with_state_names(entry.get("providerStates"))
    said["description"] = _description({**entry, **said})
    changed = {key: part for key, part in said.items() if part is not entry.get(key)}
    return {**entry, **changed} if changed else entry


_PARTS = ("request", "response")


def _description(entry: Mapping[str, Any]) -> Any:
    given = entry.get("description")
    if given not in (None, ""):
        return str(given) if isinstance(given, int | float) else given
    request = entry.get("request")
    if not isinstance(request, dict) or not isinstance(request.get("path"), str):
        return "without a description"
    return f"{str(request.get('method', '')).upper()} {request['path']}".strip()


def _with_line(request: Any) -> Any:
    """A request with its method and path; a query that stands in the path is one, where no other is said."""
    if not isinstance(request, dict):
        return request
    said = {key: usual for key, usual in _LINE.items() if request.get(key) is None}
    path = request.get("path")
    if isinstance(path, str) and "?" in path and not request.get("query") and not _has_rule(request, "path"):
        said["path"], _, said["query"] = path.partition("?")
    return {**request, **said} if said else request


_LINE = {"method": "GET", "path": "/"}  # what every verifier sends where a pact names none


def _has_rule(part: dict[str, Any], name: str) -> bool:
    rules = part.get("matchingRules")
    return isinstance(rules, dict) and any(each in rules for each in (name, f"$.{name}"))


def _with_header_texts(part: Any) -> Any:
    """Header values that are numbers or flags, as texts."""
    headers = part.get("headers") if isinstance(part, dict) else None
    if not isinstance(headers, dict):
        return part
    texts = {name: _value_text(value) for name, value in headers.items()}
    changed = any(texts[name] is not value for name, value in headers.items())
    return {**part, "headers": texts} if changed else part


def _value_text(value: Any) -> Any:
    if isinstance(value, list):
        texts = [_value_text(each) for each in value]
        return texts if any(new is not old for new, old in zip(texts, value, strict=True)) else value
    return canonical_json(value) if isinstance(value, bool | int | float) else value


def _with_state_names(states: Any) -> Any:
    """States of which only the names are written, as states."""
    if not isinstance(states, list) or not any(isinstance(each, str) and each for each in states):
        return states
    return [{"name": each} if isinstance(each, str) and each else each for each in states]


def _with_status(response: Any) -> Any:
    if not isinstance(response, dict):
        return response
    status = response.get("status")
    if status is None:
        return {**response, "status": _NOT_SAID}
    if status == 0 and not isinstance(status, bool):
        example = _by_rule(response.get("matchingRules"))
        return {**response, "status": example} if example else response
    return response


def _by_rule(rules: Any) -> int:
    """A status that the rule for it takes; 0 where there is none."""
    rule = rules.get("status") if isinstance(rules, dict) else None
    matchers = rule.get("matchers") if isinstance(rule, dict) else None
    for matcher in matchers if isinstance(matchers, list) else ():
        wanted = matcher.get("status") if isinstance(matcher, dict) else None
        if isinstance(wanted, list) and wanted and isinstance(wanted[0], int):
            return wanted[0]
        if isinstance(wanted, str) and wanted in _EXAMPLES:
            return _EXAMPLES[wanted]
    return 0


def _with_plain_rules(part: Any) -> Any:
    rules = part.get("matchingRules") if isinstance(part, dict) else None
    return {**part, "matchingRules": _plain(rules)} if _says_value(rules) else part


def _says_value(rules: Any) -> bool:
    """Whether a rule is called `value` somewhere."""
    waiting = [rules]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if each.get("match") == "value":
                return True
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return False


def _plain(rules: Any) -> Any:
    """Rules with `match: "value"` called equality."""
    if isinstance(rules, dict):
        made = {key: _plain(each) for key, each in rules.items()}
        return {**made, "match": "equality"} if made.get("match") == "value" else made
    return [_plain(each) for each in rules] if isinstance(rules, list) else rules


# --- said twice --------------------------------------------------------------------------------------------------


def contradictions(entries: Sequence[Any]) -> dict[int, int]:
    """Which interactions ask the same in the same state and need different answers: each with the other one."""
    found: dict[int, int] = {}
    for alike in _alike(entries):
        by_request: dict[str, list[int]] = defaultdict(list)
        for index in alike:
            by_request[_request_key(entries[index])].append(index)
        for same in by_request.values():
            promised = {index: _promise_key(entries[index]) for index in same}
            for index in same:
                other = next((each for each in same if promised[each] != promised[index]), None)
                if other is not None:
                    found[index] = other
    return found


def _alike(entries: Sequence[Any]) -> Iterator[list[int]]:
    """Interactions of one description, in one state, where there are several."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        if isinstance(entry, dict):
            states = entry.get("providerStates") or entry.get("providerState") or entry.get("provider_state")
            groups[canonical_json([entry.get("type"), entry.get("description"), states])].append(index)
    yield from (group for group in groups.values() if len(group) > 1)


def _request_key(entry: Mapping[str, Any]) -> str:
    """What is sent: the example, whatever the mock of the consumer's tests would take beside it."""
    request = entry.get("request")
    return canonical_json([request.get(part) for part in _ASKED] if isinstance(request, dict) else request)


def _promise_key(entry: Mapping[str, Any]) -> str:
    left_out = _TRIMMINGS | ({"request"} if isinstance(entry.get("request"), dict) else frozenset())
    return canonical_json({key: value for key, value in entry.items() if key not in left_out})


# --- told apart --------------------------------------------------------------------------------------------------


def told_apart(interactions: Sequence[Interaction]) -> list[Interaction]:
    """Where a label is not enough the parameters of the states are part of it, and then the request."""
    named = list(interactions)
    for alike in _of_one_label(named):
        for index in alike:
            named[index] = replace(named[index], twin=True)
    for alike in _of_one_label(named):
        for index, mark in zip(alike, _marks([named[index] for index in alike]), strict=True):
            named[index] = replace(named[index], told_by=mark)
    return named


def _of_one_label(interactions: Sequence[Interaction]) -> list[list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for index, each in enumerate(interactions):
        groups[each.label].append(index)
    return [group for group in groups.values() if len(group) > 1]


def _marks(alike: Sequence[Interaction]) -> list[str]:
    """What tells requests of one label apart: the line, the query, and else a number made of the content."""
    asked = [_request_key(each.document) for each in alike]
    if len(set(asked)) == 1:
        return [""] * len(alike)
    for marks in ([_line(each) for each in alike], [_line(each) + _query(each) for each in alike]):
        if len(set(marks)) == len(set(asked)):
            return marks
    numbers = [sha256(each.encode()).hexdigest()[:7] for each in asked]
    return [f"{_line(each)}, request {number}".strip(", ") for each, number in zip(alike, numbers, strict=True)]


def _line(interaction: Interaction) -> str:
    return f"{interaction.method} {interaction.path}".strip()


def _query(interaction: Interaction) -> str:
    from urllib.parse import urlencode

    request = interaction.document.get("request")
    query = request.get("query") if isinstance(request, dict) else None
    if isinstance(query, str):
        return f"?{query.removeprefix('?')}"
    return f"?{urlencode(query, doseq=True)}" if isinstance(query, dict) and query else ""
