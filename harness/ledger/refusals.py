"""What the ledger refuses, told in one way by everything that keeps a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_merging import described_twice
from harness.errors import (
    ContractError,
    IdentityConflict,
    Problem,
    UnknownName,
    UsageError,
    did_you_mean,
    otherwise,
)
from harness.evidence import EvidenceKind
from harness.gate import commands
from harness.identity import Version
from harness.ledger.pact_differences import what_differs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_RAISE = "raise the version, or give none and let git name it"
_LONGEST = 500  # characters; an index of PostgreSQL holds no more than 2700 bytes


def check_name(what: str, name: str, *, empty: bool = False) -> None:
    """Refuse what no database keeps as text. Raises UsageError."""
    if not name and not empty:
        raise UsageError(f"{what} has no name", hint=f"name {what}")
    if name and not name.strip():
        raise UsageError(f"the name of {what} is blank: {name!a}", hint=f"name {what}")
    if len(name) > _LONGEST:
        raise UsageError(
            f"the name of {what} has {len(name)} characters: {name[:40]}…",
            hint=f"at most {_LONGEST} characters",
        )
    if "\0" in name or any("\ud800" <= c <= "\udfff" for c in name):
        raise UsageError(f"the name of {what} holds a character that is none: {name!a}", hint="leave it out")


def check_version(version: Version) -> None:
    """Refuse a version without a pacticipant or without a number. Raises UsageError."""
    check_name("the pacticipant", version.pacticipant)
    check_name(f"the version of {version.pacticipant}", version.number)


def check_contracts(version: Version, contracts: Sequence[Contract]) -> None:
    """Refuse contracts of somebody else, and two contents for one promise. Raises ContractError."""
    problems = []
    seen: dict[tuple[ContractKind, str], Contract] = {}
    for contract in contracts:
        check_name("the counterpart", contract.counterpart, empty=True)
        if contract.owner != version.pacticipant:
            problems.append(_somebody_elses(version, contract))
        before = seen.setdefault((contract.kind, contract.counterpart), contract)
        if before.key != contract.key:
            problems.append(given_twice(before, contract))
    if problems:
        raise ContractError(*problems)


def _somebody_elses(version: Version, contract: Contract) -> Problem:
    return Problem(
        text=f"{promise(contract)} is a promise of '{contract.owner}', not of '{version.pacticipant}'",
        where=contract.place,
        hint=f"publish it under a version of '{contract.owner}'",
    )


def given_twice(first: Contract, second: Contract) -> Problem:
    """One promise is given twice, and says two things."""
    other = first.place or f"content {first.key[:12]}"
    return Problem(
        text=f"{promise(second)} is given twice with different content; the other is {other}"
        f"{_bullet_list(what_differs(first, second))}",
        where=second.place,
        hint="keep one of the two, or put parts of one pact together: harness pacts merge FILE... --into DIR",
    )


def promise(contract: Contract) -> str:
    """A contract as people call it."""
    if contract.kind is ContractKind.PACT:
        return f"the pact of {contract.owner} with {contract.counterpart}"
    return f"the {contract.kind} document of {contract.owner}"


def other_build(version: Version, runtime: str, there: tuple[str, str], artifact: str) -> IdentityConflict:
    """The version number stands for another build; `there` is that build and when it was first seen."""
    known, since = there
    by = f" by {runtime}" if runtime else ""
    return IdentityConflict(
        f"{version} already stands for build {known[:12]} (first seen {since}{by}); this one is {artifact[:12]}",
        hint=_RAISE,
    )


def conflicts(
    version: Version, before: Contract, now: Contract, since: str = "", *, merge: bool = False
) -> tuple[Problem, ...]:
    """Why a version that has promised something else cannot promise this too; with `merge` parts of a pact may."""
    described = described_twice(before, now) if merge else None
    if described is None:
        return (other_content(version, before, now, since),)
    return (contradicting_parts(before, now, described),) if described else ()


def contradicting_parts(first: Contract, second: Contract, described: Sequence[str]) -> Problem:
    """Two parts of one pact say different things of one interaction."""
    one, other = first.place or f"content {first.key[:12]}, which is published", second.place or second.key[:12]
    named = ", ".join(f"'{each}'" for each in dict.fromkeys(described))
    return Problem(
        text=f"two parts of {promise(second)} contradict each other in {named}; the other is {one}"
        f"{_bullet_list(what_differs(first, second))}",
        where=other,
        hint="give one of them another description or another provider state",
    )


def other_content(version: Version, before: Contract, now: Contract, since: str = "") -> Problem:
    """The version has already promised something else."""
    published = f", published {since}" if since else ""
    return Problem(
        text=f"{version} already has other content for {promise(now)}: "
        f"{before.key[:12]}{published}; this is {now.key[:12]}{_bullet_list(what_differs(before, now))}",
        where=now.place,
        hint=_RAISE,
    )


def _bullet_list(differences: Sequence[str]) -> str:
    shown = 5
    rest = [f"and {len(differences) - shown} more"] if len(differences) > shown else []
    return "".join(f"\n  - {line}" for line in [*differences[:shown], *rest])


def unknown_environment(name: str, known: Iterable[str]) -> UnknownName:
    """No environment is called that."""
    described = f"describe it in harness.toml: [environments.{name}]"
    return UnknownName(f"no environment '{name}'", hint=did_you_mean(name, known) or described)


def unknown_pacticipant(name: str, known: Iterable[str]) -> UnknownName:
    """No pacticipant is called that."""
    remedy = commands.first_known(Version(name, ""))
    return UnknownName(f"no pacticipant '{name}'", hint=otherwise(did_you_mean(name, known), remedy))


def unknown_version(version: Version, known: Sequence[str]) -> UnknownName:
    """Nobody has published or verified that version; `known` are numbers, newest first."""
    shown = 5
    close = did_you_mean(version.number, known) if len(known) <= shown else _closest(version.number, known[:shown])
    return UnknownName(
        f"nobody has published or verified {version}",
        hint=otherwise(close, commands.first_known(version)),
    )


def _closest(number: str, newest: Sequence[str]) -> str:
    guess = did_you_mean(number, newest)
    return guess if guess.startswith("did you") else f"the newest are: {', '.join(newest)}"


def not_deployed(environment: str, pacticipant: str, instance: str, others: Iterable[str]) -> UnknownName:
    """Nothing of it is on that application instance; `others` are those where it is."""
    on = f" on instance '{instance}'" if instance else ""
    elsewhere = sorted(others)
    if not elsewhere:
        hint = f"it is not there at all; what is: harness can-i-deploy {pacticipant}=VERSION --to {environment}"
    elif "" in elsewhere:
        hint = "it is there without an instance: leave --instance out"
    else:
        hint = f"it is there on: {', '.join(elsewhere)}; name one with --instance"
    return UnknownName(f"'{pacticipant}' is not deployed in {environment}{on}", hint=hint)


def not_released(environment: str, version: Version, supported: Sequence[str]) -> UnknownName:
    """Only what was released can lose its support; `supported` are the numbers that have it."""
    hint = f"supported there are: {', '.join(supported)}" if supported else "no version of it was released there"
    return UnknownName(f"{version} is not released in {environment}", hint=hint)


def check_policy(require: Sequence[str]) -> tuple[str, ...]:
    """The kinds of evidence that an environment requires, each once. Raises UnknownName."""
    strange = [name for name in require if name not in set(EvidenceKind)]
    if strange:
        _check_kinds_of_plugins(strange)
    return tuple(dict.fromkeys(require))


def _check_kinds_of_plugins(names: Sequence[str]) -> None:
    from harness.plugins import all_kinds, door  # here: most policies are of what is built in

    known = all_kinds()
    failed = "; ".join(map(str, door().failed))
    problems = [
        Problem(text=f"no kind of evidence is called '{name}'", hint=failed or did_you_mean(name, known))
        for name in names
        if name not in known
    ]
    if problems:
        raise UnknownName(*problems)


def one_build(version: Version, artifacts: frozenset[str]) -> str:
    """The build of a version, "" when it cannot be known; one runtime builds one thing."""
    named: Mapping[str, None] = dict.fromkeys(sorted(a for a in artifacts if a))
    if len(named) > 1:
        builds = " and ".join(a[:12] for a in named)
        raise IdentityConflict(f"{version} would stand for {builds} at once", hint="record one build per runtime")
    return next(iter(named), "")
