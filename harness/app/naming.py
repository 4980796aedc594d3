"""Which version number a run records for each pacticipant; a number never stands for two contents.

The manifest's number, else git's (`SHA`, or `SHA+dirty.HASH`), else one made of the content. Where the ledger
already knows that number with other contracts, the run records `NUMBER+changed.HASH`; another build of the same
number stands beside the first, and what either broke counts (docs/decisions/0002-changed-versions.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.contracts.openapi import OpenApi
from harness.contracts.pact import Pact
from harness.errors import IdentityConflict, Problem, UsageError
from harness.evidence import Known
from harness.identity import CHANGED, Version, digest
from harness.runtime import redaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.checkout import Checkout
    from harness.ports import Ledger
    from harness.services.system import Service, System

_SHORTEST = 7  # characters by which a commit may be named
UNREAD = "unread"  # stands for a document that only the running service can tell


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMaterial:
    """What the pacticipants of a run are made of."""

    artifacts: Mapping[str, str]  # service name to artifact; "" cannot be known
    pacts: Sequence[Pact]
    documents: Mapping[str, OpenApi]
    untraced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # service name to files no commit holds
    unread: tuple[Problem, ...] = ()  # what of the pacts cannot be read


def base_number(declared: str, from_git: str) -> str:
    """The number before the ledger has been asked; "" when only the content can name it."""
    return declared or from_git


def check_claim(built_from: str, checkout: Checkout) -> None:
    """What is here can only have been built from the commit that is here. Raises UsageError for any other."""
    if not built_from or (len(built_from) >= _SHORTEST and checkout.commit.startswith(built_from.lower())):
        return
    here = f"what is here is commit {checkout.commit[:12]}" if checkout.commit else "git knows no commit here"
    raise UsageError(
        f"--built-from {built_from}: {here}",
        hint="check out the commit from which it was built, or give the service a 'version' of its own",
    )


def describe(system: System, content: RunMaterial, checkout: Checkout, from_git: str) -> dict[str, Known]:
    """Every pacticipant of the system and of its pacts, under the number that it claims."""
    services = {service.name: service for service in system.services}
    names = dict.fromkeys([*services, *(pact.consumer for pact in content.pacts)])
    result = {}
    for name in names:
        service = services.get(name)
        pacts = {pact.provider: pact.key for pact in content.pacts if pact.consumer == name}
        artifact = content.artifacts.get(name, "")
        document = content.documents.get(name)
        number = base_number(service.version if service else "", from_git)
        result[name] = Known(
            version=Version(name, number or f"{_CONTENT}{_content_key(artifact, pacts)}"),
            artifacts=frozenset([artifact] if artifact else []),
            untraced=content.untraced.get(name, ()),
            pacts=pacts,
            openapi=document.key if document else UNREAD if service and service.openapi else "",
            branch=checkout.branch,
            commit=checkout.commit,
            build_url=checkout.build_url,
        )
    return result


def _content_key(artifact: str, pacts: Mapping[str, str]) -> str:
    return digest(artifact, *(f"{provider}:{key}" for provider, key in sorted(pacts.items())))[:12]


def requested_numbers(system: System, services: Mapping[str, str], from_git: str) -> dict[str, str]:
    """The numbers under which the manifest knows the versions that were asked for.

    A number that a run made itself (`SHA`, `1+changed.HASH`, `content.HASH`) means the working tree.
    """
    chosen = {}
    for name, number in services.items():
        service = system.service(name)
        base = number.partition(CHANGED)[0]
        here = base == service.version or (not service.version and (base == from_git or base.startswith(_CONTENT)))
        if number and number not in numbers(service) and here:
            chosen[name] = service.version
        elif number:
            chosen[name] = number
    return chosen


_CONTENT = "content."


def numbers(service: Service) -> tuple[str, ...]:
    """The version numbers that the manifest itself says."""
    return tuple(each.version for each in (service, *service.variants) if each.version)


def descriptors(system: System) -> dict[str, dict[str, Any]]:
    """With what each version can be started again; secrets must be given again."""
    return {
        service.name: {
            "image": service.image,
            "build": {
                "context": str(service.build.context),
                "dockerfile": str(service.build.dockerfile),
                "args": dict(service.build.args),
                "target": service.build.target,
                "inline": service.build.inline,
                "platform": service.build.platform,
            }
            if service.build
            else None,
            "command": list(service.command),
            "container_command": list(service.container_command),
            "container": redaction.settings(service.container),
            "directory": str(service.directory),
            "endpoints": dict(service.endpoints),
            "environment": redaction.pairs(service.environment),
            "needs": list(service.needs),
        }
        for service in system.services
        if service.startable
    }


def settle(
    known: Mapping[str, Known],
    before: Mapping[Version, Known],
    ledger: Ledger,
    runtime: str,
    descriptors: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Known], dict[str, str]]:
    """The same pacticipants under numbers that lie about nothing, each recorded; and which were built anew."""
    settled = {name: _truthful(each, before) for name, each in known.items()}
    rebuilt = {
        name: told
        for name, each in settled.items()
        if (told := _record(each, ledger, runtime, descriptors.get(name)))
    }
    return settled, rebuilt


def _truthful(known: Known, before: Mapping[Version, Known]) -> Known:
    return _rename_version(known) if _contradicts(known, before.get(known.version)) else known


def _record(known: Known, ledger: Ledger, runtime: str, descriptor: Mapping[str, Any] | None) -> str:
    """Record a version; where its number stands for one more build than before, that is told."""
    told = _without_contracts(known)
    try:
        ledger.record_version(told, runtime=runtime, descriptor=descriptor)
    except IdentityConflict as conflict:
        ledger.record_version(told, runtime=runtime, descriptor=descriptor, another_build=True)
        return (
            f"{conflict.problems[0].text}. What either breaks is broken for whoever asks about that version; "
            "another number tells them apart"
        )
    return ""


def _contradicts(known: Known, recorded: Known | None) -> bool:
    """Whether that number already stands for other contracts."""
    if recorded is None:
        return False
    other_pact = any(recorded.pacts.get(provider, key) != key for provider, key in known.pacts.items())
    document = known.openapi not in ("", UNREAD) and recorded.openapi not in ("", known.openapi)
    return other_pact or document


def _rename_version(known: Known) -> Known:
    document = "" if known.openapi == UNREAD else known.openapi
    key = digest(_content_key("", known.pacts), document)[:8]
    number = f"{known.version.number}{CHANGED}{key}"
    return replace(known, version=Version(known.version.pacticipant, number))


def _without_contracts(known: Known) -> Known:
    """Contracts are published, not declared."""
    return replace(known, pacts={}, openapi="")


def by_version(known: Iterable[Known]) -> dict[Version, Known]:
    """What the gate wants to know of them."""
    return {each.version: each for each in known}
