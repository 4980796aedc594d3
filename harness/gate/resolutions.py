"""What resolves an answer that is no yes, where it is read: a command that can be run there, or who can.

The gate knows what would resolve a reason, but not where it is read. A command that starts a provider is of use
only where the manifest says how; one that publishes, only where the contracts are.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.evidence import EvidenceKind, Subject
from harness.gate import commands
from harness.identity import Version
from harness.services.spelling import heading
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from harness.services.system import Service, System

# What must be done first, where the command alone would only say the same again.
BEFORE = {
    Cause.UNREADABLE: "mend the document at that place, then",
    Cause.PLUGIN_MISSING: "install the plug-in that brings this kind of evidence, then",
    Cause.STATE_MISSING: "add the state to the provider, or correct its name in the consumer's test, then",
    Cause.STATE_FAILED: "mend what sets the state up, then",
    Cause.NOT_ASKED: "mend the pact at that place, or what stands between, then",
    Cause.SERVICE_DIED: "see the end of its log below .harness/logs, and mend what ended it, then",
    Cause.TOOL_CRASHED: "see what harness doctor says of the tool, then",
    Cause.TIME_RAN_OUT: "raise budget.seconds of the service, or timeout of the suite, in the manifest, then",
    Cause.NOTHING_EXERCISED: "give it something to try (what was empty or skipped is told), then",
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


def _anything(version: Version) -> bool:
    del version
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOut:
    """What is checked out where an answer is read, and how whoever asked named the memory."""

    number: str = ""  # that git gives what the manifest gives none; "" where nobody knows
    can_start: Callable[[Version], bool] = _anything  # also what ran here before
    options: tuple[str, ...] = ()  # `--broker URL`, `--manifest PATH`


IN_A_RUN = CheckedOut()  # a run speaks of what is here, whatever number it gave it


def here(reason: Reason, system: System | None, checked_out: CheckedOut = IN_A_RUN) -> Reason:
    """The reason with what resolves it where this system's manifest is; None where there is no manifest at all."""
    if reason.verdict is Verdict.PASSED or reason.cause is None:
        return reason
    if words := NO_COMMAND.get(reason.cause):
        return replace(reason, command="", before=words)
    placed = _resolve_here(reason, system, checked_out)
    command = commands.with_options(placed.command, checked_out.options)
    return replace(placed, command=command, before=f"{placed.before} {_first(reason)}".strip())


def over_http(reason: Reason, broker: str) -> Reason:
    """The reason with what resolves it for whoever reads it at a broker: in a checkout, with this broker."""
    return here(reason, None, CheckedOut(options=("--broker", broker)))


def _first(reason: Reason) -> str:
    """What must be done before the command of a reason; "" where it says something new by itself."""
    verifies = reason.command.startswith(("harness verify ", "harness run "))
    if reason.cause is Cause.DID_NOT_START and reason.provider and verifies:
        return f"mend what {commands.up(reason.provider.pacticipant)} tells, then"
    if reason.cause is Cause.NOTHING_EXERCISED and reason.command == commands.PLAN_OF_A_RUN:
        return ""
    if _of_two_builds(reason):
        return _TWO_BUILDS
    return BEFORE.get(reason.cause, "") if reason.cause else ""


def _of_two_builds(reason: Reason) -> bool:
    """Whether two builds of a version disagree; a remote broker that says no to a yes disagrees as well."""
    return reason.cause is Cause.DISAGREEING and bool(reason.contract)


def _resolve_here(reason: Reason, system: System | None, checked_out: CheckedOut) -> Reason:
    words = shlex.split(reason.command)
    if words[:2] == ["harness", "publish"] and reason.consumer:
        return _published_by(reason, reason.consumer, system, checked_out)
    if words[:2] not in (["harness", "verify"], ["harness", "run"]):
        return reason
    version = Version(reason.missing, "") if reason.missing else reason.provider
    if version is None:
        return reason
    kind = words[words.index("--only") + 1] if "--only" in words else ""
    return replace(reason, before=_what_lacks(version, kind, system, checked_out))


def _what_lacks(version: Version, kind: str, system: System | None, checked_out: CheckedOut) -> str:
    """What must be there before that version can be checked here; "" where all of it is."""
    service = _service(version.pacticipant, system)
    if system is None or service is None:
        return f"in a checkout whose manifest has {heading(version.pacticipant)}:"
    if lacking := _what_the_manifest_lacks(EvidenceKind(kind) if kind else None, service, system):
        return f"give {lacking}, then"
    return "" if not version.number or checked_out.can_start(version) else f"in a checkout of {version}:"


def _what_the_manifest_lacks(kind: EvidenceKind | None, service: Service, system: System) -> str:
    subject = kind.subject if kind else None
    suite = {Subject.WRITERS: system.consumer_suite, Subject.SYSTEM: system.integration_suite}
    if kind and subject in suite and not suite[subject]:
        return f"the manifest a [suites.{kind.removesuffix('s')}]"
    if not service.startable and subject is not Subject.WRITERS:  # their suite needs none of them
        return f"{heading(service.called)} an image, build, command or url"
    if subject is Subject.DOCUMENT and not service.openapi:
        return f"{heading(service.called)} its openapi"
    if kind and subject is Subject.SERVICE and service.table_of(kind) is None:
        return f"{heading(service.called)} a table checks.{kind}"
    return ""


def _published_by(reason: Reason, version: Version, system: System | None, checked_out: CheckedOut) -> Reason:
    service = _service(version.pacticipant, system)
    number = (service.version if service else "") or checked_out.number
    if service is None or (number and version.asked.number != number):
        return replace(reason, before=f"in a checkout of {version}:")
    if service.startable and service.tells_document:
        # Only the running service tells its document: publishing finds nothing, a run asks it.
        return replace(reason, command=commands.run(Version(version.pacticipant, "").argument))
    return reason


def _service(name: str, system: System | None) -> Service | None:
    services = system.services if system else ()
    return next((service for service in services if service.name == name), None)
