"""Compose files put together as `docker compose up` does: includes, overrides, extends, variables, profiles."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ManifestError, Problem
from harness.services.compose.interpolation import Lookup, interpolate, variables
from harness.services.compose.merging import merge_services, merged_tables, normal, resolve_paths
from harness.services.node import NOTHING, Node, Table, read_document
from harness.services.reading import ReadingContext
from harness.services.yaml_source import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
OVERRIDE_FILES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_SHARED = ("configs", "secrets", "volumes")  # what services refer to by name
_DEEPEST = 16  # files that include each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What the files say together: every service once, its variables replaced, its paths absolute."""

    services: Table
    shared: Mapping[str, Table]  # "configs", "secrets", "volumes"
    left_out: Mapping[str, Node]  # services of profiles that nobody asked for


@dataclass(slots=True, kw_only=True)
class Loader:
    """Reads the files of one project; what is wrong with a service counts only when the service is wanted."""

    reading: ReadingContext
    environ: Mapping[str, str]
    unset: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # place to the variables that are not set there
    _problems: dict[str, list[Problem]] = field(default_factory=lambda: defaultdict(list))
    _remarks: dict[str, list[Problem]] = field(default_factory=lambda: defaultdict(list))

    def load(self, files: Sequence[tuple[Path, str]], wanted: Callable[[str], bool]) -> Project:
        """All files as one project; `wanted` says which services count whatever their profile is."""
        document: dict[str, Table] = {"services": NOTHING, **dict.fromkeys(_SHARED, NOTHING)}
        for path, label in files:
            document = merged_tables(document, self._file(path, label, files[0][0].parent, self.environ))
        active = _active_profiles(self.environ)
        services = dict(document["services"])
        started = {name: each for name, each in services.items() if wanted(name) or _starts(each, active)}
        for name in started:
            self.reading.problems.extend(self._problems[name])
            self.reading.remarks.extend(self._remarks[name])
        left_out = {name: each for name, each in services.items() if name not in started}
        return Project(services=started, shared={key: document[key] for key in _SHARED}, left_out=left_out)

    def _file(
        self, path: Path, label: str, folder: Path, environ: Mapping[str, str], chain: tuple[Path, ...] = ()
    ) -> dict[str, Table]:
        """One file with what it includes; paths in it count from `folder`."""
        reading, document = self.reading, read_yaml(path, label)
        found: dict[str, Table] = {key: NOTHING for key in ("services", *_SHARED)}
        for each in _as_list(document.at("include")):
            found = merged_tables(found, self._included(each, path, folder, environ, chain))
        if not {"services", "include"} & document.table.keys() and not chain:
            reading.wrong("no 'services' in the compose file", document)
        entries = reading.table(document.at("services"), "services")
        place = _Place(path, label, folder, environ, entries)
        own = {name: self._service(name, name, place) for name in entries}
        for name in own.keys() & found["services"].keys():
            hint = "rename one of them, or say the difference in compose.override.yaml"
            reading.wrong(f"services.{name}: an included file has a service of that name", entries[name], hint)
        shared = {
            key: {
                name: resolve_paths(key, self._replaced(each, f"{key}.{name}", environ, ""), folder)
                for name, each in reading.table(document.at(key), key).items()
            }
            for key in _SHARED
        }
        return merged_tables(found, {"services": own, **shared})

    def _included(
        self, node: Node, path: Path, folder: Path, environ: Mapping[str, str], chain: tuple[Path, ...]
    ) -> dict[str, Table]:
        """`include`: a path, or a table with `path`, `project_directory` and `env_file`; it stands on its own."""
        node = self._replaced(node, "include", environ, "")
        paths = [each for each in _as_list(node.at("path") if node.table else node) if isinstance(each.value, str)]
        if not paths or len(chain) > _DEEPEST or path in chain:
            self.reading.wrong("include: a file that includes itself, or none", node)
            return {}
        files = [self.reading.path(str(each.value), folder) for each in paths]
        if lost := [each for each in files if not each.is_file()]:
            self.reading.wrong(f"include: no file '{lost[0]}'", node)
            return {}
        said = node.at("project_directory")
        home = self.reading.path(str(said.value), folder) if said else files[0].parent
        listed = [self.reading.path(str(each.value), folder) for each in _as_list(node.at("env_file"))]
        own = {**dotenv(listed or [home / ".env"], environ, must=bool(listed)), **environ}
        found: dict[str, Table] = {}
        for each in files:
            shown = _label(each, self.reading.root)
            found = merged_tables(found, self._file(each, shown, home, own, (*chain, path)))
        return found

    def _service(self, name: str, owner: str, place: _Place, chain: tuple[object, ...] = ()) -> Node:
        """One service in its normal form, with what it extends below it; its mistakes are `owner`'s."""
        entry, what = place.services[name], f"services.{owner}"
        own = resolve_paths("services", normal(self._replaced(entry, what, place.environ, owner)), place.folder)
        extends = own.at("extends")
        if extends is None or extends.value is None:
            return own
        try:
            below = self._extended(owner, extends, place, (*chain, (place.path, name)))
        except ManifestError as error:
            self._problems[owner].extend(replace(p, text=f"{what}.extends: {p.text}") for p in error.problems)
            return own
        return merge_services(
            below, Node({key: each for key, each in own.table.items() if key != "extends"}, own.where)
        )

    def _extended(self, owner: str, node: Node, place: _Place, chain: tuple[object, ...]) -> Node:
        """The service that another builds upon. Raises ManifestError when there is none."""
        named, written = (node.at("service"), node.at("file")) if node.table else (node, None)
        target = named.value if named else None
        if written and isinstance(written.value, str):
            path = self.reading.path(written.value, place.folder)
            label = _label(path, self.reading.root)
            services = read_yaml(path, label).at("services")
            place = _Place(path, label, path.parent, place.environ, services.table if services else NOTHING)
        if not isinstance(target, str) or target not in place.services:
            raise ManifestError(Problem(f"no service {target!r} in {place.label}", node.where))
        if (place.path, target) in chain:
            raise ManifestError(Problem(f"'{target}' extends itself", node.where))
        return self._service(target, owner, place, chain)

    def _replaced(self, node: Node, what: str, environ: Mapping[str, str], owner: str) -> Node:
        """A node with its variables replaced; what is shared in the document is replaced once."""
        done: dict[int, Node] = {}

        def replaced(each: Node, here: str) -> Node:
            if id(each) not in done:
                done[id(each)] = replace(each, value=value(each, here))
            return done[id(each)]

        def value(each: Node, here: str) -> object:
            if isinstance(each.value, Mapping):
                return {key: replaced(inner, f"{here}.{key}") for key, inner in each.table.items()}
            if isinstance(each.value, tuple):
                return tuple(replaced(inner, here) for inner in each.items)
            return self._text(each, here, environ, owner) if isinstance(each.value, str) else each.value

        return replaced(node, what)

    def _text(self, node: Node, what: str, environ: Mapping[str, str], owner: str) -> str:
        known = Lookup(environ)
        try:
            text = interpolate(str(node.value), known)
        except ManifestError as error:
            told = [Problem(f"{what}: {p.text}", node.where, p.hint) for p in error.problems]
            (self._problems[owner] if owner else self.reading.problems).extend(told)
            return ""
        if known.unset:
            names = tuple(dict.fromkeys(known.unset))
            self.unset[node.where] = (*self.unset.get(node.where, ()), *names)
            for name in names:
                remark = Problem(
                    f"{what}: {name} is not set; nothing stands in its place", node.where, f"set {name}"
                )
                self._remarks[owner].append(remark)
        return text


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a service is written."""

    path: Path
    label: str
    folder: Path  # from which its paths count
    environ: Mapping[str, str]
    services: Table  # of the same file, as they are written


def chosen_files(folder: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files that COMPOSE_FILE names, in the environment or in `.env`; none where it is not set."""
    said = {**dotenv([folder / ".env"], environ), **environ}
    named = said.get("COMPOSE_FILE", "").split(said.get("COMPOSE_PATH_SEPARATOR") or os.pathsep)
    return tuple(Path(os.path.normpath(folder / each)) for each in named if each)


def with_override(path: Path, label: str, environ: Mapping[str, str]) -> list[tuple[Path, str]]:
    """What `docker compose up` finds: what COMPOSE_FILE names, else a file and the override file beside it."""
    chosen = chosen_files(path.parent, environ)
    if chosen and (path.name in COMPOSE_FILES or path in chosen):
        return [
            (each, os.path.join(os.path.dirname(label), os.path.relpath(each, path.parent))) for each in chosen
        ]
    files = [(path, label)]
    if path.name in COMPOSE_FILES:
        beside = next((path.parent / name for name in OVERRIDE_FILES if (path.parent / name).is_file()), None)
        if beside:
            files.append((beside, label.removesuffix(path.name) + beside.name))
    return files


def dotenv(paths: Sequence[Path], environ: Mapping[str, str], *, must: bool = False) -> dict[str, str]:
    """The variables of `.env` files, the later ones above. Raises ManifestError for a file that is none."""
    found: dict[str, str] = {}
    for path in paths:
        if must or path.is_file():
            found.update(variables(read_document(path, path.name), {**found, **environ}))
    return found


def _active_profiles(environ: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.strip() for name in environ.get("COMPOSE_PROFILES", "").split(",") if name.strip())


def _starts(entry: Node, active: frozenset[str]) -> bool:
    profiles = {str(each.value) for each in _as_list(entry.at("profiles"))}
    return not profiles or "*" in active or bool(profiles & active)


def _as_list(node: Node | None) -> tuple[Node, ...]:
    if node is None or node.value is None:
        return ()
    return node.items if isinstance(node.value, tuple) else (node,)


def _label(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
