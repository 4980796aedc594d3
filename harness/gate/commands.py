"""The commands that resolve a reason, as they can be pasted into a shell, whatever a version is called."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from harness.gate.placing import UNNAMED, Instances, arguments
from harness.identity import argument_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.evidence import Live
    from harness.identity import Version


def verify(provider: Version, consumer: Version) -> str:
    """Run one missing verification, or see again what it found."""
    return _shell("verify", [provider.argument], "--against", consumer.argument)


PLAN_OF_A_RUN = "harness run --plan"  # says what would be checked, and where nothing would, why


def run(subject: str = "", only: str = "") -> str:
    """Run the checks of one service, or of all."""
    return _shell("run", [subject] if subject else [], *(["--only", only] if only else []))


def first_known(version: Version) -> str:
    """What makes a version known: its contracts are published, or, where it promises nothing itself, it ran."""
    return f"publish it first: {publish(version)}; or run it: {run(version.argument)}"


def up(service: str) -> str:
    """Start one service and see what it says."""
    return _shell("up", [argument_of(service)])


def publish(version: Version) -> str:
    """Publish the contracts of a version, in its checkout; of no other pacticipant that is there."""
    number = ("--version", version.number) if version.number else ()
    return _shell("publish", [], "--pacticipant", version.pacticipant, *number)


def record_deployment(version: Version, environment: str) -> str:
    """Say that a version runs somewhere."""
    return _shell("record-deployment", [version.argument], "--environment", environment)


def record_end(live: Live) -> str:
    """Say that something is not there any more."""
    place = "--environment", live.environment
    if live.released:
        return _shell("record-support-ended", [live.version.argument], *place)
    on = ("--instance", live.instance) if live.instance else ()
    return _shell("record-undeployment", [argument_of(live.version.pacticipant)], *place, *on)


def can_i_deploy(versions: Iterable[Version], environment: str, instances: Instances = UNNAMED) -> str:
    """Ask the gate about a set, each of it on its instances."""
    return _shell("can-i-deploy", tuple(arguments(versions, instances)), "--to", environment)


def plan(versions: Iterable[Version], environment: str, instances: Instances = UNNAMED) -> str:
    """Ask for an order."""
    return _shell("plan", tuple(arguments(versions, instances)), "--to", environment)


def rollback(services: Iterable[str], environment: str, bound: int) -> str:
    """Search for a way back with another bound."""
    return _shell("rollback", tuple(services), "--in", environment, "--bound", str(bound))


ASK_A_MEMORY = frozenset(  # the commands that take --broker and --manifest, as far as they are told
    {
        "can-i-deploy",
        "plan",
        "publish",
        "record-support-ended",
        "record-undeployment",
        "rollback",
        "run",
        "verify",
    }
)


def with_options(command: str, options: Sequence[str]) -> str:
    """The command, with the options that name the memory on which it is to work; one that asks none stays."""
    words = shlex.split(command)
    if not options or words[:1] != ["harness"] or not ASK_A_MEMORY.intersection(words[1:2]):
        return command
    end = words.index("--") if "--" in words else len(words)
    return shlex.join((*words[:end], *options, *words[end:]))


def _shell(command: str, names: Sequence[str], *options: str) -> str:
    """`harness COMMAND NAME… OPTION…`; a name that begins with a dash stands behind `--`."""
    if any(name.startswith("-") for name in names):
        return shlex.join(("harness", command, *options, "--", *names))
    return shlex.join(("harness", command, *names, *options))
