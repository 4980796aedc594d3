"""What was deleted of versions that remain, or that were live, and what decisions make of it.

A deleted pact remains a need whose content is not known, until something is published under the version. A version
that was live when it was deleted remains there, until that deployment or release ends. A deleted result leaves its
question open, until there is another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.evidence import Evidence, EvidenceKind, Known, Live
from harness.identity import Version
from harness.verdicts import Cause, Deleted, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from harness.evidence import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One thing that was deleted and that nothing has come instead of."""

    row: int
    version: Version  # whose pact it was, that was live, or of whose result it is told
    counterpart: str = ""  # the provider of a pact, the consumer of a result; "" of the version itself
    environment: str = ""  # where the version was live
    instance: str = ""
    released: bool = False
    contract: str = ""  # content key of what a result is about; "" of anything else
    deleted: Deleted

    @property
    def live(self) -> Live:
        """Where the version is still taken to be."""
        return Live(
            environment=self.environment,
            version=self.version,
            instance=self.instance,
            released=self.released,
        )


def deleted_pacts(traces: Iterable[Trace]) -> Mapping[Version, Mapping[str, Deleted]]:
    """Of each version: the providers with whom its pact was deleted."""
    found: dict[Version, dict[str, Deleted]] = {}
    for trace in traces:
        if trace.counterpart and not trace.contract:
            found.setdefault(trace.version, {})[trace.counterpart] = trace.deleted
    return found


def remaining(traces: Collection[Trace]) -> tuple[tuple[Live, ...], dict[Version, Known]]:
    """Where versions are live that were deleted, and what is still known of each that is not there any more."""
    needs = deleted_pacts(traces)
    known = {
        trace.version: Known(version=trace.version, deleted=trace.deleted, lost=needs.get(trace.version, {}))
        for trace in traces
        if not trace.contract
    }
    return tuple(trace.live for trace in traces if trace.environment), known


def laid_over(facts: Facts, traces: Collection[Trace], places: Collection[str]) -> Facts:
    """Facts of somebody who does not know of deletions, as they are with these."""
    if not traces:
        return facts
    needs = deleted_pacts(traces)
    live, known = remaining(traces)
    told = {v: replace(k, lost=needs[v]) if v in needs else k for v, k in facts.versions.items()}
    return replace(
        facts,
        versions={**known, **told},
        evidence=(*facts.evidence, *(open_again(trace) for trace in traces if trace.contract)),
        live=tuple(sorted({*facts.live, *(each for each in live if each.environment in places)})),
    )


def open_again(trace: Trace) -> Evidence:
    """What remains of a result that was deleted: it leaves its question open."""
    return Evidence(
        kind=EvidenceKind.PACTS,
        contract=trace.contract,
        consumer=trace.counterpart,
        provider=trace.version,
        artifact="",
        identity="",
        verdict=Verdict.UNKNOWN,
        cause=Cause.DELETED,
        because=f"its result {trace.deleted}",
        promised=0,
        exercised=0,
        complete=False,
        run="",
        at=trace.deleted.at,
    )
