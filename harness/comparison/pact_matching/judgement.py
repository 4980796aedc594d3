"""What the judge says: where a message is not as promised, and what could not be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.verdicts import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A place that a rule speaks of which nobody can apply there."""

    place: str
    why: str


Remark = Difference | Undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All that is wrong with a message, and all that is not known of it."""

    differences: tuple[Difference, ...] = ()
    undecided: tuple[Undecided, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether everything is as promised, as far as it could be judged."""
        return not self.differences


class Inapplicable(Exception):
    """A rule that says nothing about such a value, or that nobody here knows; the text says why."""


def judge_remarks(remarks: Iterable[Remark]) -> Judgement:
    """Everything that was said, sorted into what is wrong and what is not known."""
    listed = list(remarks)
    return Judgement(
        differences=tuple(each for each in listed if isinstance(each, Difference)),
        undecided=tuple(each for each in listed if isinstance(each, Undecided)),
    )


def any_of(answers: Iterable[list[Remark]]) -> list[Remark]:
    """The answer that speaks best of a value: kept, else not known, else everything that each holds against it."""
    listed = list(answers)
    if any(not answer for answer in listed):
        return []
    open_ones = [answer for answer in listed if not any(isinstance(each, Difference) for each in answer)]
    return open_ones[0] if open_ones else [each for answer in listed for each in answer]


def different(place: str, expected: object, actual: object, text: str) -> Iterator[Remark]:
    """One place where what came is not what was promised."""
    yield Difference(place=place, expected=str(expected), actual=str(actual), text=text)
