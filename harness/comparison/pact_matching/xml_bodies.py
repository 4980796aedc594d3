"""XML bodies: elements, attributes and texts held against an example and its rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.comparison.bodies.xml_trees import NotXml, read_xml
from harness.comparison.pact_matching.judgement import Remark, Undecided, different
from harness.comparison.pact_matching.paths import Step, Token, path_expression
from harness.comparison.pact_matching.rulebook import Deciding, Rulebook, matcher_kind
from harness.comparison.pact_matching.values import compare_size, compare_text
from harness.comparison.pact_matching.wording import NOTHING, deciding_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.comparison.bodies.xml_trees import Element

_OPEN = frozenset({"type", "min-type", "max-type", "values", "eachValue"})  # rules that leave a number open


def compare_xml(expected: bytes, actual: bytes, rules: Rulebook, *, closed: bool) -> Iterator[Remark]:
    """Everything in which a document is not the one that was promised."""
    try:
        wanted = read_xml(expected)
    except NotXml as error:
        yield Undecided(place="body", why=f"the promised body is no XML: {error}")
        return
    try:
        came = read_xml(actual)
    except NotXml as error:
        yield from different("body", "XML", str(actual[:80]), f"the body is no XML: {error}")
        return
    if (wanted.namespace, wanted.name) != (came.namespace, came.name):
        text = f"expected the element <{wanted.name}> but received <{came.name}>"
        yield from different("$", f"<{wanted.name}>", f"<{came.name}>", text)
        return
    yield from _Comparison(_without_prefixes(rules), closed=closed).element(((wanted.name,),), wanted, came)


def _without_prefixes(rules: Rulebook) -> Rulebook:
    """A prefix means what its document says; the namespace is compared where the elements are."""
    return Rulebook(tuple(replace(each, tokens=tuple(map(_local, each.tokens))) for each in rules.rules))


def _local(token: Token) -> Token:
    if not isinstance(token, str):
        return token
    name = token.removeprefix("@").rpartition(":")[2]
    return f"@{name}" if token.startswith("@") else name


Places = tuple[tuple[Step, ...], ...]  # the same place, as files of different age name it


@dataclass(frozen=True, slots=True)
class _Comparison:
    rules: Rulebook
    closed: bool

    def element(self, places: Places, expected: Element, actual: Element) -> Iterator[Remark]:
        """Attributes, text and children of two elements of one name."""
        yield from self._attributes(places, expected, actual)
        yield from self._text(places, expected, actual)
        yield from self._children(places, expected, actual)

    def _attributes(self, places: Places, expected: Element, actual: Element) -> Iterator[Remark]:
        for name, value in expected.attributes.items():
            here = _within(places, f"@{name[1]}")
            place = path_expression(here[0])
            if name not in actual.attributes:
                yield from different(
                    place,
                    deciding_text(self._deciding(here), value),
                    NOTHING,
                    f"expected the attribute '{name[1]}', which is missing",
                )
            else:
                yield from compare_text(place, self._deciding(here), value, actual.attributes[name])
        for name in actual.attributes.keys() - expected.attributes.keys() if self.closed else ():
            text = f"unexpected attribute '{name[1]}' of <{actual.name}>"
            yield from different(path_expression(places[0]), NOTHING, actual.attributes[name], text)

    def _text(self, places: Places, expected: Element, actual: Element) -> Iterator[Remark]:
        here = _within(places, "#text")
        wanted, came = expected.text.strip(), actual.text.strip()
        deciding = self._deciding(here)
        if wanted or came or (deciding and not deciding.inherited):
            yield from compare_text(path_expression(here[0]), deciding, wanted, came)

    def _children(self, places: Places, expected: Element, actual: Element) -> Iterator[Remark]:
        if expected.children:
            yield from self._number(places, actual)
        came = _group_children(actual)
        for name, examples in _group_children(expected).items():
            yield from self._group(_within(places, examples[0].name), examples, came.pop(name, []))
        for others in came.values() if self.closed else ():
            text = f"unexpected element <{others[0].name}> in <{actual.name}>"
            yield from different(path_expression(places[0]), NOTHING, f"<{others[0].name}>", text)

    def _number(self, places: Places, actual: Element) -> Iterator[Remark]:
        """How many children a rule of the element itself allows."""
        deciding = self._deciding(places)
        if deciding is not None and not deciding.inherited:
            for matcher in deciding.matchers:
                yield from compare_size(path_expression(places[0]), matcher, len(actual.children))

    def _group(self, here: Places, examples: Sequence[Element], came: Sequence[Element]) -> Iterator[Remark]:
        """The children of one name; where a rule leaves their number open, the first example stands for all."""
        deciding = self._deciding(here)
        is_free = deciding is not None and any(matcher_kind(each) in _OPEN for each in deciding.matchers)
        place, name, least = path_expression(here[0]), examples[0].name, 1 if is_free else len(examples)
        if len(came) < least or (self.closed and not is_free and len(came) > least):
            text = f"expected {least} of <{name}> but received {len(came)}"
            yield from different(place, f"{least} of <{name}>", f"{len(came)} of <{name}>", text)
        for index, child in enumerate(came if is_free else came[: len(examples)]):
            example = examples[index] if index < len(examples) else examples[0]
            yield from self.element((*here, *((*each, index) for each in here)), example, child)

    def _deciding(self, places: Places) -> Deciding | None:
        """The rule that names one of the places, or else something above it."""
        found = [each for place in places if (each := self.rules.at("body", place)) is not None]
        exact = [each for each in found if not each.inherited]
        return next(iter(exact or found), None)


def _within(places: Places, step: Step) -> Places:
    return tuple((*place, step) for place in places[:8])


def _group_children(element: Element) -> dict[tuple[str, str], list[Element]]:
    """The children by namespace and name, in order."""
    groups: dict[tuple[str, str], list[Element]] = {}
    for child in element.children:
        groups.setdefault((child.namespace, child.name), []).append(child)
    return groups
