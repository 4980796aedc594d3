"""Orders and circles in a small directed graph of positions; stable for equal input."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

Successors = dict[int, list[int]]


def successors(nodes: Collection[int], edges: Iterable[tuple[int, int]]) -> Successors:
    """Node to the nodes after it, both within the given nodes, in their order."""
    result: Successors = {node: [] for node in nodes}
    for first, then in sorted(edges):
        if first in result and then in result:
            result[first].append(then)
    return result


def waves(nodes: Collection[int], edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Nodes without circles in waves: each wave needs only the waves before it."""
    after = successors(nodes, edges)
    open_before = dict.fromkeys(after, 0)
    for following in after.values():
        for then in following:
            open_before[then] += 1
    wave = [node for node, count in open_before.items() if not count]
    result = []
    while wave:
        result.append(wave)
        ready = []
        for node in wave:
            for then in after[node]:
                open_before[then] -= 1
                if not open_before[then]:
                    ready.append(then)
        wave = sorted(ready)
    return result


def reachable(
    starts: Iterable[int], after: Mapping[int, Sequence[int]], without: Collection[int] = ()
) -> set[int]:
    """The starts and everything after them, on ways that avoid some nodes."""
    seen = set(starts)
    queue = list(seen)
    while queue:
        for then in after.get(queue.pop(), ()):
            if then not in seen and then not in without:
                seen.add(then)
                queue.append(then)
    return seen


def knots(after: Successors) -> list[list[int]]:
    """The sets of nodes that reach one another, each with more than one node, sorted (Kosaraju's algorithm)."""
    before: Successors = {node: [] for node in after}
    for node, following in after.items():
        for then in following:
            before[then].append(node)
    found, placed = [], set[int]()
    for node in reversed(_finished(after)):
        if node not in placed:
            knot = reachable([node], before, without=placed)
            placed |= knot
            if len(knot) > 1:
                found.append(sorted(knot))
    return sorted(found)


def _finished(after: Successors) -> list[int]:
    """Every node after all that can be reached from it, as far as circles allow."""
    done: list[int] = []
    seen: set[int] = set()
    for root in after:
        if root in seen:
            continue
        seen.add(root)
        path = [(root, iter(after[root]))]
        while path:
            _node, rest = path[-1]
            then = next((n for n in rest if n not in seen), None)
            if then is None:
                done.append(path.pop()[0])
            else:
                seen.add(then)
                path.append((then, iter(after[then])))
    return done


def shortest_circle(knot: Sequence[int], after: Mapping[int, Sequence[int]]) -> list[int]:
    """The shortest way from a node of the knot back to itself; of equals, the one that begins first."""
    inside = set(knot)
    best: list[int] = []
    for start in knot:
        best = _way_back(start, inside, after, limit=len(best)) or best
        if len(best) == 2:
            break
    return best


def _way_back(start: int, inside: set[int], after: Mapping[int, Sequence[int]], limit: int) -> list[int]:
    """A shortest circle through the start that is shorter than the limit (0: none); [] when there is none."""
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
