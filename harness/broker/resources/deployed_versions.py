"""Deployments: one version runs on each application instance of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, ok
from harness.broker.http.deployment_shape import DEPLOYED
from harness.broker.http.deployment_shape import deployment_resource as told
from harness.broker.http.forms import Form
from harness.broker.http.hal import link, omit_absent
from harness.broker.http.paging import asked_page, page_links, page_numbers
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

routes = Routes("deployed-versions")

LIST = s.paged_list("DeployedVersions", "deployedVersions", DEPLOYED)
TO_KEEP = s.Schema(
    "DeployedVersionToKeep",
    s.record(applicationInstance=s.maybe(s.text()), target=s.maybe(s.text("The same; an older word for it."))),
)
TO_END = s.Schema("DeployedVersionToEnd", s.record(currentlyDeployed=s.truth("Only false: it ended.")))
_PATH = "/pacticipants/{pacticipant}/versions/{version}/deployed-versions/environment/{environment}"


@routes.get(_PATH, answers={200: LIST})
def show_of_version(call: Request) -> Response:
    """Every time that a version was deployed to an environment, oldest first."""
    the_version(call)
    place = _environment(call)
    found = kept.of_version(call.db, place, _version(call), released=False)
    title = (
        f"Deployed versions for {call.path['pacticipant']} version {call.path['version']} in {place.display_name}"
    )
    return ok(_deployment_list(call, found, title, embeds=False))


@routes.post(_PATH, answers={201: DEPLOYED}, body=TO_KEEP, role="deploy")
def deploy(call: Request) -> Response:
    """Say that a version now runs on an application instance, instead of what ran there."""
    form = Form(call.document(empty=True))
    instance = form.text("applicationInstance", blank=True) or form.text("target", blank=True) or ""
    form.done()
    the_version(call)
    made = kept.deploy(call.db, _environment(call), _version(call), instance, call.now)
    return created(_with_environment(call, made), call.to("deployed-versions", made.uuid))


@routes.get("/deployed-versions/{uuid}", answers={200: DEPLOYED})
def show(call: Request) -> Response:
    """One deployment."""
    return ok(_with_environment(call, _the_stay(call)))


@routes.patch("/deployed-versions/{uuid}", answers={200: DEPLOYED}, body=TO_END, role="deploy", asks_scope=True)
def end(call: Request) -> Response:
    """It is no longer deployed there."""
    form = Form(call.document())
    there = _the_stay(call)
    call.who.permit(there.version.pacticipant)
    lasts = form.truth("currentlyDeployed", words="must be one of: true, false")
    form.done()
    if lasts is True:
        text = "The currentlyDeployed property cannot be set back to true. Please record a new deployment."
        raise Invalid({"currentlyDeployed": [text]}, status=422)
    if lasts is False:
        kept.end(call.db, there, call.now, released=False)
    return ok(_with_environment(call, _the_stay(call)))


_FILTERS = [
    s.query("pacticipant", "Only versions of this one."),
    s.query("applicationInstance", "Only this application instance; blank is the one without a name."),
    s.query("target", "The same as applicationInstance."),
]


@routes.get(
    "/environments/{environment}/deployed-versions/currently-deployed", answers={200: LIST}, query=_FILTERS
)
def show_current(call: Request) -> Response:
    """What is deployed to an environment now."""
    place, name = _environment(call), call.asked("pacticipant")
    found = kept.current(call.db, place, released=False, pacticipant=name, instance=_instance(call))
    return ok(_deployment_list(call, found, f"Currently deployed versions for {place.display_name}"))


@routes.get("/environments/{environment}/deployed-versions", answers={200: LIST}, query=[*_FILTERS, *s.PAGES])
def show_history(call: Request) -> Response:
    """Everything that ever was deployed to an environment, oldest first: what a way back is chosen from."""
    place, page = _environment(call), asked_page(call)
    found = kept.history(call.db, place, pacticipant=call.asked("pacticipant"), instance=_instance(call))
    wanted = found if page is None else found[page.offset : page.offset + page.size]
    body = _deployment_list(call, wanted, f"Deployed versions for {place.display_name}")
    items = zip(body["_embedded"]["deployedVersions"], wanted, strict=True)
    timed = [{**item, **omit_absent(since=stay.since, until=stay.until or None)} for item, stay in items]
    told_page = {"page": page_numbers(page, len(found))} if page else {}
    links = {**body["_links"], **(page_links(call, page, len(found)) if page else {})}
    return ok({**told_page, "_embedded": {"deployedVersions": timed}, "_links": links})


def _instance(call: Request) -> str | None:
    """The application instance that is asked for: "" is the one without a name, None any."""
    for name in ("applicationInstance", "target"):
        if name in call.parameters:
            return call.asked(name)
    return None


def _environment(call: Request) -> Environment:
    found = places.by_uuid(call.db, call.path["environment"])
    if found is None:
        raise NotHere
    return found


def _version(call: Request) -> Version:
    return Version(call.path["pacticipant"], call.path["version"])


def _the_stay(call: Request) -> StoredDeployment:
    found = kept.by_uuid(call.db, call.path["uuid"], released=False)
    if found is None:
        raise NotHere
    return found


def _with_environment(call: Request, stay: StoredDeployment) -> dict[str, Any]:
    return told(call, stay, environment_resource(call, stay.environment))


def _deployment_list(
    call: Request, found: list[StoredDeployment], title: str, *, embeds: bool = True
) -> dict[str, Any]:
    asked = f"{call.here()}?{call.query}" if call.query else call.here()
    embedded = {"deployedVersions": [told(call, each, None, embeds=embeds) for each in found]}
    return {"_embedded": embedded, "_links": {"self": link(asked, title=title)}}
