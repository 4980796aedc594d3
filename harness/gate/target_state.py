"""What is there at one moment, and who meets whom in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.evidence import Facts
from harness.identity import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A consumer version that will meet a provider version, and the pact between them."""

    consumer: Version
    provider: Version
    contract: str  # content key; "" when the consumer has published nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Every version that is there, by pacticipant, and who may need whom."""

    facts: Facts
    environment: str
    there: Mapping[str, tuple[Version, ...]]
    needers: Mapping[str, Sequence[str]]  # provider to the pacticipants that need it in some version

    def changed(self, there: Mapping[str, tuple[Version, ...]]) -> Scene:
        """The same scene with other versions of some pacticipants; () is none of it."""
        return replace(self, there={**self.there, **there})

    def pairs(self, version: Version) -> Iterator[Pair]:
        """Every pair with that version in it, as a consumer and as a provider."""
        for provider, contract in self.facts.index.needs(version).items():
            for other in self.there.get(provider, ()):
                yield Pair(consumer=version, provider=other, contract=contract)
        for name in self.needers.get(version.pacticipant, ()):
            for consumer in self.there.get(name, ()):
                needed = self.facts.index.needs(consumer).get(version.pacticipant)
                if needed is not None and consumer != version:
                    yield Pair(consumer=consumer, provider=version, contract=needed)

    def missing(self, version: Version) -> Iterator[str]:
        """The providers that the version needs and of which nothing is there."""
        return (name for name in self.facts.index.needs(version) if not self.there.get(name))

    def neighbours(self, version: Version) -> dict[str, None]:
        """The pacticipants that the version may meet, each once, in a stable order."""
        return dict.fromkeys((*self.facts.index.needs(version), *self.needers.get(version.pacticipant, ())))


def scene(facts: Facts, environment: str, versions: Iterable[Version], also: Iterable[Version] = ()) -> Scene:
    """The scene in which these versions are there; `also` names those that may come later."""
    there: dict[str, dict[Version, None]] = {}
    needers: dict[str, dict[str, None]] = {}
    for version in versions:
        there.setdefault(version.pacticipant, {})[version] = None
        _note_needs(needers, version, facts)
    for version in also:
        _note_needs(needers, version, facts)
    return Scene(
        facts=facts,
        environment=environment,
        there={name: tuple(found) for name, found in there.items()},
        needers={name: tuple(found) for name, found in needers.items()},
    )


def _note_needs(needers: dict[str, dict[str, None]], version: Version, facts: Facts) -> None:
    for provider in facts.index.needs(version):
        needers.setdefault(provider, {})[version.pacticipant] = None


def between(one: Version, other: Version, facts: Facts) -> Iterator[Pair]:
    """The pairs that two versions make when they meet: one needs the other, the other needs the one."""
    for consumer, provider in dict.fromkeys(((one, other), (other, one))):
        contract = facts.index.needs(consumer).get(provider.pacticipant)
        if contract is not None:
            yield Pair(consumer=consumer, provider=provider, contract=contract)
