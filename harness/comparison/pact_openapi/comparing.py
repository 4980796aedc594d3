"""A pact held against the OpenAPI document of its provider, without running anything."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.comparison.pact_openapi.answer import Comparison, Finding, Reliance, Severity
from harness.comparison.pact_openapi.requests import REFUSED, check_request
from harness.comparison.pact_openapi.responses import check_response
from harness.comparison.pact_openapi.routing import Missed, Routes
from harness.comparison.pact_openapi.telling import Meeting
from harness.comparison.pact_openapi.validators import Validators
from harness.contracts.pact import InteractionKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.comparison.openapi_diff.document import Document
    from harness.contracts.pact import Interaction, Pact


def compare(pact: Pact, document: Document) -> Comparison:
    """Whether a provider with that document can keep every promise that the pact asks of it."""
    return next(compare_all([pact], document))


def compare_all(pacts: Iterable[Pact], document: Document) -> Iterator[Comparison]:
    """Many pacts with one document, whose schemas are made ready once."""
    validators = Validators(document)
    routes = Routes(document, validators)
    for pact in pacts:
        yield _compare(pact, routes, validators)


def _compare(pact: Pact, routes: Routes, validators: Validators) -> Comparison:
    findings: list[Finding] = []
    reliances: list[Reliance] = []
    unknown: list[str] = []
    if routes.empty:
        unknown.append("the document has no operation")
    if not pact.interactions:
        unknown.append("the pact has no interaction")
    meetings = []
    for interaction in pact.interactions:
        if interaction.kind is not InteractionKind.HTTP:
            unknown.append(_not_http(pact, interaction))
            continue
        meeting = Meeting.of(interaction, validators)
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


def _interaction(meeting: Meeting, routes: Routes) -> Reliance | None:
    interaction: Interaction = meeting.interaction
    path = urlsplit(interaction.path).path if "?" in interaction.path else interaction.path
    found = routes.find(interaction.method, path, refused=interaction.status >= REFUSED)
    if isinstance(found, Missed):
        generated = bool(meeting.request.rules.generator("path", ()))
        meeting.tell(
            "request.path-or-method.unknown",
            found.text,
            severity=Severity.WARNING if generated else Severity.ERROR,
            at=("request", "path"),
            place=found.place,
            expected=found.expected,
            actual=f"{interaction.method} {interaction.path}",
            remedy="call an operation of the document, or add this one to it",
        )
        if generated:
            meeting.undecided("the request", "its path is made anew for every run, and the example meets nothing")
        return None
    meeting.operation = found.operation
    if not found.below_server:
        text = "the path is that of an operation without the path of its server"
        meeting.tell("request.path-or-method.server", text, severity=Severity.INFO, at=("request", "path"))
    check_request(meeting, found.operation)
    return check_response(meeting, found.operation)
