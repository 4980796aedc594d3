"""Who needs whom: the order of a start, and who is concerned by a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.services.system import System

MOST_CYCLES = 20  # nobody mends more at once


def start_order(system: System, names: Iterable[str]) -> tuple[str, ...]:
    """The named units and all that they need, each after what it needs. Raises UnknownName."""
    needs = _needs(system)
    wanted = list(names)
    for name in wanted:
        system.unit(name)
    chosen = set().union(*(_closure(needs, name) for name in wanted))
    done: dict[str, None] = {}
    for name in needs:
        if name in chosen:
            _place(name, needs, done)
    return tuple(done)


def reach(system: System) -> Mapping[str, frozenset[str]]:
    """Each unit with all that it needs, at any distance, itself included."""
    needs = _needs(system)
    return {name: _closure(needs, name) for name in needs}


def users(system: System, name: str) -> frozenset[str]:
    """All units that need this one, at any distance, without itself. Raises UnknownName."""
    system.unit(name)
    used_by: dict[str, list[str]] = {}
    for user, needed in _needs(system).items():
        for each in needed:
            used_by.setdefault(each, []).append(user)
    return _closure(used_by, name) - {name}


def cycle(needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """One circle of needs, its first name repeated at the end; empty when there is none."""
    finished: set[str] = set()
    for start in needs:
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
                waiting.extend((each, False) for each in reversed(needs.get(name, ())))
    return ()


def cycles(needs: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Circles of needs, each found after the closing needs of those before are cut; at most twenty."""
    left = {name: tuple(needed) for name, needed in needs.items()}
    found: list[tuple[str, ...]] = []
    while len(found) < MOST_CYCLES and (circle := cycle(left)):
        found.append(circle)
        last, first = circle[-2], circle[-1]
        left[last] = tuple(each for each in left[last] if each != first)
    return tuple(found)


def _needs(system: System) -> dict[str, tuple[str, ...]]:
    resources = {resource.name: resource.needs for resource in system.resources}
    return resources | {service.name: service.needs for service in system.services}


def _closure(needs: Mapping[str, Sequence[str]], start: str) -> frozenset[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(needs.get(name, ()))
    return frozenset(seen)


def _place(start: str, needs: Mapping[str, Sequence[str]], done: dict[str, None]) -> None:
    """Put a unit after everything it needs; without recursion, for a chain may be long."""
    waiting = [(start, False)]
    open_names: set[str] = set()
    while waiting:
        name, leaving = waiting.pop()
        if leaving:
            done[name] = None
            open_names.discard(name)
        elif name in open_names:
            raise ManifestError(f"'{name}' needs itself", hint="break the circle of 'needs'")
        elif name not in done:
            open_names.add(name)
            waiting.append((name, True))
            waiting.extend((each, False) for each in reversed(needs.get(name, ())))
