"""An existing compose file as entries of the manifest: what it says need not be said again."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from harness.errors import ManifestError, did_you_mean
from harness.services.addresses import rewritten
from harness.services.compose_values import Pairs, Port, Source
from harness.services.environment import escape, references
from harness.services.graph import cycle
from harness.services.interpolation import variables
from harness.services.node import NOTHING, Node, Table, read_document
from harness.services.yaml_source import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.services.reading import Reading

_READ_KEYS = """build image ports expose environment env_file depends_on healthcheck command entrypoint
    profiles extends"""
_OTHER_KEYS = """annotations attach blkio_config cap_add cap_drop cgroup cgroup_parent configs container_name
    cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec
    deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname external_links extra_hosts gpus
    group_add hostname init ipc isolation label_file labels links logging mac_address mem_limit mem_reservation
    mem_swappiness memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit
    platform post_start pre_stop privileged provider pull_policy read_only restart runtime scale secrets
    security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits
    use_api_socket user userns_mode uts volume_driver volumes volumes_from working_dir"""
_READ = frozenset(_READ_KEYS.split())
_KNOWN = _READ | frozenset(_OTHER_KEYS.split())
_POSTGRES = re.compile(r"(?:postgres(?:ql)?|postgis)(?:[-_](?!.*exporter).*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One compose service, read but for its place among the others."""

    name: str
    section: str  # "services" or "resources"
    entry: Node
    keys: dict[str, Node]
    environment: Pairs
    endpoints: tuple[tuple[str, int], ...]
    needs: tuple[str, ...]


def read(reading: Reading, path: Path, label: str, manifest: Node) -> Node:
    """The services and resources of a compose file, in the manifest's shape; mistakes go to `reading`."""
    try:
        document = read_yaml(path, label)
        environ = {**_dotenv(path.parent), **reading.environ}
    except ManifestError as error:
        reading.problems.extend(error.problems)
        return Node({}, label)
    source = Source(reading=reading, folder=path.parent, environ=environ)
    if "include" in document.table:
        hint = "write one file with: docker compose config"
        reading.wrong("'include' is not supported", document.table["include"], hint)
    services = reading.table(document.at("services") or document, "services")
    if "services" not in document.table:
        reading.wrong("no 'services' in the compose file", document)
        services = NOTHING
    wanted = {name: entry for name, entry in services.items() if _wanted(source, name, entry, manifest)}
    _host_ports(source, wanted)
    found = [_service(source, name, entry, manifest) for name, entry in wanted.items()]
    return _document(_connected(found, manifest), label)


def _dotenv(folder: Path) -> dict[str, str]:
    path = folder / ".env"
    return variables(read_document(path, path.name)) if path.is_file() else {}


def _wanted(source: Source, name: str, entry: Node, manifest: Node) -> bool:
    """Services of a profile do not start by default; naming one in the manifest wants it."""
    return "profiles" not in entry.table or _section_in(manifest, name) != ""


def _section_in(manifest: Node, name: str) -> str:
    for section in ("services", "resources"):
        if manifest.at(section, name) is not None:
            return section
    return ""


def _host_ports(source: Source, services: Table) -> None:
    owners: dict[str, str] = {}
    for name, entry in services.items():
        quiet = Source(reading=_deaf(source), folder=source.folder, environ=source.environ)
        for port in quiet.ports(entry, f"services.{name}"):
            owner = owners.setdefault(port.published, name) if port.published else name
            if owner != name:
                text = f"services.{name}.ports: host port {port.published} is already that of '{owner}'"
                source.reading.wrong(text, port.node, "give each service its own host port")


def _deaf(source: Source) -> Reading:
    """Mistakes in ports are told when the service itself is read."""
    return replace(source.reading, problems=[])


def _service(source: Source, name: str, entry: Node, manifest: Node) -> _Found:
    what = f"services.{name}"
    _check_keys(source, what, entry, manifest.at("services", name) or manifest.at("resources", name))
    image = source.text(entry.at("image"), f"{what}.image")
    section = _section_in(manifest, name) or ("services" if "build" in entry.table else "resources")
    ports = source.ports(entry, what)
    environment = source.environment(entry, what)
    postgres = section == "resources" and bool(_POSTGRES.fullmatch(_image_name(image)))
    keys = {"image": _text(image, entry.table["image"])} if image and "build" not in entry.table else {}
    if entry.table.get("build") is not None:
        keys["build"] = _build(source, entry.table["build"], f"{what}.build")
    if command := source.command(entry.at("command"), f"{what}.command"):
        keys["container-command"] = _texts(command, entry.table["command"])
    if section == "resources":
        keys["kind"] = _text("postgres" if postgres else "container", entry)
    if postgres:
        keys.update(_credentials(dict(environment), entry))
    own = _endpoints(ports, "postgres" if postgres else "tcp" if section == "resources" else "http")
    endpoints = own or ((("postgres", 5432),) if postgres else ())
    endpoints = _said_endpoints(manifest.at(section, name), endpoints)
    if ready := source.ready(entry, ports, what):
        node = entry.table["healthcheck"]
        keys["ready"] = Node({ready[0]: _text(ready[1], node)}, node.where)
    elif endpoints and not postgres:
        # Compose says only that it runs; whether "/" answers is not known.
        keys["ready"] = Node({"tcp": _text(endpoints[0][0], entry)}, entry.where)
    if own:
        keys["endpoints"] = Node({key: Node(number, entry.where) for key, number in own}, entry.where)
    return _Found(
        name=name,
        section=section,
        entry=entry,
        keys=keys,
        environment=environment,
        endpoints=endpoints,
        needs=_needs(source, entry, what),
    )


def _check_keys(source: Source, what: str, entry: Node, own: Node | None) -> None:
    """What compose would do and we cannot is a mistake, unless the manifest says how to start the service."""
    reading = source.reading
    table = reading.table(entry, what)
    for key, node in table.items():
        if key not in _KNOWN and not key.startswith("x-") and (hint := did_you_mean(key, _READ)).startswith("did"):
            reading.wrong(f"{what}: unknown key '{key}'", node, hint)
    if not {"image", "build"} & table.keys() and "extends" not in table and isinstance(entry.value, dict):
        reading.wrong(f"{what}: neither 'image' nor 'build'", entry)
    said = own is not None and bool({"image", "build", "url"} & own.table.keys())
    for key in ("entrypoint", "extends"):
        if key in table and table[key].value is not None and not said:
            reading.wrong(
                f"{what}: '{key}' is not supported", table[key], f"give {what} its own 'build' in the manifest"
            )


def _build(source: Source, node: Node, what: str) -> Node:
    if isinstance(node.value, str) or node.value is None:
        table: Table = {"context": node}
    else:
        table = source.reading.table(node, what)
    for key in ("target", "dockerfile_inline", "additional_contexts"):
        if key in table:
            source.reading.wrong(
                f"{what}: '{key}' is not supported",
                table[key],
                "give the service an image, or a Dockerfile without it",
            )
    context = source.text(table.get("context"), f"{what}.context") or "."
    if "://" in context or context.startswith("git@"):
        source.reading.wrong(f"{what}.context: '{context}' is not a folder here", table.get("context", node))
        context = "."
    keys = {"context": _text(str(source.reading.path(context, source.folder)), table.get("context", node))}
    if "dockerfile" in table:
        dockerfile = source.reading.path(
            source.text(table["dockerfile"], f"{what}.dockerfile"), source.folder / context
        )
        keys["dockerfile"] = _text(str(dockerfile), table["dockerfile"])
    if args := source.pairs(table.get("args"), f"{what}.args"):
        keys["args"] = _pairs(args, table["args"])
    return Node(keys, node.where)


def _credentials(environment: Mapping[str, str], entry: Node) -> dict[str, Node]:
    """User, password and database as the postgres images understand their environment."""
    user = environment.get("POSTGRES_USER") or environment.get("POSTGRESQL_USERNAME") or "postgres"
    password = environment.get("POSTGRES_PASSWORD") or environment.get("POSTGRESQL_PASSWORD") or "postgres"
    database = environment.get("POSTGRES_DB") or environment.get("POSTGRESQL_DATABASE") or user
    values = {"user": user, "password": password, "database": database}
    return {key: _text(value, entry.at("environment") or entry) for key, value in values.items()}


def _endpoints(ports: tuple[Port, ...], main: str) -> tuple[tuple[str, int], ...]:
    """The first port is the main endpoint; the others are called as compose calls them, or after their number."""
    named: dict[str, int] = {}
    for port in ports:
        name = main if not named else port.name or f"port-{port.number}"
        named[name if name not in named else f"port-{port.number}"] = port.number
    return tuple(named.items())


def _said_endpoints(own: Node | None, theirs: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """The manifest's ports, where it gives some: addresses in the environment are recognised by them."""
    port, endpoints = (own.at("port"), own.at("endpoints")) if own else (None, None)
    if port is not None and isinstance(port.value, int):
        return (("http", port.value),)
    if endpoints is not None:
        return tuple((key, each.value) for key, each in endpoints.table.items() if isinstance(each.value, int))
    return theirs


def _needs(source: Source, entry: Node, what: str) -> tuple[str, ...]:
    return tuple(name for name, _ in source.names(entry.at("depends_on"), f"{what}.depends_on"))


def _connected(found: list[_Found], manifest: Node) -> list[_Found]:
    """Addresses turned into references, but for one that would close a circle: services may call each other."""
    known = {each.name: each.endpoints for each in found}
    # What is written as a need counts before what an address implies.
    needs = {each.name: (*each.needs, *_said_needs(manifest.at(each.section, each.name))) for each in found}
    connected = []
    for each in found:
        allowed = partial(_allowed, needs, each.name)
        connected.append(replace(each, environment=rewritten(each.environment, known, allowed)))
    return connected


def _allowed(needs: dict[str, tuple[str, ...]], user: str, name: str) -> bool:
    if name in needs[user]:
        return True
    trial = {**needs, user: (*needs[user], name)}
    if cycle(trial):
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


def _document(found: list[_Found], label: str) -> Node:
    sections: dict[str, dict[str, Node]] = {"services": {}, "resources": {}}
    for each in found:
        keys = dict(each.keys)
        written = each.entry
        if each.environment:
            node = written.at("environment") or written
            keys["environment"] = Node(
                {key: Node(value, _where(node, key)) for key, value in each.environment}, node.where
            )
        if each.needs:
            keys["needs"] = _texts(each.needs, written.at("depends_on") or written)
        sections[each.section][each.name] = Node(keys, written.where)
    return Node({name: Node(entries, label) for name, entries in sections.items()}, label)


def _where(environment: Node, key: str) -> str:
    if key in environment.table:
        return environment.table[key].where
    for each in environment.items:
        if isinstance(each.value, str) and each.value.partition("=")[0] == key:
            return each.where
    return environment.where


def _image_name(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def _text(literal: str, node: Node) -> Node:
    return Node(escape(literal), node.where)


def _texts(literals: tuple[str, ...], node: Node) -> Node:
    return Node(tuple(_text(each, node) for each in literals), node.where)


def _pairs(pairs: Pairs, node: Node) -> Node:
    return Node({key: _text(value, node) for key, value in pairs}, node.where)
