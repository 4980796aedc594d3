"""Versions as people type them: of a commit's SHA a few digits are enough."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness import composition
from harness.cli import words
from harness.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.gate import Instances
    from harness.identity import Version
    from harness.ports import Ledger

_DIGITS = re.compile(r"[0-9a-f]{4,39}")  # fewer are a number, more are the whole


def as_typed(arguments: Sequence[str], manifest: Path | None, broker: str | None) -> list[Version]:
    """`orders=3f8a1c2` and the like as versions; the ledger is asked only where digits may be cut short."""
    given = [words.version(argument) for argument in arguments]
    if not any(_DIGITS.fullmatch(version.number) for version in given):
        return given
    with composition.memory(manifest, broker) as ledger:
        return [in_full(version, ledger) for version in given]


def placed_versions(
    arguments: Sequence[str], manifest: Path | None, broker: str | None
) -> tuple[list[Version], Instances]:
    """`orders=1.4`, or `orders@blue=1.4` for one application instance: the versions, and where they go."""
    given = [words.placed_version(argument) for argument in arguments]
    typed = as_typed([version.argument for version, _ in given], manifest, broker)
    named: dict[Version, list[str]] = {}
    for version, (_, instance) in zip(typed, given, strict=True):
        named.setdefault(version, []).append(instance)
    # Who names no instance at all leaves it to the command where that is.
    instances = {version: tuple(found) for version, found in named.items() if any(found)}
    return list(dict.fromkeys(typed)) if instances else typed, instances


def in_full(version: Version, ledger: Ledger) -> Version:
    """The known version whose number begins so; one that is known as it stands, or not at all, is returned.

    Raises UnknownName when several begin so.
    """
    if not _DIGITS.fullmatch(version.number):
        return version
    found = ledger.facts_about([version], []).versions  # of one that is not known: every number that there is
    if version in found:
        return version
    known = [each for each in found if each.pacticipant == version.pacticipant]
    meant = [each for each in known if each.number.startswith(version.number)]
    if len(meant) > 1:
        raise UnknownName(
            f"{len(meant)} versions of {version.pacticipant} begin with {version.number}",
            hint=f"write more of it: {', '.join(each.number for each in meant[:5])}",
        )
    return meant[0] if meant else version
