"""`/matrix` and `/can-i-deploy`: which results there are, and whether they are enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.broker.http import schemas as s
from harness.broker.http.answers import HAL, JSON, TEXT, Response, ok, text
from harness.broker.http.matrix_shape import MATRIX, matrix_resource, table
from harness.broker.http.problems import ABSENT, Invalid, NotHere
from harness.broker.http.routing import Routes
from harness.broker.matrix_query import parse_question
from harness.ledger.db import branches, places, tags
from harness.ledger.db.versions import exists
from harness.ledger.matrix.gated import answer_question
from harness.ledger.matrix.question import LATEST_BY, Question, VersionSelector

if TYPE_CHECKING:
    from harness.broker.http.request import Request

routes = Routes("matrix")

_FORMS = (HAL, JSON, TEXT)
_BOTH = "Cannot specify both a 'to' tag and an environment."
_NEITHER = "Must specify either an environment or a 'to' tag."
_QUERY = (
    s.query("q[][pacticipant]", "Whose versions; a new selector begins where a key comes again."),
    s.query("q[][version]", "The version with this number."),
    s.query("q[][latest]", "true: the newest version."),
    s.query("q[][tag]", "Versions with this tag."),
    s.query("q[][branch]", "Versions from this branch."),
    s.query("q[][environment]", "Versions in this environment."),
    s.query("q[][mainBranch]", "true: versions from the main branch."),
    s.query("latestby", "cvpv, cvp or cp: which of several results is listed.", s.text(enum=["", *LATEST_BY])),
    s.query("latest", "true: the newest versions of the others."),
    s.query("tag", "The versions of the others with this tag."),
    s.query("environment", "The versions of the others in this environment."),
    s.query("mainBranch", "true: the versions of the others from their main branches."),
    s.query("success[]", "Only rows with this result: true, false or blank."),
    s.query("ignore[][pacticipant]", "Whom to leave out of the verdict."),
    s.query("ignore[][version]", "Which version of it to leave out."),
    s.query("limit", "How many rows are listed; the verdict does not depend on it.", s.whole(minimum=1)),
)


_LISTING = [each for each in _QUERY if each.name in ("latestby", "success[]", "limit")]


@routes.get("/matrix", answers={200: MATRIX}, media=_FORMS, query=_QUERY)
def show(request: Request) -> Response:
    """The results between versions, and whether they are enough."""
    return tell(request, parse_question(request.parameters))


@routes.get("/matrix/provider/{provider}/consumer/{consumer}", answers={200: MATRIX}, media=_FORMS, query=_LISTING)
def show_pair(request: Request) -> Response:
    """Every result between two pacticipants."""
    names = request.path["consumer"], request.path["provider"]
    if not all(exists(request.db, name) for name in names):
        raise NotHere
    return tell(request, parse_question({**request.parameters, "q": [{"pacticipant": name} for name in names]}))


@routes.get(
    "/can-i-deploy",
    answers={200: MATRIX},
    media=_FORMS,
    query=[
        s.query("pacticipant", "Who is to be deployed.", s.non_blank(), required=True),
        s.query("version", "Which version of it.", s.non_blank(), required=True),
        s.query("environment", "Into which environment."),
        s.query("to", "Or: beside the newest versions with this tag."),
        s.query("ignore[]", "Whom to leave out of the verdict."),
    ],
)
def can_i_deploy(request: Request) -> Response:
    """Whether a version can be deployed into an environment."""
    return tell(request, _deploy_question(request))


@routes.get(
    "/pacticipants/{pacticipant}/latest-version/{tag}/can-i-deploy/to/{to}", answers={200: MATRIX}, media=_FORMS
)
def can_tagged_deploy(request: Request) -> Response:
    """Whether the newest version with a tag can be deployed beside the newest with another."""
    return tell(request, tag_to_tag(request))


@routes.get(
    "/pacticipants/{pacticipant}/branches/{branch}/latest-version/can-i-deploy/to-environment/{environment}",
    answers={200: MATRIX},
    media=_FORMS,
)
def can_head_deploy(request: Request) -> Response:
    """Whether the head of a branch can be deployed into an environment."""
    return tell(request, head_to_environment(request))


def tell(request: Request, question: Question) -> Response:
    """The answer to a question, in the form that was asked for."""
    found = answer_question(request.db, question, trusted=request.settings.trust_claims)
    return (
        text(table(request, question, found))
        if request.media == TEXT
        else ok(matrix_resource(request, question, found))
    )


def tag_to_tag(request: Request) -> Question:
    """The newest with a tag beside the newest with another. Raises NotHere."""
    name, tag = request.path["pacticipant"], request.path["tag"]
    row = tags.head(request.db, name, tag)
    if row is None:
        raise NotHere
    asked = VersionSelector(pacticipant=name, tag=tag, latest=True)
    return Question(selectors=[asked], latest_by="cvp", latest=True, tag=request.path["to"])


def head_to_environment(request: Request) -> Question:
    """The head of a branch into an environment. Raises NotHere."""
    name = request.path["pacticipant"]
    branch = branches.by_name(request.db, name, request.path["branch"])
    place = places.by_name(request.db, request.path["environment"])
    if branch is None or branch.head is None or place is None:
        raise NotHere
    asked = VersionSelector(pacticipant=name, branch=branch.name, latest=True)
    return Question(selectors=[asked], latest_by="cvpv", environment=place.name)


def _deploy_question(request: Request) -> Question:
    name, number = request.asked("pacticipant"), request.asked("version")
    environment, to = request.asked("environment"), request.asked("to")
    errors: dict[str, list[str]] = {
        field: [ABSENT] for field, text in (("pacticipant", name), ("version", number)) if not text
    }
    if bool(environment) == bool(to):
        errors[""] = [_BOTH if to else _NEITHER]
    errors |= _unknown(request, name, environment)
    if errors:
        raise Invalid(errors)
    asked = [VersionSelector(pacticipant=name, version=number)]
    ignored = _parse_ignored(request)
    if environment:
        return Question(selectors=asked, ignored=ignored, latest_by="cvpv", environment=environment)
    return Question(selectors=asked, ignored=ignored, latest_by="cvp", latest=True, tag=to)


def _unknown(request: Request, name: str, environment: str) -> dict[str, list[str]]:
    errors = {}
    if name and not exists(request.db, name):
        errors["pacticipant"] = ["does not match an existing pacticipant"]
    if environment and places.by_name(request.db, environment) is None:
        errors["environment"] = [f"with name '{environment}' does not exist"]
    return errors


def _parse_ignored(request: Request) -> list[VersionSelector]:
    given = request.parameters.get("ignore", [])
    found = []
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, str) and each:
            found.append(VersionSelector(pacticipant=each))
        elif isinstance(each, dict) and isinstance(each.get("pacticipant"), str):
            version = each.get("version", "")
            found.append(
                VersionSelector(
                    pacticipant=each["pacticipant"], version=version if isinstance(version, str) else ""
                )
            )
    return found
