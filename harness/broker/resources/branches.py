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
    from harness.broker.http.call import Request
    from harness.ledger.db.branches import Branch

routes = Routes("branches")

BRANCH = s.Schema("Branch", s.record({"name": s.text(), "createdAt": s.moment(), "_links": s.LINKS}))
BRANCHES = s.paged_list("Branches", "branches", BRANCH)
BRANCH_VERSION = s.Schema("BranchVersion", s.record({"createdAt": s.moment(), "_links": s.LINKS}))
NOTICES = s.Schema("Notices", s.record({"notices": s.many(s.record({"type": s.text(), "text": s.text()}))}))


@routes.get("/pacticipants/{pacticipant}/branches", answers={200: BRANCHES}, query=[*s.PAGES, s.CONTAINING])
def show_all(call: Request) -> Response:
    """The branches of a pacticipant, newest first; a hundred at a time unless asked otherwise."""
    owner = the_pacticipant(call)
    page = asked_page(call, always=True)
    assert page is not None
    found, total = kept.list_branches(call.db, owner.id, containing(call), page)
    asked = f"{call.here()}?{call.query}" if call.query else call.here()
    links = {
        "self": link(asked, title=f"{owner.name} branches"),
        "pb:branches": [link(_at(call, each), name=each.name) for each in found],
        **page_links(call, page, total),
    }
    embedded = {"branches": [_branch_resource(call, each) for each in found]}
    return ok({"page": page_numbers(page, total), "_embedded": embedded, "_links": links})


@routes.delete(
    "/pacticipants/{pacticipant}/branches",
    answers={202: NOTICES},
    query=[s.query("exclude[]", "A branch to keep; may be given again. The main branch is always kept.")],
)
def delete_all(call: Request) -> Response:
    """Forget every branch but the main one and those to keep; versions stay."""
    owner = the_pacticipant(call)
    keeping = {*_excluded_names(call), owner.details.main_branch}
    everything, _ = kept.list_branches(call.db, owner.id, "", None)
    gone_now = [each for each in everything if each.name not in keeping]
    kept.delete(call.db, [each.id for each in gone_now])
    remaining = ", ".join(sorted(each.name for each in everything if each.name in keeping))
    text = (
        f"Scheduled deletion of {len(gone_now)} branches for pacticipant {owner.name}."
        f" Remaining branches are: {remaining}"
    )
    return Response(status=202, body={"notices": [{"type": "success", "text": text}]})


def _excluded_names(call: Request) -> list[str]:
    """What cannot be read must not delete what somebody wanted to keep."""
    asked = call.parameters.get("exclude", [])
    names = asked if isinstance(asked, list) else [asked]
    if not all(isinstance(name, str) for name in names):
        raise Invalid({"exclude": ["must be an array"]})
    return names


@routes.get("/pacticipants/{pacticipant}/branches/{branch}", answers={200: BRANCH})
def show(call: Request) -> Response:
    """One branch."""
    return ok(_branch_resource(call, _the_branch(call)))


@routes.delete("/pacticipants/{pacticipant}/branches/{branch}", answers={204: None})
def delete(call: Request) -> Response:
    """Forget a branch; its versions stay."""
    kept.delete(call.db, [_the_branch(call).id])
    return no_content()


@routes.get("/pacticipants/{pacticipant}/branches/{branch}/versions/{version}", answers={200: BRANCH_VERSION})
def show_version(call: Request) -> Response:
    """That a version is on a branch."""
    return ok(_version_told(call, _the_membership(call)[2]))


@routes.put(
    "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
    answers={200: BRANCH_VERSION, 201: BRANCH_VERSION},
)
def add_version(call: Request) -> Response:
    """Put a version on a branch, as its new head; whatever is not known is made."""
    call.document(empty=True)
    row = mention(call.db, Version(call.path["pacticipant"], call.path["version"]), call.now)
    candidates = call.settings.main_candidates
    new = kept.add(call.db, row, call.path["branch"], call.now, main_candidates=candidates)
    told = _version_told(call, _the_membership(call)[2])
    return created(told, call.here()) if new else ok(told)


@routes.delete("/pacticipants/{pacticipant}/branches/{branch}/versions/{version}", answers={204: None})
def remove_version(call: Request) -> Response:
    """Take a version off a branch."""
    branch, version, _ = _the_membership(call)
    kept.remove(call.db, branch.id, version)
    return no_content()


def _the_branch(call: Request) -> Branch:
    found = kept.by_name(call.db, call.path["pacticipant"], call.path["branch"])
    if found is None:
        raise NotHere
    return found


def _the_membership(call: Request) -> tuple[Branch, int, str]:
    branch = _the_branch(call)
    row = versions.find(call.db, call.path["pacticipant"], call.path["version"])
    since = None if row is None else kept.membership(call.db, branch.id, row)
    if row is None or since is None:
        raise NotHere
    return branch, row, since


def _at(call: Request, branch: Branch) -> str:
    return call.to("pacticipants", call.path["pacticipant"], "branches", branch.name)


def _branch_resource(call: Request, branch: Branch) -> dict[str, Any]:
    here = _at(call, branch)
    links = {
        "self": link(here, title="Branch"),
        "pb:latest-version": link(f"{here}/latest-version", title="Latest version for branch"),
    }
    return {"name": branch.name, "createdAt": moment(branch.created_at), "_links": links}


def _version_told(call: Request, since: str) -> dict[str, Any]:
    owner, name, number = (call.path[each] for each in ("pacticipant", "branch", "version"))
    branch = call.to("pacticipants", owner, "branches", name)
    links = {
        "self": link(call.to("pacticipants", owner, "branches", name, "versions", number), title="Branch version"),
        "pb:branch": link(branch, title="Branch", name=name),
        "pb:version": link(call.to("pacticipants", owner, "versions", number), title="Version", name=number),
    }
    return {"createdAt": moment(since), "_links": links}
