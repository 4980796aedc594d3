"""Query strings as Rack reads them: `q[][pacticipant]=A&q[][version]=1&q[][pacticipant]=B`.

A new element of an array of objects starts when the key just read is already there. `q[]pacticipant=A`, without
the second pair of brackets, is the same (BROKER-API 0.7).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

from harness.broker.http.problems import Invalid

_DEEPEST = 10
_MOST = 4096  # parameters
_PARTS = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)")


def parse(query: str) -> dict[str, Any]:
    """Parameters by name; arrays and objects nested. Raises Invalid for a name used in two ways."""
    found: dict[str, Any] = {}
    pairs = [pair for pair in query.split("&") if pair]
    if len(pairs) > _MOST:
        raise Invalid({"query": [f"has {len(pairs)} parameters; at most {_MOST} are read"]})
    for pair in pairs:
        name, _, value = pair.partition("=")
        _put_value(found, _keys(_decode_text(name)), _decode_text(value))
    return found


def _decode_text(text: str) -> str:
    return unquote_plus(text, errors="replace")


def _keys(name: str) -> list[str]:
    """`q[][a]` is q, "", a."""
    head = name.split("[", 1)[0]
    rest = name[len(head) :]
    keys = [head or name]
    if head:
        keys += [brackets if plain == "" else plain for brackets, plain in _PARTS.findall(rest)]
    if len(keys) > _DEEPEST:
        raise Invalid({head: [f"is nested deeper than {_DEEPEST} levels"]})
    return keys


def _put_value(into: dict[str, Any], keys: list[str], value: str) -> None:
    head, rest = keys[0], keys[1:]
    if not rest:
        into[head] = value
    elif rest[0] == "":
        _append(_of(into, head, list), rest[1:], value, head)
    else:
        _put_value(_of(into, head, dict), rest, value)


def _of(into: dict[str, Any], name: str, kind: type) -> Any:
    there = into.setdefault(name, kind())
    if not isinstance(there, kind):
        raise Invalid({name: ["is used in two ways in one query"]})
    return there


def _append(into: list[Any], keys: list[str], value: str, name: str) -> None:
    if not keys:
        into.append(value)
        return
    if not into or not isinstance(into[-1], dict) or _there(into[-1], keys):
        into.append({})
    last = into[-1]
    if not isinstance(last, dict):
        raise Invalid({name: ["is used in two ways in one query"]})
    _put_value(last, keys, value)


def _there(element: dict[str, Any], keys: list[str]) -> bool:
    """Whether a further value for these keys starts a new element; a list of values goes on in the same."""
    held = element.get(keys[0])
    if held is None:
        return False
    if len(keys) == 1:
        return True
    if keys[1] == "":
        return False
    return isinstance(held, dict) and _there(held, keys[1:])
