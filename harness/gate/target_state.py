"""What is there at one moment, and who meets whom in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.evidence import Facts, judge_pact
from harness.identity import Version
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingPair:
    """A consumer version that will meet a provider version, and the pact between them."""

    consumer: Version
    provider: Version
    contract: str  # content key; "" when the consumer has published nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """Every version that is there, by pacticipant, and who may need whom."""

    facts: Facts
    environment: str
    there: Mapping[str, tuple[Version, ...]]
    needers: Mapping[str, Sequence[str]]  # provider to the pacticipants that need it in some version

    def changed(self, there: Mapping[str, tuple[Version, ...]]) -> TargetState:
        """The same scene with other versions of some pacticipants; () is none of it."""
        return replace(self, there={**self.there, **there})

    def pairs(self, version: Version) -> Iterator[MeetingPair]:
        """Every pair with that version in it, as a consumer and as a provider."""
        yield from self._as_consumer(version)
        for name in self.needers.get(version.pacticipant, ()):
            for consumer in self.there.get(name, ()):
                if consumer != version:
                    yield from _needing(consumer, version, self.facts)

    def _as_consumer(self, version: Version) -> Iterator[MeetingPair]:
        for provider, contract in self.facts.index.needs(version).items():
            for other in self.there.get(provider, ()):
                yield MeetingPair(consumer=version, provider=other, contract=contract)
        for provider in _changed_needs(version, self.facts):
            for other in self.there.get(provider, ()):
                yield from _broken_in_place(version, other, self.facts)

    def missing(self, version: Version) -> Iterator[str]:
        """The providers that the version needs and of which nothing is there."""
        return (name for name in self.facts.index.needs(version) if not self.there.get(name))

    def neighbours(self, version: Version) -> dict[str, None]:
        """The pacticipants that the version may meet, each once, in a stable order."""
        needed = (*self.facts.index.needs(version), *_changed_needs(version, self.facts))
        return dict.fromkeys((*needed, *self.needers.get(version.pacticipant, ())))


def scene(
    facts: Facts, environment: str, versions: Iterable[Version], also: Iterable[Version] = ()
) -> TargetState:
    """The scene in which these versions are there; `also` names those that may come later."""
    there: dict[str, dict[Version, None]] = {}
    needers: dict[str, dict[str, None]] = {}
    for version in versions:
        there.setdefault(version.pacticipant, {})[version] = None
        _note_needs(needers, version, facts)
    for version in also:
        _note_needs(needers, version, facts)
    return TargetState(
        facts=facts,
        environment=environment,
        there={name: tuple(found) for name, found in there.items()},
        needers={name: tuple(found) for name, found in needers.items()},
    )


def _note_needs(needers: dict[str, dict[str, None]], version: Version, facts: Facts) -> None:
    for provider in (*facts.index.needs(version), *_changed_needs(version, facts)):
        needers.setdefault(provider, {})[version.pacticipant] = None


def between(one: Version, other: Version, facts: Facts) -> Iterator[MeetingPair]:
    """The pairs that two versions make when they meet: one needs the other, the other needs the one."""
    for consumer, provider in dict.fromkeys(((one, other), (other, one))):
        yield from _needing(consumer, provider, facts)


def _needing(consumer: Version, provider: Version, facts: Facts) -> Iterator[MeetingPair]:
    contract = facts.index.needs(consumer).get(provider.pacticipant)
    if contract is not None:
        yield MeetingPair(consumer=consumer, provider=provider, contract=contract)
    yield from _broken_in_place(consumer, provider, facts)


def _changed_needs(version: Version, facts: Facts) -> dict[str, None]:
    """The providers with whom something that was recorded in the version's place has a pact."""
    changed = facts.index.changed(version)
    return dict.fromkeys(provider for each in changed for provider in facts.versions[each].pacts)


def _broken_in_place(consumer: Version, provider: Version, facts: Facts) -> Iterator[MeetingPair]:
    """The pacts that a run recorded as `NUMBER+changed.…` and that are broken: a no for the number as well."""
    for changed in facts.index.changed(consumer):
        contract = facts.versions[changed].pacts.get(provider.pacticipant)
        if contract and _is_broken(contract, changed, provider, facts):
            yield MeetingPair(consumer=changed, provider=provider, contract=contract)


def _is_broken(contract: str, consumer: Version, provider: Version, facts: Facts) -> bool:
    cell = judge_pact(facts, contract, provider, consumer=consumer.pacticipant)
    return cell.verdict is Verdict.FAILED
