"""What cannot be run as a local process, in words that lead on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import ServiceDidNotStart
from harness.runtime import engine_address
from harness.services.spelling import heading
from harness.services.system import Resource, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.ports import Unit


def command_of(unit: Unit, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Its command. Raises ServiceDidNotStart when it has none."""
    if unit.command:
        return unit.command
    section = heading(unit.called) if isinstance(unit, Service) else f"[resources.{unit.name}]"
    raise ServiceDidNotStart(
        unit.name,
        f"it has no command to run it as a local process; give {section} a 'command', "
        f"or run with --runtime docker",
        resolve=_in_containers(environ) if unit.image or unit.build else "",
    )


def refuse_containers(resource: Resource, environ: Mapping[str, str]) -> None:
    """Raises ServiceDidNotStart for what only an engine can run."""
    if not resource.kind.postgres:
        raise ServiceDidNotStart(
            resource.name,
            f"a resource of kind '{resource.kind.key}' needs Docker; run with --runtime docker, "
            "or use a 'postgres' resource, which needs none",
            resolve=_in_containers(environ),
        )


def _in_containers(environ: Mapping[str, str]) -> str:
    """What leads to containers: a run in them, or what says why there is no engine and how to mend that."""
    return "harness doctor" if engine_address.ask(environ).why_not else "harness run --runtime docker"
