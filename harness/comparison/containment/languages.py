"""The texts for which schemas allow a value: what travels in a path, a query, a header, a cookie or a form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import product
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from harness.comparison.containment import numerals
from harness.comparison.containment.automata import (
    Automaton,
    BeyondAutomata,
    Expression,
    Lengths,
    Words,
    shortest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any] | bool
Formula = Any  # True, False, or a word with its parts: ("all", ...), ("any", ...), ("one", ...), ("not", x), …

APART = "\ue000"  # between texts that travel one by one: ?a=1&a=2
_DEEPEST = 20
_MOST_GUESSES = 4  # predicates of which nothing but the name is known


@dataclass(frozen=True, slots=True)
class TextReading:
    """How a text becomes a value: by the types that a schema speaks of."""

    kinds: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    separator: str = ""  # between the items of a list; "" for one value
    filled: bool = False  # an empty text cannot travel: in a path


def words(small: Schema, written: TextReading, large: Schema, read: TextReading) -> Iterator[str]:
    """Texts that whoever keeps to `small` may send and that `large` probably refuses; none when it refuses none.

    Raises Unreadable when the texts cannot be told.
    """
    found = _Question()
    sent = found.sent(small, written)
    return found.asked(("all", sent, ("not", found.read(large, read))))


def sendable(schema: Schema, written: TextReading) -> bool:
    """Whether there may be any text at all."""
    found = _Question()
    return any(True for _ in found.asked(found.sent(schema, written)))


# --- questions ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Question:
    """Automata, and formulas over what each of them says of a text."""

    automata: list[Automaton] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)

    def sent(self, schema: Schema, reading: TextReading) -> Formula:
        """The texts that programs write for the values of a schema."""
        if reading.filled:
            return ("all", self.lengths(1, None), self.sent(schema, replace(reading, filled=False)))
        if reading.separator:
            return self._listing(schema, reading, sent=True)
        told = _plainly(("all", self._single(), self._texts(schema, reading.kinds)))
        if not reading.kinds & _NUMERIC:
            return told
        number, canonical = self.expression(numerals.PLAIN), self.expression(numerals.CANONICAL)
        if "string" in reading.kinds:
            texts = _Kind(self, "string", schema).of(schema)
            return ("any", ("all", told, canonical), ("all", self._single(), texts))
        always = told is not False and number in told
        return ("all", told, canonical if always else ("any", ("not", number), canonical))

    def read(self, schema: Schema, reading: TextReading) -> Formula:
        """The texts that are read as a value of a schema, numbers with an exponent left out."""
        if reading.separator:
            return self._listing(schema, reading, sent=False)
        return ("all", self._single(), self._texts(schema, reading.kinds))

    def _single(self) -> Formula:
        return self.expression(f"^[^{APART}]*$")

    def _texts(self, schema: Schema, kinds: frozenset[str]) -> Formula:
        """By the types as which a text may be read: `7` is a number, and a text where that goes as well."""
        parts: list[tuple[str, Formula]] = []
        if kinds & _NUMERIC:
            parts.append(("number", self.expression(numerals.PLAIN)))
        if "boolean" in kinds:
            parts.append(("boolean", self.words("true", "false")))
        if "null" in kinds and "string" not in kinds:
            parts.append(("null", self.words("null", "")))
        rest = "string" in kinds or ("not", ("any", *(where for _, where in parts)))
        told = [("all", where, _Kind(self, kind, schema).of(schema)) for kind, where in (*parts, ("string", rest))]
        return ("any", *told)

    def _listing(self, schema: Schema, reading: TextReading, *, sent: bool) -> Formula:
        inner = _Question()
        parts = _of_list(schema, sent=sent)
        made = TextReading(reading.items)
        wanted = inner.sent(parts.items, made) if sent else inner.read(parts.items, made)
        if inner.guesses:
            raise BeyondAutomata(inner.guesses[0])
        return self._atom(json.dumps([reading.separator, sent, repr(parts)]), lambda: _Listing(
            inner, wanted, reading.separator, parts.least, parts.most))  # fmt: skip

    def expression(self, pattern: str) -> Formula:
        """The texts in which an expression is found."""
        return self._atom(f"expression {pattern}", lambda: Expression(pattern))

    def words(self, *listed: str) -> Formula:
        """The texts of a list."""
        return self._atom(f"words {sorted(listed)}", lambda: Words(frozenset(listed)))

    def lengths(self, least: int, most: int | None) -> Formula:
        """The texts of so many letters."""
        return self._atom(f"lengths {least} {most}", lambda: Lengths(least, most))

    def guess(self, name: str) -> Formula:
        """Texts of which nothing but the name is known."""
        if name not in self.guesses:
            if len(self.guesses) >= _MOST_GUESSES:
                raise BeyondAutomata(name)
            self.guesses.append(name)
        return ("guess", name)

    def _atom(self, name: str, make: Any) -> Formula:
        if name not in self._known:
            self.automata.append(make())
            self._known[name] = len(self.automata) - 1
        return ("is", self._known[name])

    def asked(self, wanted: Formula) -> Iterator[str]:
        """The texts for which a formula may hold."""
        plain = _plainly(wanted)
        if plain is False:
            return iter(())
        parts = plain[1:] if plain is not True and plain[0] == "all" else (plain,)
        needed = [each[1] for each in parts if each is not True and each[0] == "is"]
        return shortest(self.automata, lambda bits: self.possible(plain, bits), needed)

    def possible(self, wanted: Formula, bits: tuple[bool, ...]) -> bool:
        """Whether a formula holds, whatever may be true of what is only a name."""
        several = product((True, False), repeat=len(self.guesses))
        return any(_holds(wanted, bits, dict(zip(self.guesses, each, strict=True))) for each in several)


_NUMERIC = frozenset({"integer", "number"})


def _plainly(formula: Formula) -> Formula:
    """The same without what is always true or false, and parts of one word in one list."""
    if isinstance(formula, bool) or formula[0] in ("is", "guess"):
        return formula
    word, *rest = formula
    parts = [_plainly(part) for part in rest]
    if word == "not":
        return not parts[0] if isinstance(parts[0], bool) else ("not", parts[0])
    if word == "one":
        return (word, *parts)
    settles = word == "any"  # an alternative that always holds, a part that never does
    if any(part is settles for part in parts):
        return settles
    left = [part for part in parts if not isinstance(part, bool)]
    flat = [each for part in left for each in (part[1:] if part[0] == word else (part,))]
    if not flat:
        return not settles
    return flat[0] if len(flat) == 1 else (word, *dict.fromkeys(flat))


def _holds(formula: Formula, bits: tuple[bool, ...], guessed: dict[str, bool]) -> bool:
    if isinstance(formula, bool):
        return formula
    word, *parts = formula
    if word in ("is", "guess"):
        return bits[parts[0]] if word == "is" else guessed[parts[0]]
    told = (_holds(part, bits, guessed) for part in parts)
    if word in ("all", "any"):
        return all(told) if word == "all" else any(told)
    return sum(told) == (1 if word == "one" else 0)


# --- one value ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """A schema as it looks to texts that are read as values of one type."""

    question: _Question
    kind: str  # "number", "boolean", "null", "string"
    root: Schema

    def of(self, schema: Any, depth: int = 0) -> Formula:
        """The texts, of those that are read as this type, whose value the schema allows."""
        if not isinstance(schema, dict):
            return bool(schema)
        if depth > _DEEPEST:
            raise BeyondAutomata("a schema within itself")
        parts = [self._type(schema["type"])] if "type" in schema else []
        if "enum" in schema or "const" in schema:
            parts.append(self._listed([schema["const"]] if "const" in schema else schema["enum"]))
        if self.kind == "string":
            parts += self._strings(schema)
        elif self.kind == "number":
            parts += self._numbers(schema)
        return ("all", *parts, *self._composed(schema, depth + 1))

    def _composed(self, schema: dict[str, Any], depth: int) -> Iterator[Formula]:
        for word, meant in (("allOf", "all"), ("anyOf", "any"), ("oneOf", "one")):
            if word in schema:
                yield (meant, *(self.of(each, depth) for each in schema[word]))
        if "not" in schema:
            yield ("not", self.of(schema["not"], depth))
        if "if" in schema:
            condition = self.of(schema["if"], depth)
            yield ("any", ("not", condition), self.of(schema.get("then", True), depth))
            yield ("any", condition, self.of(schema.get("else", True), depth))
        if "$ref" in schema:
            definitions = self.root.get("$defs", {}) if isinstance(self.root, dict) else {}
            yield self.of(definitions.get(str(schema["$ref"]).removeprefix("#/$defs/"), True), depth)

    def _type(self, given: Any) -> Formula:
        kinds = given if isinstance(given, list) else [given]
        if self.kind in kinds:
            return True
        return self.question.expression(numerals.WHOLE) if self.kind == "number" and "integer" in kinds else False

    def _listed(self, values: list[Any]) -> Formula:
        if self.kind == "string":
            return self.question.words(*(each for each in values if isinstance(each, str)))
        if self.kind == "number":
            numbers = [each for each in values if isinstance(each, (int, float)) and not isinstance(each, bool)]
            return ("any", *(self.question.expression(numerals.exactly(each)) for each in numbers))
        if self.kind == "null":
            return any(each is None for each in values)
        return self.question.words(*(str(each).lower() for each in values if isinstance(each, bool)))

    def _strings(self, schema: dict[str, Any]) -> Iterator[Formula]:
        if "minLength" in schema or "maxLength" in schema:
            yield self.question.lengths(schema.get("minLength", 0), schema.get("maxLength"))
        if "pattern" in schema:
            try:
                yield self.question.expression(schema["pattern"])
            except BeyondAutomata:
                yield self.question.guess(f"pattern {schema['pattern']}")
        if "format" in schema:
            yield self.question.guess(f"format {schema['format']}")
            yield self.question.expression(_AT_LEAST.get(schema["format"], ""))

    def _numbers(self, schema: dict[str, Any]) -> Iterator[Formula]:
        if schema.get("multipleOf", 1) != 1:
            yield self.question.guess(f"multipleOf {schema['multipleOf']}")
        elif "multipleOf" in schema:
            yield self.question.expression(numerals.WHOLE)
        for word, rounded, side in _BORDERS:
            if word in schema:
                yield self._beyond(schema[word], rounded, side)
                if word.startswith("exclusive"):
                    yield ("not", self.question.expression(numerals.exactly(schema[word])))

    def _beyond(self, border: Any, rounded: Any, side: Any) -> Formula:
        """Of fractions near a border that is one itself nothing is known."""
        near, far = rounded(border), ceil(border) if rounded is floor else floor(border)
        inside = self.question.expression(side(near))
        if near == far:
            return inside
        fraction = ("not", self.question.expression(numerals.WHOLE))
        guessed = self.question.guess(f"{side.__name__} {border}")
        return ("any", inside, ("all", fraction, guessed, self.question.expression(side(far))))


_BORDERS = (
    ("minimum", ceil, numerals.at_least),
    ("exclusiveMinimum", ceil, numerals.at_least),
    ("maximum", floor, numerals.at_most),
    ("exclusiveMaximum", floor, numerals.at_most),
)
_AT_LEAST = {  # what every text of a format looks like
    "uuid": "^[0-9a-fA-F-]{36}$",
    "date": r"^\d{4}-\d{2}-\d{2}$",
    "date-time": r"^\d{4}-\d{2}-\d{2}.\d{2}:\d{2}:\d{2}",
    "time": r"^\d{2}:\d{2}:\d{2}",
    "ipv4": r"^\d{1,3}(\.\d{1,3}){3}$",
    "ipv6": ":",
    "email": "@",
    "uri": ":",
}


# --- lists -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a schema says of a list."""

    items: Schema
    least: int
    most: int | None


_OF_LISTS = frozenset({"type", "items", "minItems", "maxItems", "uniqueItems", "$defs"})
_OF_OTHERS = frozenset({"minLength", "maxLength", "pattern", "minimum", "maximum", "format", "multipleOf"})


def _of_list(schema: Schema, *, sent: bool) -> _Parts:
    """Lists of items that are alike; where all have to differ, at most one is sure to be read."""
    steps = 0
    root = schema
    while isinstance(schema, dict) and isinstance(root, dict) and "$ref" in schema and steps < _DEEPEST:
        schema, steps = root.get("$defs", {}).get(str(schema["$ref"]).removeprefix("#/$defs/"), True), steps + 1
    if not isinstance(schema, dict) or schema.keys() - _OF_LISTS - _OF_OTHERS:
        raise BeyondAutomata("a list of another kind")
    items = schema.get("items", True)
    if isinstance(items, dict) and isinstance(root, dict) and "$defs" in root:
        items = {**items, "$defs": root["$defs"]}
    most = schema.get("maxItems")
    if schema.get("uniqueItems") and not sent:
        most = 1 if most is None else min(most, 1)
    return _Parts(items, schema.get("minItems", 0), most)


@dataclass(frozen=True, slots=True)
class _Listing:
    """Texts with a separator between parts, each of which a question is asked of."""

    question: _Question
    wanted: Formula
    separator: str
    least: int
    most: int | None

    @property
    def start(self) -> Any:
        """One part, of which nothing is read."""
        return (1, *self._fresh())

    def _fresh(self) -> tuple[Any, ...]:
        return tuple(each.start for each in self.question.automata)

    def step(self, state: Any, letter: str) -> Any:
        """Within a part, or on to the next when this one is right."""
        if state is None:
            return None
        if letter != self.separator:
            parts = zip(self.question.automata, state[1:], strict=True)
            return (state[0], *(each.step(part, letter) for each, part in parts))
        most = self.least if self.most is None else self.most
        return (min(state[0] + 1, most + 1), *self._fresh()) if self._right(state) else None

    def _right(self, state: Any) -> bool:
        parts = zip(self.question.automata, state[1:], strict=True)
        return self.question.possible(self.wanted, tuple(each.accepts(part) for each, part in parts))

    def accepts(self, state: Any) -> bool:
        """Whether every part is right, and there are as many as may be."""
        if state is None or not self._right(state):
            return False
        return bool(state[0] >= self.least and (self.most is None or state[0] <= self.most))

    def is_dead(self, state: Any) -> bool:
        """Whether a part was wrong."""
        return state is None

    def borders(self) -> Iterator[int]:
        """Those of the parts, and the separator."""
        yield from (ord(self.separator), ord(self.separator) + 1)
        for each in self.question.automata:
            yield from each.borders()
