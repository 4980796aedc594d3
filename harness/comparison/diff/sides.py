"""Two documents beside each other, seen in one direction: what is accepted, or what is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.comparison.containment import (
    Containment,
    allows,
    counterexample,
    decide_containment,
    equivalent,
    judgeable,
    proven,
)
from harness.comparison.diff.change import BRANCH
from harness.comparison.diff.keywords import ValueEffect
from harness.comparison.diff.notice import Notice
from harness.comparison.openapi.dialects import Direction, Schema, TooLarge
from harness.comparison.openapi.document import Document, Sameness

Place = tuple[str, ...]
Pair = tuple[Schema, Schema]

ITEMS = "[]"  # the step into an array
ENTRIES = "{}"  # the step into properties that have no name of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """One change within a schema, without the operation in which it matters."""

    place: Place = ()
    kind: str  # with `{}` where the place goes: "{}-max-decreased"
    text: str
    breaks: bool
    undecided: bool = False
    pair: Pair | None = None  # what is enough of old and new to find a witness
    node: Pair | None = None  # all that old and new say where it was found: a witness has to keep to that as well
    shown: tuple[Any] | None = None  # a witness that was found already
    schema: str = ""  # the reference of the named schema in which it is written; "" for none
    within: Place = ()  # the place in that schema


@dataclass(frozen=True, slots=True)
class Edge:
    """A step from one pair of schemas to another that has a name on both sides."""

    place: Place
    old: Schema
    new: Schema
    outer: Pair | None = None  # the alternatives of which this is one: what they allow together counts


Found = SchemaChange | Edge


def is_alternative(place: Place) -> bool:
    """Whether a place is the same value, seen as one of its alternatives."""
    return all(step.startswith(BRANCH) for step in place)


Style = tuple[str, bool]  # style and explode
Styles = tuple[Style, Style]  # of the old and of the new document
_FIELD: Style = ("form", True)
_PART: Style = ("", False)  # of an object: there are no lists in it


@dataclass(frozen=True, slots=True)
class Sides:
    """Where a comparison of schemas stands."""

    old: Document
    new: Document
    sameness: Sameness
    direction: Direction
    notice: Notice
    styles: Styles | None = None  # how it is written where every value travels as text: a path, a query, a form
    form: bool = False  # an object whose properties are written each for itself
    path: bool = False  # no text may be empty

    @property
    def textual(self) -> bool:
        """Whether every value travels as text."""
        return self.styles is not None

    def styles_at(self, place: Place) -> Styles | None:
        """How a value at a place of the schema is written; None where it is not written by itself."""
        if is_alternative(place):
            return self.styles
        named = [step for step in place if not step.startswith(BRANCH)]
        return (self.part, self.part) if len(named) == 1 and named[0] != ITEMS else None

    @property
    def part(self) -> Style:
        """How the properties of an object are written."""
        return _FIELD if self.form else _PART

    @property
    def sent(self) -> bool:
        """Whether the provider sends the value."""
        return self.direction is Direction.RESPONSE

    @property
    def hidden(self) -> str:
        """The keyword of what does not travel in this direction."""
        return "writeOnly" if self.sent else "readOnly"

    def breaks(self, effect: ValueEffect) -> bool:
        """Whether an effect breaks those who kept to the old document."""
        return effect is ValueEffect.OTHER or effect is (ValueEffect.WIDER if self.sent else ValueEffect.NARROWER)

    def whole(self, old: Schema, new: Schema) -> Pair | None:
        """Both as a validator takes them; None when they are too large for that."""
        try:
            return (
                self.old.whole(old, self.direction, extensible=self.sent),
                self.new.whole(new, self.direction, extensible=self.sent),
            )
        except (TooLarge, RecursionError):
            return None

    def judged(self, old: Schema, new: Schema, *, pair: Pair | None = None) -> Containment:
        """Whether nothing breaks: what was accepted still is, or what is sent was sent before."""
        both = pair or self.whole(old, new)
        if both is None:
            return Containment.UNDECIDED
        small, large = self._ordered(both)
        answer = decide_containment(small, large).containment
        return Containment.UNDECIDED if answer is Containment.YES and self.impossible(both) else answer

    def harmless(self, pair: Pair) -> bool:
        """Whether it is proven that nothing breaks."""
        small, large = self._ordered(pair)
        return proven(small, large) and not self.impossible(pair)

    def impossible(self, pair: Pair) -> bool:
        """Whether no value can meet what is said of what is sent: of no value at all everything is true."""
        small, _ = self._ordered(pair)
        return small is not False and proven(small, False)  # noqa: FBT003 - a schema

    def equivalent(self, old: Schema, new: Schema) -> bool:
        """Whether it is proven that nothing changed."""
        both = self.whole(old, new)
        return both is not None and equivalent(*both)

    def witness(self, found: SchemaChange) -> tuple[Any] | None:
        """A value that used to be accepted and is not any more, or that is sent and never was before."""
        if found.shown is not None or found.pair is None:
            return found.shown
        shown = counterexample(*self._ordered(found.pair))
        whole = self.whole(*found.node) if found.node else None
        if whole is None:
            return shown
        sender, reader = self._ordered(whole)
        if not (judgeable(sender) and judgeable(reader)):
            return shown
        if shown is not None and allows(sender, shown[0]) and not allows(reader, shown[0]):
            return shown
        wanted = counterexample(sender, self._ordered(found.pair)[1])
        if wanted is not None and not allows(reader, wanted[0]):
            return wanted
        return counterexample(sender, reader)

    def excused(self, found: SchemaChange) -> bool:
        """Whether all that is said where it was found is proven to break nobody: another alternative takes it."""
        whole = self.whole(*found.node) if found.node else None
        return whole is not None and self.harmless(whole)

    def _ordered(self, pair: Pair) -> Pair:
        return (pair[1], pair[0]) if self.sent else pair

    def same(self, old: Schema, new: Schema) -> bool:
        """Whether two schemas are the same by their text and by all that they refer to."""
        return self.sameness.same(old, new)


def of_judgement(answer: Containment) -> dict[str, Any]:
    """The fields of a change whose effect was judged as a whole."""
    return {"breaks": answer is Containment.NO, "undecided": answer is Containment.UNDECIDED}
