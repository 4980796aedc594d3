"""A pact held against the OpenAPI document of its provider, without running anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.comparison.pact_fit.answer import Comparison, FitFinding, Reliance
from harness.comparison.pact_fit.interaction_context import InteractionContext
from harness.comparison.pact_fit.lost_parts import lost_path, nowhere, tell_lost_request, unread_everywhere
from harness.comparison.pact_fit.requests import REFUSED, check_request
from harness.comparison.pact_fit.responses import check_response
from harness.comparison.pact_fit.routing import DocumentRoutes
from harness.comparison.pact_fit.validators import Validators
from harness.comparison.severity import Severity
from harness.contracts.openapi_routing import NearMissKind, Reach
from harness.contracts.pact import InteractionKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.comparison.openapi.document import Document
    from harness.contracts.openapi_routing import NearMiss, RouteCandidate, RoutedRequest
    from harness.contracts.pact import Interaction, Pact


def compare(pact: Pact, document: Document) -> Comparison:
    """Whether a provider with that document can keep every promise that the pact asks of it."""
    return next(compare_all([pact], document))


def compare_all(pacts: Iterable[Pact], document: Document) -> Iterator[Comparison]:
    """Many pacts with one document, whose schemas are made ready once."""
    document = document.guarded()
    validators = Validators(document)
    routes = DocumentRoutes(document, validators)
    for pact in pacts:
        yield _compare(pact, routes, validators)


def _compare(pact: Pact, routes: DocumentRoutes, validators: Validators) -> Comparison:
    findings: list[FitFinding] = []
    reliances: list[Reliance] = []
    unknown: list[str] = []
    if not routes.operations and not any(map(routes.document.lost, routes.document.part("paths").values())):
        unknown.append("the document has no operation")
    if not pact.interactions:
        unknown.append("the pact has no interaction")
    meetings = []
    for interaction in pact.interactions:
        if interaction.kind is not InteractionKind.HTTP:
            unknown.append(_not_http(pact, interaction))
            continue
        meeting = InteractionContext.of(interaction, validators)
        reliance = _interaction(meeting, routes)
        if meeting.found or meeting.unknown:
            meetings.append(meeting)
        if reliance is not None:
            reliances.append(reliance)
    validators.prepare(wanted for meeting in meetings for wanted in meeting.wanted)
    for meeting in meetings:
        findings.extend(meeting.findings())
        unknown.extend(meeting.unknown)
    return Comparison(findings=tuple(findings), reliances=tuple(reliances), unknown=tuple(unknown))


def _not_http(pact: Pact, interaction: Interaction) -> str:
    if interaction.unreadable:
        return f"'{interaction.label}' cannot be read: {pact.place}{interaction.unreadable}"
    return f"'{interaction.label}' is a message, which an OpenAPI document does not speak of"


def _interaction(meeting: InteractionContext, routes: DocumentRoutes) -> Reliance | None:
    interaction: Interaction = meeting.interaction
    lost = lost_path(routes.document, routes.table.bases, interaction.path)
    if lost:
        meeting.undecided("the request", f"its path {nowhere(lost)}")
        return None
    unread = unread_everywhere(routes.document)
    if unread:
        meeting.undecided("the request", f"the document's `{unread}` cannot be read")
        return None
    if "?" in interaction.path:
        meeting.undecided("the request", "its path has a query of its own, beside the `query` or below a rule")
        return None
    routed = routes.table.route(interaction.method, interaction.path)
    missed = _missing_operation(interaction, routed, routes)
    if missed is not None:
        _tell_missed(meeting, missed)
        return None
    if routed.met is None:
        labels = " and ".join(routed.equally)
        meeting.undecided("the request", f"it meets {labels} equally, so it counts for neither")
        return None
    met = routed.met.operation
    operation = meeting.operation = routes.operations[met.method, met.path]
    if routed.met.reach is Reach.WITHOUT_SERVER:
        text = "the path is that of an operation without the path of its server"
        meeting.tell("request.path-or-method.server", text, severity=Severity.INFO, at=("request", "path"))
    if routed.met.unread and interaction.status < REFUSED:
        meeting.undecided("the request", routed.met.unread)
    tell_lost_request(meeting, operation, refused=interaction.status >= REFUSED)
    check_request(meeting, operation)
    return check_response(meeting, operation)


def _missing_operation(
    interaction: Interaction, routed: RoutedRequest, routes: DocumentRoutes
) -> MissedOperation | None:
    """None when an operation takes the request; where an error is expected, values of the path may be wrong."""
    fitting = [each for each in routed.candidates if _is_below(each, routes.document)]
    if not fitting:
        return missed_operation(interaction, routes)
    first = fitting[0]
    if not all(each.fault for each in fitting) or interaction.status >= REFUSED:
        return None
    pointer = routes.operations[first.operation.method, first.operation.path].pointer
    return MissedOperation(first.fault, pointer, first.label)


def _is_below(candidate: RouteCandidate, document: Document) -> bool:
    """OpenAPI 3 is often read without servers; the `basePath` of 2.0 belongs to each path."""
    return not (document.old and candidate.reach is Reach.WITHOUT_SERVER)


def _tell_missed(meeting: InteractionContext, missed: MissedOperation) -> None:
    generated = bool(meeting.request.rules.generator("path", ()))
    meeting.tell(
        "request.path-or-method.unknown",
        missed.text,
        severity=Severity.WARNING if generated else Severity.ERROR,
        at=("request", "path"),
        place=missed.place,
        expected=missed.expected,
        actual=f"{meeting.interaction.method} {meeting.interaction.path}",
        remedy="call an operation of the document, or add this one to it",
    )
    if generated:
        meeting.undecided("the request", "its path is made anew for every run, and the example meets nothing")


_MOST_NAMED = 3
_HOW = {
    NearMissKind.SLASH: "by the slash at its end",
    NearMissKind.CASE: "by capitals",
    NearMissKind.METHOD: "by its method",
    NearMissKind.SERVER: "by the path of its server",
}


@dataclass(frozen=True, slots=True)
class MissedOperation:
    """Why no operation takes a request, and where the nearest is."""

    text: str
    place: str = "#/paths"
    expected: str = ""


def missed_operation(interaction: Interaction, routes: DocumentRoutes) -> MissedOperation:
    """That no path of the document is that of the request, with what it nearly is."""
    near = routes.table.near_misses(interaction.method, interaction.path)
    path, method = interaction.path, interaction.method
    methods = ", ".join(sorted({each.operation.method for each in near if each.kinds == (NearMissKind.METHOD,)}))
    if methods:
        return MissedOperation(f"{path} is there for {methods}, not for {method}", expected=methods)
    text = f"no path of the document is {path}"
    if not near:
        return MissedOperation(text)
    first = near[0].operation
    pointer = routes.operations[first.method, first.path].pointer
    return MissedOperation(f"{text}; {_differing(near)}", pointer, _near_labels(near))


def _differing(near: Sequence[NearMiss]) -> str:
    how = " and ".join(_HOW[kind] for kind in near[0].kinds)
    return f"it differs from {_near_labels(near)} {how} only"


def _near_labels(near: Sequence[NearMiss]) -> str:
    labels = list(dict.fromkeys(_label(each) for each in near))
    more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
    return " or ".join(labels[:_MOST_NAMED]) + more


def _label(miss: NearMiss) -> str:
    """The operation; below a server the whole path, for that is what is to be written."""
    base = next(iter(miss.operation.bases), "") if NearMissKind.SERVER in miss.kinds else ""
    return f"{miss.operation.method} {base}{miss.operation.path}"
