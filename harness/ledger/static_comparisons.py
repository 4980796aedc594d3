"""A pact held against a provider's document, as the broker has both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.comparison.backing import backed_verdict
from harness.comparison.coverage import Coverage
from harness.comparison.declared import rows
from harness.comparison.diff import Document as Read
from harness.comparison.openapi.document import bundle_document
from harness.comparison.pact_fit import compare
from harness.comparison.pact_fit.routing import routes_of
from harness.contracts.openapi_routing import RouteTable
from harness.contracts.openapi_source import parse
from harness.contracts.pact_reader import read_pact
from harness.errors import ContractError, Problem
from harness.identity import Version
from harness.ledger.db import coverage
from harness.ledger.db import provider_contracts as kept
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harness.ledger.db.provider_contracts import ProviderDocument

_DOCUMENTS = 32  # that are kept ready


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticComparison:
    """Whether a pact fits a document, and why."""

    told: Verdict
    cause: Cause | None = Cause.KIND_NOT_CHECKED  # always set unless PASSED
    because: str = ""
    findings: Sequence[Mapping[str, Any]] = ()
    claimed: bool = False  # a success that rests on the provider's own word
    fits: bool = False  # the texts agree, whatever of it was exercised

    @property
    def verdict(self) -> str:
        """The same in the words of the API: success, failed, or unknown."""
        return _WORDS[self.told]


NOTHING = Coverage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """What speaks for a provider's document beside its text."""

    coverage: Coverage = NOTHING  # what checks of ours saw the running provider answer
    claim: bool | None = None  # whether the provider says that its own tests held it to its document
    trusted: bool = False  # whether such a word counts


def backing_of(db: sa.Connection, document: ProviderDocument | None, *, trusted: bool) -> Backing:
    """What is known of the version that has a document."""
    if document is None:
        return Backing()
    claim = kept.claim_of(db, document.version)
    seen = coverage.of_version(db, Version(document.provider, document.number))
    return Backing(coverage=seen, claim=None if claim is None else claim.success, trusted=trusted)


def problems_of(document: ProviderDocument) -> tuple[Problem, ...]:
    """What of a provider's document cannot be read: what needs one of these places is unknown."""
    try:
        return _prepare_document(document.key, document.source).document.problems
    except ContractError as error:
        return error.problems
    except RecursionError:
        return (Problem("it is nested too deeply"),)


def operations_of(document: ProviderDocument) -> dict[str, str]:
    """Each operation of a provider's document, and what of it cannot be read."""
    try:
        ready = _prepare_document(document.key, document.source)
    except (ContractError, RecursionError):
        return {}
    return {each.operation: each.unread for each in rows(ready.document, NOTHING)}


def compare_with_document(pact: str, document: ProviderDocument | None, backing: Backing) -> StaticComparison:
    """What a comparison is worth: that the texts agree is no evidence of what the provider does."""
    if document is None:
        return _unknown("this version of the provider has published no document")
    try:
        ready = _prepare_document(document.key, document.source)
        found = compare(read_pact(pact, "the pact"), ready.document)
    except ContractError as error:
        problem = error.problems[0]
        return _unknown(f"it cannot be compared: {problem.where}: {problem.text}")
    except RecursionError:
        return _unknown("it cannot be compared: it is nested too deeply")
    told = backed_verdict(
        found, backing.coverage.within(ready.routes), claim=backing.claim, trust_claims=backing.trusted
    )
    return StaticComparison(
        told=told.verdict,
        cause=told.cause,
        because=told.because,
        findings=tuple(_finding(each) for each in found.findings),
        claimed=told.claimed,
        fits=found.verdict is Verdict.PASSED,
    )


def _unknown(because: str) -> StaticComparison:
    return StaticComparison(told=Verdict.UNKNOWN, because=because)


_WORDS = {Verdict.PASSED: "success", Verdict.FAILED: "failed", Verdict.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadyDocument:
    """A document, read for comparing and for naming what was seen by its operations."""

    document: Read
    routes: RouteTable


@lru_cache(maxsize=_DOCUMENTS)
def _prepare_document(key: str, source: bytes) -> _ReadyDocument:
    del key  # what tells documents apart quickly
    document = bundle_document(parse(source, "the document"), "the document")
    return _ReadyDocument(document=document, routes=routes_of(document))


def _finding(each: Any) -> dict[str, Any]:
    return {
        "interaction": each.description,
        "severity": each.severity.value,
        "code": each.code,
        "path": each.path,
        "place": each.place,
        "text": each.text,
        "remedy": each.remedy,
    }
