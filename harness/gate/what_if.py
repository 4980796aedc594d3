"""What if: the same facts with something else live; nothing is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import UnknownName, did_you_mean
from harness.evidence import Facts, Live
from harness.gate.decision import resolve, resolve_environment
from harness.gate.placing import UNNAMED, Instances, is_replaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.identity import Version


def suppose(
    facts: Facts,
    environment: str,
    *,
    deployed: Sequence[Version] = (),
    instances: Instances = UNNAMED,
    gone: Sequence[str] = (),
) -> Facts:
    """The facts as they would be with these deployments recorded there, and with nothing of those services live.

    Raises UnknownName, UsageError for names that nobody knows.
    """
    resolve_environment(environment, facts)
    if deployed:
        resolve(deployed, environment, facts, instances)
    _check_gone(facts, environment, gone)
    kept = [
        live
        for live in facts.live
        if live.environment != environment
        or not (live.version.pacticipant in gone or is_replaced(live, deployed, instances))
    ]
    kept += [
        Live(environment=environment, version=version, instance=instance)
        for version in deployed
        for instance in instances.get(version, ("",))
    ]
    return replace(facts, live=tuple(sorted(kept)), objections=())  # nobody was asked about what is supposed


def _check_gone(facts: Facts, environment: str, gone: Sequence[str]) -> None:
    there = {live.version.pacticipant for live in facts.live if live.environment == environment}
    for name in gone:
        if name not in there:
            raise UnknownName(f"no '{name}' in {environment}", hint=did_you_mean(name, there))
