"""Builds of versions: what our own clients say of what ran under a number; a foreign client knows none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import link
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.evidence import Known
from harness.identity import Version
from harness.ledger.db import versions
from harness.ledger.db.times import moment
from harness.ledger.refusals import check_name

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.evidence import KnownBuild

routes = Routes("builds")

_BUILDS = "/pacticipants/{pacticipant}/versions/{version}/builds"
_MOST = 100  # files that are named
BUILD_TO_TELL = s.Schema(
    "BuildToTell",
    s.record({"artifact": s.non_blank()}, runtime=s.maybe(s.text()), untraced=s.maybe(s.many(s.text()))),
)
BUILD = s.record(
    {"artifact": s.text(), "runtime": s.text(), "firstSeenAt": s.maybe(s.moment()), "untraced": s.many(s.text())}
)
BUILDS = s.Schema("Builds", s.record({"builds": s.many(BUILD), "_links": s.LINKS}))


@routes.get(_BUILDS, answers={200: BUILDS})
def show(request: Request) -> Response:
    """Every build that ran under a version's number, in the order in which they were first seen."""
    if versions.find(request.db, _version(request)) is None:
        raise NotHere
    return ok(_builds_resource(request))


@routes.post(_BUILDS, answers={201: BUILDS}, body=BUILD_TO_TELL)
def tell(request: Request) -> Response:
    """Say that a version, made when it is not known, ran as a build; results of equal builds are shared."""
    form = Form(request.document())
    artifact = form.text("artifact", required=True) or ""
    runtime = form.text("runtime", blank=True) or ""
    untraced = form.body.get("untraced") or []
    if not isinstance(untraced, list) or not all(isinstance(each, str) for each in untraced):
        form.wrong("untraced", "must be a list of texts")
    form.done()
    check_name("the artifact", artifact)
    known = Known(
        version=_version(request), artifacts=frozenset({artifact}), untraced=tuple(map(str, untraced[:_MOST]))
    )
    versions.record(request.db, known, runtime=runtime, descriptor=None, now=request.now, another_build=True)
    return created(_builds_resource(request), request.here())


def _version(request: Request) -> Version:
    return Version(request.path["pacticipant"], request.path["version"])


def _builds_resource(request: Request) -> dict[str, Any]:
    found = versions.builds_of(request.db, _version(request))
    return {"builds": [_build(each) for each in found], "_links": {"self": link(request.here(), title="Builds")}}


def _build(build: KnownBuild) -> dict[str, Any]:
    return {
        "artifact": build.artifact,
        "runtime": build.runtime,
        "firstSeenAt": moment(build.since) if build.since else None,
        "untraced": list(build.untraced),
    }
