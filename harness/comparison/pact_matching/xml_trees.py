"""XML bodies: elements, attributes and texts held against an example and its rules."""

from __future__ import annotations

import xml.parsers.expat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.comparison.pact_matching.judgement import Remark, Undecided, different
from harness.comparison.pact_matching.paths import Step, written
from harness.comparison.pact_matching.rulebook import Deciding, Rulebook, matcher_kind
from harness.comparison.pact_matching.values import compare_size, compare_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OPEN = frozenset({"type", "min-type", "max-type", "values", "eachValue"})  # rules that leave a number open
_DEEPEST = 200  # levels


class _NoXml(Exception):
    """A text that is no XML, or has a document type, which may make it anything."""


@dataclass(slots=True)
class Element:
    """One element: its own text is what stands outside of its children."""

    name: str  # "{namespace}local", or as written where there is no namespace
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    @property
    def step(self) -> str:
        """How path expressions name it."""
        return self.name.rpartition("}")[2]

    def named(self) -> dict[str, list[Element]]:
        """The children by name, in order."""
        groups: dict[str, list[Element]] = {}
        for child in self.children:
            groups.setdefault(child.name, []).append(child)
        return groups


def compare_xml(expected: bytes, actual: bytes, rules: Rulebook, *, closed: bool) -> Iterator[Remark]:
    """Everything in which a document is not the one that was promised."""
    try:
        wanted = _parsed(expected)
    except _NoXml as error:
        yield Undecided(place="body", why=f"the promised body is no XML: {error}")
        return
    try:
        came = _parsed(actual)
    except _NoXml as error:
        yield from different("body", "XML", str(actual[:80]), f"the body is no XML: {error}")
        return
    if wanted.name != came.name:
        text = f"expected the element <{wanted.name}> but received <{came.name}>"
        yield from different("$", f"<{wanted.name}>", f"<{came.name}>", text)
        return
    yield from _Comparison(rules, closed=closed).element(((wanted.step,),), wanted, came)


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
            here = _within(places, f"@{name}")
            place = written(here[0])
            if name not in actual.attributes:
                yield from different(place, value, "missing", f"expected the attribute '{name}', which is missing")
            else:
                yield from compare_text(place, self._deciding(here), value, actual.attributes[name])
        for name in actual.attributes.keys() - expected.attributes.keys() if self.closed else ():
            text = f"unexpected attribute '{name}' of <{actual.step}>"
            yield from different(written(places[0]), "no such attribute", actual.attributes[name], text)

    def _text(self, places: Places, expected: Element, actual: Element) -> Iterator[Remark]:
        here = _within(places, "#text")
        wanted, came = expected.text.strip(), actual.text.strip()
        deciding = self._deciding(here)
        if wanted or came or (deciding and not deciding.inherited):
            yield from compare_text(written(here[0]), deciding, wanted, came)

    def _children(self, places: Places, expected: Element, actual: Element) -> Iterator[Remark]:
        if expected.children:
            yield from self._number(places, actual)
        came = actual.named()
        for name, examples in expected.named().items():
            yield from self._group(_within(places, examples[0].step), examples, came.pop(name, []))
        for others in came.values() if self.closed else ():
            text = f"unexpected element <{others[0].step}> in <{actual.step}>"
            yield from different(written(places[0]), "no such element", f"<{others[0].step}>", text)

    def _number(self, places: Places, actual: Element) -> Iterator[Remark]:
        """How many children a rule of the element itself allows."""
        deciding = self._deciding(places)
        if deciding is not None and not deciding.inherited:
            for matcher in deciding.matchers:
                yield from compare_size(written(places[0]), matcher, len(actual.children))

    def _group(self, here: Places, examples: Sequence[Element], came: Sequence[Element]) -> Iterator[Remark]:
        """The children of one name; where a rule leaves their number open, the first example stands for all."""
        deciding = self._deciding(here)
        is_free = deciding is not None and any(matcher_kind(each) in _OPEN for each in deciding.matchers)
        place, name, least = written(here[0]), examples[0].step, 1 if is_free else len(examples)
        if len(came) < least or (self.closed and not is_free and len(came) > least):
            text = f"expected {least} of <{name}> but received {len(came)}"
            yield from different(place, f"{least} of <{name}>", len(came), text)
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


def _parsed(content: bytes) -> Element:
    top = Element("", {})
    stack = [top]
    parser = xml.parsers.expat.ParserCreate(namespace_separator="}")

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > _DEEPEST:
            raise _NoXml("it nests too deeply")
        stack[-1].children.append(Element(name, attributes))
        stack.append(stack[-1].children[-1])

    def text(data: str) -> None:
        stack[-1].text += data

    def refuse(*_: object) -> None:
        raise _NoXml("a document type is not read")

    parser.StartElementHandler, parser.EndElementHandler = start, lambda _: stack.pop()
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(content, True)  # noqa: FBT003 - the whole document
    except xml.parsers.expat.ExpatError as error:
        raise _NoXml(str(error)) from None
    return top.children[0]
