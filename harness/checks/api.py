"""What a check is given, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.cancellation import CancelToken
from harness.contracts.openapi import OpenApi
from harness.contracts.pact import Pact
from harness.identity import Version
from harness.ports import Instance, ProviderStates, Recorder
from harness.services.system import Service, Suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.evidence import EvidenceKind
    from harness.verdicts import Exercised, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What the person chose for this run; all of it that can change a verdict is part of the run identity."""

    seed: int = 20
    jobs: int = 2
    scratch: Path  # a folder for temporary files; removed with the run
    kept: Path | None = None  # a folder for what is costly to compute and the same for every run
    command: str = "harness"  # how replay commands start
    options: tuple[str, ...] = ()  # what the person chose that a replay must choose too: --runtime, --manifest
    ending: CancelToken = field(
        default_factory=CancelToken, repr=False, compare=False
    )  # stops child processes early


class Logs(Protocol):
    """What the services of a run write."""

    def positions(self) -> Mapping[str, float]:
        """Where every log stands now."""

    def between(self, begin: Mapping[str, float], end: Mapping[str, float] | None = None) -> tuple[str, ...]:
        """The last lines of all services that were written meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTarget:
    """One running provider, and what is to be checked of it."""

    service: Service
    instance: Instance
    running: Mapping[str, Instance] = field(default_factory=dict)  # the whole system, by name
    consumer: Version | None = None  # whose pact it is
    pact: Pact | None = None
    document: OpenApi | None = None
    suite: Suite | None = None
    table: Mapping[str, str | int | bool | tuple[str, ...]] = field(default_factory=dict)
    """What the manifest says for this kind of check, where a plug-in brings it."""
    states: ProviderStates | None = None
    recorder: Recorder
    settings: CheckSettings
    runs: Callable[[], bool] = lambda: False  # whether the harness sees it run, whatever it answers
    listening: Callable[[], tuple[str, ...]] = tuple  # where it accepts connections, as seen from inside
    logs: Logs | None = None


class Check(Protocol):
    """One kind of check. It prints nothing and catches nothing that it does not understand."""

    @property
    def kind(self) -> EvidenceKind:
        """Which evidence it makes."""

    def run(self, target: CheckTarget) -> Iterator[Exercised | Finding]:
        """Try every promise; closing the iterator stops whatever it started."""
