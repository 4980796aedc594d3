"""A whole compose project as entries of the manifest: who is what, who needs whom, and what they are called."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harness.errors import ManifestError
from harness.graph import first_cycle
from harness.services.compose.addresses import rewritten
from harness.services.compose.project import Loader, Project, dotenv
from harness.services.compose.service import ComposeService, read_service
from harness.services.compose.values import ComposeSource
from harness.services.environment import references
from harness.services.node import Node, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.services.reading import ReadingContext


def read_compose(reading: ReadingContext, files: Sequence[tuple[Path, str]], manifest: Node) -> Node:
    """The services and resources of compose files, in the manifest's shape; mistakes go to `reading`."""
    folder, label = files[0][0].parent, files[0][1]
    try:
        environ = {**dotenv([folder / ".env"], reading.environ), **reading.environ}
        loader = Loader(reading=reading, environ=environ)
        project = loader.load(files, lambda name: _section_in(manifest, name) != "")
    except ManifestError as error:
        reading.problems.extend(error.problems)
        return Node({}, label)
    source = ComposeSource(
        reading=reading, folder=folder, environ=environ, shared=project.shared, unset=loader.unset
    )
    _tell_left_out(reading, project)
    _host_ports(source, project.services)
    jobs = _jobs(source, project.services)
    found = [
        read_service(
            source, name, entry, (section := _section_in(manifest, name), manifest.at(section, name)), jobs
        )
        for name, entry in project.services.items()
    ]
    return _document(_connect_services(source, found, manifest), label)


def _tell_left_out(reading: ReadingContext, project: Project) -> None:
    for name, entry in project.left_out.items():
        profiles = " ".join(str(each.value) for each in (entry.at("profiles") or entry).items)
        hint = f"set COMPOSE_PROFILES, or name [services.{name}] in the manifest"
        reading.remark(f"services.{name}: left out, its profile ({profiles}) is not active", entry, hint)


def _section_in(manifest: Node, name: str) -> str:
    for section in ("services", "resources"):
        if manifest.at(section, name) is not None:
            return section
    return ""


def _jobs(source: ComposeSource, services: Table) -> frozenset[str]:
    """Services that others wait for until they have ended well."""
    quiet = replace(source, reading=_deaf(source))
    listed = [quiet.needs(entry.at("depends_on"), "depends_on", services) for entry in services.values()]
    return frozenset(name for needs in listed for name, ends in needs.items() if ends)


def _host_ports(source: ComposeSource, services: Table) -> None:
    held: dict[str, list[tuple[str, str]]] = {}  # host port to addresses and whose they are
    for name, entry in services.items():
        quiet = replace(source, reading=_deaf(source))
        for port in quiet.ports(entry, f"services.{name}"):
            others = held.setdefault(port.published, []) if port.published else []
            owner = next((whose for at, whose in others if at == port.address or "" in (at, port.address)), name)
            others.append((port.address, name))
            if owner != name:
                text = f"services.{name}.ports: host port {port.published} is already that of '{owner}'"
                source.reading.wrong(text, port.node, "give each service its own host port")


def _deaf(source: ComposeSource) -> ReadingContext:
    """Mistakes in ports are told when the service itself is read."""
    return replace(source.reading, problems=[], remarks=[])


def _connect_services(source: ComposeSource, found: list[ComposeService], manifest: Node) -> list[ComposeService]:
    """Addresses turned into references, but for one that would close a circle: services may call each other."""
    known = {each.name: each.endpoints for each in found}
    found = _with_links(source, found)
    called = {name: each.name for each in found for name in _other_names(each) if name not in known}
    # What is written as a need counts before what an address implies.
    needs = {
        each.name: (*_there(each, known), *_said_needs(manifest.at(each.section, each.name))) for each in found
    }
    connected = []
    for each in found:
        allowed = partial(_allow_need, needs, each.name)
        environment = rewritten(each.environment, known, allowed, called | dict(_own_links(each)))
        connected.append(replace(each, environment=environment))
    return connected


def _there(each: ComposeService, known: Mapping[str, object]) -> tuple[str, ...]:
    """What it needs; one that is missing is kept, so that it is told by its name."""
    optional = each.entry.at("depends_on")
    table = optional.table if optional else {}
    return tuple(
        name
        for name in each.needs
        if name in known or (said := table.get(name)) is None or _text_of(said.at("required")) != "false"
    )


def _text_of(node: Node | None) -> object:
    return node.value if node else None


def _own_links(each: ComposeService) -> list[tuple[str, str]]:
    return [(alias, target) for target, alias in each.links]


def _other_names(each: ComposeService) -> tuple[str, ...]:
    container = each.keys.get("container")
    names = container.at("names") if container else None
    return tuple(str(node.value) for node in (names.items if names else ()))


def _with_links(source: ComposeSource, found: list[ComposeService]) -> list[ComposeService]:
    """`links: [db:database]` gives `db` that name, for the run's network knows only one set of names."""
    wanted: dict[str, dict[str, None]] = {}
    owners: dict[str, str] = {each.name: each.name for each in found}
    for each in found:
        for target, alias in each.links:
            if owners.setdefault(alias, target) != target:
                text = f"services.{each.name}.links: '{alias}' is '{owners[alias]}' already"
                source.reading.remark(text, each.entry.at("links") or each.entry, "give it a name of its own")
            elif alias != target:
                wanted.setdefault(target, {})[alias] = None
    return [_with_names(each, tuple(wanted.get(each.name, ()))) for each in found]


def _with_names(each: ComposeService, more: tuple[str, ...]) -> ComposeService:
    if not more:
        return each
    container = each.keys.get("container") or Node({}, each.entry.where)
    nodes = tuple(Node(name, each.entry.where) for name in dict.fromkeys((*_other_names(each), *more)))
    named = Node({**container.table, "names": Node(nodes, each.entry.where)}, container.where)
    return replace(each, keys={**each.keys, "container": named})


def _allow_need(needs: dict[str, tuple[str, ...]], user: str, name: str) -> bool:
    if name in needs[user]:
        return True
    trial = {**needs, user: (*needs[user], name)}
    if first_cycle(trial):
        return False
    needs[user] = trial[user]
    return True


def _said_needs(own: Node | None) -> tuple[str, ...]:
    if own is None:
        return ()
    needs, environment = own.at("needs"), own.at("environment")
    said = [each.value for each in (needs.items if needs else ()) if isinstance(each.value, str)]
    for each in environment.table.values() if environment else ():
        with suppress(ManifestError):  # told when the manifest itself is read
            said.extend(references(each.value) if isinstance(each.value, str) else ())
    return tuple(said)


def _document(found: list[ComposeService], label: str) -> Node:
    sections: dict[str, dict[str, Node]] = {"services": {}, "resources": {}}
    names = {each.name: each for each in found}
    for each in found:
        keys = dict(each.keys)
        written = each.entry
        if each.environment:
            node = written.at("environment") or written
            keys["environment"] = Node(
                {key: Node(value, _where(node, key)) for key, value in each.environment}, node.where
            )
        if needs := _there(each, names):
            node = written.at("depends_on") or written
            keys["needs"] = Node(tuple(Node(need, _where(node, need)) for need in needs), node.where)
        sections[each.section][each.name] = Node(keys, written.where)
    return Node({name: Node(entries, label) for name, entries in sections.items()}, label)


def _where(environment: Node, key: str) -> str:
    if key in environment.table:
        return environment.table[key].where
    for each in environment.items:
        if isinstance(each.value, str) and each.value.partition("=")[0] == key:
            return each.where
    return environment.where
