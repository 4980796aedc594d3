"""Which versions to go back to: fewest services moved, then the newest; a search with a bound."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from harness.gate import reasons as why
from harness.gate.decision import of_itself_and_missing
from harness.gate.target_state import TargetState, between
from harness.identity import Version
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUND = 20_000  # choices that are looked at before the search gives up; docs/explanation/compatibility.md


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the search found: versions to move to, or nothing, or that it gave up."""

    versions: tuple[Version, ...] = ()  # the named services first, in their order
    gave_up: bool = False


@dataclass(slots=True, kw_only=True)
class Search:
    """The services that may move, what each may go back to, and how bad a pair may be."""

    named: Sequence[str]
    options: Mapping[str, Sequence[Version]]  # newest first, without what is there
    deployed: Mapping[str, Sequence[Version]]  # what is deployed now, of every pacticipant
    released: TargetState  # what stays whatever moves
    now: TargetState
    policy: Sequence[str]
    acceptable: Verdict  # PASSED: proven; UNKNOWN: nothing known to be broken
    bound: int = BOUND
    _fits: dict[tuple[Version, Version], bool] = field(default_factory=dict)
    _alone: dict[Version, bool] = field(default_factory=dict)

    def best(self) -> Choice:
        """The choice that moves fewest services, then goes back least, then prefers the first services' newest."""
        ticks = count()
        queue: list[tuple[tuple[int, int], int, _ChoiceNode]] = []
        self._push(queue, next(ticks), _ChoiceNode(chosen=(), pending=tuple(self.named)))
        found: list[_ChoiceNode] = []
        while queue and (not found or queue[0][0] == found[0].cost):
            tick = next(ticks)
            if tick > self.bound:
                break
            _, _, node = heapq.heappop(queue)
            if not node.pending:
                found.append(node)
                continue
            for following in self._branches(node):
                self._push(queue, next(ticks), following)
        if not found:
            return Choice(gave_up=bool(queue))
        return Choice(versions=self._ordered(min(found, key=self._ranks)))

    def _push(self, queue: list[tuple[tuple[int, int], int, _ChoiceNode]], tick: int, node: _ChoiceNode) -> None:
        heapq.heappush(queue, (node.cost, tick, node))

    def _branches(self, node: _ChoiceNode) -> Iterator[_ChoiceNode]:
        """The first service that has to move, in each version that fits all that has moved already."""
        service, *rest = node.pending
        chosen = [version for version, _ in node.chosen]
        for rank, version in enumerate(self.options.get(service, ()), start=1):
            if not self._possible(version) or not all(self._fit(version, other) for other in chosen):
                continue
            pending = dict.fromkeys((*rest, *self._dragged(version)))
            done = {other.pacticipant for other in chosen} | {service}
            yield _ChoiceNode(
                chosen=(*node.chosen, (version, rank)), pending=tuple(p for p in pending if p not in done)
            )

    def _dragged(self, version: Version) -> Iterator[str]:
        """The services whose present versions do not fit it, so that they would have to move as well."""
        for name in self.now.neighbours(version):
            if name != version.pacticipant and not all(
                self._fit(version, other) for other in self.deployed.get(name, ())
            ):
                yield name

    def _possible(self, version: Version) -> bool:
        """Whether the version could be there at all, beside what stays whatever moves."""
        if version not in self._alone:
            facts = self.now.facts
            told = [*of_itself_and_missing(version, self.now, self.policy)]
            told += [why.of_pair(pair, facts) for pair in self.released.pairs(version)]
            told += [why.of_pair(pair, facts) for pair in between(version, version, facts)]
            self._alone[version] = all(reason.verdict <= self.acceptable for reason in told)
        return self._alone[version]

    def _fit(self, one: Version, other: Version) -> bool:
        if (one, other) not in self._fits:
            facts = self.now.facts
            fits = all(why.of_pair(p, facts).verdict <= self.acceptable for p in between(one, other, facts))
            self._fits[one, other] = self._fits[other, one] = fits
        return self._fits[one, other]

    def _order(self) -> list[str]:
        return [*self.named, *sorted(name for name in self.options if name not in self.named)]

    def _ranks(self, node: _ChoiceNode) -> list[int]:
        ranks = {version.pacticipant: rank for version, rank in node.chosen}
        return [ranks.get(name, 0) for name in self._order()]

    def _ordered(self, node: _ChoiceNode) -> tuple[Version, ...]:
        chosen = {version.pacticipant: version for version, _ in node.chosen}
        return tuple(chosen[name] for name in self._order() if name in chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChoiceNode:
    """Some services moved, some that have to move."""

    chosen: tuple[tuple[Version, int], ...]  # version and how many deployments back it is
    pending: tuple[str, ...]

    @property
    def cost(self) -> tuple[int, int]:
        """At least so many services move, at least so far back."""
        return len(self.chosen) + len(self.pending), sum(rank for _, rank in self.chosen) + len(self.pending)
