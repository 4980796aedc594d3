"""One container as the Docker engine is told of it: its settings in the engine's words, its files as archives."""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from harness.identity import digest
from harness.services.system import ContainerSettings, Mount, MountKind

if TYPE_CHECKING:
    import docker
    from docker.types import Mount as EngineMount

_LISTS = ("cap_add", "cap_drop", "dns", "dns_opt", "dns_search", "group_add", "security_opt")
_TRUTHS = ("init", "privileged", "read_only")
_ALIVE = "host.docker.internal"  # by which a container calls the machine that it runs on
_LEFT_OUT = frozenset({".harness"})  # the harness's own memory changes with every run


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One container to start."""

    image: str
    run: str
    aliases: tuple[str, ...]  # its names in the run's network
    environment: Mapping[str, str] = field(repr=False)
    ports: tuple[int, ...]
    labels: Mapping[str, str]
    command: tuple[str, ...] = ()
    settings: ContainerSettings = field(default_factory=ContainerSettings)
    stop_timeout: float | None = None  # None: what is made for one run is removed at once


def creation(client: docker.DockerClient, order: Order, *, network: str, local: bool) -> dict[str, Any]:
    """What the engine is told to create a container; `local`: its ports are open on this machine only."""
    settings, api = order.settings, client.api
    bound: Any = ("127.0.0.1", None) if local else None
    named = api.create_endpoint_config(aliases=list(order.aliases))
    told: dict[str, Any] = {
        "image": order.image,
        "command": list(order.command) or None,
        "environment": dict(order.environment),
        "labels": dict(order.labels),
        "ports": [(port, "tcp") for port in order.ports],
        "host_config": api.create_host_config(
            port_bindings={f"{port}/tcp": bound for port in order.ports},
            extra_hosts={_ALIVE: "host-gateway", **dict(each.split(":", 1) for each in settings.hosts)},
            mounts=[mount for each in settings.mounts if (mount := _mount(each, order.run))],
            tmpfs=dict(_tmpfs(each) for each in settings.tmpfs) or None,
            **_host_options(settings),
        ),
        "networking_config": api.create_networking_config({network: named}),  # type: ignore[arg-type]  # its stub is wrong
        "working_dir": settings.working_dir or None,
        "user": settings.user or None,
        "hostname": settings.hostname or None,
        "platform": settings.platform or None,
    }
    if order.stop_timeout is not None:
        told["stop_timeout"] = max(1, round(order.stop_timeout))
    if settings.entrypoint is not None:
        told["entrypoint"] = list(settings.entrypoint)
    return {**told, **_own_options(settings)}


def _host_options(settings: ContainerSettings) -> dict[str, Any]:
    from docker.types import Ulimit

    options = dict(settings.options)
    found: dict[str, Any] = {key: list(options[key]) for key in _LISTS if options.get(key)}
    found |= {key: _is_true(options[key]) for key in _TRUTHS if options.get(key)}
    if size := options.get("shm_size"):
        found["shm_size"] = size[0]
    if sysctls := options.get("sysctls"):
        found["sysctls"] = dict(each.split("=", 1) for each in sysctls if "=" in each)
    if limits := options.get("ulimits"):
        found["ulimits"] = [Ulimit(**_limit(each)) for each in limits]
    return found


def _own_options(settings: ContainerSettings) -> dict[str, Any]:
    options = dict(settings.options)
    found: dict[str, Any] = {key: options[key][0] for key in ("domainname", "stop_signal") if options.get(key)}
    return found | {key: _is_true(options[key]) for key in ("stdin_open", "tty") if options.get(key)}


def _is_true(values: tuple[str, ...]) -> bool:
    return values[:1] == ("true",)


def _limit(said: str) -> dict[str, Any]:
    """`nofile=1024:2048`, or one number for both."""
    name, _, numbers = said.partition("=")
    soft, _, hard = numbers.partition(":")
    return {"name": name, "soft": int(soft or 0), "hard": int(hard or soft or 0)}


def _tmpfs(said: str) -> tuple[str, str]:
    path, _, options = said.partition(":")
    return path, options


def _mount(mount: Mount, run: str) -> EngineMount | None:
    """What the engine mounts; single files and texts are put into the container instead."""
    from docker.types import Mount as EngineMount

    if mount.kind is MountKind.HOST:
        return EngineMount(mount.target, mount.source, type="bind", read_only=mount.read_only)
    name = volume_of(mount, run)
    if not name and mount.kind is not MountKind.VOLUME:
        return None
    filled = mount.kind is MountKind.COPY  # else a volume begins with what the image has there
    return EngineMount(mount.target, name or None, type="volume", read_only=mount.read_only, no_copy=filled)


def volume_of(mount: Mount, run: str) -> str:
    """The run's own volume that stands for a folder or a named volume; "" where there is none to share."""
    shared = mount.kind is MountKind.VOLUME or (mount.kind is MountKind.COPY and os.path.isdir(mount.source))
    return f"contract-harness-{run}-{digest(mount.source)[:12]}" if shared and mount.source else ""


def single_files(settings: ContainerSettings) -> AbstractContextManager[IO[bytes]] | None:
    """The files that are put into a container before it starts, as an archive of `/`; None without any."""
    put = (MountKind.COPY, MountKind.TEXT)
    files = [mount for mount in settings.mounts if mount.kind in put and not volume_of(mount, "")]
    return _archive(lambda archive: _put_all(archive, files)) if files else None


def _put_all(archive: tarfile.TarFile, mounts: Iterable[Mount]) -> None:
    for mount in mounts:
        _add_mount(archive, mount)


def _add_mount(archive: tarfile.TarFile, mount: Mount) -> None:
    name = posixpath.normpath(mount.target).lstrip("/")
    if mount.kind is MountKind.TEXT:
        info, content = tarfile.TarInfo(name), mount.text.encode()
        info.size, info.mode = len(content), mount.mode or 0o444
        info.uid, info.gid = mount.owner
        archive.addfile(info, io.BytesIO(content))
        return
    real = os.path.realpath(mount.source)  # a link's target need not be in the container
    info = archive.gettarinfo(real, name)
    info.mode = mount.mode or info.mode
    with open(real, "rb") as file:
        archive.addfile(info, file)


def folder_archive(source: str) -> AbstractContextManager[IO[bytes]]:
    """A folder with all below it, as the engine reads it; sockets and the like have no content."""

    def kept(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        content = info.isreg() or info.isdir() or info.issym() or info.islnk()
        return info if content and posixpath.basename(info.name) not in _LEFT_OUT else None

    return _archive(lambda archive: archive.add(source, ".", filter=kept))


@contextmanager
def _archive(write: Callable[[tarfile.TarFile], object]) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as made:
        with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
            write(archive)
        made.seek(0)
        yield made
