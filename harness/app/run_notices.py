"""What changes no verdict of a run and should be known of it: what git does not know, what was left behind."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.app.content import folder_of_pacts
from harness.checkout import git
from harness.engine.events import Noticed
from harness.errors import ServiceDidNotStart, some_of
from harness.evidence import KnownBuild
from harness.gate import MeetingPair, reasons, resolutions
from harness.ports import MadeOf
from harness.runtime.contents import kept_contents
from harness.runtime.written_files import note_written
from harness.services.spelling import heading
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.checkout import Checkout
    from harness.contracts.pact import Pact
    from harness.evidence import Evidence, Facts, Known
    from harness.ports import Runtime
    from harness.services.system import Service, System

_INSTALLED = frozenset({"node_modules", "site-packages", ".venv", "venv"})  # lock files speak of these


def before_the_run(system: System, runtime: Runtime, here: Checkout) -> Iterator[Noticed]:
    """What nobody can know of services, and what of them no commit holds."""
    services = [service for service in system.services if service.startable and not service.url]
    made = {service.name: _made_of(runtime, service) for service in services}
    headings = _headings(system)
    for name, each in made.items():
        if each.unknown:
            yield Noticed(
                about=name,
                text=f"{'; '.join(each.unknown)}, so nothing answers instead of a run; "
                f"'inputs' of {headings[name]} says what else decides it",
            )
    for name, files in untraced_of(system, runtime, here).items():
        yield Noticed(
            about=name,
            text=f"{some_of(files)} {'is' if len(files) == 1 else 'are'} not known to git, "
            f"so {here.commit[:12]} does not say what runs: evidence stands under this build. "
            f"'build-command' of {headings[name]} builds it of the commit, --built-from says that CI did, and "
            "'writes' leaves out what it writes itself",
        )


def untraced_pacts(system: System, pacts: Iterable[Pact], here: Checkout) -> Iterator[Noticed]:
    """Whose pacts no commit holds, though git gives the number and no suite of this project writes them."""
    suite = folder_of_pacts(system) if system.consumer_suite else None
    numbered = {service.name for service in system.services if service.version}
    files: dict[str, list[Path]] = {}
    for pact in pacts:
        place = Path(system.root, pact.place)
        if pact.consumer not in numbered and not (suite and place.is_relative_to(suite)):
            files.setdefault(pact.consumer, []).append(place)
    for name, found in _untracked_files(system.root, files, here).items():
        shown = some_of([os.path.relpath(path, system.root) for path in found])
        yield Noticed(
            about=name,
            text=f"{shown} {'is' if len(found) == 1 else 'are'} not known to git, so {here.commit[:12]} does not "
            f"say what {name} promises: what lies here is published under it, and a run that finds other content "
            "gives it another name",
        )


def untraced_of(system: System, runtime: Runtime, here: Checkout) -> dict[str, tuple[str, ...]]:
    """By service whose number git gives: the files that run and that its commit does not hold."""
    services = [s for s in system.services if s.startable and not s.url and not s.version]
    found = _untracked_files(system.root, {s.name: _made_of(runtime, s).files for s in services}, here)
    return {name: tuple(os.path.relpath(path, system.root) for path in paths) for name, paths in found.items()}


def _made_of(runtime: Runtime, service: Service) -> MadeOf:
    try:
        return runtime.made_of(service)
    except ServiceDidNotStart:
        return MadeOf()  # the start will say so


def _untracked_files(
    root: Path, files: Mapping[str, Iterable[Path]], here: Checkout
) -> dict[str, tuple[Path, ...]]:
    """By service: the files that run and that no commit holds, ignored by git or outside of its repository."""
    if not here.commit:
        return {}
    tracked = git.tracked_files(root, os.environ)
    if tracked is None:
        return {}
    open_still = {
        name: [f for f in each if os.path.realpath(f) not in tracked and not _INSTALLED & set(f.parts)]
        for name, each in files.items()
    }
    of_git = git.ignored_files(root, [f for each in open_still.values() for f in each], os.environ)
    found = {name: tuple(f for f in dict.fromkeys(each) if f in of_git) for name, each in open_still.items()}
    return {name: each for name, each in found.items() if each}


def _headings(system: System) -> dict[str, str]:
    """How the manifest begins what it says of each service."""
    return {service.name: heading(service.called) for service in system.services}


def with_a_run(before: Facts, ran: Iterable[Known], evidence: Iterable[Evidence], runtime: str) -> Facts:
    """What the ledger knew when a run began, and what the run adds to it: nobody is asked a second time."""
    versions = dict(before.versions)
    for each in ran:
        earlier = versions.get(each.version, each)
        builds = (KnownBuild(artifact=artifact, runtime=runtime) for artifact in sorted(each.artifacts))
        new = tuple(build for build in builds if build.artifact not in earlier.artifacts)
        versions[each.version] = replace(
            earlier, artifacts=earlier.artifacts | each.artifacts, builds=(*earlier.builds, *new)
        )
    known = {(each.run, each.contract, each.artifact, each.provider, each.consumer) for each in before.evidence}
    seen = (e for e in evidence if (e.run, e.contract, e.artifact, e.provider, e.consumer) not in known)
    return replace(before, versions=versions, evidence=(*before.evidence, *seen))


def other_builds_broke(
    facts: Facts, evidence: Iterable[Evidence], ran: Iterable[Known], system: System
) -> Iterator[Noticed]:
    """A run answers for the build that ran; where another one of its number broke it, the gate says no."""
    here = {each.version.pacticipant: each.version for each in ran}  # evidence may be of an earlier number
    for each in evidence:
        if each.verdict is not Verdict.PASSED or not {each.consumer, each.provider.pacticipant} <= here.keys():
            continue
        consumer, provider = here[each.consumer], here[each.provider.pacticipant]
        pair = MeetingPair(consumer=consumer, provider=provider, contract=each.contract)
        reason = reasons.of_pair(pair, facts)
        if reason.verdict is Verdict.FAILED and reason.cause is Cause.DISAGREEING:
            yield Noticed(
                about=provider.pacticipant,
                text=f"harness can-i-deploy says no to {provider}, whatever this run says of the build that "
                f"ran: {reason.text}. Resolve: {resolutions.here(reason, system).resolution}",
            )


def after_the_run(system: System, runtime: Runtime) -> Iterator[Noticed]:
    """What did not go when it was asked to, and what services left in their own folders."""
    for name, seconds in runtime.killed().items():
        yield Noticed(
            about=name,
            text=f"it did not go when it was asked to, and was killed {seconds:g} s later: what it writes at "
            "its end (coverage, logs) may be missing; let it end at that signal, or give it more 'stop-timeout'",
        )
    yield from _left_in_folders(system, runtime)


def _left_in_folders(system: System, runtime: Runtime) -> Iterator[Noticed]:
    """What services left in their own folders: ignored by git it is remembered, anything else is told."""
    root, touched = system.root, runtime.touched()
    left = git.ignored_files(root, [*touched], os.environ)
    contents = kept_contents(os.environ)
    note_written(root, {path: contents.file(path) for path in left if path.is_file()}, os.environ)
    by_service: dict[str, list[Path]] = {}
    for path, name in touched.items():
        if path not in left:
            by_service.setdefault(name, []).append(path)
    for name, paths in by_service.items():
        shown = some_of([os.path.relpath(path, root) for path in paths])
        yield Noticed(
            about=name,
            text=f"{shown} changed in its folder while it ran: the next run takes that for a change of its code; "
            f"list it in .gitignore, or in 'writes' of {_headings(system).get(name, heading(name))}",
        )
