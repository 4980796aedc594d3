"""What resolves an answer that is no yes, where it is read: a command that can be run there, or who can.

The gate knows what would resolve a reason, but not where it is read. A command that starts a provider is of use
only where the manifest says how; one that publishes, only where the contracts are.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.gate import commands
from harness.services.spelling import heading
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from harness.services.system import Service, System

# What must be done first, where the command alone would only say the same again.
BEFORE = {
    Cause.UNREADABLE: "mend the document at that place, then",
    Cause.STATE_MISSING: "add the state to the provider, or correct its name in the consumer's test, then",
    Cause.STATE_FAILED: "mend what sets the state up, then",
    Cause.NOT_ASKED: "mend the pact at that place, or what stands between, then",
}
_TWO_BUILDS = "commit what is here, or raise its version, so that a number stands for one build, then"
NO_COMMAND = {
    Cause.KIND_NOT_CHECKED: "no check here tries interactions of this kind: verify them with the provider's own "
    "Pact library, and publish the result to this broker",
}


def instead(cause: Cause, command: str) -> str:
    """What resolves a promise of that cause: the command, or the words for what no command does."""
    return NO_COMMAND.get(cause) or command


def first(cause: Cause) -> str:
    """What must be done before a command can come to something else; "" when nothing must."""
    return BEFORE.get(cause, "").removesuffix(", then")


def here(reason: Reason, system: System | None) -> Reason:
    """The reason with what resolves it where this system's manifest is; None where there is no manifest at all."""
    if reason.verdict is Verdict.PASSED or reason.cause is None:
        return reason
    if words := NO_COMMAND.get(reason.cause):
        return replace(reason, command="", before=words)
    placed = _resolve_here(reason, system)
    before = _TWO_BUILDS if _of_two_builds(reason) else BEFORE.get(reason.cause)
    return replace(placed, before=f"{placed.before} {before}".strip()) if before else placed


def _of_two_builds(reason: Reason) -> bool:
    """Whether two builds of a version disagree; a remote broker that says no to a yes disagrees as well."""
    return reason.cause is Cause.DISAGREEING and bool(reason.contract)


def _resolve_here(reason: Reason, system: System | None) -> Reason:
    words = shlex.split(reason.command)[:2]
    if words == ["harness", "publish"] and reason.consumer:
        return _published_by(reason, reason.consumer.pacticipant, system)
    if reason.cause is Cause.NOTHING_DEPLOYED and reason.missing and words == ["harness", "run"]:
        return _brought_by(reason, system)
    if words in (["harness", "verify"], ["harness", "run"]) and reason.provider:
        return _started_by(reason, reason.provider.pacticipant, system)
    return reason


def _started_by(reason: Reason, name: str, system: System | None) -> Reason:
    """What starts a provider can be run where the manifest says how to start it."""
    service = _service(name, system)
    if service is None:
        return replace(reason, before=f"in a checkout whose manifest has {heading(name)}:")
    if not service.startable:
        return replace(reason, before=f"give {heading(service.called)} an image, build, command or url, then")
    return reason


def _published_by(reason: Reason, name: str, system: System | None) -> Reason:
    service = _service(name, system)
    if service is None:
        return replace(reason, before=f"in a checkout of {name}:")
    if service.startable and service.tells_document:
        # Only the running service tells its document: publishing finds nothing, a run asks it.
        return replace(reason, command=commands.run(name))
    return reason


def _brought_by(reason: Reason, system: System | None) -> Reason:
    """A provider that is missing: run here where it can be started here, else somebody else has to verify."""
    if system is None:  # nothing is known of what can be done there
        return _started_by(reason, reason.missing, system)
    service = _service(reason.missing, system)
    if (service is not None and service.startable) or reason.consumer is None:
        return reason
    told = f"{reason.text}; it is not started here: what is published has to be verified in a checkout of it"
    return replace(reason, text=told, command=commands.publish(reason.consumer))


def _service(name: str, system: System | None) -> Service | None:
    services = system.services if system else ()
    return next((service for service in services if service.name == name), None)
