"""What differs between two pacts, with the way to each difference."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 2000  # lines
_LISTS = ("interactions", "messages")


def pact_diff(old: Any, new: Any) -> str:
    """Lines that begin with `-` were, lines with `+` are; the others say where. "" when nothing differs."""
    lines = list(islice(_inside(_sort_interactions(old), _sort_interactions(new), 1), _MOST + 1))
    if len(lines) > _MOST:
        lines = [*lines[:_MOST], f"   … more than {_MOST} lines"]
    return "\n".join(lines)


def _sort_interactions(document: Any) -> Any:
    """Interactions in the order of their descriptions: theirs in a pact means nothing."""
    if not isinstance(document, dict):
        return document
    return {name: sorted(v, key=_sort_key) if _list(name, v) else v for name, v in document.items()}


def _list(name: str, value: Any) -> bool:
    return name in _LISTS and isinstance(value, list)


def _sort_key(value: Any) -> str:
    described = value.get("description", "") if isinstance(value, dict) else ""
    return f"{described} {json.dumps(value, sort_keys=True)}"


def _inside(old: Any, new: Any, depth: int) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            if name != "_id" and old.get(name, _ABSENT) != new.get(name, _ABSENT):
                yield from _pair(old.get(name, _ABSENT), new.get(name, _ABSENT), depth, json.dumps(name) + ": ")
    elif isinstance(old, list) and isinstance(new, list):
        for position in range(max(len(old), len(new))):
            before = old[position] if position < len(old) else _ABSENT
            after = new[position] if position < len(new) else _ABSENT
            if before != after:
                yield from _pair(before, after, depth, "")
    elif old != new:
        yield from _pair(old, new, depth, "")


_ABSENT = object()


def _pair(old: Any, new: Any, depth: int, label: str) -> Iterator[str]:
    both = (dict, dict), (list, list)
    if (type(old), type(new)) in both:
        opening, closing = ("{", "}") if isinstance(old, dict) else ("[", "]")
        yield f" {'  ' * depth}{label}{opening}"
        yield from _inside(old, new, depth + 1)
        yield f" {'  ' * depth}{closing}"
        return
    if old is not _ABSENT:
        yield from _whole("-", old, depth, label)
    if new is not _ABSENT:
        yield from _whole("+", new, depth, label)


def _whole(sign: str, value: Any, depth: int, label: str) -> Iterator[str]:
    first, *rest = json.dumps(value, indent=2, ensure_ascii=False).splitlines()
    yield f"{sign}{'  ' * depth}{label}{first}"
    yield from (f"{sign}{'  ' * depth}{line}" for line in rest)
