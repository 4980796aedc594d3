"""Directed graphs as successors by node: what is reachable, orders, waves, cycles; stable for equal input."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

Node = TypeVar("Node", bound=Hashable)
Sortable = TypeVar("Sortable", int, str)
MOST_CYCLES = 20  # nobody mends more at once


def successors(nodes: Collection[int], edges: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Node to the nodes after it, both within the given nodes, in their order."""
    result: dict[int, list[int]] = {node: [] for node in nodes}
    for first, then in sorted(edges):
        if first in result and then in result:
            result[first].append(then)
    return result


def reachable(
    starts: Iterable[Node], after: Mapping[Node, Sequence[Node]], without: Collection[Node] = ()
) -> set[Node]:
    """The starts and everything after them, on ways that avoid some nodes."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for then in after.get(waiting.pop(), ()):
            if then not in seen and then not in without:
                seen.add(then)
                waiting.append(then)
    return seen


def finishing_order(after: Mapping[Node, Sequence[Node]]) -> list[Node]:
    """Every node after all that is reachable from it, as far as cycles allow; no recursion."""
    done: list[Node] = []
    seen: set[Node] = set()
    for root in after:
        if root in seen:
            continue
        seen.add(root)
        path = [(root, iter(after[root]))]
        while path:
            _, rest = path[-1]
            then = next((node for node in rest if node not in seen), None)
            if then is None:
                done.append(path.pop()[0])
            else:
                seen.add(then)
                path.append((then, iter(after.get(then, ()))))
    return done


def waves(nodes: Collection[int], edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Nodes in waves, each of which needs only the waves before it; without cycles and what is behind them."""
    sorter: TopologicalSorter[int] = TopologicalSorter({node: () for node in nodes})
    for first, following in successors(nodes, edges).items():
        for then in following:
            sorter.add(then, first)
    with suppress(CycleError):  # what a cycle does not block is handed out all the same
        sorter.prepare()
    result = []
    while sorter.is_active():
        result.append(sorted(sorter.get_ready()))
        sorter.done(*result[-1])
    return result


def strong_components(after: Mapping[Sortable, Sequence[Sortable]]) -> list[list[Sortable]]:
    """The sets of nodes that reach one another, each with more than one node, sorted (Kosaraju's algorithm)."""
    before: dict[Sortable, list[Sortable]] = {node: [] for node in after}
    for node, following in after.items():
        for then in following:
            before[then].append(node)
    found: list[list[Sortable]] = []
    placed: set[Sortable] = set()
    for node in reversed(finishing_order(after)):
        if node not in placed:
            component = reachable([node], before, without=placed)
            placed |= component
            if len(component) > 1:
                found.append(sorted(component))
    return sorted(found)


def shortest_cycle(component: Sequence[int], after: Mapping[int, Sequence[int]]) -> list[int]:
    """The shortest way from a node of a strong component back to itself; of equals, the one that begins first."""
    inside = set(component)
    best: list[int] = []
    for start in component:
        best = _way_back(start, inside, after, limit=len(best)) or best
        if len(best) == 2:
            break
    return best


def _way_back(start: int, inside: set[int], after: Mapping[int, Sequence[int]], limit: int) -> list[int]:
    """A shortest cycle through the start that is shorter than the limit (0: none); [] when there is none."""
    came_from: dict[int, int] = {}
    layer, length = [start], 1
    while layer and not (limit and length >= limit):
        following = []
        for node in layer:
            for then in after[node]:
                if then == start:
                    return _path(start, node, came_from)
                if then in inside and then not in came_from:
                    came_from[then] = node
                    following.append(then)
        layer, length = following, length + 1
    return []


def _path(start: int, end: int, came_from: Mapping[int, int]) -> list[int]:
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


def first_cycle(after: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """One cycle, its first node repeated at the end; empty when there is none."""
    finished: set[str] = set()
    for start in after:
        path: dict[str, None] = {}
        waiting = [(start, False)]
        while waiting:
            name, leaving = waiting.pop()
            if leaving:
                del path[name]
                finished.add(name)
            elif name in path:
                walked = list(path)
                return (*walked[walked.index(name) :], name)
            elif name not in finished:
                path[name] = None
                waiting.append((name, True))
                waiting.extend((each, False) for each in reversed(after.get(name, ())))
    return ()


def some_cycles(after: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Cycles, each found after the closing edges of those before are cut; at most twenty."""
    left = {name: tuple(following) for name, following in after.items()}
    found: list[tuple[str, ...]] = []
    while len(found) < MOST_CYCLES and (cycle := first_cycle(left)):
        found.append(cycle)
        last, first = cycle[-2], cycle[-1]
        left[last] = tuple(each for each in left[last] if each != first)
    return tuple(found)
