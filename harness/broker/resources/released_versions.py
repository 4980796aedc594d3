"""Releases: many versions may be supported in an environment at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, ok
from harness.broker.http.deployment_shape import RELEASED
from harness.broker.http.deployment_shape import release_resource as told
from harness.broker.http.forms import Form
from harness.broker.http.hal import link
from harness.broker.http.problems import Invalid, NotHere
from harness.broker.http.routing import Routes
from harness.broker.resources.environments import environment_resource
from harness.broker.resources.versions import the_version
from harness.identity import Version
from harness.ledger.db import deployment_records as kept
from harness.ledger.db import places

if TYPE_CHECKING:
    from harness.broker.http.call import Request
    from harness.ledger.db.deployment_records import StoredDeployment
    from harness.ledger.db.places import Environment

routes = Routes("released-versions")

LIST = s.paged_list("ReleasedVersions", "releasedVersions", RELEASED)
TO_END = s.Schema("ReleasedVersionToEnd", s.record(currentlySupported=s.truth("Only false: it ended.")))
_PATH = "/pacticipants/{pacticipant}/versions/{version}/released-versions/environment/{environment}"


@routes.get(_PATH, answers={200: LIST})
def show_of_version(call: Request) -> Response:
    """Every time that a version was released to an environment, oldest first."""
    the_version(call)
    place = _environment(call)
    found = kept.of_version(call.db, place, _version(call), released=True)
    title = (
        f"Released versions for {call.path['pacticipant']} version {call.path['version']} in {place.display_name}"
    )
    return ok(_release_list(call, found, title, embeds=False))


@routes.post(_PATH, answers={200: RELEASED, 201: RELEASED}, role="deploy")
def release(call: Request) -> Response:
    """Say that a version is supported in an environment, beside what is."""
    call.document(empty=True)
    the_version(call)
    made, new = kept.release(call.db, _environment(call), _version(call), call.now)
    told_of_it = _with_environment(call, made)
    where = call.to("released-versions", made.uuid)
    return created(told_of_it, where) if new else ok(told_of_it, location=where)


@routes.get("/released-versions/{uuid}", answers={200: RELEASED})
def show(call: Request) -> Response:
    """One release."""
    return ok(_with_environment(call, _the_stay(call)))


@routes.patch("/released-versions/{uuid}", answers={200: RELEASED}, body=TO_END, role="deploy", asks_scope=True)
def end(call: Request) -> Response:
    """It is no longer supported there."""
    form = Form(call.document())
    there = _the_stay(call)
    call.who.permit(there.version.pacticipant)
    lasts = form.truth("currentlySupported", words="must be one of: true, false")
    form.done()
    if lasts is True:
        text = "The currentlySupported property cannot be set back to true. Please record a new deployment."
        raise Invalid({"currentlySupported": [text]}, status=422)
    if lasts is False:
        kept.end(call.db, there, call.now, released=True)
    return ok(_with_environment(call, _the_stay(call)))


@routes.get(
    "/environments/{environment}/released-versions/currently-supported",
    answers={200: LIST},
    query=[
        s.query("pacticipant", "Only versions of this one."),
        s.query("version", "Only this version."),
    ],
)
def show_current(call: Request) -> Response:
    """What is supported in an environment now."""
    place = _environment(call)
    found = kept.current(
        call.db, place, released=True, pacticipant=call.asked("pacticipant"), number=call.asked("version")
    )
    return ok(_release_list(call, found, f"Currently supported versions in {place.display_name}"))


def _environment(call: Request) -> Environment:
    found = places.by_uuid(call.db, call.path["environment"])
    if found is None:
        raise NotHere
    return found


def _version(call: Request) -> Version:
    return Version(call.path["pacticipant"], call.path["version"])


def _the_stay(call: Request) -> StoredDeployment:
    found = kept.by_uuid(call.db, call.path["uuid"], released=True)
    if found is None:
        raise NotHere
    return found


def _with_environment(call: Request, stay: StoredDeployment) -> dict[str, Any]:
    return told(call, stay, environment_resource(call, stay.environment))


def _release_list(
    call: Request, found: list[StoredDeployment], title: str, *, embeds: bool = True
) -> dict[str, Any]:
    asked = f"{call.here()}?{call.query}" if call.query else call.here()
    embedded = {"releasedVersions": [told(call, each, None, embeds=embeds) for each in found]}
    return {"_embedded": embedded, "_links": {"self": link(asked, title=title)}}
