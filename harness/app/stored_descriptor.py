"""Versions that the manifest does not say how to start, and the ledger does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.app.naming import numbers, requested_numbers
from harness.identity import Version
from harness.runtime.redaction import HIDDEN
from harness.services.system import ContainerSettings, ImageBuild, Service, System

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.ports import Ledger


def with_remembered(
    system: System, services: Mapping[str, str], from_git: str, ledger: Ledger, runtime: str
) -> System:
    """The system with those asked-for versions that only the ledger can describe, as further variants."""
    told = []
    for name, number in requested_numbers(system, services, from_git).items():
        service = system.service(name)
        if number in ("", *numbers(service)) or "{version}" in service.image:
            continue
        descriptor = ledger.descriptor(Version(name, number), runtime)
        if descriptor is not None:
            variant = _variant(service, number, descriptor)
            told.append(replace(service, variants=(*service.variants, variant)))
    return system.replaced(told)


def can_start(system: System, version: Version, from_git: str, ledger: Ledger) -> bool:
    """Whether that version can be started here: the manifest knows it, it is checked out, or it ran here once."""
    service = system.service(version.pacticipant)
    ((_, number),) = requested_numbers(system, {service.name: version.number}, from_git).items()
    if number in ("", service.version, *numbers(service)) or "{version}" in service.image:
        return True
    if not service.version and not from_git:
        return True  # its content names it, and nobody has built that yet
    return any(ledger.descriptor(version, runtime) is not None for runtime in ("docker", "process"))


def _variant(service: Service, number: str, told: Mapping[str, Any]) -> Service:
    """The service as it was started once; secrets, states and checks are the manifest's."""
    return replace(
        service,
        version=number,
        image=told.get("image") or "",
        build=_build(told["build"], service) if told.get("build") else None,
        command=tuple(told.get("command", service.command)),
        container_command=tuple(told.get("container_command", service.container_command)),
        container=_container(told.get("container"), service.container),
        directory=Path(told["directory"]) if told.get("directory") else service.directory,
        endpoints=tuple(told.get("endpoints", dict(service.endpoints)).items()),
        environment=_environment(told.get("environment", {}), dict(service.environment)),
        needs=tuple(told.get("needs", service.needs)),
        variants=(),
    )


def _build(told: Mapping[str, Any], service: Service) -> ImageBuild:
    context = Path(told["context"])
    beside = service.build.dockerfile if service.build else context / "Dockerfile"
    return ImageBuild(
        context=context,
        dockerfile=Path(told.get("dockerfile") or beside),
        args=tuple(told.get("args", {}).items()),
        target=told.get("target", ""),
        inline=told.get("inline", ""),
        platform=told.get("platform", ""),
    )


def _container(told: Mapping[str, Any] | None, here: ContainerSettings) -> ContainerSettings:
    """As it was told; a file whose text was hidden has the text that the manifest says now."""
    from pydantic import TypeAdapter

    if told is None:
        return here
    texts = {mount.target: mount.text for mount in here.mounts}
    settings = TypeAdapter(ContainerSettings).validate_python(told)
    mounts = (replace(m, text=texts.get(m.target, "")) if HIDDEN in m.text else m for m in settings.mounts)
    return replace(settings, mounts=tuple(mounts))


def _environment(told: Mapping[str, str], here: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """As it was told; what was hidden for being secret is what the manifest says now."""
    return tuple((name, here.get(name, "") if HIDDEN in value else value) for name, value in told.items())
