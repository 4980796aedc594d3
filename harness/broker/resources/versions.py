"""Versions of pacticipants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, no_content, ok
from harness.broker.http.forms import Form
from harness.broker.http.paging import asked_page
from harness.broker.http.problems import NotFound, NotHere
from harness.broker.http.routing import Routes
from harness.broker.http.version_shape import VERSION, VERSIONS, version_list, version_resource
from harness.identity import Version
from harness.ledger.db import branches, deleting, places, tags
from harness.ledger.db import shown_versions as kept
from harness.ledger.db.traces import By
from harness.ledger.db.versions import exists, mention, set_build_url

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harness.broker.http.request import Request

routes = Routes("versions")

TO_KEEP = s.Schema(
    "VersionToKeep", s.record(buildUrl=s.maybe(s.text()), tags=s.many(s.record({"name": s.non_blank()})))
)


@routes.get("/pacticipants/{pacticipant}/versions", answers={200: VERSIONS}, query=s.PAGES)
def show_all(request: Request) -> Response:
    """All versions of a pacticipant, newest first."""
    return _list(request, [], f"All application versions of {request.path['pacticipant']}")


@routes.get("/pacticipants/{pacticipant}/branches/{branch}/versions", answers={200: VERSIONS}, query=s.PAGES)
def show_of_branch(request: Request) -> Response:
    """The versions on a branch, newest first."""
    branch = branches.by_name(request.db, request.path["pacticipant"], request.path["branch"])
    if branch is None:
        raise NotHere
    title = f"Versions for branch {branch.name} of {request.path['pacticipant']}"
    return _list(request, [kept.on_branch(branch.id)], title)


@routes.get("/pacticipants/{pacticipant}/tags/{tag}/versions", answers={200: VERSIONS}, query=s.PAGES)
def show_tagged(request: Request) -> Response:
    """The versions with a tag, newest first."""
    name, tag = request.path["pacticipant"], request.path["tag"]
    return _list(request, [kept.with_tag(tag)], f"All application versions of {name}")


@routes.get(
    "/pacticipants/{pacticipant}/environments/{environment}/versions", answers={200: VERSIONS}, query=s.PAGES
)
def show_in_environment(request: Request) -> Response:
    """The versions that are in an environment now, newest first."""
    place = places.by_uuid(request.db, request.path["environment"])
    if place is None:
        raise NotHere
    title = f"Versions of {request.path['pacticipant']} in {place.display_name}"
    return _list(request, [kept.in_environment(place.id)], title)


@routes.get("/pacticipants/{pacticipant}/versions/{version}", answers={200: VERSION})
def show(request: Request) -> Response:
    """One version."""
    return _one(request, the_version(request))


@routes.put("/pacticipants/{pacticipant}/versions/{version}", answers={200: VERSION, 201: VERSION}, body=TO_KEEP)
def replace(request: Request) -> Response:
    """Describe a version; one that is not known is made, its pacticipant too."""
    return _keep(request, clearing=True)


@routes.patch("/pacticipants/{pacticipant}/versions/{version}", answers={200: VERSION, 201: VERSION}, body=TO_KEEP)
def change(request: Request) -> Response:
    """Change a part of what is said of a version; one that is not known is made."""
    return _keep(request, clearing=False)


# Where it is deployed is forgotten, too, and others' results: more than who publishes may undo.
@routes.delete("/pacticipants/{pacticipant}/versions/{version}", answers={204: None}, role="admin")
def delete(request: Request) -> Response:
    """Forget a version with its contracts and results."""
    deleting.version(request.db, the_version(request), By(who=request.who.name, at=request.now))
    return no_content()


@routes.get("/pacticipants/{pacticipant}/latest-version/{tag}", answers={200: VERSION})
def show_latest_tagged(request: Request) -> Response:
    """The newest version with a tag."""
    return _one(request, tags.head(request.db, request.path["pacticipant"], request.path["tag"]), here=True)


@routes.get("/pacticipants/{pacticipant}/latest-version", answers={200: VERSION})
def show_latest(request: Request) -> Response:
    """The newest version."""
    return _one(request, kept.newest(request.db, request.path["pacticipant"]), here=True)


@routes.get("/pacticipants/{pacticipant}/branches/{branch}/latest-version", answers={200: VERSION})
def show_head(request: Request) -> Response:
    """The head of a branch: the version most recently added to it."""
    branch = branches.by_name(request.db, request.path["pacticipant"], request.path["branch"])
    return _one(request, branch.head if branch else None, here=True)


def the_version(request: Request) -> int:
    """The row of the version that the path names. Raises NotHere."""
    found = kept.find(request.db, request.path["pacticipant"], request.path["version"])
    if found is None:
        raise NotHere
    return found


def _one(request: Request, row: int | None, *, here: bool = False) -> Response:
    if row is None:
        raise NotHere
    return ok(_resource_of_row(request, row, here=here))


def _resource_of_row(request: Request, row: int, *, here: bool = False) -> dict[str, Any]:
    version = kept.versions_of_rows(request.db, [row], places=True)[0]
    environments = places.list_environments(request.db)
    return version_resource(request, version, environments=environments, itself=request.here() if here else None)


def _list(request: Request, where: list[sa.ColumnElement[bool]], title: str) -> Response:
    name = request.path["pacticipant"]
    if not exists(request.db, name):
        raise NotFound(f"No pacticipant with name '{name}' found")
    page = asked_page(request)
    rows, total = kept.page_of(request.db, name, where, page)
    return ok(version_list(request, name, kept.versions_of_rows(request.db, rows), title, (page, total)))


def _keep(request: Request, *, clearing: bool) -> Response:
    form = Form(request.document(empty=True))
    build_url = form.text("buildUrl", blank=True)
    wanted = _tags(form)
    form.done()
    name, number = request.path["pacticipant"], request.path["version"]
    row = kept.find(request.db, name, number)
    status = 201 if row is None else 200
    if row is None:
        row = mention(request.db, Version(name, number), request.now)
    if clearing or "buildUrl" in form.body:
        set_build_url(request.db, row, build_url or "", request.now if status == 200 else None)
    for tag in wanted:
        tags.add(request.db, row, tag, request.now)
    return Response(status=status, body=_resource_of_row(request, row))


def _tags(form: Form) -> list[str]:
    found = []
    for position, each in enumerate(form.array("tags") or ()):
        name = each.get("name") if isinstance(each, dict) else each
        if isinstance(name, str) and name.strip():
            found.append(name)
        else:
            form.wrong("tags", f"name must be filled (at index {position})")
    return found
