"""What was exercised of a provider's version, beside what its document declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.comparison.declared import Exercise, rows
from harness.errors import UnknownName, did_you_mean
from harness.identity import Version

if TYPE_CHECKING:
    from harness.comparison.coverage import Coverage
    from harness.contracts.openapi_routing import RouteTable
    from harness.evidence import Facts
    from harness.ports import Ledger


def coverage_of_version(name: str, number: str, ledger: Ledger) -> Exercise:
    """What of a version was exercised; of the newest without a number. Raises UnknownName."""
    facts = ledger.facts_about([Version(name, number)], ()) if number else ledger.facts()
    version = _find_version(name, number, facts)
    coverage = ledger.coverage(version)
    return _beside_document(version, coverage, facts.versions[version].openapi, ledger)


def _find_version(name: str, number: str, facts: Facts) -> Version:
    numbers = facts.index.numbers(name)
    if not numbers:
        known = sorted({version.pacticipant for version in facts.versions})
        raise UnknownName(f"nothing is known of '{name}'", hint=did_you_mean(name, known))
    if not number:
        return numbers[-1]
    version = Version(name, number)
    if version not in numbers:
        hint = did_you_mean(number, [each.number for each in numbers])
        raise UnknownName(f"no version {version}", hint=hint)
    return version


def _beside_document(version: Version, coverage: Coverage, key: str, ledger: Ledger) -> Exercise:
    from harness.comparison.diff import read_document
    from harness.comparison.pact_fit.routing import routes_of

    contract = ledger.contract(key) if key else None
    if contract is None:
        return Exercise(version=version, coverage=coverage)
    document = read_document(contract.text, f"the document of {version}")
    routes = routes_of(document)
    within = coverage.within(routes)
    return Exercise(
        version=version,
        coverage=within,
        rows=rows(document, within),
        document=key,
        equally=_equally(coverage, routes),
        problems=document.problems,
    )


def _equally(coverage: Coverage, routes: RouteTable) -> tuple[tuple[str, tuple[str, ...]], ...]:
    requests = dict.fromkeys(each.operation for each in coverage.seen)
    told = ((request, routes.meanings(request)) for request in requests)
    return tuple((request, labels) for request, labels in told if len(labels) > 1)
