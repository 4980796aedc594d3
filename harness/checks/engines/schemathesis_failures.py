"""Schemathesis' failures as findings: one per cause, with a count and the smallest request that shows it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks.engines.log_timeline import LogOf, no_log
from harness.checks.engines.replaying import Again
from harness.verdicts import Difference, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.checks.engines.schemathesis_stream import Failure

UNDOCUMENTED_400 = "openapi.undocumented-400"
MALFORMED = "malformed request bodies"  # the subject of that finding
_SHOWN = 5  # distinct messages that one finding spells out

CODES: Mapping[str, str] = {
    "ServerError": "openapi.server-error",
    "ContentTypeServerError": "openapi.server-error",
    "UndefinedStatusCode": "openapi.undocumented-status",
    "MissingContentType": "openapi.content-type",
    "UndefinedContentType": "openapi.content-type",
    "MalformedMediaType": "openapi.content-type",
    "MissingHeaders": "openapi.missing-header",
    "JsonSchemaError": "openapi.response-schema",
    "MalformedJson": "openapi.response-schema",
    "ContentDeserializationError": "openapi.response-schema",
    "DiscriminatorMismatch": "openapi.response-schema",
    "AcceptedNegativeData": "openapi.accepts-invalid",
    "MissingHeaderNotRejected": "openapi.accepts-invalid",
    "RejectedPositiveData": "openapi.rejects-valid",
    "UnsupportedMethodResponse": "openapi.unsupported-method",
    "UseAfterFree": "openapi.use-after-free",
    "EnsureResourceAvailability": "openapi.resource-availability",
    "IgnoredAuth": "openapi.ignored-auth",
    "ObjectLevelAuthorizationViolation": "openapi.foreign-object",
    "AllowHeaderMismatch": "openapi.allow-header",
    "ResponseTimeExceeded": "openapi.too-slow",
}
OTHER = "openapi.other"  # a check that this version of the harness has no name for

_REMEDIES: Mapping[str, str] = {
    "openapi.server-error": "answer with a documented status below 500, or refuse the value in the document",
    "openapi.undocumented-status": "add the status to the operation's responses, or stop answering it",
    "openapi.content-type": "answer with a media type that the document names for this status",
    "openapi.missing-header": "send the header that the document promises, or drop the promise",
    "openapi.response-schema": "answer as the schema says, or change the schema: that breaks who uses it",
    "openapi.accepts-invalid": "refuse what the document forbids, or allow it in the document",
    "openapi.rejects-valid": "accept what the document allows, or narrow the document",
    "openapi.unsupported-method": "answer 405 with an Allow header to methods that the document does not have",
    "openapi.use-after-free": "answer 404 or 410 once the resource has been deleted",
    "openapi.resource-availability": "make what was created readable at once, at the address that was given",
    "openapi.ignored-auth": "refuse requests without valid credentials, or drop `security` from the operation",
    "openapi.foreign-object": "check that the object belongs to the caller",
}

# In one case a response often fails several checks; the first of these names the cause.
_PRECEDENCE = (
    "openapi.server-error",
    "openapi.undocumented-status",
    "openapi.ignored-auth",
    "openapi.use-after-free",
    "openapi.resource-availability",
)


_JUST_SEND = Again()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Failures told apart: broken promises, and what is only worth a remark."""

    findings: tuple[Finding, ...]
    remarks: Mapping[str, tuple[str, ...]]  # per operation


def sort_out(
    failures: Iterable[Failure], *, place: str, again: Again = _JUST_SEND, log_of: LogOf = no_log
) -> Sorted:
    """Group failures by cause; `again` tells how each is replayed, `log_of` what the services wrote."""
    groups: dict[tuple[str, ...], list[Failure]] = defaultdict(list)
    also: dict[tuple[str, ...], set[str]] = defaultdict(set)
    remarks: dict[str, set[str]] = defaultdict(set)
    for case in _by_case(failures):
        first, *others = sorted(case, key=_rank)
        if is_remark(first):
            remarks[first.operation].add(f"{code_of(first)} ({_gist(first)})")
            others = [failure for failure in others if not is_remark(failure)]
            if not others:
                continue
            first, *others = others
        key = _cause(first)
        groups[key].append(first)
        also[key].update(code_of(other) for other in others if not is_remark(other))
    findings = [_finding(group, also[key] - {key[0]}, place, (again, log_of)) for key, group in groups.items()]
    findings.sort(key=lambda finding: (finding.code, finding.subject, finding.actual))
    return Sorted(findings=tuple(findings), remarks={op: tuple(sorted(r)) for op, r in remarks.items()})


def code_of(failure: Failure) -> str:
    """The documented name of what broke."""
    return CODES.get(failure.kind, OTHER)


def is_remark(failure: Failure) -> bool:
    """Whether the document promises nothing here, although the service could do better.

    An `Allow` header is no part of an OpenAPI document, and to take "1" for 1 keeps every promise made
    to a consumer; web frameworks do both, and a check that always fails is a check that nobody reads.
    """
    code = code_of(failure)
    return code == "openapi.allow-header" or (code == "openapi.accepts-invalid" and failure.lax)


def _by_case(failures: Iterable[Failure]) -> Iterable[list[Failure]]:
    cases: dict[tuple[str, str], list[Failure]] = defaultdict(list)
    for failure in failures:
        cases[failure.case, failure.operation].append(failure)
    return cases.values()


def _rank(failure: Failure) -> tuple[bool, int, str]:
    code = code_of(failure)
    place = _PRECEDENCE.index(code) if code in _PRECEDENCE else len(_PRECEDENCE)
    return is_remark(failure), place, code


def _cause(failure: Failure) -> tuple[str, ...]:
    """What makes two failures the same: their code, and where and how the promise is broken."""
    code = code_of(failure)
    if code == "openapi.undocumented-status" and is_malformed(failure):
        return (UNDOCUMENTED_400,)
    match code:
        case "openapi.response-schema" | "openapi.content-type" | "openapi.missing-header" | "openapi.other":
            return (code, failure.operation, str(failure.status), _gist(failure))
        case "openapi.unsupported-method":
            path = failure.operation.partition(" ")[2]
            return (code, path, str(failure.status))
        case _:
            return (code, failure.operation, str(failure.status))


def is_malformed(failure: Failure) -> bool:
    """Whether a 400 answers a body that is not what its content type says: no consumer sends that."""
    if failure.status != 400 or not failure.body:
        return False
    types = [value for name, value in failure.exchange.request_headers if name.lower() == "content-type"]
    kind = types[0].partition(";")[0].strip().lower() if types else ""
    if kind.endswith("json"):
        return not _is_json(failure.body)
    return kind == "multipart/form-data" and not any("boundary=" in value for value in types)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


_SCHEMA_AT = re.compile(r"^Schema at (\S+?):?$", re.MULTILINE)
_VERB = re.compile(r" (?:is|does|has|was|are) ")


def _gist(failure: Failure) -> str:
    """The message without the values that differ from case to case."""
    first = failure.message.partition("\n")[0]
    where = _SCHEMA_AT.search(failure.message)
    if where is None and failure.kind != "JsonSchemaError":
        return " ".join(_component(failure.message) or [first])
    if "required property" in first or "were unexpected" in first:
        return f"{where[1] if where else '/'}: {first}"
    verb = _VERB.search(first)
    return f"{where[1] if where else '/'}: {first[verb.start() + 1 :] if verb else first}"


def _component(message: str) -> list[str]:
    return [
        line.removeprefix("Invalid component: ") for line in message.splitlines() if "nvalid component" in line
    ]


def _finding(group: Sequence[Failure], also: set[str], place: str, how: tuple[Again, LogOf]) -> Finding:
    again, log_of = how
    shown = min(group, key=lambda f: (len(f.exchange.url) + len(f.body), f.exchange.url, f.body))
    cause = _cause(shown)
    if cause[0] == UNDOCUMENTED_400:
        return _undocumented_400(group, shown, place, again)
    expected, actual = _expected_and_actual(cause[0], shown)
    return Finding(
        code=cause[0],
        subject=shown.operation,
        operation=shown.operation,
        expected=expected,
        actual=actual,
        place=f"{place}{pointer(shown.operation)}",
        replay=again.command(shown.exchange, shown.body),
        remedy=_REMEDIES.get(cause[0], ""),
        count=len(group),
        differences=(
            *_differences(group),
            *(Difference(place="also", expected="", actual=c) for c in sorted(also)),
        ),
        exchange=shown.exchange,
        log=log_of(shown.at, shown.exchange.seconds) if shown.status >= 500 or not shown.status else (),
    )


def _undocumented_400(group: Sequence[Failure], shown: Failure, place: str, again: Again) -> Finding:
    operations = sorted({failure.operation for failure in group})
    return Finding(
        code=UNDOCUMENTED_400,
        subject=MALFORMED,
        expected="a documented status",
        actual=f"400, which the document does not mention, in {', '.join(operations)}",
        place=place,
        replay=again.command(shown.exchange, shown.body),
        remedy="document it once for the whole service; in FastAPI: FastAPI(responses={400: {'description': "
        "'The body cannot be read.'}})",
        count=len(group),
        differences=tuple(
            Difference(place=operation, expected="a documented status", actual="400") for operation in operations
        ),
        exchange=shown.exchange,
    )


def pointer(operation: str) -> str:
    """Where an operation is written in its document, as a JSON pointer fragment."""
    method, _, path = operation.partition(" ")
    return f"#/paths/{path.replace('~', '~0').replace('/', '~1')}/{method.lower()}"


def _expected_and_actual(code: str, failure: Failure) -> tuple[str, str]:
    """Expected and actual, in a few words each."""
    lines = failure.message.splitlines()
    documented = next((line.partition(": ")[2] for line in lines if line.startswith("Documented: ")), "")
    allowed = next((line.partition(": ")[2] for line in lines if line.startswith("Expected: ")), "")
    answered = f"{failure.status} {_short(failure.exchange.response_body)}".strip()
    match code:
        case "openapi.server-error":
            return "no server error", answered
        case "openapi.undocumented-status":
            return f"one of {documented}" if documented else "a documented status", str(failure.status)
        case "openapi.accepts-invalid":
            return f"a refusal ({allowed})" if allowed else "a refusal", f"{failure.status} to {_gist(failure)}"
        case "openapi.rejects-valid":
            return "a request that fits the document is accepted", answered
        case "openapi.response-schema":
            return f"a response as its schema says ({_gist(failure)})", lines[0] if lines else answered
        case _:
            return _expectation(lines), (lines[0] if lines else answered)


def _expectation(lines: Sequence[str]) -> str:
    told = [line for line in lines if line.startswith(("Expected", "Documented", "Defined"))]
    return "; ".join(told) or "what the document promises"


def _differences(group: Sequence[Failure]) -> list[Difference]:
    """The distinct ways in which one cause showed, a few of them."""
    gists = sorted({_gist(failure) for failure in group} - {""})
    if len(gists) < 2:
        return []
    return [Difference(place="request", expected="", actual=gist) for gist in gists[:_SHOWN]]


def _short(text: str, limit: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}…"
