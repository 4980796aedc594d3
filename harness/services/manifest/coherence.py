"""Mistakes that show only between entries: names that nobody has, circles, two things in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import ManifestError
from harness.graph import some_cycles
from harness.services.environment import OfPeer, OwnPort, pieces, split_target
from harness.services.node import NOTHING, Node
from harness.services.system import Service, System

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.services.reading import ReadingContext
    from harness.services.system import Resource

    Unit = Service | Resource

RESERVED = frozenset({"self", "env"})  # `${self.port}` and `${env.X}` mean something else


def check(reading: ReadingContext, document: Node, system: System) -> None:
    """Keep every mistake between the entries of a system that is otherwise read."""
    services, resources = (document.at(key) or Node(NOTHING, "") for key in ("services", "resources"))
    _names(reading, services, resources)
    _needs(reading, document, system)
    _targets(reading, document, system)
    _addresses(reading, services, system)
    _circles(reading, document, system)


def _names(reading: ReadingContext, services: Node, resources: Node) -> None:
    for name, node in resources.table.items():
        if name in services.table:
            reading.wrong(f"'{name}' is both a service and a resource", node, "rename one of them")
    for name, node in (*services.table.items(), *resources.table.items()):
        if name in RESERVED:
            reading.wrong(f"'{name}' cannot be a name: ${{{name}.…}} has a meaning of its own", node)


def _needs(reading: ReadingContext, document: Node, system: System) -> None:
    units = _units(system)
    known = units.keys() | _entry_names(document)
    for what, node in _entries(document):
        written = node.at("needs")
        for each in (written.items or (written,)) if written else ():
            if isinstance(each.value, str) and each.value and each.value not in known:
                reading.unknown(f"{what}.needs: nothing is called", each.value, each, known)


def _units(system: System) -> dict[str, Unit]:
    units: list[Unit] = [*system.resources, *system.services]
    return {unit.called: unit for unit in units}


def _entry_names(document: Node) -> set[str]:
    """Names with an entry, even one that could not be understood: that is a mistake of its own."""
    found: set[str] = set()
    for section in ("services", "resources"):
        found.update((document.at(section) or Node(NOTHING, "")).table)
    return found


def _entries(document: Node) -> Iterator[tuple[str, Node]]:
    for section in ("services", "resources"):
        for name, node in (document.at(section) or Node(NOTHING, "")).table.items():
            yield f"{section}.{name}", node
            for number, each in (node.at("versions") or Node(NOTHING, "")).table.items():
                yield f"{section}.{name}.versions.{number}", each


def _targets(reading: ReadingContext, document: Node, system: System) -> None:
    """Every `${NAME…}` must lead to an endpoint of something, and every `${self…}` to an own one."""
    units = _units(system)
    known = units.keys() | _entry_names(document)
    for what, node in _entries(document):
        own = _own(what, units)
        for place, value in _values(node, what):
            try:
                found = pieces(value.value) if isinstance(value.value, str) else ()
            except ManifestError:
                continue  # kept where the value was read
            for piece in found:
                text = ""
                if isinstance(piece, OfPeer):
                    text = _peer_mistake(reading, piece, (place, value), units, known)
                elif isinstance(piece, OwnPort) and own is not None:
                    text = _endpoint_mistake(own, piece.endpoint)
                if text:
                    reading.wrong(f"{place}: {piece_text(piece)}: {text}", value)


def piece_text(piece: object) -> str:
    """A reference as it is written."""
    return str(getattr(piece, "text", piece))


def _own(what: str, units: Mapping[str, Unit]) -> Unit | None:
    _, _, rest = what.partition(".")
    name, _, number = rest.partition(".versions.")
    unit = units.get(name)
    if number and isinstance(unit, Service):
        return next((each for each in unit.variants if each.version == number), None)
    return unit


def _values(node: Node, what: str) -> Iterator[tuple[str, Node]]:
    for key, each in (node.at("environment") or Node(NOTHING, "")).table.items():
        yield f"{what}.environment.{key}", each
    for key in ("command", "container-command"):
        command = node.at(key)
        for each in (command.items or (command,)) if command else ():
            yield f"{what}.{key}", each


def _peer_mistake(
    reading: ReadingContext, piece: OfPeer, place: tuple[str, Node], units: Mapping[str, Unit], known: set[str]
) -> str:
    name, endpoint = split_target(piece.target, known)
    if name not in known:
        what, node = place
        reading.unknown(f"{what}: {piece.text}: nothing is called", name, node, known)
    return _endpoint_mistake(units[name], endpoint) if name in units else ""


def _endpoint_mistake(unit: Unit, endpoint: str) -> str:
    names = [name for name, _ in unit.endpoints]
    attached = isinstance(unit, Service) and bool(unit.url)
    if not names and not attached:
        return f"'{unit.name}' has no port"
    if endpoint and endpoint not in names:
        return f"'{unit.name}' has no endpoint '{endpoint}' (it has: {', '.join(names) or 'only its url'})"
    return ""


def _addresses(reading: ReadingContext, services: Node, system: System) -> None:
    seen: dict[str, str] = {}
    for service in system.services:
        if service.url and service.url in seen:
            node = services.at(service.called, "url") or services
            text = (
                f"services.{service.called}.url: '{service.url}' is already the address of '{seen[service.url]}'"
            )
            reading.wrong(text, node, "give each service its own port")
        elif service.url:
            seen[service.url] = service.name


def _circles(reading: ReadingContext, document: Node, system: System) -> None:
    called = {unit.name: unit.called for unit in _units(system).values()}
    base = {unit.name: unit.needs for unit in _units(system).values()}
    told: set[frozenset[str]] = set()
    for needs in (base, *_with_variants(base, system)):
        for circle in some_cycles(needs):
            if frozenset(circle) not in told:
                told.add(frozenset(circle))
                last = called.get(circle[-2], circle[-2])
                node = document.at("services", last) or document.at("resources", last) or document
                written = node.at("needs") or node.at("environment") or node
                reading.wrong(
                    f"circle of needs: {' → '.join(circle)}",
                    written,
                    "a service cannot start before itself; take one need or reference out",
                )


def _with_variants(base: Mapping[str, tuple[str, ...]], system: System) -> Iterator[dict[str, tuple[str, ...]]]:
    """The needs when one service runs in another of its versions, where that changes them."""
    for service in system.services:
        for needs in dict.fromkeys(variant.needs for variant in service.variants):
            if set(needs) - set(service.needs):
                yield {**base, service.name: needs}
