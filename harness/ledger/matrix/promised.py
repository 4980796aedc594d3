"""The rows of a matrix by promise: there may be many thousands, so each is made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from harness.evidence import Stated


class ContentResult(NamedTuple):
    """What is known of a content on one provider version; None: there is no version, or no result that stands."""

    provider_version: int | None = None
    verification: int | None = None
    success: bool | None = None
    stated: Stated | None = None  # what the provider's document says, where that decides
    because: str = ""  # why it is no yes
    disagreement: str = ""  # of two builds of the version
    flaky: bool = False  # complete results of the same content on the same build disagree


class MatrixRow(NamedTuple):
    """One pact of one consumer version, and one provider version where there is one."""

    consumer: str
    provider: str
    publication: int
    consumer_version: int
    provider_version: int | None
    verification: int | None
    success: bool | None
    stated: Stated | None = None
    because: str = ""
    disagreement: str = ""
    flaky: bool = False


class PromiseResults(NamedTuple):
    """One pact of one consumer version, and what is known of it on each provider version, newest first."""

    consumer: str
    provider: str
    publication: int
    consumer_version: int
    results: tuple[ContentResult, ...]  # the same object for every version with the same content

    @property
    def order(self) -> tuple[str, int, str]:
        """By consumer, its newest version first; then by provider."""
        return self.consumer.lower(), -self.consumer_version, self.provider.lower()

    def rows(self) -> Iterator[MatrixRow]:
        """A row for each provider version."""
        for each in self.results:
            yield MatrixRow(self.consumer, self.provider, self.publication, self.consumer_version, *each)


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows, in their order."""

    promises: Sequence[PromiseResults] = ()

    def __iter__(self) -> Iterator[MatrixRow]:
        for each in self.promises:
            yield from each.rows()

    def __len__(self) -> int:
        return sum(len(each.results) for each in self.promises)

    def successes(self) -> int:
        """How many rows say yes."""
        known = _counts(self.promises)
        return sum(known[id(each.results)] for each in self.promises)

    def rest(self) -> list[MatrixRow]:
        """The rows that say no, or nothing."""
        known = _counts(self.promises)
        concerned = (each for each in self.promises if known[id(each.results)] < len(each.results))
        return [row for each in concerned for row in each.rows() if row.success is not True]

    def flaky(self) -> list[MatrixRow]:
        """The rows whose results contradict each other."""
        known = {id(each.results): any(r.flaky for r in each.results) for each in self.promises}
        return [row for each in self.promises if known[id(each.results)] for row in each.rows() if row.flaky]

    def pairs(self) -> set[tuple[str, str]]:
        """Whose rows they are: consumers and providers."""
        return {(each.consumer, each.provider) for each in self.promises}

    def only(self, holds: Callable[[MatrixRow], bool]) -> Rows:
        """Those rows of which something holds."""
        found = []
        for each in self.promises:
            kept = tuple(ContentResult(*row[4:]) for row in each.rows() if holds(row))
            if kept:
                found.append(each._replace(results=kept))
        return Rows(found)


def _counts(promises: Sequence[PromiseResults]) -> dict[int, int]:
    """How many successes each distinct tuple of results holds."""
    distinct = {id(each.results): each.results for each in promises}
    return {key: sum(each.success is True for each in results) for key, results in distinct.items()}


def broken_in_place(
    listed: Sequence[PromiseResults],
    recorded: Iterable[PromiseResults],
    stand_ins: Mapping[int, tuple[int, str]],
    by: str,
) -> Iterator[PromiseResults]:
    """What is broken of the pacts that were recorded in the place of listed versions, and why they count.

    `stand_ins`: by row, in which version's place it was recorded and the words for that. As `latestby` says it:
    only the newest provider version counts, and only what stands for the newest consumer version.
    """
    newest = {(each.consumer, each.provider): each.consumer_version for each in listed} if by == "cp" else {}
    for each in recorded:
        version, words = stand_ins[each.consumer_version]
        counting = each.results[:1] if by in ("cvp", "cp") else each.results
        broken = [result for result in counting if result.success is False]
        if broken and newest.get((each.consumer, each.provider), version) == version:
            told = (r._replace(because="; ".join(filter(None, (words, r.because)))) for r in broken)
            yield each._replace(results=tuple(told))


def latest(promises: Iterable[PromiseResults], by: str) -> list[PromiseResults]:
    """Promises in order, each with its results or, if asked, the newest of a version or a pair."""
    ordered = sorted(promises, key=lambda each: each.order)
    if by not in ("cvp", "cp"):
        return ordered
    pairs: set[tuple[str, str]] = set()
    found = []
    for each in ordered:  # a consumer's newest version comes first
        pair = each.consumer, each.provider
        if by == "cvp" or pair not in pairs:
            pairs.add(pair)
            found.append(each._replace(results=each.results[:1]))
    return found
