"""`/pacticipants`: the services and applications that have contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, no_content, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import curies, link, omit_absent, path
from harness.broker.http.paging import asked_page, containing, page_links, page_numbers
from harness.broker.http.problems import NotFound
from harness.broker.http.routing import JSON_FORMS, MERGE_PATCH, Routes
from harness.ledger.db import deleting
from harness.ledger.db import pacticipants as kept
from harness.ledger.db.pacticipants import Pacticipant, PacticipantDetails
from harness.ledger.db.shown_versions import Present, present_of_pacticipant
from harness.ledger.db.times import moment
from harness.ledger.db.traces import By

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.broker.http.request import Request

routes = Routes("pacticipants")

_DETAILS = {
    "displayName": s.text(),
    "mainBranch": s.text("No spaces."),
    "repositoryUrl": s.text(),
    "repositoryName": s.text(),
    "repositoryNamespace": s.text(),
}
PACTICIPANT = s.Schema(
    "Pacticipant",
    s.record(
        {"name": s.text(), "displayName": s.text(), "_embedded": s.OBJECT, "_links": s.LINKS},
        **{name: schema for name, schema in _DETAILS.items() if name != "displayName"},
        createdAt=s.moment(),
        updatedAt=s.moment(),
        title=s.text(),
    ),
)
PACTICIPANTS = s.paged_list("Pacticipants", "pacticipants", PACTICIPANT, pacticipants=s.many(PACTICIPANT))
TO_KEEP = s.Schema("PacticipantToKeep", s.record({"name": s.non_blank()}, **_DETAILS))
TO_CHANGE = s.Schema("PacticipantToChange", s.record(name=s.text(), **_DETAILS))
_FIELDS = {
    "displayName": "display_name",
    "mainBranch": "main_branch",
    "repositoryUrl": "repository_url",
    "repositoryName": "repository_name",
    "repositoryNamespace": "repository_namespace",
}


@routes.get("/pacticipants", answers={200: PACTICIPANTS}, query=[*s.PAGES, s.CONTAINING])
def show_all(request: Request) -> Response:
    """All pacticipants, by name."""
    return pacticipants_response(request, None)


@routes.post("/pacticipants", answers={201: PACTICIPANT, 409: s.ERROR}, body=TO_KEEP, asks_scope=True)
def create(request: Request) -> Response:
    """Make a pacticipant known; one that is known already stays as it is."""
    form = Form(request.document())
    name = form.text("name", required=True) or ""
    form.one_line("name")
    details = _details(form, PacticipantDetails())
    form.done()
    request.who.permit(name)
    there = kept.by_name(request.db, name) or kept.create(request.db, name, details, request.now)
    return created(_one(request, there, places=False), request.to("pacticipants", name))


@routes.get("/pacticipants/{pacticipant}", answers={200: PACTICIPANT})
def show(request: Request) -> Response:
    """One pacticipant."""
    return ok(_one(request, the_pacticipant(request)))


@routes.put("/pacticipants/{pacticipant}", answers={200: PACTICIPANT}, body=TO_CHANGE)
def replace(request: Request) -> Response:
    """Describe a pacticipant anew; what is left out is cleared."""
    form = Form(request.document())
    details = _details(form, PacticipantDetails())
    form.done()
    there = the_pacticipant(request)
    return ok(_one(request, kept.update(request.db, there, details, request.now)))


@routes.patch(
    "/pacticipants/{pacticipant}",
    answers={200: PACTICIPANT, 201: PACTICIPANT},
    body=TO_CHANGE,
    takes=(*JSON_FORMS, MERGE_PATCH),
)
def change(request: Request) -> Response:
    """Change a part of what is said of a pacticipant; one that is not known is made."""
    form = Form(request.document())
    there = kept.by_name(request.db, request.path["pacticipant"])
    details = _details(form, there.details if there else PacticipantDetails())
    form.done()
    if there is None:
        made = kept.create(request.db, request.path["pacticipant"], details, request.now)
        return created(_one(request, made), request.to("pacticipants", made.name))
    return ok(_one(request, kept.update(request.db, there, details, request.now)))


@routes.delete("/pacticipants/{pacticipant}", answers={204: None}, role="admin")
def delete(request: Request) -> Response:
    """Forget a pacticipant with its versions, contracts and results."""
    there = the_pacticipant(request)
    deleting.pacticipant(request.db, there.id, there.name, By(who=request.who.name, at=request.now))
    return no_content()


@routes.get("/pacticipants/label/{label}", answers={200: PACTICIPANTS}, query=s.PAGES)
def show_labelled(request: Request) -> Response:
    """The pacticipants with a label."""
    return pacticipants_response(request, request.path["label"])


def the_pacticipant(request: Request) -> Pacticipant:
    """The one that the path names. Raises Missing."""
    name = request.path["pacticipant"]
    found = kept.by_name(request.db, name)
    if found is None:
        raise NotFound(f"No pacticipant with name '{name}' found")
    return found


def _details(form: Form, there: PacticipantDetails) -> PacticipantDetails:
    told = {field: getattr(there, field) for field in _FIELDS.values()}
    for name, field in _FIELDS.items():
        if name in form.body:
            told[field] = form.text(name, blank=True) or None
    form.no_spaces("mainBranch")
    return PacticipantDetails(**told)


def pacticipants_response(request: Request, label: str | None) -> Response:
    """A list of pacticipants; the deprecated top-level one is what an old client reads."""
    page = asked_page(request)
    found, total = kept.list_pacticipants(request.db, containing=containing(request), label=label, page=page)
    items = pacticipant_resources(request, found)
    links = {
        **(page_links(request, page, total) if page else {}),
        "self": link(request.to("pacticipants")),
        "pb:pacticipants-with-label": link(
            f"{request.base}/pacticipants/label/{{label}}", title="Find pacticipants by label", templated=True
        ),
        "pb:pacticipants": [
            link(request.to("pacticipants", each.name), title="Pacticipant", name=each.name) for each in found
        ],
        "pacticipants": [
            link(
                request.to("pacticipants", each.name),
                title=each.name,
                name="DEPRECATED - please use pb:pacticipants",
            )
            for each in found
        ],
    }
    told: dict[str, Any] = {"page": page_numbers(page, total)} if page else {}
    told |= {"_embedded": {"pacticipants": items}, "_links": links}
    if label is None:
        deprecated = "DEPRECATED - Please use the embedded pacticipants collection"
        told["pacticipants"] = [{**item, "title": deprecated} for item in items]
    return ok(told)


def pacticipant_resources(request: Request, found: Sequence[Pacticipant]) -> list[dict[str, Any]]:
    """Pacticipants as the API tells them in a list."""
    ids = [each.id for each in found]
    labels, numbers = kept.labels_of(request.db, ids), kept.latest_numbers(request.db, ids)
    return [_pacticipant_resource(request, each, labels.get(each.id, []), numbers.get(each.id)) for each in found]


def _one(request: Request, each: Pacticipant, *, places: bool = True) -> dict[str, Any]:
    told = pacticipant_resources(request, [each])[0]
    if places:
        links = told["_links"]
        there = [deployed_link(request, place) for place in present_of_pacticipant(request.db, each.id)]
        told["_links"] = {**links, "pb:deployed-environments": there}
    return told


def deployed_link(request: Request, place: Present) -> dict[str, Any]:
    """Where a deployment is told, with what it is called for people."""
    where = request.to("deployed-versions", place.uuid)
    found = link(where, title=f"Version deployed to {place.display_name}", name=place.display_name)
    return {**found, "currently_deployed": True}


def _pacticipant_resource(
    request: Request, each: Pacticipant, labels: Sequence[str], latest: str | None
) -> dict[str, Any]:
    here = request.to("pacticipants", each.name)
    details = each.details
    told = omit_absent(
        name=each.name,
        displayName=each.display_name,
        repositoryUrl=details.repository_url,
        repositoryName=details.repository_name,
        repositoryNamespace=details.repository_namespace,
        mainBranch=details.main_branch,
        updatedAt=moment(each.updated_at) if each.updated_at else None,
        createdAt=moment(each.created_at) if each.created_at else None,
    )
    return {
        **told,
        "_embedded": _embedded_resources(here, labels, latest),
        "_links": _links(request, each.name, here),
    }


def _embedded_resources(here: str, labels: Sequence[str], latest: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "labels": [
            {"name": name, "_links": {"self": link(here + path("labels", name), title="Label", name=name)}}
            for name in labels
        ]
    }
    if latest is not None:
        where = link(here + path("versions", latest), title="Version", name=latest)
        version = {"number": latest, "_links": {"self": where}}
        deprecated = "DEPRECATED - please use latestVersion"
        found["latestVersion"] = version
        found["latest-version"] = {**version, "title": deprecated, "name": deprecated}
    return found


def _links(request: Request, name: str, here: str) -> dict[str, Any]:
    return {
        "self": link(here),
        "pb:versions": link(f"{here}/versions"),
        "pb:branches": link(f"{here}/branches"),
        "pb:version": link(
            f"{here}/versions/{{version}}", title="Get, create or delete a pacticipant version", templated=True
        ),
        "pb:version-tag": link(
            f"{here}/versions/{{version}}/tags/{{tag}}",
            title=f"Get, create or delete a tag for a version of {name}",
            templated=True,
        ),
        "pb:branch-version": link(
            f"{here}/branches/{{branch}}/versions/{{version}}",
            title=f"Get or add/create a version for a branch of {name}",
            templated=True,
        ),
        "pb:label": link(
            f"{here}/labels/{{label}}", title=f"Get, create or delete a label for {name}", templated=True
        ),
        "versions": link(f"{here}/versions", title="Deprecated - use pb:versions"),
        "pb:can-i-deploy-badge": link(
            f"{here}/latest-version/{{tag}}/can-i-deploy/to/{{environmentTag}}/badge",
            title=f"Can I Deploy {name} badge",
            templated=True,
        ),
        "pb:can-i-deploy-branch-to-environment-badge": link(
            f"{here}/branches/{{branch}}/latest-version/can-i-deploy/to-environment/{{environment}}/badge",
            title=f"Can I Deploy {name} from branch to environment badge",
            templated=True,
        ),
        "curies": curies(request.base, "pacticipant"),
    }
