"""What may not stand beside what while a set is deployed step by step; pairwise, so always decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.gate import reasons as why
from harness.gate.decision import of_itself_and_missing
from harness.gate.target_state import TargetState, between, scene
from harness.identity import Version
from harness.verdicts import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from harness.evidence import Facts, Live
    from harness.gate.placing import Instances


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One single-service step: this version instead of those."""

    service: str
    instance: str | None = None  # None: all instances of the service at once
    old: tuple[Version, ...]  # what it replaces; () adds the service
    new: Version

    @property
    def place(self) -> str:
        """The service, and its instance where that counts."""
        return (
            f"{self.service} ({self.instance or 'the only instance'})"
            if self.instance is not None
            else self.service
        )


Edges = dict[tuple[int, int], tuple[Reason, ...]]


@dataclass(slots=True, kw_only=True)
class Constraints:
    """Every obstacle between moves, by their positions."""

    moves: tuple[Move, ...]
    alone: dict[int, tuple[Reason, ...]] = field(default_factory=dict)  # the move can never be made
    apart: Edges = field(default_factory=dict)  # the two new versions do not fit each other; first < second
    before: Edges = field(default_factory=dict)  # (first, then): `then` does not fit what `first` replaces

    def at(self, level: Verdict) -> Constraints:
        """The same moves with only those obstacles that are at least that bad."""
        return Constraints(
            moves=self.moves,
            alone={k: r for k, r in self.alone.items() if _worst(r) >= level},
            apart={k: r for k, r in self.apart.items() if _worst(r) >= level},
            before={k: r for k, r in self.before.items() if _worst(r) >= level},
        )


def _worst(reasons: Iterable[Reason]) -> Verdict:
    return max((r.verdict for r in reasons), default=Verdict.PASSED)


def moves_of(
    candidates: Sequence[Version], live: Iterable[Live], instances: Instances, *, per_instance: bool
) -> tuple[tuple[Move, ...], tuple[Version, ...]]:
    """The steps that bring the candidates there, in the order of the candidates, and what stays as it is."""
    deployed: dict[str, dict[str, Version]] = {}
    staying: list[Version] = []
    names = {candidate.pacticipant for candidate in candidates}
    for each in live:
        if each.released or each.version.pacticipant not in names:
            staying.append(each.version)
        else:
            deployed.setdefault(each.version.pacticipant, {})[each.instance] = each.version
    moves: list[Move] = []
    left = {(name, instance): version for name, there in deployed.items() for instance, version in there.items()}
    for candidate in candidates:
        there = deployed.get(candidate.pacticipant, {})
        named = instances.get(candidate)
        places: Mapping[str, Version | None] = (
            there if named is None else {each: there.get(each) for each in named}
        )
        moves += _moves(candidate, places, apart=per_instance or named is not None)
        gone = [each for each in places if there.get(each) != candidate]
        for instance in gone:
            left.pop((candidate.pacticipant, instance), None)
    return tuple(moves), tuple(dict.fromkeys((*staying, *left.values())))


def _moves(candidate: Version, places: Mapping[str, Version | None], *, apart: bool) -> Iterator[Move]:
    others = {instance: version for instance, version in places.items() if version != candidate}
    if places and not others:
        return
    if apart and places:
        for instance, version in sorted(others.items()):
            yield Move(
                service=candidate.pacticipant, instance=instance, old=_sorted_versions(version), new=candidate
            )
    else:
        yield Move(service=candidate.pacticipant, old=_sorted_versions(*others.values()), new=candidate)


def _sorted_versions(*versions: Version | None) -> tuple[Version, ...]:
    return tuple(sorted({version for version in versions if version is not None}))


def constraints_of(
    moves: tuple[Move, ...],
    fixed: Sequence[Version],
    environment: str,
    facts: Facts,
    policy: Sequence[str],
    *,
    rolling: bool,
) -> Constraints:
    """Every obstacle on the way; `rolling` lets old and new of one service stand side by side."""
    new = [move.new for move in moves]
    old = [version for move in moves for version in move.old]
    found = Constraints(moves=moves)
    standing = scene(facts, environment, fixed, also=(*new, *old))
    complete = standing.changed(
        {move.service: (move.new,) for move in moves if move.service not in standing.there}
    )
    at: dict[str, list[int]] = {}
    for position, move in enumerate(moves):
        at.setdefault(move.service, []).append(position)
    for position, move in enumerate(moves):
        told = [*of_itself_and_missing(move.new, complete, policy), *_beside_fixed(move, standing, facts)]
        told += _beside_itself(move, facts, rolling=rolling)
        if bad := _bad(told):
            found.alone[position] = bad
        linked = dict.fromkeys((move.service, *standing.neighbours(move.new)))
        for other in (o for name in linked for o in at.get(name, ()) if o != position):
            _relate(found, position, other, standing)
    return found


def _bad(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return why.worst_first(dict.fromkeys(r for r in reasons if r.verdict is not Verdict.PASSED))


def _beside_fixed(move: Move, standing: TargetState, facts: Facts) -> Iterator[Reason]:
    for pair in standing.pairs(move.new):
        if pair.contract or pair.consumer != move.new or not facts.index.hollow(move.new):
            yield why.of_pair(pair, facts)


def _beside_itself(move: Move, facts: Facts, *, rolling: bool) -> Iterator[Reason]:
    """A service that needs itself meets its own new version and, while it is replaced, the old one."""
    others = (move.new, *move.old) if rolling else (move.new,)
    for other in others:
        yield from (why.of_pair(pair, facts) for pair in between(move.new, other, facts))


def _relate(found: Constraints, position: int, other: int, standing: TargetState) -> None:
    """What the new version of one move is beside the new and the old versions of the other."""
    move, peer, facts = found.moves[position], found.moves[other], standing.facts
    if bad := _bad(_meeting(move.new, peer.new, facts)):
        found.apart[min(position, other), max(position, other)] = bad
    told = [reason for version in peer.old for reason in _meeting(move.new, version, facts)]
    absent = not peer.old and not standing.there.get(peer.service)
    if absent and not facts.index.hollow(move.new) and peer.service in facts.index.needs(move.new):
        told.append(why.of_missing(move.new, peer.service, standing))
    if bad := _bad(told):
        found.before[other, position] = bad


def _meeting(new: Version, other: Version, facts: Facts) -> Iterator[Reason]:
    for pair in between(new, other, facts):
        if pair.contract or pair.consumer != new or not facts.index.hollow(new):
            yield why.of_pair(pair, facts)
