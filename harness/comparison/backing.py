"""What a static answer is worth: a yes of texts counts only as far as the running provider was exercised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.comparison.severity import Severity
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.coverage import Coverage
    from harness.comparison.pact_fit.answer import Comparison, Reliance
    from harness.verdicts import Covered

_MOST_NAMED = 5  # gaps in one sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Backed:
    """A static verdict with what it rests on."""

    verdict: Verdict
    cause: Cause | None = None  # always set unless PASSED
    because: str  # one sentence
    missing: tuple[str, ...] = ()  # "GET /orders/{id} 404", "GET /orders/{id} 200 /total"
    claimed: bool = False  # it rests on the provider's own word


def backed_verdict(
    comparison: Comparison, coverage: Coverage, *, claim: bool | None = None, trust_claims: bool = False
) -> Backed:
    """The static verdict of a pact on one provider version, whose coverage is told by its document's operations.

    PASSED only if everything that the pact relies on was exercised by a check of ours, or the provider claims
    that its own tests passed and the policy trusts claims; a claim never mends a comparison that is no yes.
    """
    if comparison.verdict is Verdict.FAILED:
        errors = [each for each in comparison.findings if each.severity is Severity.ERROR]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        because = f"'{errors[0].description}': {errors[0].text}{more}"
        return Backed(verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE, because=because)
    if comparison.verdict is Verdict.UNKNOWN:
        return Backed(verdict=Verdict.UNKNOWN, cause=Cause.KIND_NOT_CHECKED, because=comparison.unknown[0])
    if not comparison.reliances:
        because = "the pact relies on nothing that could be exercised"
        return Backed(verdict=Verdict.UNKNOWN, cause=Cause.NOTHING_EXERCISED, because=because)
    missing = tuple(dict.fromkeys(gap for each in comparison.reliances for gap in gaps(each, coverage)))
    if not missing:
        because = "it fits the document, and all that it relies on was exercised"
        return Backed(verdict=Verdict.PASSED, because=because)
    if claim and trust_claims:
        because = "it fits the document, and the provider claims that it keeps it"
        return Backed(verdict=Verdict.PASSED, because=because, missing=missing, claimed=True)
    return Backed(
        verdict=Verdict.UNKNOWN,
        cause=Cause.NOT_EXERCISED,
        because=f"it fits the document; not exercised: {_gap_names(missing)}",
        missing=missing,
    )


def gaps(reliance: Reliance, coverage: Coverage) -> Iterator[str]:
    """What of a reliance no check has seen: the whole answer, or single fields of it."""
    answer = f"{reliance.operation} {reliance.status}"
    seen = [
        each
        for each in coverage.of_operation(reliance.operation)
        if str(each.status) == reliance.status and _is_of(each, reliance.media_type)
    ]
    if not seen:
        yield answer
        return
    fields = {field for each in seen for field in each.fields}
    wanted = reliance.fields if reliance.written is None else reliance.written
    yield from (f"{answer} {field}" for field in wanted if field not in fields)


def _is_of(covered: Covered, declared: str) -> bool:
    """Whether what came is of the media type that the document declares, a range perhaps."""
    wanted = declared.partition(";")[0].strip().lower()
    kind = wanted.partition("/")[0]
    if wanted in ("", "*/*"):
        return True
    if wanted.endswith("/*"):
        return covered.media_type.startswith(f"{kind}/")
    return covered.media_type == wanted


def _gap_names(missing: tuple[str, ...]) -> str:
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    return ", ".join(missing[:_MOST_NAMED]) + more
