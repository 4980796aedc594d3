"""Who needs whom: the order of a start, and who is concerned by a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import ManifestError
from harness.graph import finishing_order, first_cycle, reachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.services.system import System


def start_order(system: System, names: Iterable[str]) -> tuple[str, ...]:
    """The named units and all that they need, each after what it needs. Raises UnknownName, ManifestError."""
    needs = _needs(system)
    wanted = list(names)
    for name in wanted:
        system.unit(name)
    chosen = reachable(wanted, needs)
    concerned = {name: needed for name, needed in needs.items() if name in chosen}
    if cycle := first_cycle(concerned):
        raise ManifestError(f"'{cycle[0]}' needs itself", hint="break the circle of 'needs'")
    return tuple(finishing_order(concerned))


def reach(system: System) -> Mapping[str, frozenset[str]]:
    """Each unit with all that it needs, at any distance, itself included."""
    needs = _needs(system)
    return {name: frozenset(reachable([name], needs)) for name in needs}


def users(system: System, name: str) -> frozenset[str]:
    """All units that need this one, at any distance, without itself. Raises UnknownName."""
    system.unit(name)
    used_by: dict[str, list[str]] = {}
    for user, needed in _needs(system).items():
        for each in needed:
            used_by.setdefault(each, []).append(user)
    return frozenset(reachable([name], used_by)) - {name}


def _needs(system: System) -> dict[str, tuple[str, ...]]:
    resources = {resource.name: resource.needs for resource in system.resources}
    return resources | {service.name: service.needs for service in system.services}
