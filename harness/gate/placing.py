"""Where candidates go: each to the application instances that are named for it, and what it replaces there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.identity import Version, argument_of

if TYPE_CHECKING:
    from harness.evidence import Live

# Candidate to the instances that it goes to; others go where a deployment without a name is recorded.
Instances = Mapping[Version, Sequence[str]]
UNNAMED: Instances = MappingProxyType({})  # nobody named an instance
_UNNAMED = ("",)


def is_replaced(live: Live, candidates: Iterable[Version], instances: Instances) -> bool:
    """Whether one of the candidates comes instead of what is live there; what was released stays."""
    return not live.released and any(
        live.version.pacticipant == each.pacticipant and live.instance in instances.get(each, _UNNAMED)
        for each in candidates
    )


def everywhere(candidates: Iterable[Version], live: Iterable[Live]) -> Instances:
    """Every instance on which a candidate's pacticipant is deployed."""
    deployed = [each for each in live if not each.released]
    there = {
        candidate: tuple(each.instance for each in deployed if each.version.pacticipant == candidate.pacticipant)
        for candidate in candidates
    }
    return {candidate: found for candidate, found in there.items() if found}


def arguments(candidates: Iterable[Version], instances: Instances) -> list[str]:
    """The candidates as a command line wants them: `orders=1.4`, `orders@blue=1.4`."""
    return [
        argument_of(each.pacticipant, instance, each.number)
        for each in candidates
        for instance in instances.get(each, _UNNAMED)
    ]


def words(candidates: Iterable[Version], instances: Instances) -> list[str]:
    """The candidates as people read them: `orders 1.4`, `orders 1.4 on blue`."""
    return [
        f"{each} on {instance}" if instance else str(each)
        for each in candidates
        for instance in instances.get(each, _UNNAMED)
    ]


def check_places(candidates: Sequence[Version], instances: Instances) -> None:
    """Refuse two candidates for one place. Raises UsageError."""
    taken: set[tuple[str, str]] = set()
    for each in candidates:
        for instance in instances.get(each, _UNNAMED):
            if (each.pacticipant, instance) in taken:
                where = f" for the instance '{instance}'" if instance else ""
                raise UsageError(
                    f"'{each.pacticipant}' is named twice{where}",
                    hint="name one version of each service and instance",
                )
            taken.add((each.pacticipant, instance))
