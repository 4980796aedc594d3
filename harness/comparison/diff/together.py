"""One change of a shared schema is one change, wherever it matters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.comparison.diff.change import Change


def together(found: Iterable[Change]) -> list[Change]:
    """The changes, each once, at its first place, with every operation that it reaches."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for each in found:
        groups.setdefault(_what(each), []).append(each)
    return [_one(group) for group in groups.values()]


def _what(each: Change) -> tuple[object, ...]:
    """What was edited: a place in a named schema, else the same place of several operations."""
    # Without a place it is of a whole operation: these came, went or were announced one by one.
    alone = "" if each.place or each.origin else each.operation
    return (each.id, each.severity, each.undecided, each.text, each.origin or each.place, alone)


def _one(group: list[Change]) -> Change:
    reached = dict.fromkeys((each.operation, each.place) for each in group)
    shown = next((each.witness for each in group if each.witness is not None), None)
    return replace(group[0], reached=tuple(reached), witness=shown)
