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
    from harness.broker.http.call import Request

routes = Routes("tags")

TAG = s.Schema("Tag", s.record({"name": s.text(), "createdAt": s.moment(), "_links": s.LINKS}))
_NEW = timedelta(seconds=10)  # a version's first tag within this time also becomes its branch


@routes.get("/pacticipants/{pacticipant}/versions/{version}/tags/{tag}", answers={200: TAG})
def show(call: Request) -> Response:
    """A tag of a version."""
    return ok(_tag_resource(call, _the_tag(call)[1]))


@routes.put("/pacticipants/{pacticipant}/versions/{version}/tags/{tag}", answers={200: TAG, 201: TAG})
def add(call: Request) -> Response:
    """Tag a version; one that is not known is made, its pacticipant too."""
    call.document(empty=True)
    version = Version(call.path["pacticipant"], call.path["version"])
    name = call.path["tag"]
    row = mention(call.db, version, call.now)
    new = kept.add(call.db, row, name, call.now)
    if new:
        branch_from_tag(call, row, name)
    _deploy(call, version, name)
    told = _tag_resource(call, kept.created_at(call.db, row, name) or call.now)
    return created(told, call.here()) if new else ok(told)


@routes.delete("/pacticipants/{pacticipant}/versions/{version}/tags/{tag}", answers={204: None})
def remove(call: Request) -> Response:
    """Take a tag off a version."""
    row, _ = _the_tag(call)
    kept.remove(call.db, row, call.path["tag"])
    return no_content()


def branch_from_tag(call: Request, row: int, name: str, *, touch: bool = True) -> None:
    """What else a new tag means: a new version's first one is its branch, `main` is a main branch."""
    made = kept.since_with_one_tag_only(call.db, row) if call.settings.use_first_tag_as_branch else None
    if made is not None and _age(made, call.now) <= _NEW:
        candidates = call.settings.main_candidates
        branches.add(call.db, row, name, call.now, main_candidates=candidates, touch=touch)
    else:
        branches.detect_main_of(call.db, row, name, call.settings.main_candidates, call.now)


def _age(created_at: str, now: str) -> timedelta:
    return datetime.fromisoformat(now) - datetime.fromisoformat(created_at)


def _deploy(call: Request, version: Version, tag: str) -> None:
    """A tag named like an environment says that the version runs there, unless that is known already."""
    # Who may not record deployments does not get around that by a tag.
    may = call.settings.deployments_for_tags and Role(call.who.role).includes(Role.DEPLOY)
    place = places.by_name(call.db, tag) if may else None
    if place is not None and not deployment_records.of_version(
        call.db, place, version, released=False, current=True
    ):
        environments.deploy(call.db, tag, version, "", call.now)


def _the_tag(call: Request) -> tuple[int, str]:
    row = versions.find(call.db, call.path["pacticipant"], call.path["version"])
    since = None if row is None else kept.created_at(call.db, row, call.path["tag"])
    if row is None or since is None:
        raise NotHere
    return row, since


def _tag_resource(call: Request, since: str) -> dict[str, Any]:
    owner, number, name = (call.path[each] for each in ("pacticipant", "version", "tag"))
    version = call.to("pacticipants", owner, "versions", number)
    links = {
        "self": link(call.to("pacticipants", owner, "versions", number, "tags", name), title="Tag", name=name),
        "version": link(version, title="Version", name=number),
        "pacticipant": link(call.to("pacticipants", owner), title="Pacticipant", name=owner),
    }
    return {"name": name, "createdAt": moment(since), "_links": links}
