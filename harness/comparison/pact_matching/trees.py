"""JSON bodies: objects, lists and leaves held against an example and its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.comparison.pact_matching.judgement import Remark, Undecided, any_of, different
from harness.comparison.pact_matching.paths import Each, Step, path_expression
from harness.comparison.pact_matching.rulebook import (
    Deciding,
    Matcher,
    PlacedRule,
    Rulebook,
    matcher_kind,
    variant_rules,
)
from harness.comparison.pact_matching.values import (
    TEXT_RULES,
    compare_size,
    compare_value,
)
from harness.comparison.pact_matching.wording import (
    NOTHING,
    came_text,
    deciding_text,
    display_value,
    items_text,
    kind_name,
    like_text,
)
from harness.verdicts import Difference

Place = tuple[Step, ...]
_WHOLE = frozenset({"equality", "notEmpty"})  # rules of a list or an object as such
_OF_BOTH = _WHOLE | {"type", "min-type", "max-type"}
_OF_ITEMS = TEXT_RULES | {"integer", "decimal", "number", "boolean"}  # on a list they speak of what is in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What a JSON body is held against beside its example."""

    rules: Rulebook
    closed: bool  # of requests: an entry that was not promised is a difference
    part: str = "body"

    def compare(self, place: Place, expected: Any, actual: Any) -> list[Remark]:
        """Everything in which a value is not the one that was promised."""
        if isinstance(expected, dict) and isinstance(actual, dict):
            return list(self._objects(place, expected, actual))
        if isinstance(expected, list) and isinstance(actual, list):
            return list(self._lists(place, expected, actual))
        deciding = self.rules.at(self.part, place)
        if isinstance(expected, dict | list):
            wanted, came = like_text(expected), came_text(actual, named=True)
            return list(different(path_expression(place), wanted, came, f"expected {wanted} but received {came}"))
        return compare_value(path_expression(place), deciding, expected, actual)

    # Objects

    def _objects(self, place: Place, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[Remark]:
        deciding = self.rules.at(self.part, place)
        if deciding is None:
            yield from self._same_entries(place, expected, actual)
            return
        answers = [self._object_by(place, each, deciding, expected, actual) for each in deciding.matchers]
        yield from any_of(answers) if deciding.any_suffices else _all_of(answers)

    def _object_by(
        self,
        place: Place,
        matcher: Matcher,
        deciding: Deciding,
        expected: Mapping[str, Any],
        actual: Mapping[str, Any],
    ) -> list[Remark]:
        kind = matcher_kind(matcher)
        if deciding.inherited or kind in TEXT_RULES:
            return list(self._same_entries(place, expected, actual))
        if kind == "eachKey":
            alike = {name: value for name, value in actual.items() if name in expected}
            return [
                *self._names_by(place, matcher, expected, actual),
                *self._example_entries(place, expected, alike),
            ]
        if kind == "eachValue":
            return list(self._with_entries_by(place, matcher)._example_entries(place, expected, actual))
        if kind == "values":
            return list(self._example_entries(place, expected, actual))
        if kind not in _OF_BOTH:
            return [_inapplicable(place, kind, actual)]
        itself = (
            compare_value(path_expression(place), _single(matcher), expected, actual) if kind in _WHOLE else []
        )
        sizes = compare_size(path_expression(place), matcher, len(actual))
        return [*itself, *sizes, *self._same_entries(place, expected, actual)]

    def _same_entries(
        self, place: Place, expected: Mapping[str, Any], actual: Mapping[str, Any]
    ) -> Iterator[Remark]:
        for name, example in expected.items():
            if name in actual:
                yield from self.compare((*place, name), example, actual[name])
            else:
                text = f"expected the entry '{name}' of {path_expression(place)}, which is missing"
                here = (*place, name)
                wanted = deciding_text(self.rules.at(self.part, here), example)
                yield from different(path_expression(here), wanted, NOTHING, text)
        if not self.closed or self.rules.frees_names(self.part, place):
            return
        for name in actual.keys() - expected.keys():
            text = f"unexpected entry '{name}' of {path_expression(place)}: {display_value(actual[name])}"
            yield from different(path_expression((*place, name)), NOTHING, display_value(actual[name]), text)

    def _names_by(
        self, place: Place, matcher: Matcher, expected: Mapping[str, Any], actual: Mapping[str, Any]
    ) -> Iterator[Remark]:
        inner = Deciding(matchers=_rules_within(matcher), any_suffices=False, inherited=False)
        for name in actual if inner.matchers else ():
            for each in compare_value(path_expression((*place, name)), inner, next(iter(expected), ""), name):
                yield replace(each, expected=f"a name: {each.expected}") if isinstance(each, Difference) else each

    def _example_entries(
        self, place: Place, expected: Mapping[str, Any], actual: Mapping[str, Any]
    ) -> Iterator[Remark]:
        """The entries of the example stand for whatever entries there are."""
        for name, value in actual.items() if expected else ():
            yield from self.compare((*place, name), expected.get(name, next(iter(expected.values()))), value)

    def _with_entries_by(self, place: Place, matcher: Matcher) -> Tree:
        """The same, with the rules of an `eachValue` for whatever stands right below a place."""
        inner = _rules_within(matcher)
        rule = PlacedRule(part=self.part, tokens=(*place, Each.STEP), matchers=inner)
        return replace(self, rules=Rulebook((*self.rules.rules, rule))) if inner else self

    # Lists

    def _lists(self, place: Place, expected: Sequence[Any], actual: Sequence[Any]) -> Iterator[Remark]:
        deciding = self.rules.at(self.part, place)
        if deciding is None:
            if len(expected) != len(actual):
                text = f"expected a list of {len(expected)} items but received {len(actual)}"
                wanted, came = (f"{items_text(len(each))}: {display_value(each)}" for each in (expected, actual))
                yield from different(path_expression(place), wanted, came, text)
            yield from self._items(place, expected, actual)
            return
        answers = [self._list_by(place, each, deciding, expected, actual) for each in deciding.matchers]
        yield from any_of(answers) if deciding.any_suffices else _all_of(answers)

    def _list_by(
        self, place: Place, matcher: Matcher, deciding: Deciding, expected: Sequence[Any], actual: Sequence[Any]
    ) -> list[Remark]:
        kind, examples = matcher_kind(matcher), _stretch_examples(expected, len(actual))
        if deciding.inherited or kind in _OF_ITEMS:
            return list(self._items(place, examples, actual))
        if kind == "arrayContains":
            return list(self._variants(place, matcher, expected, actual))
        if kind == "eachValue":
            return list(self._with_entries_by(place, matcher)._items(place, examples, actual))
        if kind not in _OF_BOTH | {"values"}:
            return [_inapplicable(place, kind, actual)]
        itself = (
            compare_value(path_expression(place), _single(matcher), expected, actual) if kind in _WHOLE else []
        )
        return [
            *itself,
            *compare_size(path_expression(place), matcher, len(actual)),
            *self._items(place, examples, actual),
        ]

    def _items(self, place: Place, expected: Sequence[Any], actual: Sequence[Any]) -> Iterator[Remark]:
        for index, (example, value) in enumerate(zip(expected, actual, strict=False)):
            yield from self.compare((*place, index), example, value)

    def _variants(
        self, place: Place, matcher: Matcher, expected: Sequence[Any], actual: Sequence[Any]
    ) -> Iterator[Remark]:
        """Each variant is somewhere in the list; what else is in it does not matter."""
        listed = matcher.get("variants")
        variants = listed if isinstance(listed, list) and listed else [{"index": n} for n in range(len(expected))]
        for variant in variants:
            index = variant.get("index") if isinstance(variant, dict) else None
            if not isinstance(index, int) or not 0 <= index < len(expected):
                yield Undecided(
                    place=path_expression(place), why=f"the variant {display_value(variant)} has no example"
                )
                continue
            within = replace(self, rules=variant_rules(variant.get("rules")), part="body")
            answers = [within.compare((), expected[index], item) for item in actual]
            found = any_of(answers) if answers else list(_absent(place, index, expected[index], actual))
            yield from _absent(place, index, expected[index], actual) if _is_wrong(found) else found


def _absent(place: Place, index: int, example: Any, actual: Any) -> Iterator[Remark]:
    text = f"no item of the list is as variant {index}: {display_value(example)}"
    wanted = f"an item as variant {index}, {display_value(example)}"
    return different(path_expression(place), wanted, f"none in {display_value(actual)}", text)


def _is_wrong(remarks: Sequence[Remark]) -> bool:
    return any(not isinstance(each, Undecided) for each in remarks)


def _inapplicable(place: Place, kind: str, actual: Any) -> Undecided:
    return Undecided(
        place=path_expression(place), why=f"the rule '{kind}' says nothing about {kind_name(actual)}s"
    )


def _stretch_examples(expected: Sequence[Any], size: int) -> list[Any]:
    """Examples for so many items: the first one stands for those that have none of their own."""
    return [*expected, *([expected[0]] * (size - len(expected)))] if expected else []


def _rules_within(matcher: Matcher) -> tuple[Matcher, ...]:
    listed = matcher.get("rules")
    return tuple(each for each in listed if isinstance(each, Mapping)) if isinstance(listed, list) else ()


def _single(matcher: Matcher) -> Deciding:
    return Deciding(matchers=(matcher,), any_suffices=False, inherited=False)


def _all_of(answers: Sequence[list[Remark]]) -> list[Remark]:
    return [remark for answer in answers for remark in answer]
