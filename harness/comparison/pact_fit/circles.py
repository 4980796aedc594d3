"""Definitions that only refer to themselves, by whatever way: what they mean nobody can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.pact_fit.expressions import UNREADABLE
from harness.comparison.pact_fit.schema_nodes import says_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.comparison.openapi.dialects import Schema

_REFERRING = ("allOf", "anyOf", "oneOf")


def without_circle(reference: str, resolve: Callable[[str], Schema | None]) -> Schema:
    """What a reference leads to; something that cannot be read where it only leads back to itself."""
    if _is_circle(reference, resolve):
        return {"const": {UNREADABLE: reference}}
    target = resolve(reference)
    return True if target is None else target


def _is_circle(reference: str, resolve: Callable[[str], Schema | None]) -> bool:
    """Whether a reference leads back to where it led before, and to nothing that says anything."""
    inside: dict[str, Iterator[str]] = {}
    done: set[str] = set()
    todo, circle = [reference], False
    while todo:
        here = todo[-1]
        if here not in inside:
            target = resolve(here)
            if not _only_refers(target):
                return False
            inside[here] = _references(target)
        following = next((each for each in inside[here] if each not in done), None)
        if following is None:
            done.add(todo.pop())
        elif following in inside:
            circle = True
        else:
            todo.append(following)
    return circle


def _only_refers(schema: Any) -> bool:
    """Whether a schema says nothing of a value but by its references; one of several is something that is said."""
    if not isinstance(schema, dict) or not says_only(schema, ("$ref", *_REFERRING)):
        return False
    several = [schema.get(word) or () for word in _REFERRING]
    return all(len(each) < 2 for each in several[1:]) and all(
        _only_refers(part) for each in several for part in each
    )


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema.get("$ref"), str):
        yield schema["$ref"]
    for word in _REFERRING:
        for part in schema.get(word) or ():
            yield from _references(part)
