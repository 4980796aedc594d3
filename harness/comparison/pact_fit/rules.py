"""What a consumer accepts beside its example: matching rules of every version of the Pact specification."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Step = str | int
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\*\]|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]")
ANY = "*"
_WITHIN = frozenset({"type", "values", "eachKey", "eachValue", "arrayContains"})  # those that reach what is inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The matchers at one place of a body or of a header."""

    part: str  # "body", "header", "query", "path", "status"
    steps: tuple[str, ...]  # names, numbers as text, "*" for every one
    matchers: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class MatchingRules:
    """All matching rules of a message, and what makes its values anew for every run."""

    all: tuple[Rule, ...] = ()
    generators: tuple[Rule, ...] = ()  # those in place of matchers

    def generator(self, part: str, place: Sequence[Step]) -> str:
        """What makes the value of exactly that place anew: "Uuid"; "" when it is as written."""
        here = tuple(map(str, place))
        for rule in self.generators:
            if rule.part == part and len(rule.steps) == len(here) and _covers(rule.steps, here):
                return str(rule.matchers[0].get("type"))
        return ""

    def sizes(self, place: Sequence[Step]) -> tuple[int, int | None]:
        """How few and how many items the consumer takes in a list of the body."""
        matchers = list(self._exactly(place))
        least = [each["min"] for each in matchers if isinstance(each.get("min"), int)]
        most = [each["max"] for each in matchers if isinstance(each.get("max"), int)]
        return max(least, default=0), min(most, default=None)

    @property
    def lengthen(self) -> bool:
        """Whether a list has to be longer than one item."""
        for rule in self.all:
            for matcher in rule.matchers:
                least = matcher.get("min")
                if isinstance(least, int) and least > 1:
                    return True
        return False

    def __bool__(self) -> bool:
        return bool(self.all or self.generators)

    def at(self, part: str, place: Sequence[Step]) -> tuple[dict[str, Any], ...]:
        """The matchers that decide at a place: the most exact rule there or above, when it reaches that far."""
        here = tuple(map(str, place))
        best: tuple[tuple[int, int], Rule] | None = None
        for rule in self.all:
            if rule.part == part and len(rule.steps) <= len(here) and _covers(rule.steps, here):
                weight = len(rule.steps), sum(step != ANY for step in rule.steps)
                if best is None or weight > best[0]:
                    best = weight, rule
        if best is None:
            return ()
        inside = len(best[1].steps) < len(here)
        return tuple(m for m in best[1].matchers if not inside or kind_of(m) in _WITHIN)

    def speaks_within(self, part: str, place: Sequence[Step]) -> bool:
        """Whether a rule stands below a place, for something inside of its value."""
        here = tuple(map(str, place))
        several = (*self.all, *self.generators)
        return any(
            rule.part == part and len(rule.steps) > len(here) and _covers(rule.steps, here) for rule in several
        )

    def names_are_free(self, place: Sequence[Step]) -> bool:
        """Whether an object's keys are examples, too."""
        return any(kind_of(m) in {"values", "eachKey"} for m in self._exactly(place))

    def _exactly(self, place: Sequence[Step]) -> Iterator[dict[str, Any]]:
        here = tuple(map(str, place))
        for rule in self.all:
            if rule.part != "body":
                continue
            if len(rule.steps) == len(here) and _covers(rule.steps, here):
                yield from rule.matchers
            elif len(rule.steps) == len(here) + 1 and rule.steps[-1] == ANY and _covers(rule.steps[:-1], here):
                yield {"match": "values"}  # `$.prices.*`: a rule for whatever key there is


def kind_of(matcher: dict[str, Any]) -> str:
    """The matcher's name; older versions do not always write it."""
    kind = matcher.get("match")
    if isinstance(kind, str):
        return kind
    return "regex" if "regex" in matcher else "type" if {"min", "max"} & matcher.keys() else ""


def _covers(steps: tuple[str, ...], here: tuple[str, ...]) -> bool:
    return all(step in (ANY, given) for step, given in zip(steps, here, strict=False))


def rules_of(part: dict[str, Any]) -> MatchingRules:
    """The rules of a request or a response as written in specification 2, 3 or 4."""
    if "matchingRules" not in part and "generators" not in part:
        return _NONE
    written = part.get("matchingRules")
    found: list[Rule] = []
    for key, value in (written if isinstance(written, dict) else {}).items():
        if not isinstance(value, dict):
            continue
        if key.startswith("$"):
            found.extend(_second(key, value))
        elif isinstance(value.get("matchers"), list):  # `path` and `status`, of which there is one
            found.append(Rule(part=key, steps=(), matchers=_matchers(value)))
        else:
            for path, each in value.items():
                steps = _steps(path) if key == "body" else (path.lower(),)
                found.append(Rule(part=key, steps=steps, matchers=_matchers(each)))
    return MatchingRules(tuple(found), tuple(_generators(part)))


_NONE = MatchingRules()


def _second(key: str, value: dict[str, Any]) -> Iterator[Rule]:
    part, *steps = _steps(key) or ("",)
    if part in ("headers", "header"):  # whose names are the same in any case
        part, steps = "header", [step.lower() for step in steps]
    yield Rule(part=part, steps=tuple(steps), matchers=(value,))


def _matchers(value: Any) -> tuple[dict[str, Any], ...]:
    listed = value.get("matchers") if isinstance(value, dict) else None
    return tuple([each for each in listed if isinstance(each, dict)]) if isinstance(listed, list) else ()


@lru_cache(maxsize=16_384)
def _steps(path: str) -> tuple[str, ...]:
    found = []
    for match in _STEP.finditer(path.removeprefix("$")):
        name = next((group for group in match.groups() if group is not None), ANY)
        found.append(name)
    return tuple(found)


def _generators(part: dict[str, Any]) -> Iterator[Rule]:
    written = part.get("generators")
    for key, value in (written if isinstance(written, dict) else {}).items():
        if not isinstance(value, dict):
            continue
        if key.startswith("$"):
            yield from _second(key, value)
        elif isinstance(value.get("type"), str) and key in {"path", "status"}:
            yield Rule(part=key, steps=(), matchers=(value,))
        else:
            for path, each in value.items():
                steps = _steps(path) if key == "body" else (path.removeprefix("$.").lower(),)
                yield from [Rule(part=key, steps=steps, matchers=(each,))] if isinstance(each, dict) else []
