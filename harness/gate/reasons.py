"""Every reason that a decision can have: the words, the cause, and the command that resolves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import some_of
from harness.evidence import (
    Cell,
    EvidenceKind,
    Facts,
    Subject,
    build_that_ran,
    built_as,
    judge,
    judge_pact,
    ran,
)
from harness.gate import commands
from harness.gate.promises import broken_in
from harness.identity import Version
from harness.verdicts import Cause, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.evidence import Evidence, Live
    from harness.gate.target_state import MeetingPair, TargetState

_WORDS = {
    Verdict.PASSED: "is verified on",
    Verdict.FAILED: "is broken by",
    Verdict.UNKNOWN: "is not verified on",
}
_STATED = {  # of a provider that is held to its document
    Verdict.PASSED: "fits the document of",
    Verdict.FAILED: "does not fit the document of",
    Verdict.UNKNOWN: "is not verified on",
}


FLAKY = "flaky: complete results of the same content disagree; the latest stands"


def verdict_of(pair: MeetingPair, facts: Facts) -> Verdict:
    """What is known of a pair; a consumer that published nothing leaves it open."""
    if _deletion_reason(pair, facts) is not None:
        return Verdict.UNKNOWN
    return _cell(pair.contract, pair.consumer, pair.provider, facts).verdict


def _cell(contract: str, consumer: Version, provider: Version, facts: Facts) -> Cell:
    return judge_pact(facts, contract, provider, consumer=consumer.pacticipant)


def of_pair(pair: MeetingPair, facts: Facts) -> Reason:
    """Why a pair is a yes, a no, or open."""
    if (deleted := _deletion_reason(pair, facts)) is not None:
        return deleted
    if not pair.contract:
        return _unpublished_need(pair, facts)
    cell = _cell(pair.contract, pair.consumer, pair.provider, facts)
    words = _STATED if cell.stated else _WORDS
    command = commands.verify(pair.provider, pair.consumer)
    if cell.cause is Cause.DISAGREEING:  # no run of this number takes back what another build of it broke
        command = commands.run(Version(pair.provider.pacticipant, "").argument)
    return Reason(
        verdict=cell.verdict,
        cause=cell.cause if cell.verdict is not Verdict.PASSED else None,
        text=f"{pair.consumer} {words[cell.verdict]} {pair.provider}{_note(cell, pair.provider, pair, facts)}",
        consumer=pair.consumer,
        provider=pair.provider,
        contract=pair.contract,
        command="" if cell.verdict is Verdict.PASSED else command,
        broken=broken_in(cell, facts),
    )


def _deletion_reason(pair: MeetingPair, facts: Facts) -> Reason | None:
    """What cannot be told of a pair because somebody deleted it; None where nothing of it was."""
    for version, other in ((pair.consumer, pair.provider), (pair.provider, pair.consumer)):
        known = facts.versions.get(version)
        if known and known.deleted:
            live = next((each for each in facts.live if each.version == version), None)
            command = commands.record_end(live) if live else commands.publish(version)
            text = f"{version} {known.deleted} while it was live: what it is to {other} is not known"
            return _not_known(text, pair, command)
    consumer = facts.versions.get(pair.consumer)
    if not pair.contract and consumer and pair.provider.pacticipant in consumer.lost:
        lost = consumer.lost[pair.provider.pacticipant]
        text = f"the pact of {pair.consumer} with {pair.provider.pacticipant} {lost}"
        text += f": what it needs of {pair.provider} is not known"
        return _not_known(text, pair, commands.publish(pair.consumer))
    return None


def _not_known(text: str, pair: MeetingPair, command: str) -> Reason:
    return Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.DELETED,
        text=text,
        consumer=pair.consumer,
        provider=pair.provider,
        command=command,
    )


def _unpublished_need(pair: MeetingPair, facts: Facts) -> Reason:
    earlier = _who_needed(pair, facts)
    return Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.NOT_PUBLISHED,
        text=f"{pair.consumer} has published nothing, and {earlier} needs {pair.provider.pacticipant}: "
        f"what it needs of {pair.provider} is not known",
        consumer=pair.consumer,
        provider=pair.provider,
        command=commands.publish(pair.consumer),
    )


def _who_needed(pair: MeetingPair, facts: Facts) -> Version:
    name, versions = pair.provider.pacticipant, facts.index.numbers(pair.consumer.pacticipant, deleted=True)
    needed = ((v, facts.versions[v]) for v in reversed(versions))
    return next(v for v, known in needed if name in known.pacts or name in known.lost)


def _note(cell: Cell, provider: Version, pair: MeetingPair | None, facts: Facts) -> str:
    """What a reader needs beside the verdict: why it is open, whose evidence it is, what contradicts itself."""
    notes = []
    if cell.because:
        notes.append(cell.because)
    elif cell.stated:
        notes.append(cell.stated.because)
    if cell.evidence and cell.verdict is not Verdict.UNKNOWN:
        notes += _evidence_notes(cell, provider, pair, facts)
    if cell.flaky:
        notes.append(FLAKY)
    return f" ({'; '.join(notes)})" if notes else ""


def _evidence_notes(cell: Cell, provider: Version, pair: MeetingPair | None, facts: Facts) -> Iterator[str]:
    """Evidence that was seen under another number speaks for this one: of what, is told."""
    seen = cell.evidence
    assert seen is not None
    if seen.provider != provider and seen.artifact in built_as(facts, provider):
        yield f"{provider} is the same build as {seen.provider}"
    elif seen.provider != provider:
        yield seen.provider.recorded
    if not cell.disagreement:
        yield from _of_the_build(seen, facts)
    if pair is not None and pair.consumer.recorded:
        yield pair.consumer.recorded
    elif pair is not None:
        first = _first_with(pair, facts)
        if first != pair.consumer:
            yield f"{pair.consumer} promises the same as {first}"


def _of_the_build(seen: Evidence, facts: Facts) -> Iterator[str]:
    """Evidence stands under what ran; what no commit holds of that is told."""
    if seen.provider.dirty:
        yield f"seen on a dirty tree, {seen.provider}, which no commit holds"
    build = build_that_ran(facts, seen)
    if build and build.untraced:
        yield f"seen on build {build.artifact[:12]}, of which no commit holds {some_of(build.untraced)}"


def _first_with(pair: MeetingPair, facts: Facts) -> Version:
    """The first version of the consumer that had this very pact."""
    name = pair.provider.pacticipant
    for version in facts.index.numbers(pair.consumer.pacticipant):
        if facts.versions[version].pacts.get(name) == pair.contract:
            return version
    return pair.consumer


def of_missing(consumer: Version, provider: str, scene: TargetState) -> Reason:
    """A consumer whose provider is not there at all cannot work, and nothing is known to be broken either."""
    place = f"in {scene.environment}" if scene.environment else "in the set that ran"
    known = scene.facts.versions.get(consumer)
    if known and provider in known.lost and provider not in known.pacts:
        return Reason(
            verdict=Verdict.UNKNOWN,
            cause=Cause.DELETED,
            text=f"the pact of {consumer} with {provider} {known.lost[provider]}, and no version of it is {place}",
            consumer=consumer,
            missing=provider,
            command=commands.publish(consumer),
        )
    return Reason(
        verdict=Verdict.UNKNOWN,
        cause=Cause.NOTHING_DEPLOYED,
        text=f"{consumer} needs {provider}, and no version of it is {place}",
        consumer=consumer,
        missing=provider,
        contract=scene.facts.index.needs(consumer)[provider],
        command=_bring(consumer, provider, scene),
    )


def _bring(consumer: Version, provider: str, scene: TargetState) -> str:
    known = scene.facts.index.numbers(provider)
    if not known or not scene.environment:
        return commands.verify(Version(provider, ""), consumer)
    return commands.can_i_deploy((consumer, known[-1]), scene.environment)


def of_itself(candidate: Version, policy: Sequence[str], facts: Facts) -> Iterator[Reason]:
    """What must be known of a candidate beside its pacts: that it is something, and what the policy demands."""
    if facts.index.hollow(candidate) and (candidate not in facts.versions or facts.index.needs(candidate)):
        yield Reason(
            verdict=Verdict.UNKNOWN,
            cause=Cause.NOT_PUBLISHED,
            text=f"nothing is known of {candidate} but its number: no contract, no build, no evidence",
            consumer=candidate,
            command=commands.publish(candidate),
        )
    for name in policy:
        kind = EvidenceKind(name)
        if kind.subject is not Subject.PACT:
            yield from (_own(candidate, kind, key, facts) for key in _own_contracts(candidate, kind, facts))


def _own_contracts(candidate: Version, kind: EvidenceKind, facts: Facts) -> tuple[str, ...]:
    """Which documents the candidate must have evidence for; a suite is known only by its evidence."""
    known = facts.versions.get(candidate)
    if kind.subject is Subject.DOCUMENT:
        return (known.openapi,) if known and known.openapi else ()
    if kind.subject is Subject.WRITERS and not (known and known.pacts):
        return ()
    spoken, built = facts.index.of_service(kind, candidate.pacticipant), built_as(facts, candidate)
    seen = [e.contract for e in spoken if ran(e, candidate, built)]
    return (seen[-1],) if seen else ("",)


def _own(candidate: Version, kind: EvidenceKind, contract: str, facts: Facts) -> Reason:
    cell = judge(facts, kind, contract, candidate)
    words = {
        Verdict.PASSED: f"keeps its {kind}",
        Verdict.FAILED: f"breaks its {kind}",
        Verdict.UNKNOWN: f"has no standing evidence of its {kind}",
    }
    return Reason(
        verdict=cell.verdict,
        cause=cell.cause if cell.verdict is not Verdict.PASSED else None,
        text=f"{candidate} {words[cell.verdict]}{_note(cell, candidate, None, facts)}",
        provider=candidate,
        contract=contract,
        command="" if cell.verdict is Verdict.PASSED else commands.run(candidate.argument, kind),
        broken=broken_in(cell, facts),
    )


def meets_nobody(candidate: Version) -> Reason:
    """A candidate without any pair is a yes, and says so."""
    return Reason(
        verdict=Verdict.PASSED,
        text=f"{candidate} meets nobody: it needs nothing and nobody live needs it",
        provider=candidate,
    )


def of_objections(candidates: Sequence[Version], environment: str, facts: Facts) -> Iterator[Reason]:
    """What a remote broker has against what is a yes here: nobody knows who is right, so it is no yes."""
    for each in facts.objections:
        if each.candidates == frozenset(candidates) and each.environment == environment:
            yield Reason(
                verdict=Verdict.UNKNOWN,
                cause=Cause.DISAGREEING,
                text=f"all that was read is a yes, but the broker itself does not say yes: {each.text}",
                provider=candidates[0] if len(candidates) == 1 else None,
                command=commands.can_i_deploy(candidates, environment),
            )


_WORST_FIRST = (Verdict.FAILED, Verdict.UNKNOWN, Verdict.PASSED)


def worst_first(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons in the order in which people should read them."""
    return tuple(sorted(reasons, key=lambda r: (_WORST_FIRST.index(r.verdict), r.text)))


def _on(live: Live) -> str:
    return f" on {live.instance}" if live.instance else ""


def since(reason: Reason, environment: str, facts: Facts) -> str:
    """Since when the two sides are there, and when and in which run their evidence was seen."""
    wanted = {side for each in (reason.consumer, reason.provider) if each for side in (each, each.asked)}
    told = [
        f"{live.version} {'supported' if live.released else 'there'}{_on(live)} since {live.since}"
        for live in facts.live
        if live.environment == environment and live.since and live.version in wanted
    ]
    if reason.consumer and reason.provider and reason.contract:
        evidence = _cell(reason.contract, reason.consumer, reason.provider, facts).evidence
        if evidence:
            told.append(f"seen {evidence.at} by run {evidence.run}")
    return ", ".join(dict.fromkeys(told))
