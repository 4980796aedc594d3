"""Publishing contracts from a checkout: which version they belong to, and nothing unless everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from harness.contracts.document import ContractKind
from harness.contracts.pact_merging import described_twice, put_together
from harness.errors import ContractError, IdentityConflict, Problem, UsageError
from harness.evidence import Facts, Known
from harness.identity import Version
from harness.ledger import refusals
from harness.services.spelling import heading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.contracts.document import Contract
    from harness.ports import Ledger, Publication


class ContractOrigin(Protocol):
    """Where the contracts come from, as git and CI know it; a `Checkout` is one."""

    @property
    def commit(self) -> str:
        """The full SHA, "" outside of a repository."""

    @property
    def branch(self) -> str:
        """The branch, "" when there is none."""

    @property
    def build_url(self) -> str:
        """The page of the CI build, "" on a desk."""

    @property
    def dirty(self) -> bool:
        """Whether there are changes that the commit does not have."""


def publish(
    ledger: Ledger,
    contracts: Iterable[Contract],
    versions: Mapping[str, str],
    source: ContractOrigin,
    *,
    number: str = "",
    allow_dirty: bool = False,
) -> tuple[Publication, ...]:
    """Publish contracts, each under the version of the pacticipant that promises it; all or none.

    `versions` says the numbers of pacticipants; the others get `number` (what git gives). Raises UsageError for
    nothing to publish, for a dirty tree unless allowed, and for a pacticipant without a version; ContractError and
    IdentityConflict, with everything that contradicts, before anything is kept.
    """
    given = parts_together(contracts)
    _refuse_nothing(given)
    if source.dirty and not allow_dirty:
        raise UsageError(
            "there are changes that are not committed, so no commit says what would be published",
            hint="commit them, or publish them all the same with --allow-dirty",
        )
    grouped = by_version(given, versions, number)
    _refuse_contradictions(ledger, grouped)
    published: list[Publication] = []
    for version, mine in grouped.items():
        ledger.record_version(
            Known(version=version, branch=source.branch, commit=source.commit, build_url=source.build_url)
        )
        published += ledger.publish(version, mine, merge=True)
    return tuple(published)


def parts_together(contracts: Iterable[Contract]) -> tuple[Contract, ...]:
    """Parts of one pact, which several runners wrote, as one. Raises ContractError for parts that contradict."""
    whole: dict[tuple[ContractKind, str, str], Contract] = {}
    problems = []
    for each in contracts:
        slot = (each.kind, each.owner, each.counterpart)
        before = whole.setdefault(slot, each)
        if before.key == each.key:
            continue
        described = described_twice(before, each)
        if described:
            problems.append(refusals.contradicting_parts(before, each, described))
        elif described is None:
            problems.append(refusals.given_twice(before, each))
        else:
            whole[slot] = put_together(before, each)
    if problems:
        raise ContractError(*problems)
    return tuple(whole.values())


def _refuse_nothing(contracts: Sequence[Contract]) -> None:
    if not contracts:
        raise UsageError(
            "there is nothing to publish: no pact and no OpenAPI document was found",
            hint="name files or folders: harness publish contracts/pacts",
        )


def by_version(
    contracts: Iterable[Contract], versions: Mapping[str, str], number: str = ""
) -> dict[Version, tuple[Contract, ...]]:
    """The contracts of each version, in the order given. Raises UsageError for pacticipants without a number."""
    grouped: dict[Version, tuple[Contract, ...]] = {}
    nameless = {}
    for contract in contracts:
        chosen = versions.get(contract.owner) or number
        if not chosen:
            nameless[contract.owner] = contract.place
        version = Version(contract.owner, chosen)
        grouped[version] = (*grouped.get(version, ()), contract)
    if nameless:
        raise UsageError(*(_without_number(name, place) for name, place in nameless.items()))
    return grouped


def _without_number(name: str, place: str) -> Problem:
    return Problem(
        text=f"'{name}' has no version, and there is no git commit to name it",
        where=place,
        hint=f"give `version` to {heading(name)} in harness.toml, or publish from a git repository",
    )


def _refuse_contradictions(ledger: Ledger, grouped: Mapping[Version, Sequence[Contract]]) -> None:
    """Look at everything before the first is kept; the ledger itself is all or none for one version only."""
    for version, mine in grouped.items():
        refusals.check_version(version)
        refusals.check_contracts(version, mine)
    facts = ledger.facts_about(tuple(grouped), ())
    conflicts = [
        problem
        for version, mine in grouped.items()
        for contract in mine
        for problem in _contradiction(ledger, facts, version, contract)
    ]
    if conflicts:
        raise IdentityConflict(*conflicts)


def _contradiction(ledger: Ledger, facts: Facts, version: Version, contract: Contract) -> Iterable[Problem]:
    known = facts.versions.get(version, Known(version=version))
    keys = {ContractKind.PACT: known.pacts.get(contract.counterpart, ""), ContractKind.OPENAPI: known.openapi}
    key = keys.get(contract.kind, "")
    before = ledger.contract(key) if key and key != contract.key else None
    if before is not None:
        yield from refusals.conflicts(version, before, contract, merge=True)
