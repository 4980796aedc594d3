"""One compose service as an entry of the manifest, but for its place among the others."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import did_you_mean
from harness.services.compose.containers import settings
from harness.services.compose.keys import HARMLESS, HARMLESS_OF_A_BUILD, OF_A_BUILD, READ, TOLD
from harness.services.compose.values import ComposeSource, Pairs, Port
from harness.services.environment import escape
from harness.services.exposed import exposed_by
from harness.services.node import Node, Table

if TYPE_CHECKING:
    from collections.abc import Collection

_ORDINARY_NETWORKS = ("", "bridge", "default")
_POSTGRES = re.compile(r"(?:postgres(?:ql)?|postgis)(?:[-_](?!.*exporter).*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeService:
    """One compose service, read but for its place among the others."""

    name: str
    section: str  # "services" or "resources"
    entry: Node
    keys: dict[str, Node]
    environment: Pairs
    endpoints: tuple[tuple[str, int], ...]
    needs: Mapping[str, bool]  # name to whether it must have ended well
    links: tuple[tuple[str, str], ...] = ()  # service and the name by which this one calls it


def read_service(
    source: ComposeSource, name: str, entry: Node, own: tuple[str, Node | None], jobs: Collection[str]
) -> ComposeService:
    """One service; `own` is the manifest's section and entry of that name, `jobs` are the services that end."""
    what = f"services.{name}"
    _check_keys(source, what, entry, own[1])
    image = _image(source, entry, what)
    job = name in jobs
    section = own[0] or ("services" if "build" in entry.table and not job else "resources")
    built = _build(source, entry, f"{what}.build") if entry.table.get("build") is not None else None
    ports = source.ports(entry, what) or (
        _exposed_ports(built) if built and section == "services" and not job else ()
    )
    environment = source.environment(entry, what)
    postgres = section == "resources" and not job and bool(_POSTGRES.fullmatch(_image_name(image)))
    keys = {"image": _text(image, entry.table["image"])} if image and "build" not in entry.table else {}
    if built is not None:
        keys["build"] = built
    if command := source.command(entry.at("command"), f"{what}.command"):
        keys["container-command"] = _texts(command, entry.table["command"])
    if container := settings(source, entry, what, _names(source, entry, what)):
        keys["container"] = container
    if section == "resources":
        keys["kind"] = _text("job" if job else "postgres" if postgres else "container", entry)
    if postgres:
        keys.update(_credentials(dict(environment), entry))
    listed = _endpoints(ports, "postgres" if postgres else "tcp" if section == "resources" else "http")
    endpoints = _said_endpoints(own[1], listed or ((("postgres", 5432),) if postgres else ()))
    keys.update(_ready(source, entry, ports, endpoints if not postgres else (), job=job))
    if listed:
        keys["endpoints"] = Node({key: Node(number, entry.where) for key, number in listed}, entry.where)
    if (written := entry.at("stop_grace_period")) and (grace := source.duration(written, what)):
        keys["stop-timeout"] = Node(grace, written.where)
    links = tuple(_links(source, entry, what))
    return ComposeService(
        name=name,
        section=section,
        entry=entry,
        keys=keys,
        environment=environment,
        endpoints=endpoints,
        needs={**{target: False for target, _ in links}, **source.needs(entry.at("depends_on"), what, ())},
        links=links,
    )


def _ready(
    source: ComposeSource,
    entry: Node,
    ports: tuple[Port, ...],
    endpoints: tuple[tuple[str, int], ...],
    *,
    job: bool,
) -> dict[str, Node]:
    if job:
        return {"ready": Node({"exit": Node(0, entry.where)}, entry.where)}
    if ready := source.ready(entry, ports, f"services.{entry.where}"):
        node = entry.table["healthcheck"]
        return {"ready": Node({ready[0]: _text(ready[1], node)}, node.where)}
    if endpoints:
        # Compose says only that it runs; whether "/" answers is not known.
        return {"ready": Node({"tcp": _text(endpoints[0][0], entry)}, entry.where)}
    return {}


def _image(source: ComposeSource, entry: Node, what: str) -> str:
    """The image; one whose name is blank for a variable that is not set is a mistake that names the variable."""
    node = entry.at("image")
    image = source.text(node, f"{what}.image")
    unset = source.unset.get(node.where, ()) if node else ()
    if (
        node is not None
        and unset
        and "build" not in entry.table
        and (not image or image.endswith((":", "/", "@")))
    ):
        names = ", ".join(unset)
        source.reading.wrong(f"{what}.image: {names} is not set, so there is no image", node, f"set {unset[0]}")
    return image


def _names(source: ComposeSource, entry: Node, what: str) -> tuple[str, ...]:
    """By which names others reach it, beside its own."""
    found = [source.text(entry.at(key), f"{what}.{key}") for key in ("container_name", "hostname")]
    networks = entry.at("networks")
    for each in networks.table.values() if networks else ():
        found += source.texts(each.at("aliases"), f"{what}.networks")
    return tuple(dict.fromkeys(filter(None, found)))


def _links(source: ComposeSource, entry: Node, what: str) -> list[tuple[str, str]]:
    listed = source.texts(entry.at("links"), f"{what}.links")
    return [(target, alias or target) for target, _, alias in (each.partition(":") for each in listed)]


def _check_keys(source: ComposeSource, what: str, entry: Node, own: Node | None) -> None:
    """What compose would do and we do not is told; a service that nothing can start is a mistake."""
    reading = source.reading
    table = reading.table(entry, what)
    if not {"image", "build"} & table.keys() and isinstance(entry.value, dict):
        reading.wrong(f"{what}: neither 'image' nor 'build'", entry)
    if own is not None and "url" in own.table:
        return
    for key, node in table.items():
        if key in READ | HARMLESS or key.startswith("x-") or node.value in (None, "", ()):
            continue
        if key == "network_mode" and node.value in _ORDINARY_NETWORKS:
            continue
        if key in TOLD:
            reading.remark(f"{what}: '{key}' is not read", node, TOLD[key])
        elif (hint := did_you_mean(key, READ)).startswith("did"):
            reading.wrong(f"{what}: unknown key '{key}'", node, hint)
        else:
            reading.remark(f"{what}: '{key}' is not read", node)


def _build(source: ComposeSource, entry: Node, what: str) -> Node:
    node = entry.table["build"]
    table: Table = source.reading.table(node, what)
    for key, each in table.items():
        if key not in OF_A_BUILD | HARMLESS_OF_A_BUILD and not key.startswith("x-"):
            source.reading.remark(f"{what}: '{key}' is not read", each)
    context = _context(source, table.get("context", node), f"{what}.context")
    keys = {"context": _text(context, table.get("context", node))}
    if written := source.text(table.get("dockerfile"), f"{what}.dockerfile"):
        path = source.reading.path(written, source.folder / context)
        keys["dockerfile"] = _text(str(path), table["dockerfile"])
    platform = entry.at("platform")
    for node_of, ours in (
        (table.get("target"), "target"),
        (table.get("dockerfile_inline"), "inline"),
        (platform, "platform"),
    ):
        if node_of is not None and (text := source.text(node_of, f"{what}.{ours}")):
            keys[ours] = _text(text, node_of)
    if args := source.pairs(table.get("args"), f"{what}.args"):
        keys["args"] = _pairs(args, table["args"])
    return Node(keys, node.where)


def _exposed_ports(build: Node) -> tuple[Port, ...]:
    """The port that its Dockerfile exposes: others of the compose network find it there, as init does."""
    written = build.at("inline") or build.at("dockerfile")
    text = str(written.value) if written else ""
    if not build.at("inline"):
        context = build.at("context")
        path = Path(text or os.path.join(str(context.value) if context else "", "Dockerfile"))
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ()  # told where it is built
    number = exposed_by(text)
    return (Port(number, "", "", build),) if number else ()


def _context(source: ComposeSource, node: Node, what: str) -> str:
    context = (source.text(node, what) if not node.table else "") or str(source.folder)
    if "://" in context or context.startswith("git@"):
        source.reading.wrong(f"{what}: '{context}' is not a folder here", node)
        return str(source.folder)
    return context


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


def _image_name(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def _text(literal: str, node: Node) -> Node:
    return Node(escape(literal), node.where)


def _texts(literals: tuple[str, ...], node: Node) -> Node:
    return Node(tuple(_text(each, node) for each in literals), node.where)


def _pairs(pairs: Pairs, node: Node) -> Node:
    return Node({key: _text(value, node) for key, value in pairs}, node.where)
