"""What a compose service says of its container beside image, command and environment, in the manifest's shape."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from harness.services.compose.keys import OPTIONS
from harness.services.environment import escape
from harness.services.node import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.services.compose.values import ComposeSource

_TEXTS = {"working_dir": "working-dir", "user": "user", "hostname": "hostname", "platform": "platform"}
_MOUNTED = {"project": "copy", "bind": "host", "volume": "volume"}
_GRANTS = {"configs": "/", "secrets": "/run/secrets/"}  # where a file is found when no place is said


def settings(source: ComposeSource, entry: Node, what: str, names: tuple[str, ...]) -> Node | None:
    """The manifest's `container` table for a compose service; None when it says nothing of it."""
    keys: dict[str, Node | None] = {
        ours: _texts((text,), entry.table[key]).items[0]
        for key, ours in _TEXTS.items()
        if (text := source.text(entry.at(key), f"{what}.{key}"))
    }
    keys["entrypoint"] = _entrypoint(source, entry.at("entrypoint"), f"{what}.entrypoint")
    keys["names"] = _texts(names, entry)
    keys["hosts"] = _hosts(source, entry, what)
    keys["tmpfs"] = _texts(
        (*source.texts(entry.at("tmpfs"), f"{what}.tmpfs"), *_tmpfs(source, entry, what)), entry
    )
    keys["mounts"] = Node(tuple(_mounts(source, entry, what)), entry.where)
    options = {key: _option(source, key, entry.table[key], what) for key in OPTIONS if key in entry.table}
    keys["options"] = Node(options, entry.where)
    said = {key: node for key, node in keys.items() if node and (node.value or key == "entrypoint")}
    return Node(said, entry.where) if said else None


def _entrypoint(source: ComposeSource, node: Node | None, what: str) -> Node | None:
    if node is None or node.value is None:
        return None
    return _texts(source.command(node, what), node)


def _hosts(source: ComposeSource, entry: Node, what: str) -> Node | None:
    node = entry.at("extra_hosts")
    pairs = source.pairs(node, f"{what}.extra_hosts")
    return _texts(tuple(f"{name}:{address.strip('[]')}" for name, address in pairs), node) if node else None


def _option(source: ComposeSource, key: str, node: Node, what: str) -> Node:
    """One option as a list of texts; tables become `name=value`."""
    if not node.table:
        return _texts(source.texts(node, f"{what}.{key}"), node)
    found = []
    for name, each in node.table.items():
        limits = [source.text(each.at(end), f"{what}.{key}.{name}") for end in ("soft", "hard") if each.table]
        found.append(f"{name}={':'.join(limits) if limits else source.text(each, f'{what}.{key}.{name}')}")
    return _texts(tuple(found), node)


def _mounts(source: ComposeSource, entry: Node, what: str) -> Iterator[Node]:
    for each in entry.table["volumes"].items if "volumes" in entry.table else ():
        mount = _volume(source, each, f"{what}.volumes")
        if mount is not None:
            yield mount
    for key, where in _GRANTS.items():
        for each in entry.table[key].items if key in entry.table else ():
            mount = _grant(source, each, f"{what}.{key}", (key, where))
            if mount is not None:
                yield mount


def _volume(source: ComposeSource, node: Node, what: str) -> Node | None:
    """A volume as a mount; what only another kind of engine has is told."""
    kind, path = source.text(node.at("type"), what), source.text(node.at("source"), what)
    target = source.text(node.at("target"), what)
    if not target.startswith("/"):
        source.reading.expected(node.at("target") or node, what, "an absolute path inside the container")
        return None
    if kind == "tmpfs":
        return None
    if kind == "volume":
        kind, path = _named_volume(source, path, node, what)
    if kind not in {"project", "bind", "volume"}:
        source.reading.remark(f"{what}: a mount of type '{kind}' at {target} is not made", node)
        return None
    if kind != "volume" and not os.path.exists(path):
        if source.text(node.at("bind", "create_host_path"), what) == "false":
            source.reading.wrong(f"{what}: no file or folder '{path}'", node)
        kind = "volume"  # compose makes an empty folder of it
    elif kind == "project" and not (os.path.isfile(path) or os.path.isdir(path)):
        kind = "bind"  # a socket or a device has no content to copy
    keys = {"target": _text(target, node), _MOUNTED[kind]: _text(path, node)}
    return _read_only(Node(keys, node.where), said=source.text(node.at("read_only"), what) == "true")


def _read_only(node: Node, *, said: bool) -> Node:
    return Node({**node.table, "read-only": Node(said, node.where)}, node.where) if said else node


def _named_volume(source: ComposeSource, name: str, node: Node, what: str) -> tuple[str, str]:
    """A volume of the project; one that stands for a folder here is that folder."""
    declared = source.shared["volumes"].get(name)
    if node.at("volume", "subpath") is not None:
        source.reading.remark(f"{what}: 'subpath' is not read; the whole volume '{name}' is there", node)
    if declared is None:
        return "volume", name
    device = source.text(declared.at("driver_opts", "device"), f"volumes.{name}")
    if device and "bind" in source.text(declared.at("driver_opts", "o"), f"volumes.{name}"):
        return "project", device
    if source.text(declared.at("external"), f"volumes.{name}") not in {"", "false"}:
        text = f"{what}: the volume '{name}' is external; a run has an empty one of its own"
        source.reading.remark(text, node, "say what must be in it with a folder: './seed:/path'")
    return "volume", name


def _tmpfs(source: ComposeSource, entry: Node, what: str) -> Iterator[str]:
    for each in entry.table["volumes"].items if "volumes" in entry.table else ():
        if source.text(each.at("type"), f"{what}.volumes") == "tmpfs":
            size = source.text(each.at("tmpfs", "size"), f"{what}.volumes.tmpfs.size")
            target = source.text(each.at("target"), f"{what}.volumes.target")
            yield f"{target}:size={size}" if size else target


def _grant(source: ComposeSource, node: Node, what: str, kind: tuple[str, str]) -> Node | None:
    """A config or secret as a file in the container."""
    section, folder = kind
    name = source.text(node.at("source"), what)
    declared = source.shared[section].get(name)
    if declared is None:
        source.reading.wrong(f"{what}: '{name}' is not among the file's own '{section}'", node)
        return None
    content = _content_source(source, declared, node, (f"{section}.{name}", what))
    if content is None:
        source.reading.remark(
            f"{what}: '{name}' is external and not there in a run", node, f"give {name} a 'file'"
        )
        return None
    target = source.text(node.at("target"), what) or name
    keys = {"target": _text(target if target.startswith("/") else folder + target, node)}
    for key in ("mode", "uid", "gid"):
        if said := source.text(node.at(key), f"{what}.{key}"):
            keys[key] = _text(said, node)
    return _read_only(Node({**keys, **content}, node.where), said=True)


def _content_source(
    source: ComposeSource, declared: Node, node: Node, places: tuple[str, str]
) -> dict[str, Node] | None:
    """Where the content of a config or secret comes from; None when it is known only to another engine."""
    where, what = places
    if file := source.text(declared.at("file"), where):
        if not os.path.isfile(file):
            source.reading.wrong(f"{where}: no file '{file}'", declared.table["file"], f"{what} needs it")
        return {"copy": _text(file, node)}
    if (content := declared.at("content")) is not None:
        return {"text": _text(source.text(content, where), node)}
    if variable := source.text(declared.at("environment"), where):
        if variable not in source.environ:
            source.reading.wrong(f"{where}: {variable} is not set", declared, f"set {variable}; {what} needs it")
        return {"text": _text(source.environ.get(variable, ""), node)}
    return None


def _text(literal: str, node: Node) -> Node:
    return Node(escape(literal), node.where)


def _texts(literals: tuple[str, ...], node: Node) -> Node:
    return Node(tuple(_text(each, node) for each in literals), node.where)
