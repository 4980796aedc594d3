"""What a remote broker knows, together with what only this machine remembers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.evidence import Evidence, Facts, Known
    from harness.identity import Version


def merged_versions(there: Mapping[Version, Known], here: Facts) -> dict[Version, Known]:
    """The broker's versions, with the builds and documents that this machine knows of them."""
    return {version: _merge_known(known, here.versions.get(version)) for version, known in there.items()}


def _merge_known(there: Known, here: Known | None) -> Known:
    if here is None:
        return there
    return replace(
        there,
        artifacts=here.artifacts,
        untraced=here.untraced,
        builds=here.builds,
        openapi=here.openapi,
        commit=here.commit,
        branch=there.branch or here.branch,
        build_url=there.build_url or here.build_url,
    )


def merged_evidence(there: Iterable[Evidence], here: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Oldest first: what the broker keeps decides about pacts; this machine adds what a broker cannot keep.

    A result of the broker that this machine sent itself is told with the build that it was seen on. A yes about
    a pact that the broker does not have is left out: another machine would not know of it.
    """
    of_broker, mine = list(there), list(here)
    sent = {(e.contract, e.provider, e.run, e.verdict): e for e in mine if e.about_a_pact}
    told = _no_stands([_as_sent(e, sent) for e in of_broker])
    answered = {_question(e) for e in told if e.decisive}
    kept = [e for e in mine if _adds(e) and not (e.about_a_pact and _question(e) in answered)]
    return tuple(sorted((*kept, *told), key=lambda e: e.at))


def _as_sent(told: Evidence, sent: Mapping[tuple[str, Version, str, Verdict], Evidence]) -> Evidence:
    # That another build of the version says otherwise is known to the broker alone.
    own = sent.get((told.contract, told.provider, told.run, told.verdict), told)
    return replace(own, cause=told.cause, because=told.because) if told.cause is Cause.DISAGREEING else own


def _no_stands(found: Sequence[Evidence]) -> list[Evidence]:
    """Consumers that promise the same may share results; where these disagree, a no stands.

    A broker keeps the latest result of each consumer; which of two consumers' results is later says nothing.
    """
    broken = {_question(e) for e in found if e.verdict is Verdict.FAILED}
    return [e for e in found if e.verdict is Verdict.FAILED or _question(e) not in broken]


def _question(evidence: Evidence) -> tuple[str, Version, str, str]:
    """What it answers: of a build that is known for every consumer, else for its own."""
    consumer = "" if evidence.artifact else evidence.consumer
    return evidence.contract, evidence.provider, evidence.artifact, consumer


def _adds(evidence: Evidence) -> bool:
    return not evidence.about_a_pact or evidence.verdict is not Verdict.PASSED
