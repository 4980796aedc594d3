"""The only place that chooses adapters."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.gate.resolutions import CheckedOut
    from harness.identity import Version
    from harness.ports import Ledger
    from harness.services.reading import PluginChecks, PluginResources
    from harness.services.system import System

LAST_RUN = "last-run.ndjson"
EMBEDDED = "ledger.db"

BROKER = "PACT_BROKER_BASE_URL"  # the variable of every Pact client; counts where nothing else names a broker


def system(manifest: Path | None) -> System:
    """The system of the nearest manifest, or of the one that was named (a file, or a folder with one)."""
    from harness.services.manifest.file import find, load

    if manifest is not None and not manifest.exists():
        raise UsageError("no such file or folder", where=str(manifest), hint="harness init writes a manifest")
    path = manifest if manifest is not None and manifest.is_file() else find(manifest or Path.cwd())
    return load(path, os.environ, resource_kinds=_plugin_resources, plugin_checks=_plugin_checks)


def _plugin_resources() -> PluginResources:
    """The kinds of resource that plug-ins bring, which are loaded for it."""
    from harness.plugins import door
    from harness.services.reading import PluginResources
    from harness.services.system import ResourceKind

    kinds = door().every("contract_harness_resource_kinds", ResourceKind)
    return PluginResources(kinds=kinds, failed=tuple(map(str, door().failed)))


def _plugin_checks() -> PluginChecks:
    """What a manifest may say of the checks that plug-ins bring, which are loaded for it."""
    from harness import plugins
    from harness.services.reading import PluginChecks

    keys = {key: kind.keys for key, kind in plugins.all_kinds().items()}
    return PluginChecks(keys=keys, failed=tuple(map(str, plugins.door().failed)))


def system_if_any(manifest: Path | None) -> System | None:
    """The system of a manifest; None where there is none, for what can be asked from anywhere."""
    try:
        return system(manifest)
    except UsageError:
        return None


def checked_out(system: System | None, manifest: Path | None, broker: str | None) -> CheckedOut:
    """What is here, for whoever is told a command: git's number, what can be started, how the memory was named."""
    from functools import cache

    from harness.app.stored_descriptor import can_start
    from harness.checkout import detect, version
    from harness.gate.resolutions import CheckedOut

    if system is None:
        return CheckedOut(options=_naming_options(manifest, broker))
    number = version(detect(system.root, os.environ))

    @cache
    def startable(wanted: Version) -> bool:
        with memory(manifest, broker) as ledger:
            return can_start(system, wanted, number, ledger)

    return CheckedOut(number=number, can_start=startable, options=_naming_options(manifest, broker))


def _naming_options(manifest: Path | None, broker: str | None) -> tuple[str, ...]:
    """The options with which a command asks the same memory; no address with a password is told."""
    by_option = broker and broker != os.environ.get("HARNESS_BROKER") and not urlsplit(broker).password
    named = ("--broker", broker) if broker and by_option else ()
    return (*named, *(("--manifest", str(manifest)) if manifest else ()))


@contextmanager
def memory(manifest: Path | None, broker: str | None) -> Iterator[Ledger]:
    """The ledger that a command works on: the one that was named, else the manifest's own."""
    if (broker or os.environ.get(BROKER)) and manifest is None:
        described = system_if_any(None)  # a broker can be asked from anywhere
    else:
        described = system(manifest)
    with ledger_at(broker or (described.broker if described else ""), described) as ledger:
        yield ledger


@contextmanager
def ledger_at(url: str, described: System | None) -> Iterator[Ledger]:
    """An open ledger in which the manifest's environments are declared."""
    from harness.composition.remote import is_remote, remote_ledger
    from harness.ledger.sql_ledger import open_ledger

    url = url or os.environ.get(BROKER, "")
    if is_remote(url):
        with remote_ledger(url, described) as remote:
            yield remote
        return
    root = described.root if described else Path.cwd()
    trusts = bool(described and described.trust_claims)
    ledger = open_ledger(url or embedded_ledger_url(root), trust_claims=trusts)
    try:
        if described:
            known = ledger.facts_about((), ()).environments if described.environments else {}
            for policy in described.environments:
                if tuple(known.get(policy.name, ("?",))) != policy.require:
                    ledger.declare_environment(policy.name, policy.require)
        yield ledger
    finally:
        ledger.close()


def embedded_ledger_url(root: Path) -> str:
    """The URL of the ledger that a project has when nothing names another."""
    return f"sqlite:///{memory_of(root) / EMBEDDED}"


def recording(root: Path) -> Path:
    """Where the last run's events are kept."""
    return memory_of(root) / LAST_RUN


def memory_of(root: Path) -> Path:
    """The folder of what this machine remembers of a project, made. Raises EnvironmentProblem."""
    from harness.runtime.project_folder import made_project_folder

    return made_project_folder(root, os.environ)


def last_run() -> Path:
    """The recording of the last run here. Raises UsageError when there is none."""
    from harness.runtime.project_folder import project_folder
    from harness.services.manifest.file import find

    path = project_folder(find(Path.cwd()).parent, os.environ) / LAST_RUN
    if not path.exists():
        raise UsageError("no run has been recorded here", where=str(path), hint="harness run")
    return path
