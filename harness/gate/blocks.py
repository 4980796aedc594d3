"""The smallest sets of steps that keep one another from being done, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.gate.constraints import Constraints, Move
from harness.graph import shortest_cycle, strong_components, successors
from harness.verdicts import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Why one step cannot come before another: its new version does not fit what the other replaces."""

    first: Move  # has to come first
    then: Move
    reasons: tuple[Reason, ...]


class BlockKind(StrEnum):
    """What kind of obstacle a block is."""

    ALONE = "impossible"  # the step fails beside something that does not change
    APART = "misfit"  # two new versions do not fit each other
    CIRCLE = "circle"  # each step would have to come before the next one of the circle


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A smallest set of steps of which no order exists."""

    kind: BlockKind
    verdict: Verdict  # FAILED: proven; UNKNOWN: evidence is missing
    links: tuple[Link, ...]  # first and then are the same step when it is impossible by itself
    positions: tuple[int, ...]  # of its moves, in the order of the candidates

    @property
    def moves(self) -> tuple[Move, ...]:
        """The steps that block one another."""
        return tuple(dict.fromkeys(move for link in self.links for move in (link.first, link.then)))


def blocks_of(found: Constraints) -> tuple[Verdict, tuple[Block, ...]]:
    """The verdict on an order, and every smallest block: first those that are proven, then those that are open."""
    proven = tuple(_blocks(found.at(Verdict.FAILED), Verdict.FAILED))
    told = {position for block in proven for position in block.positions}
    strict = tuple(_blocks(found, Verdict.UNKNOWN))
    open_ones = tuple(block for block in strict if not told & set(block.positions))
    blocks = tuple(sorted(proven, key=_size)) + tuple(sorted(open_ones, key=_size))
    if proven:
        return Verdict.FAILED, blocks
    return (Verdict.UNKNOWN if blocks else Verdict.PASSED), blocks


def _size(block: Block) -> tuple[int, tuple[int, ...]]:
    return len(block.positions), block.positions


def _blocks(found: Constraints, verdict: Verdict) -> Iterator[Block]:
    moves = found.moves
    for position, told in found.alone.items():
        link = Link(first=moves[position], then=moves[position], reasons=told)
        yield Block(kind=BlockKind.ALONE, verdict=verdict, links=(link,), positions=(position,))
    rest = [position for position in range(len(moves)) if position not in found.alone]
    for (one, other), told in sorted(found.apart.items()):
        if one in rest and other in rest:
            link = Link(first=moves[one], then=moves[other], reasons=told)
            yield Block(kind=BlockKind.APART, verdict=verdict, links=(link,), positions=(one, other))
    apart = {position for pair in found.apart for position in pair}
    after = successors([position for position in rest if position not in apart], found.before)
    for component in strong_components(after):
        yield _circle(shortest_cycle(component, after), found, verdict)


def _circle(circle: list[int], found: Constraints, verdict: Verdict) -> Block:
    edges = zip(circle, [*circle[1:], circle[0]], strict=True)
    links = tuple(
        Link(first=found.moves[first], then=found.moves[then], reasons=found.before[first, then])
        for first, then in edges
    )
    return Block(kind=BlockKind.CIRCLE, verdict=verdict, links=links, positions=tuple(sorted(circle)))
