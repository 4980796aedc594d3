"""Branches of pacticipants, and the versions on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, no_content, ok
from harness.broker.http.hal import link
from harness.broker.http.paging import asked_page, containing, page_links, page_numbers
from harness.broker.http.problems import Invalid, NotHere
from harness.broker.http.routing import Routes
from harness.broker.resources.pacticipants import the_pacticipant
from harness.identity import Version
from harness.ledger.db import branches as kept
from harness.ledger.db import shown_versions as versions
from harness.ledger.db.times import moment
from harness.ledger.db.versions import mention

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.branches import Branch

routes = Routes("branches")

BRANCH = s.Schema("Branch", s.record({"name": s.text(), "createdAt": s.moment(), "_links": s.LINKS}))
BRANCHES = s.paged_list("Branches", "branches", BRANCH)
BRANCH_VERSION = s.Schema("BranchVersion", s.record({"createdAt": s.moment(), "_links": s.LINKS}))
NOTICES = s.Schema("Notices", s.record({"notices": s.many(s.record({"type": s.text(), "text": s.text()}))}))


@routes.get("/pacticipants/{pacticipant}/branches", answers={200: BRANCHES}, query=[*s.PAGES, s.CONTAINING])
def show_all(request: Request) -> Response:
    """The branches of a pacticipant, newest first; a hundred at a time unless asked otherwise."""
    owner = the_pacticipant(request)
    page = asked_page(request, always=True)
    assert page is not None
    found, total = kept.list_branches(request.db, owner.id, containing(request), page)
    asked = f"{request.here()}?{request.query}" if request.query else request.here()
    links = {
        "self": link(asked, title=f"{owner.name} branches"),
        "pb:branches": [link(_at(request, each), name=each.name) for each in found],
        **page_links(request, page, total),
    }
    embedded = {"branches": [_branch_resource(request, each) for each in found]}
    return ok({"page": page_numbers(page, total), "_embedded": embedded, "_links": links})


@routes.delete(
    "/pacticipants/{pacticipant}/branches",
    answers={202: NOTICES},
    query=[s.query("exclude[]", "A branch to keep; may be given again. The main branch is always kept.")],
)
def delete_all(request: Request) -> Response:
    """Forget every branch but the main one and those to keep; versions stay."""
    owner = the_pacticipant(request)
    keeping = {*_excluded_names(request), owner.details.main_branch}
    everything, _ = kept.list_branches(request.db, owner.id, "", None)
    gone_now = [each for each in everything if each.name not in keeping]
    kept.delete(request.db, [each.id for each in gone_now])
    remaining = ", ".join(sorted(each.name for each in everything if each.name in keeping))
    text = (
        f"Scheduled deletion of {len(gone_now)} branches for pacticipant {owner.name}."
        f" Remaining branches are: {remaining}"
    )
    return Response(status=202, body={"notices": [{"type": "success", "text": text}]})


def _excluded_names(request: Request) -> list[str]:
    """What cannot be read must not delete what somebody wanted to keep."""
    asked = request.parameters.get("exclude", [])
    names = asked if isinstance(asked, list) else [asked]
    if not all(isinstance(name, str) for name in names):
        raise Invalid({"exclude": ["must be an array"]})
    return names


@routes.get("/pacticipants/{pacticipant}/branches/{branch}", answers={200: BRANCH})
def show(request: Request) -> Response:
    """One branch."""
    return ok(_branch_resource(request, _the_branch(request)))


@routes.delete("/pacticipants/{pacticipant}/branches/{branch}", answers={204: None})
def delete(request: Request) -> Response:
    """Forget a branch; its versions stay."""
    kept.delete(request.db, [_the_branch(request).id])
    return no_content()


@routes.get("/pacticipants/{pacticipant}/branches/{branch}/versions/{version}", answers={200: BRANCH_VERSION})
def show_version(request: Request) -> Response:
    """That a version is on a branch."""
    return ok(_version_told(request, _the_membership(request)[2]))


@routes.put(
    "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
    answers={200: BRANCH_VERSION, 201: BRANCH_VERSION},
)
def add_version(request: Request) -> Response:
    """Put a version on a branch, as its new head; whatever is not known is made."""
    request.document(empty=True)
    row = mention(request.db, Version(request.path["pacticipant"], request.path["version"]), request.now)
    candidates = request.settings.main_candidates
    new = kept.add(request.db, row, request.path["branch"], request.now, main_candidates=candidates)
    told = _version_told(request, _the_membership(request)[2])
    return created(told, request.here()) if new else ok(told)


@routes.delete("/pacticipants/{pacticipant}/branches/{branch}/versions/{version}", answers={204: None})
def remove_version(request: Request) -> Response:
    """Take a version off a branch."""
    branch, version, _ = _the_membership(request)
    kept.remove(request.db, branch.id, version)
    return no_content()


def _the_branch(request: Request) -> Branch:
    found = kept.by_name(request.db, request.path["pacticipant"], request.path["branch"])
    if found is None:
        raise NotHere
    return found


def _the_membership(request: Request) -> tuple[Branch, int, str]:
    branch = _the_branch(request)
    row = versions.find(request.db, request.path["pacticipant"], request.path["version"])
    since = None if row is None else kept.membership(request.db, branch.id, row)
    if row is None or since is None:
        raise NotHere
    return branch, row, since


def _at(request: Request, branch: Branch) -> str:
    return request.to("pacticipants", request.path["pacticipant"], "branches", branch.name)


def _branch_resource(request: Request, branch: Branch) -> dict[str, Any]:
    here = _at(request, branch)
    links = {
        "self": link(here, title="Branch"),
        "pb:latest-version": link(f"{here}/latest-version", title="Latest version for branch"),
    }
    return {"name": branch.name, "createdAt": moment(branch.created_at), "_links": links}


def _version_told(request: Request, since: str) -> dict[str, Any]:
    owner, name, number = (request.path[each] for each in ("pacticipant", "branch", "version"))
    branch = request.to("pacticipants", owner, "branches", name)
    links = {
        "self": link(
            request.to("pacticipants", owner, "branches", name, "versions", number), title="Branch version"
        ),
        "pb:branch": link(branch, title="Branch", name=name),
        "pb:version": link(request.to("pacticipants", owner, "versions", number), title="Version", name=number),
    }
    return {"createdAt": moment(since), "_links": links}
