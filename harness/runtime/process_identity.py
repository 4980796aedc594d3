"""What a process would be, known by content: its folder, its command with all that it names, its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ServiceDidNotStart
from harness.identity import canonical_json, digest
from harness.runtime.command_words import CommandWords
from harness.runtime.contents import Contents, FoundFile, sorted_tree, stamps
from harness.runtime.ignoring import read_ignored
from harness.runtime.language_runtimes import left_by_tools
from harness.runtime.process_environment import environment_key, inherited_environment, named_values
from harness.runtime.process_files import mount_key
from harness.runtime.spawning import words
from harness.services.system import Resource, Service

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """The identity of one process, and what it was made of."""

    key: str  # "" when something of it cannot be known
    unknown: tuple[str, ...] = ()  # why
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # what it gets of the harness's own
    artifacts: tuple[Path, ...] = ()  # files that its command names and that are no program of this machine
    folder: Path = Path()
    stamps: Mapping[str, list[int]] = field(default_factory=dict)  # each file of its folder, as it was


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What processes of one project have in common."""

    root: Path
    environ: Mapping[str, str] = field(repr=False)
    contents: Contents = field(default_factory=Contents)
    apart: tuple[Path, ...] = ()  # pacts and the like below a service's folder, which count on their own
    written: Mapping[str, str] = field(default_factory=dict)  # path below the root to what a run left there


def as_process(unit: Service | Resource) -> Service:
    """A job runs as a service does."""
    if isinstance(unit, Service):
        return unit
    return Service(
        name=unit.name,
        command=unit.command,
        directory=unit.directory,
        environment=unit.environment,
        endpoints=unit.endpoints,
        container=unit.container,
    )


def identify(service: Service, around: Surroundings) -> ProcessIdentity:
    """What the process runtime would start. Raises ServiceDidNotStart for a folder or input that is not there."""
    folder = around.root / service.directory
    if not folder.is_dir():
        raise ServiceDidNotStart(service.name, f"its folder {folder} does not exist")
    files = own_files(service, around)
    told = told_environment(service, files, around)
    named = CommandWords(around.contents, folder, told | dict(service.environment), around.root)
    named.read(words(service.command, service.python))
    named.read_values([*(value for _, value in service.environment), *named_values(service, told)])
    tree = around.contents.of_files(folder, files, digest("process", service.name, *service.writes))
    said = canonical_json([service.command, service.endpoints])
    parts = (said, environment_key(service, told), inputs_key(service, around.contents), *sorted(named.parts))
    mounts = [mount_key(mount, around.contents) for mount in service.container.mounts]
    unknown = [] if service.inputs else [*named.unknown]
    unknown += [] if all(mounts) else ["a folder of this machine is mounted, whose content cannot be known"]
    return ProcessIdentity(
        key="" if unknown else digest("process", tree, *parts, *mounts),
        unknown=tuple(unknown),
        environment=told,
        artifacts=tuple(named.artifacts),
        folder=folder,
        stamps=stamps(files),
    )


def own_files(service: Service, around: Surroundings) -> list[FoundFile]:
    """The files of a service's folder that are part of what it is, without what runs left there."""
    folder = around.root / service.directory
    return [each for each in folder_files(service, folder, around) if not _left_by_a_run(each, around)]


def told_environment(service: Service, files: Sequence[FoundFile], around: Surroundings) -> dict[str, str]:
    """What its process gets of the harness's own environment: its own files, too, name what they want."""
    named = around.contents.words(around.root / service.directory, [f for f in files if _is_own(f)])
    return inherited_environment(service, around.environ, named)


def folder_files(service: Service, folder: Path, around: Surroundings) -> tuple[FoundFile, ...]:
    """The files of a service's folder that are part of what it is."""
    wrote = read_ignored(service.writes)
    apart = _below(folder, around.apart)

    def skip(name: str, path: str) -> bool:
        return left_by_tools(name, path) or path in apart or wrote.covers(path)

    return sorted_tree(folder, skip)


def _is_own(found: FoundFile) -> bool:
    """Whether a file is code or settings of the service's own: no package, no hidden folder, no prose."""
    parts = found.name.split("/")
    if not os.path.isfile(found.path):
        return False
    hidden = any(part.startswith(".") for part in parts[:-1])
    return not (hidden or {"node_modules", "site-packages"} & set(parts) or parts[-1].endswith((".md", ".rst")))


def changed_files(service: Service, before: ProcessIdentity, around: Surroundings) -> tuple[Path, ...]:
    """The files of its folder that appeared or changed since, beside those that its command names."""
    now = stamps(folder_files(service, before.folder, around))
    named = {os.path.realpath(path) for path in before.artifacts}
    changed = (before.folder / name for name, stamp in now.items() if before.stamps.get(name) != stamp)
    return tuple(path for path in changed if os.path.realpath(path) not in named)


def _below(folder: Path, paths: Collection[Path]) -> frozenset[str]:
    real = Path(os.path.realpath(folder))
    places = (Path(os.path.realpath(path)) for path in paths)
    inside = (place for place in places if place != real and place.is_relative_to(real))
    return frozenset(str(place.relative_to(real)) for place in inside)


def _left_by_a_run(found: FoundFile, around: Surroundings) -> bool:
    """Whether it is what a run left there, unchanged since."""
    left = around.written.get(os.path.relpath(found.path, around.root))
    return left is not None and around.contents.file(found.path) == left


def inputs_key(service: Service, contents: Contents) -> str:
    """The content of what a service names beside its folder. Raises ServiceDidNotStart for what is not there."""
    for path in service.inputs:
        if not path.exists():
            raise ServiceDidNotStart(service.name, f"its input {path} does not exist")
    return digest(*(contents.tree(path, left_by_tools, "tree") for path in service.inputs))
