"""Sets of texts as automata: unfolded only as far as they are walked, and never further than a bound."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_MOST_NODES = 3000
_MOST_MOVES = 30_000  # of a whole walk: a second at most

Ranges = tuple[tuple[int, int], ...]  # code points, from and to, both included


class BeyondAutomata(Exception):
    """A set of texts that is beyond this: of no plain kind, or too large to be walked."""


class Automaton(Protocol):
    """A set of texts, read letter by letter."""

    @property
    def start(self) -> Any:
        """The state before the first letter."""

    def step(self, state: Any, letter: str) -> Any:
        """The state after one letter more."""

    def accepts(self, state: Any) -> bool:
        """Whether a text that ends here is in the set."""

    def is_dead(self, state: Any) -> bool:
        """Whether no letter leads to a text of the set any more."""

    def borders(self) -> Iterator[int]:
        """The code points from which on letters are treated in another way."""


def shortest(
    automata: list[Automaton], wanted: Callable[[tuple[bool, ...]], bool], needed: Collection[int] = ()
) -> Iterator[str]:
    """The texts that are wanted for what all automata say of them; ends when there are no others.

    One for each way to get there, none that one of the `needed` automata refuses. Raises Unreadable when there is
    too much to walk.
    """
    letters = _letters(automata)
    start = tuple(each.start for each in automata)
    words, waiting, moves = {start: ""}, [start], 0
    for state in waiting:
        if wanted(tuple(each.accepts(part) for each, part in zip(automata, state, strict=True))):
            yield words[state]
        for letter in letters:
            moves += 1
            after = tuple(each.step(part, letter) for each, part in zip(automata, state, strict=True))
            if after not in words and not any(automata[each].is_dead(after[each]) for each in needed):
                words[after] = words[state] + letter
                waiting.append(after)
        if moves > _MOST_MOVES:
            raise BeyondAutomata("too many states")


_PLAIN = "a1A0bB- _.,x"


def _letters(automata: list[Automaton]) -> list[str]:
    """One letter for each class of letters that all automata treat alike; plain ones where there are."""
    borders = sorted({0, *(each for one in automata for each in one.borders() if each <= _LAST)})
    made = []
    for low, high in zip(borders, [*borders[1:], _LAST + 1], strict=True):
        plain = next((letter for letter in _PLAIN if low <= ord(letter) < high), None)
        code = next((each for each in (max(low, 33), low) if low <= each < high and each not in _SURROGATES), None)
        if plain is not None or code is not None:
            made.append(plain or chr(code or 0))
    return sorted(made, key=lambda letter: (letter not in _PLAIN, letter))


# --- plain sets --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of a list."""

    words: frozenset[str]
    start: str | None = ""

    def step(self, state: str | None, letter: str) -> str | None:
        """What was read so far, as long as some word starts so."""
        text = None if state is None else state + letter
        return text if text is not None and any(word.startswith(text) for word in self.words) else None

    def accepts(self, state: str | None) -> bool:
        """Whether it is one of the list."""
        return state in self.words

    def is_dead(self, state: str | None) -> bool:
        """Whether no word starts so."""
        return state is None

    def borders(self) -> Iterator[int]:
        """Each letter of the words."""
        return (code for word in self.words for letter in word for code in (ord(letter), ord(letter) + 1))


@dataclass(frozen=True, slots=True)
class Lengths:
    """The texts of so many letters."""

    least: int
    most: int | None
    start: int = 0

    def step(self, state: int, letter: str) -> int:
        """The number of letters, as far as it matters."""
        return min(state + 1, (self.least if self.most is None else self.most) + 1)

    def accepts(self, state: int) -> bool:
        """Whether there are as many as may be."""
        return state >= self.least and (self.most is None or state <= self.most)

    def is_dead(self, state: int) -> bool:
        """Whether there are too many."""
        return self.most is not None and state > self.most

    def borders(self) -> Iterator[int]:
        """All letters are alike."""
        return iter(())


# --- regular expressions -----------------------------------------------------------------------------------------

Nodes = frozenset[int]


@dataclass(slots=True)
class Expression:
    """The texts in which a regular expression is found, as validators look for it."""

    pattern: str
    start: Nodes = frozenset()
    moves: list[list[tuple[Ranges, int]]] = field(default_factory=list)
    free: list[list[tuple[str, int]]] = field(default_factory=list)  # the condition ("", "begin", "end"), the node
    end: int = 0
    _known: dict[tuple[Nodes, str], Nodes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first = self._node()
        self.moves[first].append((_ANYTHING, first))
        self.end = self._sequence(_parse_pattern(self.pattern), first)
        self.moves[self.end].append((_ANYTHING, self.end))
        self.start = self._closed({first}, "begin")

    def step(self, state: Nodes, letter: str) -> Nodes:
        """All places in the expression at which one may be."""
        if (state, letter) not in self._known:
            code = ord(letter)
            after = {
                target
                for node in state
                for ranges, target in self.moves[node]
                if any(low <= code <= high for low, high in ranges)
            }
            self._known[state, letter] = self._closed(after, "")
        return self._known[state, letter]

    def accepts(self, state: Nodes) -> bool:
        """Whether it was found."""
        return self.end in self._closed(set(state), "end", empty=state == self.start)

    def is_dead(self, state: Nodes) -> bool:
        """Whether it cannot be found any more."""
        return not state

    def borders(self) -> Iterator[int]:
        """Where a set of letters begins or ends."""
        ranges = (each for moves in self.moves for ranges, _ in moves for each in ranges)
        return (code for low, high in ranges for code in (low, high + 1))

    def _closed(self, nodes: set[int], condition: str, *, empty: bool = False) -> Nodes:
        allowed = {"", condition, "begin" if empty else condition}
        found, waiting = set(nodes), list(nodes)
        while waiting:
            for needed, target in self.free[waiting.pop()]:
                if needed in allowed and target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    # --- how it is made ------------------------------------------------------------------------------------------

    def _node(self) -> int:
        if len(self.moves) >= _MOST_NODES:
            raise BeyondAutomata("a long expression")
        self.moves.append([])
        self.free.append([])
        return len(self.moves) - 1

    def _sequence(self, parts: Any, at: int) -> int:
        for name, argument in parts:
            at = self._part(str(name), argument, at)
        return at

    def _part(self, kind: str, argument: Any, at: int) -> int:
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, parts = argument
            return self._repeated(int(least), most, parts, at)
        if kind == "SUBPATTERN" and not argument[1] and not argument[2]:
            return self._sequence(argument[3], at)
        after = self._node()
        if kind == "BRANCH":
            for branch in argument[1]:
                self.free[self._sequence(branch, self._fork(at))].append(("", after))
        elif kind == "AT" and str(argument) in _CONDITIONS:
            self.free[at].append((_CONDITIONS[str(argument)], after))
        else:
            self.moves[at].append((_ranges(kind, argument), after))
        return after

    def _fork(self, at: int) -> int:
        made = self._node()
        self.free[at].append(("", made))
        return made

    def _repeated(self, least: int, most: Any, parts: Any, at: int) -> int:
        for _ in range(min(least, _MOST_NODES)):
            at = self._sequence(parts, at)
        if str(most) == "MAXREPEAT":
            loop = self._fork(at)
            self.free[self._sequence(parts, loop)].append(("", loop))
            return self._fork(loop)
        ends = [at]
        for _ in range(min(int(most) - least, _MOST_NODES)):
            at = self._sequence(parts, self._fork(at))
            ends.append(at)
        after = self._node()
        for each in ends:
            self.free[each].append(("", after))
        return after


_CONDITIONS = {"AT_BEGINNING": "begin", "AT_END": "end"}
_ANYTHING: Ranges = ((0, _LAST),)
_LINES = (0x0A, 0x0D, 0x2028, 0x2029)
_OTHERWISE_IN_PYTHON = re.compile(r"\{,|\\[AZzbBpPck]|\(\?[^:]")  # lookarounds, flags and names among them


def _parse_pattern(pattern: str) -> Any:
    """The tree of an expression that means the same to Python and to validators."""
    if _OTHERWISE_IN_PYTHON.search(pattern):
        raise BeyondAutomata(pattern)
    parser: Any = import_module("re._parser")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise BeyondAutomata(pattern) from error


def _ranges(kind: str, argument: Any) -> Ranges:
    if kind == "LITERAL":
        return ((argument, argument),)
    if kind == "NOT_LITERAL":
        return _others([(argument, argument)])
    if kind == "ANY":
        return _others([(code, code) for code in _LINES])
    if kind == "IN":
        negated = bool(argument) and str(argument[0][0]) == "NEGATE"
        named = [each for name, inner in argument[negated:] for each in _set_ranges(str(name), inner)]
        return _others(named) if negated else tuple(named)
    raise BeyondAutomata(kind)


def _set_ranges(kind: str, argument: Any) -> Ranges:
    if kind == "RANGE":
        return ((argument[0], argument[1]),)
    if kind == "CATEGORY" and str(argument) in _CATEGORIES:
        return _CATEGORIES[str(argument)]
    return _ranges(kind, argument)


def _others(ranges: list[tuple[int, int]]) -> Ranges:
    made, low = [], 0
    for first, last in sorted(ranges):
        if first > low:
            made.append((low, first - 1))
        low = max(low, last + 1)
    return (*made, (low, _LAST)) if low <= _LAST else tuple(made)


_DIGITS: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = ((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
                  (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF))  # fmt: skip
_CATEGORIES = {
    "CATEGORY_DIGIT": _DIGITS,
    "CATEGORY_WORD": _WORD,
    "CATEGORY_SPACE": _SPACE,
    "CATEGORY_NOT_DIGIT": _others([*_DIGITS]),
    "CATEGORY_NOT_WORD": _others([*_WORD]),
    "CATEGORY_NOT_SPACE": _others([*_SPACE]),
}
