"""A pact held against a provider's document, as the broker has both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi_diff import read_document
from harness.comparison.pact_openapi import Comparison as Found
from harness.comparison.pact_openapi import Severity, compare
from harness.contracts.pact_reader import read_pact
from harness.errors import ContractError
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from harness.broker.store.provider_contracts import Claim, Document
    from harness.comparison.openapi_diff import Document as Read

_MOST_NAMED = 5  # operations in one sentence
_DOCUMENTS = 32  # that are kept ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Whether a pact fits a document: success, failed, or unknown."""

    verdict: str
    because: str = ""
    findings: Sequence[Mapping[str, Any]] = ()


def compared(
    pact: str, document: Document | None, claim: Claim | None = None, *, trusted: bool = False
) -> Comparison:
    """What a comparison is worth: that the texts agree is no evidence of what the provider does.

    With `trusted`, a provider's word that its own tests held it to its document is taken for evidence.
    """
    if document is None:
        return Comparison(verdict="unknown", because="this version of the provider has published no document")
    try:
        found = compare(read_pact(pact, "the pact", ambiguous=True), _read(document.key, document.source))
    except ContractError as error:
        problem = error.problems[0]
        return Comparison(verdict="unknown", because=f"it cannot be compared: {problem.where}: {problem.text}")
    except RecursionError:
        return Comparison(verdict="unknown", because="it cannot be compared: it is nested too deeply")
    return _judged(found, claim, trusted=trusted)


@lru_cache(maxsize=_DOCUMENTS)
def _read(key: str, source: bytes) -> Read:
    del key  # what tells documents apart quickly
    return read_document(source, "the document")


def _judged(found: Found, claim: Claim | None, *, trusted: bool) -> Comparison:
    findings = tuple(_finding(each) for each in found.findings)
    if found.verdict is Verdict.FAILED:
        errors = [each for each in found.findings if each.severity is Severity.ERROR]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        because = f"'{errors[0].description}': {errors[0].text}{more}"
        return Comparison(verdict="failed", because=because, findings=findings)
    if found.verdict is Verdict.UNKNOWN:
        return Comparison(verdict="unknown", because=found.unknown[0], findings=findings)
    if trusted and claim is not None and claim.success:
        because = "it fits the document, and the provider claims that it keeps it"
        return Comparison(verdict="success", because=because, findings=findings)
    return Comparison(
        verdict="unknown", because=f"it fits the document; {_not_exercised(found)}", findings=findings
    )


def _not_exercised(found: Found) -> str:
    relied = list(dict.fromkeys(f"{each.operation} {each.status}" for each in found.reliances))
    more = f" and {len(relied) - _MOST_NAMED} more" if len(relied) > _MOST_NAMED else ""
    return f"not exercised: {', '.join(relied[:_MOST_NAMED])}{more}"


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
