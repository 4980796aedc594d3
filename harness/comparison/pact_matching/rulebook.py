"""The matching rules of one message, as every version of the specification writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.comparison.pact_fit.rules import kind_of
from harness.comparison.pact_matching.paths import Each, Step, Token, tokens_of, weight

Matcher = Mapping[str, Any]
_PARTS = {"headers": "header", "metaData": "metadata"}
_ONE_VALUE = frozenset({"path", "status", "method"})
_OLD_KINDS = ("timestamp", "date", "time", "regex", "min", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRule:
    """The matchers at one place of one part of a message."""

    part: str  # "body", "header", "query", "path", "status", "metadata"
    tokens: tuple[Token, ...]
    matchers: tuple[Matcher, ...]
    any_suffices: bool = False  # combined with OR


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """The rule that decides at a place."""

    matchers: tuple[Matcher, ...]
    any_suffices: bool
    inherited: bool  # it stands further up, and holds for all that is within


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules of a message."""

    rules: tuple[PlacedRule, ...] = ()
    unreadable: tuple[str, ...] = ()  # paths that are none

    def at(self, part: str, place: Sequence[Step]) -> Deciding | None:
        """The rule that names a place most exactly, or something above it."""
        best, most = None, 0
        for rule in self.rules:
            if rule.part == part and (exact := weight(rule.tokens, place)) >= max(most, 1):
                best, most = rule, exact
        if best is None:
            return None
        return Deciding(
            matchers=best.matchers,
            any_suffices=best.any_suffices,
            inherited=len(best.tokens) < len(place),
        )

    def frees_names(self, part: str, place: Sequence[Step]) -> bool:
        """Whether a rule speaks of every entry of an object, whatever its name: `$.prices.*`."""
        entry = (*place, "")
        return any(
            rule.part == part
            and len(rule.tokens) == len(entry)
            and rule.tokens[-1] is Each.STEP
            and weight(rule.tokens, entry)
            for rule in self.rules
        )


NONE = Rulebook()


def rulebook_of(message: Mapping[str, Any]) -> Rulebook:
    """The rules that stand in a request, a response or a message."""
    written = message.get("matchingRules")
    return rulebook_from(written) if isinstance(written, Mapping) else NONE


def rulebook_from(written: Mapping[str, Any]) -> Rulebook:
    """The rules of a `matchingRules` object: flat paths (version 2), or parts with paths (since 3)."""
    rules: list[PlacedRule] = []
    unreadable: list[str] = []
    for key, value in written.items():
        if isinstance(value, Mapping):
            for expression, rule in _flat(key, value) if key.startswith("$") else _of_part(key, value):
                rules.extend([rule] if rule else [])
                unreadable.extend([] if rule else [expression])
    return Rulebook(tuple(rules), tuple(unreadable))


def variant_rules(written: Any) -> Rulebook:
    """The rules of one variant of `arrayContains`: paths into the item."""
    return rulebook_from({"body": written}) if isinstance(written, Mapping) else NONE


def _flat(key: str, value: Mapping[str, Any]) -> Iterator[tuple[str, PlacedRule | None]]:
    tokens = tokens_of(key)
    if not tokens or not isinstance(tokens[0], str):
        yield key, None
        return
    part = _PARTS.get(tokens[0], tokens[0])
    yield key, _place_rule(part, tokens[1:], value)


def _of_part(key: str, value: Mapping[str, Any]) -> Iterator[tuple[str, PlacedRule | None]]:
    part = _PARTS.get(key, key)
    if isinstance(value.get("matchers"), list):
        yield key, _place_rule(part, (), value)
        return
    for expression, each in value.items():
        if not isinstance(each, Mapping):
            continue
        if part in _ONE_VALUE:
            tokens: tuple[Token, ...] | None = ()
        elif part == "body" or expression.startswith(("$.", "$[")):
            tokens = tokens_of(expression)
        else:
            tokens = (expression,)
        yield expression, None if tokens is None else _place_rule(part, tokens, each)


def _place_rule(part: str, tokens: tuple[Token, ...], value: Mapping[str, Any]) -> PlacedRule:
    listed = value.get("matchers")
    matchers = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else [value]
    if part == "header" and tokens and isinstance(tokens[0], str):
        tokens = (tokens[0].lower(), *tokens[1:])
    return PlacedRule(
        part=part,
        tokens=tokens,
        matchers=tuple(matchers),
        any_suffices=str(value.get("combine", "AND")).upper() == "OR",
    )


def matcher_kind(matcher: Matcher) -> str:
    """The matcher's name; older files write only its parameter."""
    kind = kind_of(dict(matcher))
    if not kind:
        kind = next((each for each in _OLD_KINDS if each in matcher), "")
    return {"value": "equality", "datetime": "timestamp"}.get(kind, kind)
