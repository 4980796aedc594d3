"""The manifest: `harness.toml`, or `[tool.harness]` in `pyproject.toml`, as the system that it describes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import ManifestError, UsageError
from harness.services import compose
from harness.services.manifest import coherence, settings
from harness.services.manifest.entries import (
    expand_short_forms,
    one_or_many,
    over_version,
    pact_places,
    pacticipants_by_key,
    resource,
    service,
)
from harness.services.manifest.toml_source import parse_toml, read_toml
from harness.services.node import NOTHING, Node, Table
from harness.services.reading import PluginChecks, PluginResources, ReadingContext
from harness.services.system import System
from harness.services.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MANIFEST = "harness.toml"
PROJECT = "pyproject.toml"
KEYS = (
    "pacts",
    "seed",
    "compose",
    "broker",
    "gate",
    "environments",
    "suites",
    "services",
    "resources",
)


def find(start: Path) -> Path:
    """The manifest of a folder: the nearest one in it or above. Raises UsageError when there is none."""
    folder = start.resolve()
    for each in (folder, *folder.parents):
        if _is_file(each / MANIFEST):
            return each / MANIFEST
        if _describes_a_system(each / PROJECT):
            return each / PROJECT
    raise UsageError(
        f"no {MANIFEST} in {folder} or above, and no {PROJECT} with [tool.harness]",
        hint="write one with: harness init",
    )


def manifest_above(folder: Path) -> Path | None:
    """The manifest by which a folder goes while it has none of its own."""
    try:
        return find(folder.parent) if folder.parent != folder else None
    except UsageError:
        return None


def load(
    path: Path,
    environ: Mapping[str, str],
    *,
    resource_kinds: Callable[[], PluginResources] = PluginResources,
    plugin_checks: Callable[[], PluginChecks] = PluginChecks,
) -> System:
    """The system that a manifest describes. Raises ManifestError with every mistake in it."""
    path = path.absolute()
    reading = ReadingContext(
        root=path.parent, environ=environ, resource_kinds=resource_kinds, plugin_checks=plugin_checks
    )
    return _read_system(_section(read_toml(path), path), path, reading)


def parse(text: str, path: Path, environ: Mapping[str, str]) -> System:
    """The system that a manifest with this text would describe, if it stood at this path. Raises ManifestError."""
    path = path.absolute()
    reading = ReadingContext(root=path.parent, environ=environ)
    return _read_system(_section(parse_toml(text, path.name), path), path, reading)


def _read_system(document: Node, path: Path, reading: ReadingContext) -> System:
    reading.table(document, "", KEYS)
    document, complete = _with_compose(reading, document)
    system = _system(reading, path, document)
    if complete:
        coherence.check(reading, document, system)
    reading.finish()
    return system


def _describes_a_system(project: Path) -> bool:
    if not _is_file(project):
        return False
    try:
        return read_toml(project).at("tool", "harness") is not None
    except ManifestError:
        # Somebody else's broken file further up is not ours to judge; one that mentions us is.
        with suppress(OSError):
            return b"[tool.harness" in project.read_bytes()
        return False


def _is_file(path: Path) -> bool:
    """Whether a file is there for us; one in a folder that is closed to us is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def _section(document: Node, path: Path) -> Node:
    if path.name != PROJECT:
        return document
    section = document.at("tool", "harness")
    if section is None:
        raise ManifestError(f"no [tool.harness] in {path}", where=path.name, hint="write one with: harness init")
    return section


def _with_compose(reading: ReadingContext, document: Node) -> tuple[Node, bool]:
    """The document with the compose file's services below its own entries, and whether all of it was read."""
    written = document.at("compose")
    if written is None:
        return document, True
    mistakes = len(reading.problems)
    # One name means what `docker compose up` finds beside it, too; a list means just these files.
    alone = written.value if isinstance(written.value, str) else ""
    named = [
        (reading.existing(each, "compose", "file"), each) for each in one_or_many(reading, written, "compose")
    ]
    files = [(path, str(each.value)) for path, each in named if path is not None]
    if not files or len(files) < len(named):
        return document, False
    found = compose.read_compose(
        reading, compose.with_override(*files[0], reading.environ) if alone else files, document
    )
    merged = {**document.table}
    for section in ("services", "resources"):
        own = document.at(section)
        if own is None or isinstance(own.value, dict):
            merged[section] = _laid_over(found.at(section), own, document.where)
    return Node(merged, document.where), len(reading.problems) == mistakes


def _laid_over(below: Node | None, above: Node | None, where: str) -> Node:
    entries = {name: expand_short_forms(node) for name, node in (below.table if below else NOTHING).items()}
    for name, node in (above.table if above else NOTHING).items():
        entries[name] = _entry(entries[name], node) if name in entries else node
    return Node(entries, above.where if above else where)


def _entry(below: Node, above: Node) -> Node:
    """A compose service with the manifest's entry over it; needs add up, for each file knows some."""
    if not isinstance(above.value, dict):
        return above
    merged = dict(over_version(below, above).table)
    if "versions" in above.table:
        merged["versions"] = above.table["versions"]
    theirs, ours = below.at("needs"), above.at("needs")
    if theirs and ours and isinstance(ours.value, tuple):
        merged["needs"] = Node((*theirs.items, *ours.items), ours.where)
    return Node(merged, above.where)


def _system(reading: ReadingContext, path: Path, document: Node) -> System:
    keys = document.table
    entries: dict[str, Table] = {
        "services": reading.pacticipants(keys.get("services"), "services"),
        "resources": reading.named(keys.get("resources"), "resources"),
    }
    names = pacticipants_by_key(reading, entries["services"], entries["resources"])
    consumer_suite, integration_suite = settings.suites(reading, keys.get("suites"))
    require, trust_claims = settings.gate(reading, keys.get("gate"))
    resources = (resource(reading, name, node, names) for name, node in entries["resources"].items())
    services = tuple(service(reading, name, node, names) for name, node in entries["services"].items())
    if integration_suite:
        trusts = tuple((each.name, each.trust) for each in services if each.trust != Trust())
        integration_suite = replace(integration_suite, trusts=trusts)
    return System(
        root=path.parent,
        manifest=path,
        services=services,
        resources=tuple(each for each in resources if each is not None),
        broker=settings.broker(reading, keys.get("broker")),
        pacts=pact_places(reading, keys.get("pacts"), "pacts"),
        consumer_suite=consumer_suite,
        integration_suite=integration_suite,
        require=require,
        trust_claims=trust_claims,
        environments=settings.environments(reading, keys.get("environments")),
        seed=reading.whole(keys.get("seed"), "seed", 20, (0, 2**63 - 1)),
        remarks=tuple(dict.fromkeys(reading.remarks)),
    )
