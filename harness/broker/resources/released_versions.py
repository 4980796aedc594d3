"""Releases: many versions may be supported in an environment at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, ok
from harness.broker.http.deployment_shape import RELEASED, environment_of, record_list, record_of, version_of
from harness.broker.http.deployment_shape import release_resource as told
from harness.broker.http.forms import Form
from harness.broker.http.problems import Invalid
from harness.broker.http.routing import Routes
from harness.broker.resources.environments import environment_resource
from harness.broker.resources.versions import the_version
from harness.ledger.db import deployment_records as kept

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.deployment_records import StoredDeployment

routes = Routes("released-versions")

LIST = s.paged_list("ReleasedVersions", "releasedVersions", RELEASED)
TO_END = s.Schema("ReleasedVersionToEnd", s.record(currentlySupported=s.truth("Only false: it ended.")))
_PATH = "/pacticipants/{pacticipant}/versions/{version}/released-versions/environment/{environment}"


@routes.get(_PATH, answers={200: LIST})
def show_of_version(request: Request) -> Response:
    """Every time that a version was released to an environment, oldest first."""
    the_version(request)
    place = environment_of(request)
    found = kept.of_version(request.db, place, version_of(request), released=True)
    of = f"{request.path['pacticipant']} version {request.path['version']}"
    title = f"Released versions for {of} in {place.display_name}"
    return ok(_release_list(request, found, title, embeds=False))


@routes.post(_PATH, answers={200: RELEASED, 201: RELEASED}, role="deploy")
def release(request: Request) -> Response:
    """Say that a version is supported in an environment, beside what is."""
    request.document(empty=True)
    the_version(request)
    made, new = kept.release(request.db, environment_of(request), version_of(request), request.now)
    told_of_it = _with_environment(request, made)
    where = request.to("released-versions", made.uuid)
    return created(told_of_it, where) if new else ok(told_of_it, location=where)


@routes.get("/released-versions/{uuid}", answers={200: RELEASED})
def show(request: Request) -> Response:
    """One release."""
    return ok(_with_environment(request, record_of(request, released=True)))


@routes.patch("/released-versions/{uuid}", answers={200: RELEASED}, body=TO_END, role="deploy", asks_scope=True)
def end(request: Request) -> Response:
    """It is no longer supported there."""
    form = Form(request.document())
    there = record_of(request, released=True)
    request.who.permit(there.version.pacticipant)
    lasts = form.truth("currentlySupported", words="must be one of: true, false")
    form.done()
    if lasts is True:
        text = "The currentlySupported property cannot be set back to true. Please record a new deployment."
        raise Invalid({"currentlySupported": [text]}, status=422)
    if lasts is False:
        kept.end(request.db, there, request.now, released=True)
    return ok(_with_environment(request, record_of(request, released=True)))


@routes.get(
    "/environments/{environment}/released-versions/currently-supported",
    answers={200: LIST},
    query=[
        s.query("pacticipant", "Only versions of this one."),
        s.query("version", "Only this version."),
    ],
)
def show_current(request: Request) -> Response:
    """What is supported in an environment now."""
    place = environment_of(request)
    found = kept.current(
        request.db, place, released=True, pacticipant=request.asked("pacticipant"), number=request.asked("version")
    )
    return ok(_release_list(request, found, f"Currently supported versions in {place.display_name}"))


def _with_environment(request: Request, stay: StoredDeployment) -> dict[str, Any]:
    return told(request, stay, environment_resource(request, stay.environment))


def _release_list(
    request: Request, found: list[StoredDeployment], title: str, *, embeds: bool = True
) -> dict[str, Any]:
    resources = [told(request, each, None, embeds=embeds) for each in found]
    return record_list(request, "releasedVersions", resources, title)
