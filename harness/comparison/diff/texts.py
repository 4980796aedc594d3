"""Values that travel as text: judged by the texts that one side may write and the other reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from harness.comparison.containment import Containment, ContainmentAnswer, allows, counterexample, proven, samples
from harness.comparison.containment.automata import BeyondAutomata
from harness.comparison.containment.languages import APART, TextReading, words
from harness.comparison.diff.change import BRANCH
from harness.comparison.diff.sides import ITEMS, SchemaChange
from harness.comparison.openapi.dialects import Schema
from harness.comparison.openapi.document import Document
from harness.comparison.openapi.wire import (
    Style,
    items_of,
    kinds_of,
    parts_of,
    properties_of,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.comparison.diff.sides import Pair, Place, Sides

_MOST_TEXTS = 40  # that are tried one by one
_MOST_SAMPLES = 200
_UNDECIDED = ContainmentAnswer(containment=Containment.UNDECIDED)


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a channel: a schema, and how texts become its values there."""

    document: Document
    schema: Schema
    style: Style
    whole: Schema
    filled: bool

    @property
    def reading(self) -> TextReading | None:
        """How a text is read there; None when it stands for an object, or cannot be told apart."""
        kinds = kinds_of(self.schema, self.document)
        if "array" not in kinds:
            return None if "object" in kinds and "string" not in kinds else self._of_one(kinds)
        separator = _SEPARATORS.get(self.style, "")
        items = kinds_of(items_of(self.schema, self.document), self.document)
        plain = separator and not items & {"array", "object"}
        return TextReading(kinds, items, separator, self.filled) if plain else None

    def _of_one(self, kinds: frozenset[str]) -> TextReading:
        return TextReading(kinds, filled=self.filled)

    def takes(self, text: str) -> bool:
        """Whether a text is read as a value that is allowed; nothing reads several where it reads one value."""
        texts = text.split(APART)
        reading = self.reading
        if reading is None or (len(texts) > 1 and reading.separator != APART) or (self.filled and not text):
            return False
        if allows(self.whole, value_of(texts, self.schema, self.style, self.document)):
            return True
        if reading.separator:
            return "string" in reading.items and allows(self.whole, parts_of(texts, self.style, ""))
        return "string" in reading.kinds and allows(self.whole, text)


def serialise_value(value: Any, style: Style) -> str | None:
    """A value as programs write it; None for one that is no text and no list of such."""
    if isinstance(value, list):
        separator = _SEPARATORS.get(style, "")
        parts = [serialise_value(each, _ALONE) for each in value]
        return separator.join(map(str, parts)) if separator and parts and None not in parts else None
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    return str(value) if isinstance(value, (str, int, float)) else None


_ALONE: Style = ("", False)
_SEPARATORS: dict[Style, str] = {
    ("form", True): APART,
    ("form", False): ",",
    ("simple", False): ",",
    ("simple", True): ",",
    ("label", False): ",",
    ("label", True): ".",
    ("matrix", False): ",",
    ("spaceDelimited", False): " ",
    ("pipeDelimited", False): "|",
    ("tab", False): "\t",
}


def settle_changes(sides: Sides, found: Sequence[SchemaChange], old: Schema, new: Schema) -> list[SchemaChange]:
    """The changes as the texts that travel have it: those of one text are judged together."""
    groups: dict[tuple[tuple[str, ...], int], list[int]] = {}
    for number, change in enumerate(found):
        text = _text_of(change.place)
        beside = id(change.node) if text and ITEMS not in change.place else 0  # what the object says is no text
        groups.setdefault((text, beside), []).append(number)
    made = list(found)
    for (place, beside), numbers in groups.items():
        node = found[numbers[0]].node if beside else _whole_text(sides, old, new, place)
        answer = judge_texts(sides, node, place) if node else None
        if answer is not None:
            for number, told in zip(numbers, _as_judged([found[each] for each in numbers], answer), strict=True):
                made[number] = told
    return made


def _text_of(place: Place) -> tuple[str, ...]:
    """The text of which a place is a part: a list and its items are one."""
    named = tuple(step for step in place if not step.startswith(BRANCH))
    return named[: named.index(ITEMS)] if ITEMS in named else named


def _whole_text(sides: Sides, old: Schema, new: Schema, place: tuple[str, ...]) -> Pair | None:
    """What both documents say of the value itself, or of the property that is a list."""
    if not place:
        return old, new
    before, after = properties_of(old, sides.old), properties_of(new, sides.new)
    name = place[0]
    return (before[name], after[name]) if len(place) == 1 and name in before and name in after else None


_OF_NO_TEXT = ("extensible", "content-", "default", "deprecated", "sunset", "stability", "reactivated")


def _as_judged(found: list[SchemaChange], answer: ContainmentAnswer) -> list[SchemaChange]:
    """What was found at one place, now that it is known what becomes of the texts."""
    open_to_it = [not any(word in change.kind for word in _OF_NO_TEXT) for change in found]
    if answer.containment is Containment.NO and not any(
        change.breaks for change, judges in zip(found, open_to_it, strict=True) if judges
    ):
        worst = next((number for number, judges in enumerate(open_to_it) if judges), None)
    else:
        worst = None
    made = []
    for number, (change, judges) in enumerate(zip(found, open_to_it, strict=True)):
        made.append(_settle_change(change, answer, worst=number == worst) if judges else change)
    return made


def _settle_change(change: SchemaChange, answer: ContainmentAnswer, *, worst: bool) -> SchemaChange:
    if answer.containment is Containment.YES:
        return replace(change, breaks=False, undecided=False)
    if answer.containment is Containment.NO and (change.breaks or worst):
        kind = _BROKEN.get(change.kind, change.kind) if worst else change.kind
        return replace(change, kind=kind, breaks=True, undecided=False, shown=(answer.witness,))
    undecided = answer.containment is Containment.UNDECIDED and (change.breaks or "-type" in change.kind)
    return replace(change, breaks=False, undecided=True) if undecided else change


_BROKEN = {"{}-type-generalized": "{}-type-changed", "{}-list-of-types-widened": "{}-type-changed"}


def judge_texts(sides: Sides, node: Pair, place: Place) -> ContainmentAnswer | None:
    """Whether every text that is sent is taken; None where values are objects: their parts are looked at."""
    styles = sides.styles_at(place)
    pair = sides.whole(*node)
    if styles is None or pair is None:
        return None
    ends = [
        _End(document, schema, style, whole, sides.path)
        for document, schema, style, whole in zip((sides.old, sides.new), node, styles, pair, strict=True)
    ]
    sender, reader = reversed(ends) if sides.sent else ends
    sent, read = sender.reading, reader.reading
    if sent is None or read is None:
        return None
    return _judge_ends(sides, sender, reader, alike=sent == read)


def _judge_ends(sides: Sides, sender: _End, reader: _End, *, alike: bool) -> ContainmentAnswer:
    pair = (reader.whole, sender.whole) if sides.sent else (sender.whole, reader.whole)
    if alike and proven(sender.whole, reader.whole):
        return _UNDECIDED if sides.impossible(pair) else ContainmentAnswer(containment=Containment.YES)
    shown = _find_refused_text(sender, reader, _values(sender, reader, alike=alike))
    if shown is None:
        try:
            tried = list(islice(_words(sender, reader), _MOST_TEXTS))
        except BeyondAutomata:
            return _UNDECIDED
        if not tried:
            return _UNDECIDED if sides.impossible(pair) else ContainmentAnswer(containment=Containment.YES)
        shown = _find_refused_text(sender, reader, tried)
    if shown is None:
        return _UNDECIDED
    texts = shown.split(APART)
    return ContainmentAnswer(containment=Containment.NO, witness=texts if len(texts) > 1 else shown)


def _words(sender: _End, reader: _End) -> Iterator[str]:
    sent, read = sender.reading, reader.reading
    if sent is None or read is None:
        raise BeyondAutomata("an object")
    return words(sender.whole, sent, reader.whole, read)


def _values(sender: _End, reader: _End, *, alike: bool) -> Iterator[str]:
    """Texts of values near the borders of both."""
    found = counterexample(sender.whole, reader.whole) if alike else None
    values = [found[0]] if found else []
    if not alike:
        values = samples(sender.whole, reader.whole, _MOST_SAMPLES)
    texts = (serialise_value(value, sender.style) for value in values)
    return (text for text in texts if text is not None)


def _find_refused_text(sender: _End, reader: _End, texts: Iterator[str] | list[str]) -> str | None:
    return next((text for text in texts if sender.takes(text) and not reader.takes(text)), None)


def find_text_change(sides: Sides, old: Schema, new: Schema) -> SchemaChange | None:
    """A text that shows what no change tells: of the whole value, or of a property that both sides have."""
    for name, node in (("", (old, new)), *_properties(sides, old, new)):
        place = (name,) if name else ()
        answer = judge_texts(sides, node, place)
        if answer is not None and answer.containment is Containment.NO:
            text = f"texts may come that never came before: {answer.witness}"
            if not sides.sent:
                text = f"texts that were accepted are refused now: {answer.witness}"
            kind = "{}-widened" if sides.sent else "{}-narrowed"
            return SchemaChange(place=place, kind=kind, text=text, breaks=True, node=node, shown=(answer.witness,))
    return None


def travels(sides: Sides, node: Pair, value: Any) -> bool:
    """Whether an object whose properties are written as texts is allowed at one end, and refused at the other."""
    pair = sides.whole(*node)
    if pair is None or not isinstance(value, dict):
        return False
    texts = {name: serialise_value(each, sides.part) for name, each in value.items()}
    if None in texts.values():
        return False
    ends = [
        allows(whole, _read_texts(texts, schema, document, sides.part))
        for whole, schema, document in zip(pair, node, (sides.old, sides.new), strict=True)
    ]
    return ends == [False, True] if sides.sent else ends == [True, False]


def _read_texts(texts: dict[str, str | None], schema: Schema, document: Document, style: Style) -> dict[str, Any]:
    parts = properties_of(schema, document)
    told = {name: str(text).split(APART) for name, text in texts.items()}
    return {name: value_of(each, parts.get(name, True), style, document) for name, each in told.items()}


def _properties(sides: Sides, old: Schema, new: Schema) -> Iterator[tuple[str, Pair]]:
    before, after = properties_of(old, sides.old), properties_of(new, sides.new)
    for name in before.keys() & after.keys():
        if not sides.same(before[name], after[name]):
            yield name, (before[name], after[name])
