"""The rules by which compose lays one description of a service over another."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.services.node import NOTHING, Node, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TABLES = {"environment": "=", "labels": "=", "annotations": "=", "sysctls": "=", "extra_hosts": ":="}
_NAMED = ("depends_on", "networks")  # a list of names is a table of them
_LISTS = ("dns", "dns_search", "dns_opt", "tmpfs", "env_file", "profiles")  # one text is a list of one
_REPLACED = ("command", "entrypoint", "test")
_BY_TARGET = ("volumes", "configs", "secrets")


def normal(entry: Node) -> Node:
    """A service with the short forms of its keys spelled out, so that two can be laid over each other."""
    return (
        Node({key: _normal_key(key, node) for key, node in entry.table.items()}, entry.where, entry.mark)
        if (isinstance(entry.value, Mapping))
        else entry
    )


def _normal_key(key: str, node: Node) -> Node:
    if key == "build":
        table = Node({"context": node}, node.where, node.mark) if isinstance(node.value, str) else node
        args = table.at("args")
        return table if args is None else _with(table, args=_table_of(args, "="))
    if key in _TABLES:
        return _table_of(node, _TABLES[key])
    if key in _NAMED and node.items:
        names = {str(each.value): Node(None, each.where) for each in node.items if isinstance(each.value, str)}
        return Node(names, node.where, node.mark) if len(names) == len(node.items) else node
    if key in _LISTS and (isinstance(node.value, str) or (key == "env_file" and node.table)):
        return Node((Node(node.value, node.where),), node.where, node.mark)
    if key in _BY_TARGET:
        read = volume if key == "volumes" else _grant
        found = {_target(each): each for each in map(read, node.items)}
        return Node(tuple(found.values()), node.where, node.mark) if node.items else node
    return node


def _with(node: Node, **keys: Node) -> Node:
    return Node({**node.table, **keys}, node.where, node.mark)


def _table_of(node: Node, signs: str) -> Node:
    """`["KEY=value"]` as `{KEY: value}`; a key alone has no value yet."""
    if not node.items or not all(isinstance(each.value, str) for each in node.items):
        return node
    found = {}
    for each in node.items:
        text = str(each.value)
        cut = min((at for sign in signs if (at := text.find(sign)) >= 0), default=len(text))
        found[text[:cut]] = Node(text[cut + 1 :] if cut < len(text) else None, each.where)
    return Node(found, node.where, node.mark)


def _grant(node: Node) -> Node:
    """`configs: [app]` as a table."""
    return Node({"source": node}, node.where) if isinstance(node.value, str) else node


def volume(node: Node) -> Node:
    """`SOURCE:TARGET:MODE` as a table; what begins like a path is one."""
    if not isinstance(node.value, str):
        return node
    parts = node.value.split(":")
    if len(parts) == 1:
        return _volume(node, "volume", "", parts[0])
    source, target, mode = parts[0], parts[1], ",".join(parts[2:]).split(",")
    made = _volume(node, "bind" if source[:1] in {".", "/", "~"} else "volume", source, target)
    return _with(made, read_only=Node("true", node.where)) if "ro" in mode else made


def _volume(node: Node, kind: str, source: str, target: str) -> Node:
    keys = {"type": Node(kind, node.where), "target": Node(target, node.where)}
    if source:
        keys["source"] = Node(source, node.where)
    return Node(keys, node.where)


def merge_services(below: Node, above: Node) -> Node:
    """A service with another laid over it, both in their normal form."""
    return _merge_nodes("", below, above)


def merged_tables(below: Mapping[str, Table], above: Mapping[str, Table]) -> dict[str, Table]:
    """The sections of two files as one."""
    return {
        key: _merge_nodes("", Node(below.get(key, NOTHING), ""), Node(above.get(key, NOTHING), "")).table
        for key in {**below, **above}
    }


def _merge_nodes(key: str, below: Node, above: Node) -> Node:
    if above.mark == "!override":
        return Node(above.value, above.where)
    if above.value is None:
        return below
    if isinstance(below.value, Mapping) and isinstance(above.value, Mapping):
        found = dict(below.table)
        for name, node in above.table.items():
            found[name] = _merge_nodes(name, found[name], node) if name in found else node
            if node.mark == "!reset":
                del found[name]
        return Node(found, above.where)
    if isinstance(below.value, tuple) and isinstance(above.value, tuple) and key not in _REPLACED:
        return Node(_join_lists(key, below, above), above.where)
    return above


def _join_lists(key: str, below: Node, above: Node) -> tuple[Node, ...]:
    """Lists add up; what is mounted at the same place is replaced, what is said twice counts once."""
    identity: Callable[[Node], object] = _target if key in _BY_TARGET else _node_identity
    found = {identity(each): each for each in below.items}
    found.update({identity(each): each for each in above.items})
    return tuple(found.values())


def _target(node: Node) -> object:
    said = node.at("target") or node.at("source")
    return said.value if said else id(node)


def _node_identity(node: Node) -> object:
    return node.value if isinstance(node.value, str) else id(node)


def resolve_paths(section: str, entry: Node, folder: Path) -> Node:
    """An entry with its paths made absolute: they count from the file that says them."""
    if not entry.table:
        return entry
    if section == "services":
        return _placed_service(entry, folder)
    file, options = entry.at("file"), entry.at("driver_opts")
    if section != "volumes" and file is not None:
        return _with(entry, file=_path(file, folder))
    device = options.at("device") if options else None
    return _with(entry, driver_opts=_with(options, device=_path(device, folder))) if options and device else entry


def _placed_service(entry: Node, folder: Path) -> Node:
    found = dict(entry.table)
    if build := entry.at("build"):
        context = build.at("context") or Node(".", build.where)
        found["build"] = _with(build, context=_path(context, folder)) if build.table else build
        if build.value is None:
            found["build"] = Node({"context": _path(context, folder)}, build.where, build.mark)
    if files := entry.at("env_file"):
        found["env_file"] = Node(tuple(_env_file(each, folder) for each in files.items), files.where, files.mark)
    if volumes := entry.at("volumes"):
        listed = tuple(_placed_volume(each, folder) for each in volumes.items)
        found["volumes"] = Node(listed, volumes.where, volumes.mark) if volumes.items else volumes
    return Node(found, entry.where, entry.mark)


def _env_file(node: Node, folder: Path) -> Node:
    path = node.at("path")
    return _with(node, path=_path(path, folder)) if path else _path(node, folder)


def _placed_volume(node: Node, folder: Path) -> Node:
    """A folder or file of the project is `project` from here on; other paths are the machine's own."""
    source, kind = node.at("source"), node.at("type")
    if source is None or kind is None or kind.value != "bind" or not isinstance(source.value, str):
        return node
    own = not source.value.startswith(("/", "~"))
    path = _path(source, folder)
    inside = own or f"{path.value}/".startswith(f"{folder}/")
    return _with(node, source=path, type=Node("project" if inside else "bind", kind.where))


def _path(node: Node, folder: Path) -> Node:
    if not isinstance(node.value, str) or not node.value or "://" in node.value or node.value.startswith("git@"):
        return node
    return Node(os.path.normpath(folder / os.path.expanduser(node.value)), node.where, node.mark)
