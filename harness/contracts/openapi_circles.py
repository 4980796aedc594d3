"""Definitions that only refer to themselves, by whatever way: what they mean nobody can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.contracts.openapi_source import UNREAD, resolve_pointer
from harness.contracts.openapi_standard import known_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CIRCLE = "x-contract-harness-circle"  # what stands under UNREAD in the place of such a definition
_REFERRING = ("$ref", "allOf", "anyOf", "oneOf")
_OF_NO_VALUE = frozenset(
    {"title", "description", "default", "example", "examples", "deprecated", "externalDocs", "xml"}
    | {"$comment", "$schema", "$id", "$anchor", "$dynamicAnchor", "$defs", "definitions", "contentMediaType"}
    | {"contentEncoding"}
)


def find_circles(document: dict[str, Any], references: Iterable[str], version: str) -> dict[str, str]:
    """Where definitions lead back to themselves and to nothing that says anything; by each place its reference."""
    circles = _Circles(document, version)
    return {circles.place(each): each for each in references if circles.is_one(each)}


class _Circles:
    def __init__(self, document: dict[str, Any], version: str) -> None:
        self._document = document
        self._siblings_count = version >= "3.1"
        self._meaning = known_keys("schema") - _OF_NO_VALUE - set(_REFERRING)
        self._sound: set[str] = set()  # references that lead to something that says something

    def place(self, reference: str) -> str:
        """Where what it leads to stands."""
        return resolve_pointer(self._document, reference[1:])[1] or ""

    def is_one(self, reference: str) -> bool:
        """Whether a reference leads back to where it led before, and to nothing that says anything."""
        inside: dict[str, Iterator[str]] = {}
        done: set[str] = set()
        todo, circle = [reference], False
        while todo:
            here = todo[-1]
            if here not in inside:
                target = None if here in self._sound else resolve_pointer(self._document, here[1:])[0]
                if target is None or not self._only_refers(target):
                    self._sound.update(todo)
                    return False
                inside[here] = self._references(target)
            following = next((each for each in inside[here] if each not in done), None)
            if following is None:
                done.add(todo.pop())
            elif following in inside:
                circle = True
            else:
                todo.append(following)
        return circle

    def _only_refers(self, schema: Any) -> bool:
        """Whether a schema says nothing of a value but by its references; one of several says something."""
        if not isinstance(schema, dict) or UNREAD in schema:
            return False
        if self._is_bare_reference(schema):
            return True
        several = [schema.get(word, []) for word in _REFERRING[1:]]
        if not self._meaning.isdisjoint(schema) or not all(isinstance(each, list) for each in several):
            return False
        return all(len(each) < 2 for each in several[1:]) and all(
            self._only_refers(part) for each in several for part in each
        )

    def _is_bare_reference(self, schema: dict[str, Any]) -> bool:
        is_reference = isinstance(schema.get("$ref"), str)
        return is_reference and not (self._siblings_count and len(schema) > 1)

    def _references(self, schema: Any) -> Iterator[str]:
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        if not self._is_bare_reference(schema):
            for word in _REFERRING[1:]:
                for part in schema.get(word, []):
                    yield from self._references(part)
