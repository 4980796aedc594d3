"""What decides a verdict beside the services themselves: pacts on disk, suites, state code, tools, settings."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from glob import glob
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.engine.events import TaskId
from harness.engine.plan import SYSTEM, Task
from harness.errors import ContractError
from harness.evidence import Evidence, EvidenceKind, Subject
from harness.identity import Version, canonical_json, digest, run_identity
from harness.plugins import built_in_kinds, find_kind
from harness.services.system import Service, StatesKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from harness.checks.api import CheckSettings
    from harness.checks.kind import Kind
    from harness.contracts.pact import Pact
    from harness.errors import Problem
    from harness.ports import Unit
    from harness.services.system import Suite, System


def kinds_of(system: System) -> tuple[Kind, ...]:
    """What can be checked of a system: all that is built in, and what its services have a table for."""
    named = dict.fromkeys(key for service in system.services for key, _ in service.checks)
    return (*built_in_kinds().values(), *filter(None, map(find_kind, named)))


def tool_settings(settings: CheckSettings, kinds: Iterable[Kind]) -> Mapping[EvidenceKind, str]:
    """Per kind of evidence: the tools' versions and the choices that can change a verdict."""
    return {kind.key: digest(__version__, *_tools(kind), str(settings.seed)) for kind in kinds}


def _tools(kind: Kind) -> tuple[str, ...]:
    """What judges a kind of promise, each with its version; of a plug-in its code."""
    own = (kind.revision, *([] if kind.key in built_in_kinds() else [f"code={_code_key(kind)}"]))
    return (*(f"{tool}={_installed_version(tool)}" for tool in kind.tools), *filter(None, own))


def _code_key(kind: Kind) -> str:
    """The content of the package that brings a kind: a judge that was changed has seen nothing yet."""
    package = import_module(kind.check.__module__.partition(".")[0])
    places = [*getattr(package, "__path__", ()), *([package.__file__] if package.__file__ else [])]
    return tree_key(map(Path, places))


def _installed_version(tool: str) -> str:
    try:
        return metadata.version(tool)
    except metadata.PackageNotFoundError:
        return ""


def service_settings(system: System, kinds: Collection[Kind]) -> Mapping[tuple[str, EvidenceKind], str]:
    """Per service and kind: what the manifest says about how it is checked, and its provider-state code."""
    return {
        (service.name, kind.key): _SETTINGS[kind.key.subject](system, service)
        for service in system.services
        for kind in kinds
        if kind.key.subject in _SETTINGS
    }


def _document_settings(_: System, service: Service) -> str:
    return digest(canonical_json([asdict(service.budget), service.headers, service.ignore, service.openapi]))


def _pact_settings(system: System, service: Service) -> str:
    return digest(canonical_json([service.headers, service.ignore]), _states_key(system, service))


def _own_settings(_: System, service: Service) -> str:
    return digest(canonical_json([service.headers, service.ignore]))


_SETTINGS = {
    Subject.DOCUMENT: _document_settings,
    Subject.PACT: _pact_settings,
    Subject.SERVICE: _own_settings,
}


def _states_key(system: System, service: Service) -> str:
    """The content of a provider's state code; code on the service is part of its artifact already."""
    states = service.states
    if states is None:
        return ""
    if states.kind is StatesKind.HTTP:
        return digest(states.target, *states.names)
    module = system.root.joinpath(*states.target.partition(":")[0].split("."))
    return digest(states.target, *states.names, tree_key([module.with_suffix(".py"), module]))


def suite_keys(system: System) -> Mapping[EvidenceKind, str]:
    """The content of each suite's files."""
    return {
        kind: tree_key([suite.path, *suite.inputs])
        for kind, suite in suites_of(system).items()
        if kind.subject is Subject.SYSTEM
    }


def suites_of(system: System) -> dict[EvidenceKind, Suite]:
    """The suites that the manifest names, by what passing them is evidence of."""
    suites = {Subject.WRITERS: system.consumer_suite, Subject.SYSTEM: system.integration_suite}
    return {kind: suite for kind in EvidenceKind if (suite := suites.get(kind.subject)) is not None}


def _consumers_key(system: System, suite: Suite) -> str:
    """What decides the outcome of the suite that writes the pacts: its files, and the code of every service.

    The suite runs the services' own clients, so a change of any of them must run it again.
    """
    code = {service.directory for service in system.services if service.startable}
    code |= {service.build.context for service in system.services if service.build}
    return tree_key([suite.path, *suite.inputs, *sorted(code)])


def apart(system: System) -> tuple[Path, ...]:
    """What is no part of a service, though it may lie in its folder: pacts count on their own."""
    places = [*system.pacts, *(place for service in system.services for place in service.pacts)]
    return tuple(Path(place) for place in places if not set(place) & set("*?["))


def consumers_task(system: System, suite: Suite) -> Task:
    """The suite that writes the pacts, as a task; what it wrote is part of the identity."""
    key = _consumers_key(system, suite)
    task = Task(
        id=TaskId(kind=EvidenceKind.about(Subject.WRITERS), provider=Version(SYSTEM, ""), contract=key),
        service=None,
        suite=replace(suite, writes=folder_of_pacts(system)),
        identity="",
    )
    return rewritten(system, task)


def rewritten(system: System, task: Task) -> Task:
    """The task that writes the pacts, with those that are there now; what decides it stays what it was."""
    written = tree_key(system.root / path for path in system.pacts)
    tools = _tools(built_in_kinds()[task.id.kind])
    return replace(task, identity=run_identity(task.id.contract, [written], digest(__version__, *tools)))


def folder_of_pacts(system: System) -> Path | None:
    """Where the consumers' suite writes: the first folder that the manifest reads pacts from."""
    folders = (Path(path) for path in system.pacts if not set(path) & set("*?["))
    return next((folder for folder in folders if folder.suffix != ".json"), None)


def with_evidence(task: Task, evidence: Evidence) -> Task:
    """The task with the evidence that answers it."""
    return replace(task, reused=evidence)


def has_artifact(unit: Unit) -> bool:
    """Whether it can be started at all; a consumer that is only a name is made of its pacts."""
    return not isinstance(unit, Service) or unit.startable


def pacts_of(system: System) -> tuple[Pact, ...]:
    """Every pact that the manifest points at, each content once. Raises ContractError for one that is none."""
    pacts, unread = found_pacts(system)
    if unread:
        raise ContractError(*unread)
    return pacts


def found_pacts(system: System) -> tuple[tuple[Pact, ...], tuple[Problem, ...]]:
    """The same, and what among it cannot be read, which spoils none of the others.

    Raises ContractError for a path that is not there.
    """
    from harness.contracts.pact_reader import find_pacts

    paths = dict.fromkeys((*system.pacts, *(path for service in system.services for path in service.pacts)))
    if system.consumer_suite is not None:
        # Before its first run the suite has not made the folder yet, nor what a pattern matches.
        paths = {path: None for path in paths if glob(path, recursive=True)}
    found = find_pacts(paths)
    if found.absent:
        raise ContractError(*found.absent)
    read = (replace(pact, place=display_place(system, pact.place)) for pact in found.pacts)
    unread = tuple(replace(each, where=_shown_place(system, each.where)) for each in found.problems)
    return tuple({(p.consumer, p.provider, p.key): p for p in read}.values()), unread


def _shown_place(system: System, where: str) -> str:
    """The same of a place in a file: `pacts/web.json:1:2`."""
    return where.replace(f"{system.root}{os.sep}", "")


def display_place(system: System, place: str) -> str:
    """A place as people know it: from the manifest's folder, where that is short."""
    relative = os.path.relpath(place, system.root)
    return place if relative.startswith(os.path.join("..", "..", "")) else relative


def tree_key(paths: Iterable[Path]) -> str:
    """The content of files and folders, as one key."""
    from harness.runtime.artifacts import tree_digest

    return digest(*(tree_digest(path) for path in paths if path.exists()))
