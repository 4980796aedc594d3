"""What if: the same facts with something else live; nothing is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import UnknownName, did_you_mean
from harness.evidence import Facts, Live
from harness.gate.decision import resolve, resolve_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.identity import Version


def suppose(
    facts: Facts, environment: str, *, deployed: Sequence[Version] = (), gone: Sequence[str] = ()
) -> Facts:
    """The facts as they would be with these versions deployed there, and with nothing of those services live.

    A supposed deployment replaces every instance. Raises UnknownName, UsageError for names that nobody knows.
    """
    resolve_environment(environment, facts)
    if deployed:
        resolve(deployed, environment, facts)
    _check_gone(facts, environment, gone)
    replaced = {version.pacticipant for version in deployed}
    kept = [live for live in facts.live if live.environment != environment or not _ends(live, replaced, gone)]
    kept += [Live(environment=environment, version=version) for version in deployed]
    return replace(facts, live=tuple(sorted(kept)), objections=())  # nobody was asked about what is supposed


def _ends(live: Live, replaced: set[str], gone: Sequence[str]) -> bool:
    name = live.version.pacticipant
    return name in gone or (name in replaced and not live.released)


def _check_gone(facts: Facts, environment: str, gone: Sequence[str]) -> None:
    there = {live.version.pacticipant for live in facts.live if live.environment == environment}
    for name in gone:
        if name not in there:
            raise UnknownName(f"no '{name}' in {environment}", hint=did_you_mean(name, there))
