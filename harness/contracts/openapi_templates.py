"""Paths of requests and templates of paths (`/files/{name}.json`), step by step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PARAMETER = re.compile(r"\{([^{}/]*)\}")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_ANYTHING = "\ue000"  # stands for the value of a parameter when two templates are held against each other
_MOST_SPLITS, _LONGEST_SPLIT = 64, 256  # ways to take a step apart that are tried, and how long it may be

Steps = tuple[str, ...]


def steps_of(target: str) -> Steps | None:
    """The steps of a request's path, decoded: a slash that is encoded stays within its step.

    The target may be a whole address, and may have a query. None when it has no path.
    """
    absolute = _ABSOLUTE.match(target)
    path = target[absolute.end() :] if absolute else target
    path = re.split(r"[?#]", path, maxsplit=1)[0] or "/"
    return tuple(map(unquote, path[1:].split("/"))) if path.startswith("/") else None


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """One step of a template: literal texts, and between each two of them the value of a parameter."""

    literals: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, written: str) -> StepTemplate:
        """From a step as a document writes it: `{a}-{b}`."""
        parts = PARAMETER.split(written)
        return cls(tuple(map(unquote, parts[::2])), tuple(parts[1::2]))

    @property
    def skeleton(self) -> str:
        """A step that it takes, with nothing in it but what the template itself says."""
        return _ANYTHING.join(self.literals)

    def takes(self, step: str) -> bool:
        """Whether a step can be taken apart so."""
        return self.values(step) is not None

    def values(self, step: str) -> tuple[str, ...] | None:
        """The values of its parameters, each as short as can be from the left; None when it does not fit."""
        if not self.names:
            return () if step == self.literals[0] else None
        first, *between, last = self.literals
        at, end = len(first), len(step) - len(last)
        if at >= end or not (step.startswith(first) and step.endswith(last)):
            return None
        found: list[str] = []
        for literal in between:
            next_at = step.find(literal, at + 1, end)
            if next_at < 0:
                return None
            found.append(step[at:next_at])
            at = next_at + len(literal)
        return (*found, step[at:end]) if at < end else None

    def splits(self, step: str) -> Iterator[tuple[str, ...]]:
        """Every way to take a step apart; of very many only the first ones."""
        leftmost = self.values(step)
        if leftmost is None:
            return
        if len(self.names) < 2 or len(self.names) > 3 or len(step) > _LONGEST_SPLIT:
            yield leftmost
            return
        first, *between, last = self.literals
        yield from islice(_splits(step[len(first) : len(step) - len(last)], between), _MOST_SPLITS)


def _splits(text: str, between: Sequence[str]) -> Iterator[tuple[str, ...]]:
    if not between:
        if text:
            yield (text,)
        return
    at = text.find(between[0], 1)
    while at >= 0:
        for rest in _splits(text[at + len(between[0]) :], between[1:]):
            yield (text[:at], *rest)
        at = text.find(between[0], at + 1)


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A path with parameters, as a document writes it."""

    steps: tuple[StepTemplate, ...]

    @classmethod
    def of(cls, written: str) -> PathTemplate:
        """From `/orders/{id}`; the empty path has no steps."""
        return cls(tuple(map(StepTemplate.of, written.split("/")[1:])))

    def __add__(self, other: PathTemplate) -> PathTemplate:
        """The other below this one; the root below anything is that itself."""
        below = () if self.steps and other.is_root else other.steps
        return PathTemplate((*self.steps, *below))

    @property
    def is_root(self) -> bool:
        """Whether it is `/`."""
        return self.steps == (StepTemplate(("",), ()),)

    @property
    def is_literal(self) -> bool:
        """Whether it has no parameter."""
        return not any(each.names for each in self.steps)

    @property
    def skeleton(self) -> Steps:
        """A path that it takes, with nothing in it but what the template itself says."""
        return tuple(each.skeleton for each in self.steps)

    def takes(self, steps: Steps) -> bool:
        """Whether a path is one of the template."""
        return len(steps) == len(self.steps) and all(
            template.takes(step) for template, step in zip(self.steps, steps, strict=True)
        )
