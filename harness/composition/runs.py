"""The adapters that a run works with, chosen once."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from harness import composition
from harness.app import content
from harness.app.naming import check_claim, requested_numbers
from harness.app.provider_checks import SystemVerification
from harness.app.run import Options, Run
from harness.app.stored_descriptor import with_remembered
from harness.app.suite_identity import noting_reads
from harness.checks.api import CheckSettings
from harness.engine.run import RunContext
from harness.engine.service_logs import ServiceLogs
from harness.errors import UsageError
from harness.plugins import all_kinds, find_kind
from harness.runtime.project_folder import project_folder
from harness.services.spelling import heading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.checks.api import Check
    from harness.evidence import EvidenceKind
    from harness.services.system import System


@dataclass(frozen=True, slots=True)
class SystemClock:
    """This machine's time."""

    def now(self) -> str:
        """The time of day, ISO 8601, UTC, to the millisecond."""
        return datetime.now(UTC).isoformat(timespec="milliseconds")

    def seconds(self) -> float:
        """A monotonic time in seconds."""
        return time.monotonic()


def bench(settings: CheckSettings, root: Path, run: str = "") -> RunContext:
    """What tasks are run with, before anything is started."""
    from harness.runtime.recorder import HttpRecorder
    from harness.runtime.states import provider_states

    return RunContext(
        checks=checks(),
        recorder=HttpRecorder(),
        clock=SystemClock(),
        settings=settings,
        states=partial(provider_states, root=root),
        logs=_logs(root, run),
    )


def _logs(root: Path, run: str) -> ServiceLogs:
    """Where a run's logs are kept, if it is one that has a name."""
    folder = project_folder(root, os.environ) / "logs" / run
    shown_as = shown_path(folder)
    return ServiceLogs(folder=folder, shown_folder=shown_as) if run else ServiceLogs()


def shown_path(folder: Path) -> str:
    """A path as people write it: from where they stand, if it is below."""
    from pathlib import Path

    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


class _Checks(Mapping["EvidenceKind", "Check"]):
    """Every kind of check that there is, each loaded when one runs: where nothing runs, nothing is."""

    def __getitem__(self, kind: EvidenceKind) -> Check:
        return _check(kind)

    def __iter__(self) -> Iterator[EvidenceKind]:
        return (each.key for each in all_kinds().values())

    def __len__(self) -> int:
        return len(all_kinds())


@cache
def _check(kind: EvidenceKind) -> Check:
    found = find_kind(kind)
    if found is None:
        raise KeyError(kind)
    return found.check()


def checks() -> Mapping[EvidenceKind, Check]:
    """Every kind of check that there is."""
    return _Checks()


def new_run() -> str:
    """A name for a run: when, and something of its own."""
    import secrets

    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


@contextmanager
def scratch(run: str) -> Iterator[Path]:
    """A folder for a run's temporary files; a killed run's is swept with everything else of it."""
    from harness.runtime.sweeping import run_folder

    with run_folder(run) as folder:
        yield folder


def _first_service(described: System) -> str:
    """What makes a first service: of a resource that is there, else of what is found."""
    if not described.resources:
        return "write [services.NAME], or let `harness init` write what it finds"
    names = ", ".join(each.name for each in described.resources)
    return f"{names} are resources; write {heading(described.resources[0].name)} to make a service of one"


@contextmanager
def prepare_run(options: Options) -> Iterator[Run]:
    """A run with its adapters open; leaving the context closes them and removes its scratch files."""
    from harness.checkout import detect, version
    from harness.runtime.choice import choose
    from harness.runtime.sweeping import state_folder

    described = composition.system(options.manifest)
    if not described.services:
        raise UsageError(
            "the manifest describes no service, so there is nothing to run",
            where=str(described.root),
            hint=_first_service(described),
        )
    options = replace(options, services=described.pacticipants(options.services))
    checkout = detect(described.root, os.environ)
    check_claim(options.built_from, checkout)
    from_git = version(checkout)
    runtime, note = choose(
        options.runtime, described.root, os.environ, content.apart(described), fresh=options.fresh
    )
    runtime.sweep()
    run = new_run()
    with composition.ledger_at(options.broker or described.broker, described) as ledger, scratch(run) as folder:
        described = with_remembered(described, options.services, from_git, ledger, runtime.name)
        described = described.with_versions(requested_numbers(described, options.services, from_git))
        described = noting_reads(described)
        settings = CheckSettings(
            seed=described.seed,
            jobs=options.jobs,
            scratch=folder,
            kept=state_folder(os.environ) / "kept",
            options=options.again(),
        )
        yield Run(
            options=options,
            system=described,
            runtime=runtime,
            note=note,
            ledger=ledger,
            checkout=checkout,
            from_git=from_git,
            run=run,
            bench=bench(settings, described.root, run),
        )


@contextmanager
def verification(manifest: Path | None, runtime: str) -> Iterator[SystemVerification]:
    """The checks of a manifest; leaving the context stops whatever was started."""
    with prepare_run(Options(manifest=manifest, runtime=runtime)) as run, ExitStack() as stack:
        yield SystemVerification(run=run, stack=stack)
