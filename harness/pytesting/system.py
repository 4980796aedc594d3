"""The fixture `system`: where the services run, whoever started them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.checks.engines.pytest_system import read_system
from harness.errors import HarnessError, UnknownName, did_you_mean
from harness.ports import Instance
from harness.pytesting import system_server
from harness.pytesting.consumer import NOTEBOOK
from harness.services.proxies import asking_directly, hosts_of

if TYPE_CHECKING:
    from collections.abc import Iterator


VARIABLE = "HARNESS_SYSTEM"  # names a file with the addresses of a system that runs already


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """The running services and resources, by name."""

    instances: Mapping[str, Instance]

    @property
    def names(self) -> tuple[str, ...]:
        """What runs."""
        return tuple(self.instances)

    def url(self, name: str, endpoint: str = "") -> str:
        """The address of a service as the tests reach it; without an endpoint the main one."""
        if name not in self.instances:
            raise UnknownName(f"no service '{name}' runs", hint=did_you_mean(name, self.instances))
        endpoints = {each.name: each.url for each in self.instances[name].endpoints}
        if endpoint and endpoint not in endpoints:
            raise UnknownName(f"{name} has no endpoint '{endpoint}'", hint=did_you_mean(endpoint, endpoints))
        return endpoints[endpoint] if endpoint else self.instances[name].url

    def __getitem__(self, name: str) -> str:
        return self.url(name)

    def __contains__(self, name: object) -> bool:
        return name in self.instances


def running(config: pytest.Config) -> Iterator[RunningSystem]:
    """The system that `harness run` started, else one of this session's own, shared by all workers of xdist.

    One's own is started by the first test that asks, in a process of its own, and stopped at the session's end.
    """
    try:
        instances = read_system(_addresses(config))
        with asking_directly(hosts_of(e.url for each in instances.values() for e in each.endpoints)):
            yield RunningSystem(instances)
    except HarnessError as error:
        pytest.fail(str(error), pytrace=False)


def _addresses(config: pytest.Config) -> Path:
    if given := os.environ.get(VARIABLE):
        return Path(given)
    from filelock import FileLock

    folder = config.stash[NOTEBOOK].folder
    with FileLock(folder / "system.lock"):
        if not (folder / system_server.WISH).exists():
            session = getattr(config, "workerinput", {}).get("harness_session", os.getpid())
            manifest = config.getoption("--harness-manifest") or _nearest(config)
            system_server.start(folder, manifest, config.getoption("--harness-runtime"), session)
        return system_server.wait(folder)


def _nearest(config: pytest.Config) -> str:
    from harness.services.manifest.file import find

    return str(find(config.rootpath))
