"""Files that belong into a container, for a local process: its environment names them where they really are."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from harness.identity import digest
from harness.runtime.language_runtimes import left_by_tools
from harness.services.system import Mount, MountKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from harness.runtime.contents import Contents


def mount_key(mount: Mount, contents: Contents) -> str:
    """What is found at a path of a container; "" for what of this machine has no content that could be known."""
    source, content = mount.source, mount.text
    if mount.kind in {MountKind.COPY, MountKind.HOST}:
        if mount.kind is MountKind.HOST and not os.path.isfile(source):
            return ""
        content, source = contents.tree(source, left_by_tools, "tree"), ""
    return digest(mount.target, mount.kind, source, content, f"{mount.read_only} {mount.mode} {mount.owner}")


def found_here(environment: Mapping[str, str], mounts: Iterable[Mount], folder: Path) -> dict[str, str]:
    """The environment with paths inside a container as paths of this machine; texts are written into `folder`."""
    places = {each.target: each for each in mounts if each.kind is not MountKind.VOLUME}
    return {key: _local_path(value, places, folder) for key, value in environment.items()}


def _local_path(value: str, places: Mapping[str, Mount], folder: Path) -> str:
    above = value
    while above.startswith("/") and above != "/":
        if mount := places.get(above):
            return _place(mount, folder) + value[len(above) :]
        above = posixpath.dirname(above)
    return value


def _place(mount: Mount, folder: Path) -> str:
    if mount.kind is not MountKind.TEXT:
        return mount.source
    folder.mkdir(exist_ok=True)
    path = folder / mount.target.strip("/").replace("/", "-")
    path.touch(mode=0o600)  # it may be a secret
    path.write_text(mount.text, encoding="utf-8")
    return str(path)
