"""Tags of versions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from harness.broker.access.roles import Role
from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, no_content, ok
from harness.broker.http.hal import link
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.identity import Version
from harness.ledger.db import branches, deployment_records, environments, places
from harness.ledger.db import shown_versions as versions
from harness.ledger.db import tags as kept
from harness.ledger.db.times import moment
from harness.ledger.db.versions import mention

if TYPE_CHECKING:
    from harness.broker.http.request import Request

routes = Routes("tags")

TAG = s.Schema("Tag", s.record({"name": s.text(), "createdAt": s.moment(), "_links": s.LINKS}))
_NEW = timedelta(seconds=10)  # a version's first tag within this time also becomes its branch


@routes.get("/pacticipants/{pacticipant}/versions/{version}/tags/{tag}", answers={200: TAG})
def show(request: Request) -> Response:
    """A tag of a version."""
    return ok(_tag_resource(request, _the_tag(request)[1]))


@routes.put("/pacticipants/{pacticipant}/versions/{version}/tags/{tag}", answers={200: TAG, 201: TAG})
def add(request: Request) -> Response:
    """Tag a version; one that is not known is made, its pacticipant too."""
    request.document(empty=True)
    version = Version(request.path["pacticipant"], request.path["version"])
    name = request.path["tag"]
    row = mention(request.db, version, request.now)
    new = kept.add(request.db, row, name, request.now)
    if new:
        branch_from_tag(request, row, name)
    _deploy(request, version, name)
    told = _tag_resource(request, kept.created_at(request.db, row, name) or request.now)
    return created(told, request.here()) if new else ok(told)


@routes.delete("/pacticipants/{pacticipant}/versions/{version}/tags/{tag}", answers={204: None})
def remove(request: Request) -> Response:
    """Take a tag off a version."""
    row, _ = _the_tag(request)
    kept.remove(request.db, row, request.path["tag"])
    return no_content()


def branch_from_tag(request: Request, row: int, name: str, *, touch: bool = True) -> None:
    """What else a new tag means: a new version's first one is its branch, `main` is a main branch."""
    made = kept.since_with_one_tag_only(request.db, row) if request.settings.use_first_tag_as_branch else None
    if made is not None and _age(made, request.now) <= _NEW:
        candidates = request.settings.main_candidates
        branches.add(request.db, row, name, request.now, main_candidates=candidates, touch=touch)
    else:
        branches.detect_main_of(request.db, row, name, request.settings.main_candidates, request.now)


def _age(created_at: str, now: str) -> timedelta:
    return datetime.fromisoformat(now) - datetime.fromisoformat(created_at)


def _deploy(request: Request, version: Version, tag: str) -> None:
    """A tag named like an environment says that the version runs there, unless that is known already."""
    # Who may not record deployments does not get around that by a tag.
    may = request.settings.deployments_for_tags and Role(request.who.role).includes(Role.DEPLOY)
    place = places.by_name(request.db, tag) if may else None
    if place is not None and not deployment_records.of_version(
        request.db, place, version, released=False, current=True
    ):
        environments.deploy(request.db, tag, version, "", request.now)


def _the_tag(request: Request) -> tuple[int, str]:
    row = versions.find(request.db, request.path["pacticipant"], request.path["version"])
    since = None if row is None else kept.created_at(request.db, row, request.path["tag"])
    if row is None or since is None:
        raise NotHere
    return row, since


def _tag_resource(request: Request, since: str) -> dict[str, Any]:
    owner, number, name = (request.path[each] for each in ("pacticipant", "version", "tag"))
    version = request.to("pacticipants", owner, "versions", number)
    links = {
        "self": link(request.to("pacticipants", owner, "versions", number, "tags", name), title="Tag", name=name),
        "version": link(version, title="Version", name=number),
        "pacticipant": link(request.to("pacticipants", owner), title="Pacticipant", name=owner),
    }
    return {"name": name, "createdAt": moment(since), "_links": links}
