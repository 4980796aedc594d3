"""Deployments: one version runs on each application instance of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, ok
from harness.broker.http.deployment_shape import DEPLOYED, environment_of, record_list, record_of, version_of
from harness.broker.http.deployment_shape import deployment_resource as told
from harness.broker.http.forms import Form
from harness.broker.http.hal import omit_absent
from harness.broker.http.paging import asked_page, page_links, page_numbers
from harness.broker.http.problems import Invalid
from harness.broker.http.routing import Routes
from harness.broker.resources.environments import environment_resource
from harness.broker.resources.versions import the_version
from harness.ledger.db import deployment_records as kept

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.deployment_records import StoredDeployment

routes = Routes("deployed-versions")

LIST = s.paged_list("DeployedVersions", "deployedVersions", DEPLOYED)
TO_KEEP = s.Schema(
    "DeployedVersionToKeep",
    s.record(applicationInstance=s.maybe(s.text()), target=s.maybe(s.text("The same; an older word for it."))),
)
TO_END = s.Schema("DeployedVersionToEnd", s.record(currentlyDeployed=s.truth("Only false: it ended.")))
_PATH = "/pacticipants/{pacticipant}/versions/{version}/deployed-versions/environment/{environment}"


@routes.get(_PATH, answers={200: LIST})
def show_of_version(request: Request) -> Response:
    """Every time that a version was deployed to an environment, oldest first."""
    the_version(request)
    place = environment_of(request)
    found = kept.of_version(request.db, place, version_of(request), released=False)
    of = f"{request.path['pacticipant']} version {request.path['version']}"
    title = f"Deployed versions for {of} in {place.display_name}"
    return ok(_deployment_list(request, found, title, embeds=False))


@routes.post(_PATH, answers={201: DEPLOYED}, body=TO_KEEP, role="deploy")
def deploy(request: Request) -> Response:
    """Say that a version now runs on an application instance, instead of what ran there."""
    form = Form(request.document(empty=True))
    instance = form.text("applicationInstance", blank=True) or form.text("target", blank=True) or ""
    form.done()
    the_version(request)
    made = kept.deploy(request.db, environment_of(request), version_of(request), instance, request.now)
    return created(_with_environment(request, made), request.to("deployed-versions", made.uuid))


@routes.get("/deployed-versions/{uuid}", answers={200: DEPLOYED})
def show(request: Request) -> Response:
    """One deployment."""
    return ok(_with_environment(request, record_of(request, released=False)))


@routes.patch("/deployed-versions/{uuid}", answers={200: DEPLOYED}, body=TO_END, role="deploy", asks_scope=True)
def end(request: Request) -> Response:
    """It is no longer deployed there."""
    form = Form(request.document())
    there = record_of(request, released=False)
    request.who.permit(there.version.pacticipant)
    lasts = form.truth("currentlyDeployed", words="must be one of: true, false")
    form.done()
    if lasts is True:
        text = "The currentlyDeployed property cannot be set back to true. Please record a new deployment."
        raise Invalid({"currentlyDeployed": [text]}, status=422)
    if lasts is False:
        kept.end(request.db, there, request.now, released=False)
    return ok(_with_environment(request, record_of(request, released=False)))


_FILTERS = [
    s.query("pacticipant", "Only versions of this one."),
    s.query("applicationInstance", "Only this application instance; blank is the one without a name."),
    s.query("target", "The same as applicationInstance."),
]


@routes.get(
    "/environments/{environment}/deployed-versions/currently-deployed", answers={200: LIST}, query=_FILTERS
)
def show_current(request: Request) -> Response:
    """What is deployed to an environment now."""
    place, name = environment_of(request), request.asked("pacticipant")
    found = kept.current(request.db, place, released=False, pacticipant=name, instance=_instance(request))
    return ok(_deployment_list(request, found, f"Currently deployed versions for {place.display_name}"))


@routes.get("/environments/{environment}/deployed-versions", answers={200: LIST}, query=[*_FILTERS, *s.PAGES])
def show_history(request: Request) -> Response:
    """Everything that ever was deployed to an environment, oldest first: what a way back is chosen from."""
    place, page = environment_of(request), asked_page(request)
    found = kept.history(request.db, place, pacticipant=request.asked("pacticipant"), instance=_instance(request))
    wanted = found if page is None else found[page.offset : page.offset + page.size]
    body = _deployment_list(request, wanted, f"Deployed versions for {place.display_name}")
    items = zip(body["_embedded"]["deployedVersions"], wanted, strict=True)
    timed = [{**item, **omit_absent(since=stay.since, until=stay.until or None)} for item, stay in items]
    told_page = {"page": page_numbers(page, len(found))} if page else {}
    links = {**body["_links"], **(page_links(request, page, len(found)) if page else {})}
    return ok({**told_page, "_embedded": {"deployedVersions": timed}, "_links": links})


def _instance(request: Request) -> str | None:
    """The application instance that is asked for: "" is the one without a name, None any."""
    for name in ("applicationInstance", "target"):
        if name in request.parameters:
            return request.asked(name)
    return None


def _with_environment(request: Request, stay: StoredDeployment) -> dict[str, Any]:
    return told(request, stay, environment_resource(request, stay.environment))


def _deployment_list(
    request: Request, found: list[StoredDeployment], title: str, *, embeds: bool = True
) -> dict[str, Any]:
    resources = [told(request, each, None, embeds=embeds) for each in found]
    return record_list(request, "deployedVersions", resources, title)
