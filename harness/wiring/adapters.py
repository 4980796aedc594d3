"""The adapters that a run works with, chosen once."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.contracts.document import ContractKind
from harness.engine.run import Bench
from harness.engine.service_logs import ServiceLogs
from harness.errors import ContractError
from harness.evidence import EvidenceKind
from harness.runtime.project_folder import project_folder
from harness.services.spelling import heading
from harness.wiring.content import shown
from harness.wiring.kept_documents import keeping_reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.checks.api import Check, Settings
    from harness.contracts.openapi import OpenApi
    from harness.ports import Instance, Ledger
    from harness.services.system import Service, System


@dataclass(frozen=True, slots=True)
class SystemClock:
    """This machine's time."""

    def now(self) -> str:
        """The time of day, ISO 8601, UTC, to the millisecond."""
        return datetime.now(UTC).isoformat(timespec="milliseconds")

    def seconds(self) -> float:
        """A monotonic time in seconds."""
        return time.monotonic()


def bench(settings: Settings, root: Path, run: str = "") -> Bench:
    """What tasks are run with, before anything is started."""
    from harness.runtime.recorder import HttpRecorder
    from harness.runtime.states import provider_states

    return Bench(
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
        return iter(EvidenceKind)

    def __len__(self) -> int:
        return len(EvidenceKind)


@cache
def _check(kind: EvidenceKind) -> Check:
    if kind is EvidenceKind.PACTS:
        from harness.checks.pact_provider import PactProvider

        return PactProvider()
    if kind is EvidenceKind.PROPERTIES:
        from harness.checks.openapi_properties import OpenApiProperties

        return OpenApiProperties()
    from harness.checks.suites import SuiteCheck

    return SuiteCheck(kind)


def checks() -> Mapping[EvidenceKind, Check]:
    """Every kind of check that there is."""
    return _Checks()


def known_documents(system: System, artifacts: Mapping[str, str], ledger: Ledger) -> dict[str, OpenApi]:
    """The OpenAPI documents that are files, and those that the same artifact has told before."""
    documents = {}
    for service in system.services:
        if not service.openapi:
            continue
        document = _from_file(system, service) or _remembered(service, artifacts.get(service.name, ""), ledger)
        if document is not None:
            documents[service.name] = document
    return documents


def _from_file(system: System, service: Service) -> OpenApi | None:
    from pathlib import Path

    from harness.contracts.openapi_reader import read_openapi

    path = Path(service.openapi)
    if not path.is_file():
        return None
    document = read_openapi(path.read_bytes(), service.name, str(path), keeping_reader(os.environ))
    return replace(document, place=shown(system, str(path)))


def _remembered(service: Service, artifact: str, ledger: Ledger) -> OpenApi | None:
    from harness.contracts.openapi_reader import read_openapi

    if not artifact:
        return None
    for known in ledger.facts().versions.values():
        if known.version.pacticipant == service.name and artifact in known.artifacts and known.openapi:
            contract = ledger.contract(known.openapi)
            if contract is not None and contract.kind is ContractKind.OPENAPI:
                return read_openapi(contract.text, service.name, contract.place)
    return None


def read_document(service: Service, instance: Instance) -> OpenApi:
    """The OpenAPI document that the running service tells of itself."""
    import httpx

    from harness.contracts.openapi_reader import read_openapi

    url = instance.url.rstrip("/") + service.openapi
    try:
        trust = service.trust.context(urlsplit(url).hostname or "")
        response = httpx.get(url, timeout=10, follow_redirects=True, trust_env=False, verify=trust)
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise ContractError(
            f"the OpenAPI document of {service.name} cannot be fetched: {error}",
            where=url,
            hint=f"openapi = in {heading(service.called)} is a path on the running service, or a file",
        ) from error
    return read_openapi(response.content, service.name, service.openapi, keeping_reader(os.environ))


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
