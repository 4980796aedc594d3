"""Badges for READMEs."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from harness.broker.http import schemas as s
from harness.broker.http.answers import SVG, Response
from harness.broker.http.problems import Refusal
from harness.broker.http.routing import Routes
from harness.broker.resources.matrix import head_to_environment, tag_to_tag
from harness.ledger.db import dashboard, pacticipants, pacts, results, shown_versions
from harness.ledger.db.tables import publications
from harness.ledger.matrix.gated import answer_question
from harness.ledger.matrix.question import Question, Unanswerable, VersionSelector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import sqlalchemy as sa

    from harness.broker.http.request import Request


routes = Routes("badges")

PICTURE = s.Schema("Badge", s.text("An SVG picture."))
_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_QUERY = (s.query("label", "What stands on the left."), s.query("initials", "true: names as initials."))
_FORMS = (SVG,)


@routes.get(f"{_PAIR}/latest/badge", answers={200: PICTURE}, media=_FORMS, query=_QUERY)
def show_latest(request: Request) -> Response:
    """How the latest pact stands."""
    return _of_pact(request, [])


@routes.get(f"{_PAIR}/latest/{{tag}}/badge", answers={200: PICTURE}, media=_FORMS, query=_QUERY)
def show_tagged(request: Request) -> Response:
    """How the latest pact with a tag stands."""
    return _of_pact(request, [pacts.with_tag(request.path["tag"])])


@routes.get(f"{_PAIR}/latest-untagged/badge", answers={200: PICTURE}, media=_FORMS, query=_QUERY)
def show_untagged(request: Request) -> Response:
    """How the latest pact without a tag stands."""
    return _of_pact(request, [pacts.without_tags()])


@routes.get(
    "/matrix/provider/{provider}/latest/{provider_tag}/consumer/{consumer}/latest/{tag}/badge",
    answers={200: PICTURE},
    media=_FORMS,
    query=_QUERY,
)
def show_tags(request: Request) -> Response:
    """How the latest with one tag and the latest with another stand."""
    consumer, provider = request.path["consumer"], request.path["provider"]
    tag, provider_tag = request.path["tag"], request.path["provider_tag"]
    question = Question(
        selectors=[
            VersionSelector(pacticipant=consumer, tag=tag, latest=True),
            VersionSelector(pacticipant=provider, tag=provider_tag, latest=True),
        ],
        latest_by="cvpv",
    )
    label = f"{_name(request, consumer)} ({tag})/{_name(request, provider)} ({provider_tag}) pact"
    deployable = _deployable(request, lambda: question)
    return _badge_response(request, verification(label, {True: "success", False: "failed", None: ""}[deployable]))


@routes.get(
    "/pacticipants/{pacticipant}/latest-version/{tag}/can-i-deploy/to/{to}/badge",
    answers={200: PICTURE},
    media=_FORMS,
    query=_QUERY,
)
def show_tag_to_tag(request: Request) -> Response:
    """Whether the newest with a tag can be deployed beside the newest with another."""
    return _can_i(request, lambda: tag_to_tag(request), f"{request.path['tag']} to {request.path['to']}")


@routes.get(
    "/pacticipants/{pacticipant}/branches/{branch}/latest-version/can-i-deploy/to-environment/{environment}/badge",
    answers={200: PICTURE},
    media=_FORMS,
    query=_QUERY,
)
def show_head_to_environment(request: Request) -> Response:
    """Whether the head of a branch can be deployed into an environment."""
    return _can_i(
        request, lambda: head_to_environment(request), f"{request.path['branch']} to {request.path['environment']}"
    )


@routes.get("/pacticipants/{pacticipant}/main-branch/can-i-merge/badge", answers={200: PICTURE}, media=_FORMS)
def show_can_i_merge(request: Request) -> Response:
    """Whether the head of the main branch works with everybody's main branch."""
    found = pacticipants.by_name(request.db, request.path["pacticipant"])
    if found is None:
        return _badge_response(request, Badge("pacticipant", "not found", "lightgrey"))
    newest = shown_versions.newest(request.db, found.name)
    if newest is None:
        return _badge_response(request, Badge("can-i-merge", "unknown", "lightgrey"))
    asked = VersionSelector(pacticipant=found.name, main_branch=True, latest=True)
    question = Question(selectors=[asked], latest_by="cvp", latest=True, main_branch=True)
    deployable = _deployable(request, lambda: question)
    words = {True: ("success", "brightgreen"), False: ("failed", "red"), None: ("unknown", "lightgrey")}
    return _badge_response(request, Badge("can-i-merge", *words[deployable]), cache="max-age=30")


def _of_pact(request: Request, where: Sequence[sa.ColumnElement[bool]]) -> Response:
    consumer, provider = request.path["consumer"], request.path["provider"]
    pact = pacts.newest(request.db, [*pacts.of_pair(consumer, provider), *where])
    if pact is None:
        return _badge_response(request, Badge("pact not found", "unknown", "lightgrey"))
    found, _ = dashboard.items(request.db, [publications.c.id == pact.publication], None)
    result = results.latest(request.db, (consumer, provider), pact.sha)
    whole = result is not None and result.success and not result.partial
    status = found[0].status if found else "success" if whole else ""
    label = f"{_name(request, consumer)}/{_name(request, provider)} pact"
    return _badge_response(request, verification(label, status))


def _name(request: Request, name: str) -> str:
    return initials(name) if request.asked("initials") == "true" else name.lower()


def _can_i(request: Request, question: Callable[[], Question], what: str) -> Response:
    deployable = _deployable(request, question)
    label = request.asked("label") or "can-i-deploy"
    colours = {True: "brightgreen", False: "red", None: "lightgrey"}
    words = {True: what, False: what, None: f"{what} unknown"}
    return _badge_response(request, Badge(label, words[deployable], colours[deployable]))


def _deployable(request: Request, question: Callable[[], Question]) -> bool | None:
    try:
        return answer_question(request.db, question(), trusted=request.settings.trust_claims).deployable
    except (Refusal, Unanswerable):
        return None


def _badge_response(request: Request, badge: Badge, *, cache: str = "no-cache") -> Response:
    label = request.asked("label")
    shown = Badge(label, badge.status, badge.colour) if label else badge
    return Response(body=svg(shown), media=SVG, headers={"cache-control": cache})


_COLOURS = {"brightgreen": "#4c1", "red": "#e05d44", "orange": "#fe7d37", "lightgrey": "#9f9f9f"}
_WIDE = 7.0  # pixels of a letter at 11 px, on average; a badge that is a little too wide is still read
_PADDING = 10


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says."""

    label: str
    status: str
    colour: str


def verification(label: str, status: str) -> Badge:
    """How a pact stands: success, failed, failed_pending, stale, or anything else."""
    words = {
        "success": ("verified", "brightgreen"),
        "failed": ("failed", "red"),
        "failed_pending": ("failed (pending)", "red"),
        "stale": ("changed", "orange"),
    }
    return Badge(label, *words.get(status, ("unknown", "lightgrey")))


def svg(badge: Badge) -> str:
    """The picture; whatever stands in names is text in it."""
    label, status = escape(badge.label), escape(badge.status)
    left, right = _width(badge.label), _width(badge.status)
    total = left + right
    colour = _COLOURS[badge.colour]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img"'
        f' aria-label="{label}: {status}"><title>{label}: {status}</title>'
        f'<rect width="{left}" height="20" fill="#555"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2}" y="14">{label}</text><text x="{left + right / 2}" y="14">{status}</text></g></svg>'
    )


def _width(text: str) -> int:
    return round(len(text) * _WIDE) + _PADDING


def initials(name: str) -> str:
    """`my-cool service` is mcs."""
    words = [word for word in name.replace("-", " ").replace("_", " ").split() if word]
    return "".join(word[0] for word in words).lower() if len(words) > 1 else name.lower()
