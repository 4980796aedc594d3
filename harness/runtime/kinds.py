"""The runtimes that are built in: when each can serve, and how it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.ports import RuntimeKind
from harness.runtime import engine_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.ports import Runtime, Workspace


def contract_harness_runtimes() -> Iterable[RuntimeKind]:
    """Containers, and local processes where there is no engine for those."""
    return (
        RuntimeKind(
            key="docker",
            make=_containers,
            why_not=_no_engine,
            remedy="start Docker, or use --runtime process",
            automatic=True,
            required="HARNESS_REQUIRE_DOCKER",
        ),
        RuntimeKind(key="process", make=_processes, automatic=True, instead="running services as local processes"),
    )


def _no_engine(environ: Mapping[str, str]) -> str:
    why_not = engine_address.ask(environ).why_not
    return f"no Docker engine answers ({why_not})" if why_not else ""


def _containers(here: Workspace) -> Runtime:
    from harness.runtime.containers import ContainerRuntime

    return ContainerRuntime(here.root, here.environ, here.apart, here.fresh)


def _processes(here: Workspace) -> Runtime:
    from harness.runtime.processes import ProcessRuntime

    return ProcessRuntime(here.root, here.environ, here.apart, here.fresh)
