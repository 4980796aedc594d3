"""The consumers of a provider, with their pacts: those that are live somewhere, or those that were named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.comparison.affected_consumers import Consumer
from harness.errors import UnknownName, did_you_mean
from harness.gate.decision import resolve_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.evidence import Facts
    from harness.identity import Version
    from harness.ports import Ledger


def consumers_of(
    ledger: Ledger, provider: str, environments: Sequence[str], named: Sequence[Version]
) -> list[Consumer]:
    """Each consumer version that needs the provider, once. Raises UnknownName for what nobody knows."""
    facts = ledger.facts()
    _check_provider(provider, facts)
    for environment in environments:
        resolve_environment(environment, facts)
    live = [each.version for each in facts.live if each.environment in environments]
    told = [*_needs(ledger, facts, live, provider), *_named_consumers(ledger, provider, named)]
    return list({each.version: each for each in told}.values())


def _check_provider(provider: str, facts: Facts) -> None:
    known = {version.pacticipant for version in facts.versions}
    needed = {name for each in facts.versions.values() for name in each.pacts}
    if provider not in known | needed:
        hint = did_you_mean(provider, known | needed) or "name it with --provider"
        raise UnknownName(f"no pacticipant '{provider}'", hint=hint)


def _needs(ledger: Ledger, facts: Facts, versions: Sequence[Version], provider: str) -> Iterator[Consumer]:
    for version in versions:
        needs = facts.index.needs(version)
        if provider in needs:
            yield _consumer(ledger, version, needs[provider])


def _named_consumers(ledger: Ledger, provider: str, versions: Sequence[Version]) -> Iterator[Consumer]:
    facts = ledger.facts_about(versions, []) if versions else None
    for version in versions:
        assert facts is not None
        if version not in facts.versions:
            known = [each.number for each in facts.index.numbers(version.pacticipant)]
            raise UnknownName(f"no version {version}", hint=did_you_mean(version.number, known))
        key = facts.index.needs(version).get(provider)
        if key is None:
            raise UnknownName(f"{version} has no pact with {provider}", hint="name a consumer of it")
        yield _consumer(ledger, version, key)


def _consumer(ledger: Ledger, version: Version, key: str) -> Consumer:
    """Without a pact, or with one that cannot be read, what it needs is not known."""
    from harness.contracts.pact_reader import read_pact
    from harness.errors import ContractError

    contract = ledger.contract(key) if key else None
    if contract is None:
        return Consumer(version=version, pact=None)
    try:
        pact = read_pact(contract.text, f"the pact of {version}")
    except ContractError:
        return Consumer(version=version, pact=None)
    is_whole = not any(each.unreadable for each in pact.interactions)
    return Consumer(version=version, pact=pact if is_whole else None)
