"""Pacts against an OpenAPI document: for people, as JSON and as SARIF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.severity import Severity
from harness.reports.openapi_changes import document_problems
from harness.reports.sarif import LEVELS, SarifPlace, SarifResult, sarif
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.comparison.pact_fit import FitFinding, PactComparison

_WIDEST = 60  # letters of a value before the place beside it
_WORDS = {Verdict.PASSED: "pass", Verdict.FAILED: "fail", Verdict.UNKNOWN: "unknown"}
_SIGNS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "·"}


def overall(told: Sequence[PactComparison]) -> Verdict:
    """FAILED when one failed, UNKNOWN when one is not known, PASSED otherwise."""
    verdicts = {each.comparison.verdict for each in told}
    return next((each for each in (Verdict.FAILED, Verdict.UNKNOWN) if each in verdicts), Verdict.PASSED)


# --- for programs ------------------------------------------------------------------------------------------------


def as_document(told: Sequence[PactComparison]) -> dict[str, Any]:
    """The documented JSON: of one pact its findings, of several one entry for each."""
    if len(told) == 1:
        return _comparison(told[0])
    entries = [
        {
            "pact": each.pact.place,
            "consumer": each.pact.consumer,
            "provider": each.pact.provider,
            **_comparison(each),
        }
        for each in told
    ]
    return {"verdict": _WORDS[overall(told)], "comparisons": entries}


def _comparison(told: PactComparison) -> dict[str, Any]:
    comparison = told.comparison
    return {
        "verdict": _WORDS[comparison.verdict],
        "findings": [_finding(each) for each in comparison.findings],
        "unknown": list(comparison.unknown),
        "document_problems": [f"{each.where}: {each.text}" for each in told.problems],
        "document_remarks": [f"{each.where}: {each.text}" for each in told.remarks],
        "relies_on": [
            {
                "interaction": each.interaction,
                "operation": each.operation,
                "status": each.status,
                "media_type": each.media_type,
                "fields": list(each.fields),
            }
            for each in comparison.reliances
        ],
    }


def _finding(each: FitFinding) -> dict[str, Any]:
    return {
        "interaction": each.interaction,
        "description": each.description,
        "severity": each.severity.value,
        "code": each.code,
        "path": each.path,
        "place": each.place,
        "text": each.text,
        "expected": each.expected,
        "actual": each.actual,
        "remedy": each.remedy,
    }


def as_sarif(told: Sequence[PactComparison], line: Callable[[str, str], int]) -> dict[str, Any]:
    """SARIF 2.1.0, each finding a result in the pact, with the place in the document beside it."""
    return sarif([_sarif_result(each, one) for one in told for each in one.comparison.findings], line)


def _sarif_result(each: FitFinding, one: PactComparison) -> SarifResult:
    return SarifResult(
        rule=each.code,
        about=each.code.replace(".", " "),
        level=LEVELS[each.severity.value],
        text=f"{each.description}: {each.text}",
        place=SarifPlace(file=one.pact.place, pointer=each.path, name=each.path),
        related=(SarifPlace(file=one.document, pointer=each.place, name=each.place),),
    )


# --- for people --------------------------------------------------------------------------------------------------


def for_people(told: Sequence[PactComparison]) -> str:
    """The answer of each pact, then its findings by interaction, the two sides below each other."""
    return "\n".join(line for each in told for line in _lines(each))


_OPEN = ".open"  # the infos that people are told: a yes here rests on nothing that the document says
_ANSWERS = {
    Verdict.PASSED: "fits: the document promises what the pact needs",
    Verdict.FAILED: "does not fit",
    Verdict.UNKNOWN: "cannot tell",
}


def _lines(told: PactComparison) -> Iterator[str]:
    comparison = told.comparison
    errors = sum(each.severity is Severity.ERROR for each in comparison.findings)
    counted = f" ({errors} {'error' if errors == 1 else 'errors'})" if errors else ""
    who = f"{told.pact.consumer} with {told.pact.provider}" if told.pact.consumer else "a file that is no pact"
    yield f"{who}: {_ANSWERS[comparison.verdict]}{counted}"
    yield f"  {told.pact.place} against {told.document}"
    yield from document_problems(told.problems, told.remarks)
    for why in comparison.unknown:
        yield f"  ? {why}"
    described = ""
    for each in comparison.findings:
        if each.severity is Severity.INFO and not each.code.endswith(_OPEN):
            continue
        if each.description != described:
            described = each.description
            yield f"  interaction '{described}'"
        yield from _finding_lines(each)


def _finding_lines(each: FitFinding) -> Iterator[str]:
    yield f"    {_SIGNS[each.severity]} {each.text}  [{each.code}]"
    if each.severity is Severity.INFO:
        yield f"        document  {each.place}"
        return
    width = min(max(len(each.actual), len(each.expected)), _WIDEST)
    yield f"        pact      {each.actual.ljust(width)}  {each.path}".rstrip()
    yield f"        document  {each.expected.ljust(width)}  {each.place}".rstrip()
    if each.remedy:
        yield f"        {each.remedy}"
