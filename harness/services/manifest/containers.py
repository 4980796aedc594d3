"""The `container` table of a service or resource: how its container is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.errors import Problem
from harness.services.compose.keys import OPTIONS
from harness.services.node import display_value
from harness.services.system import ContainerSettings, Mount, MountKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.services.node import Node
    from harness.services.reading import ReadingContext
    from harness.services.system import System

KEYS = (
    "entrypoint",
    "working-dir",
    "user",
    "hostname",
    "platform",
    "names",
    "hosts",
    "tmpfs",
    "mounts",
    "options",
)
_ANY = re.compile(r".*", re.DOTALL)
_FORMS = {
    "hosts": (re.compile(r"[^:\s]+:\S+"), "a name and an address like 'legacy:10.0.0.7'"),
    "ulimits": (re.compile(r"\w+=-?\d{1,18}(:-?\d{1,18})?"), "a limit like 'nofile=1024:2048'"),
    "sysctls": (re.compile(r"[\w./-]+=.*"), "a setting like 'net.core.somaxconn=1024'"),
    "shm_size": (re.compile(r"\d{1,15}[bkmgBKMG]?[bB]?"), "a size like '64m'"),
}
MOUNT_KEYS = ("target", *(kind.value for kind in MountKind), "read-only", "mode", "uid", "gid")


def container(reading: ReadingContext, node: Node | None, what: str) -> ContainerSettings:
    """`container = { user = "1000", mounts = [{ target = "/etc/app.json", copy = "app.json" }] }`."""
    keys = reading.table(node, what, KEYS)
    options = reading.table(keys.get("options"), f"{what}.options", OPTIONS)
    mounts = keys.get("mounts")
    if mounts is not None and not isinstance(mounts.value, tuple):
        reading.expected(mounts, f"{what}.mounts", "a list of tables")
    return ContainerSettings(
        entrypoint=_entrypoint(reading, keys.get("entrypoint"), f"{what}.entrypoint"),
        working_dir=reading.text(keys.get("working-dir"), f"{what}.working-dir"),
        user=reading.text(keys.get("user"), f"{what}.user"),
        hostname=reading.text(keys.get("hostname"), f"{what}.hostname"),
        platform=reading.text(keys.get("platform"), f"{what}.platform"),
        names=reading.texts(keys.get("names"), f"{what}.names"),
        hosts=_texts_of_kind(reading, keys.get("hosts"), f"{what}.hosts", "hosts"),
        tmpfs=reading.texts(keys.get("tmpfs"), f"{what}.tmpfs"),
        mounts=tuple(
            mount
            for each in (mounts.items if mounts else ())
            if (mount := _mount(reading, each, f"{what}.mounts")) is not None
        ),
        options=tuple(
            (key, _texts_of_kind(reading, each, f"{what}.options.{key}", key))
            for key, each in sorted(options.items())
        ),
    )


def unverified_services(system: System) -> Iterator[Problem]:
    """Services whose certificate nobody looks at: what answers there may be anybody."""
    for service in system.services:
        if not service.trust.verify:
            text = f"services.{service.called}: its certificate is not verified (tls-verify = false)"
            yield Problem(text, service.where, "name what signed it with 'ca'")


def unused_files(system: System) -> Iterator[Problem]:
    """Files of containers that no variable names: as local processes the services do not see them."""
    for service in system.services:
        values = [value for _, value in service.environment]
        unseen = [
            mount.target
            for mount in service.container.mounts
            if service.command and not any(f"{value}/".startswith(f"{mount.target}/") for value in values)
        ]
        if unseen:
            text = f"services.{service.called}: as a local process it does not see {', '.join(unseen)}"
            yield Problem(text, service.where, "name the file in its environment, or use --runtime docker")


def _texts_of_kind(reading: ReadingContext, node: Node | None, what: str, kind: str) -> tuple[str, ...]:
    """A list of texts that have the form of their kind."""
    texts = reading.texts(node, what)
    pattern, meant = _FORMS.get(kind, (_ANY, ""))
    for text in texts:
        if node is not None and not pattern.fullmatch(text):
            reading.wrong(f"{what}: {meant} is needed, not {display_value(text)}", node)
    return texts


def _entrypoint(reading: ReadingContext, node: Node | None, what: str) -> tuple[str, ...] | None:
    if node is None:
        return None
    return () if node.value == () else reading.words(node, what)


def _mount(reading: ReadingContext, node: Node, what: str) -> Mount | None:
    keys = reading.table(node, what, MOUNT_KEYS)
    kinds = [kind for kind in MountKind if kind.value in keys]
    target = reading.filled_text(keys.get("target"), f"{what}.target")
    if not target.startswith("/"):
        reading.expected(keys.get("target") or node, f"{what}.target", "an absolute path inside the container")
    if len(kinds) != 1:
        reading.wrong(f"{what}: one of {', '.join(MountKind)} is needed, not {len(kinds)}", node)
        return None
    kind = kinds[0]
    written, inner = keys[kind.value], f"{what}.{kind.value}"
    source = ""
    if kind is MountKind.COPY:
        source = str(reading.existing(written, inner, "file or folder") or "")
    elif kind is not MountKind.TEXT:
        source = reading.text(written, inner)
    return Mount(
        target=target,
        kind=kind,
        source=source,
        text=reading.text(written, inner, secret=True) if kind is MountKind.TEXT else "",
        read_only=reading.truth(keys.get("read-only"), f"{what}.read-only"),
        mode=_number(reading, keys.get("mode"), f"{what}.mode", 8),
        owner=(
            _number(reading, keys.get("uid"), f"{what}.uid", 10),
            _number(reading, keys.get("gid"), f"{what}.gid", 10),
        ),
    )


def _number(reading: ReadingContext, node: Node | None, what: str, radix: int) -> int:
    """A number that is written as a text, as permissions are: `"0440"`."""
    text = reading.text(node, what, "0")
    try:
        number = int(text.removeprefix("0o"), radix)
    except ValueError:
        number = -1
    if node is not None and not 0 <= number < 2**31:
        reading.expected(node, what, 'a number like "0440"' if radix == 8 else "a number")
        return 0
    return number
