"""Lists of pacts: of a pair, of a provider, and the latest of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, no_content, ok
from harness.broker.http.hal import curies, link
from harness.broker.http.pact_shape import (
    GONE,
    PACT_LIST,
    after_deleting,
    every_version,
    of_pair,
    of_provider,
    pair_of,
    version_url,
)
from harness.broker.http.problems import NotFound, NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import deleting
from harness.ledger.db import pacts as kept
from harness.ledger.db.tables import publications
from harness.ledger.db.times import moment
from harness.ledger.db.traces import By
from harness.ledger.db.versions import exists

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from harness.broker.http.request import Request
    from harness.ledger.db.pacts import StoredPact

routes = Routes("pact-lists")

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_PROVIDER = "/pacts/provider/{provider}"
LATEST = s.Schema("LatestPacts", s.record({"pacts": s.many(s.OBJECT), "_links": s.LINKS}))


@routes.get("/pacts/latest", answers={200: LATEST})
def show_latest(request: Request) -> Response:
    """The latest pact of every pair."""
    found = kept.latest_of_each(request.db, [])
    titles = [
        (f"{pair_of(request, p)}/latest", f"Latest pact between {p.consumer} and {p.provider}") for p in found
    ]
    links = {
        "self": link(request.here()),
        "pb:pacts": [link(where, title=title) for where, title in titles],
        "pacts": [
            link(where, title=title, name="DEPRECATED - please use the pb:pacts relation")
            for where, title in titles
        ],
        "curies": curies(request.base, "pacts"),
    }
    return ok({"pacts": [_latest(request, pact) for pact in found], "_links": links})


def _latest(request: Request, pact: StoredPact) -> dict[str, Any]:
    number = link(
        request.to("pacticipants", pact.consumer, "versions", pact.number), title="Version", name=pact.number
    )
    version = {"number": pact.number, "_links": {"self": number}}
    consumer = {
        "name": pact.consumer,
        "_embedded": {"version": version},
        "_links": {"self": link(request.to("pacticipants", pact.consumer))},
    }
    provider = {"name": pact.provider, "_links": {"self": link(request.to("pacticipants", pact.provider))}}
    places = [link(f"{pair_of(request, pact)}/latest"), link(version_url(request, pact))]
    return {
        "createdAt": moment(pact.published_at),
        "_embedded": {"consumer": consumer, "provider": provider},
        "_links": {"self": places},
    }


# --- of a provider -------------------------------------------------------------------------------------------


@routes.get(_PROVIDER, answers={200: PACT_LIST})
def show_of_provider(request: Request) -> Response:
    """Every pact with a provider, of every version."""
    return _of_provider(request, [], "All pact versions for the provider {}", every=True)


@routes.get(f"{_PROVIDER}/tag/{{tag}}", answers={200: PACT_LIST})
def show_of_provider_tagged(request: Request) -> Response:
    """Every pact with a provider, of versions with a tag."""
    title = f"All pact versions for the provider {{}} with consumer version tag '{request.path['tag']}'"
    return _of_provider(request, [kept.with_tag(request.path["tag"])], title, every=True)


@routes.get(f"{_PROVIDER}/latest", answers={200: PACT_LIST})
def show_latest_of_provider(request: Request) -> Response:
    """The latest pact of each consumer with a provider."""
    return _of_provider(request, [], "Latest pact versions for the provider {}")


@routes.get(f"{_PROVIDER}/latest/{{tag}}", answers={200: PACT_LIST})
def show_latest_of_provider_tagged(request: Request) -> Response:
    """The latest pact with a tag of each consumer with a provider."""
    title = f"Latest pact versions for the provider {{}} with consumer version tag '{request.path['tag']}'"
    return _of_provider(request, [kept.with_tag(request.path["tag"])], title)


@routes.get(f"{_PROVIDER}/branch/latest", answers={200: PACT_LIST})
def show_latest_of_main_branches(request: Request) -> Response:
    """The latest pact of each consumer's main branch with a provider."""
    title = "Latest pact versions for the provider {} with consumer version main branch"
    return _of_provider(request, [kept.on_main()], title)


@routes.get(f"{_PROVIDER}/branch/{{branch}}/latest", answers={200: PACT_LIST})
def show_latest_of_branch(request: Request) -> Response:
    """The latest pact of each consumer's branch with a provider."""
    title = f"Latest pact versions for the provider {{}} with consumer version branch '{request.path['branch']}'"
    return _of_provider(request, [kept.on_branch(request.path["branch"])], title)


@routes.get(f"{_PROVIDER}/branch/{{branch}}", answers={200: PACT_LIST})
def show_of_branch(request: Request) -> Response:
    """Every pact with a provider, of versions on a branch."""
    title = f"All pact versions for the provider {{}} with consumer version branch '{request.path['branch']}'"
    return _of_provider(request, [kept.on_branch(request.path["branch"])], title, every=True)


@routes.get(f"{_PROVIDER}/branch", answers={200: PACT_LIST})
def show_of_main_branches(request: Request) -> Response:
    """Every pact with a provider, of versions on their consumer's main branch."""
    title = "All pact versions for the provider {} with consumer version main branch"
    return _of_provider(request, [kept.on_main()], title, every=True)


def _of_provider(
    request: Request, where: Sequence[sa.ColumnElement[bool]], title: str, *, every: bool = False
) -> Response:
    provider = request.path["provider"]
    if not exists(request.db, provider):
        raise NotFound(f"No provider with name '{provider}' found")
    conditions = [*kept.of_provider(provider), *where]
    found = kept.find_pacts(request.db, conditions) if every else kept.latest_of_each(request.db, conditions)
    ordered = sorted(found, key=lambda pact: pact.consumer.lower()) if every else found
    return ok(of_provider(request, provider, ordered, title.replace("{}", provider, 1)))


# --- of a pair -----------------------------------------------------------------------------------------------


@routes.get(f"{_PAIR}/versions", answers={200: PACT_LIST})
def show_versions(request: Request) -> Response:
    """Every version of a pact, newest first."""
    found = kept.find_pacts(request.db, _pair(request))
    return ok(every_version(request, found, _title_for_pair(request, "All versions of the pact between {}")))


@routes.delete(f"{_PAIR}/versions", answers={204: None}, role="admin")
def delete_versions(request: Request) -> Response:
    """Forget every version of a pact."""
    deleting.pacts(request.db, _pair(request), By(who=request.who.name, at=request.now))
    return no_content()


@routes.get(f"{_PAIR}/tag/{{tag}}", answers={200: PACT_LIST})
def show_tagged(request: Request) -> Response:
    """Every version of a pact with a tag."""
    title = f"All versions of the pact between {{}} with tag {request.path['tag']}"
    return _of_pair(request, [kept.with_tag(request.path["tag"])], title)


@routes.delete(f"{_PAIR}/tag/{{tag}}", answers={200: GONE}, role="admin")
def delete_tagged(request: Request) -> Response:
    """Forget every version of a pact with a tag."""
    return _delete(request, [kept.with_tag(request.path["tag"])])


@routes.get(f"{_PAIR}/branch/versions", answers={200: PACT_LIST})
def show_on_main(request: Request) -> Response:
    """Every version of a pact on the main branch."""
    return _of_pair(request, [kept.on_main()], "All versions of the pact between {} on main branch")


@routes.delete(f"{_PAIR}/branch/versions", answers={200: GONE}, role="admin")
def delete_on_main(request: Request) -> Response:
    """Forget every version of a pact on the main branch."""
    return _delete(request, [kept.on_main()])


@routes.get(f"{_PAIR}/branch/{{branch}}", answers={200: PACT_LIST})
def show_on_branch(request: Request) -> Response:
    """Every version of a pact on a branch."""
    title = f"All versions of the pact between {{}} on branch {request.path['branch']}"
    return _of_pair(request, [kept.on_branch(request.path["branch"])], title)


@routes.delete(f"{_PAIR}/branch/{{branch}}", answers={200: GONE}, role="admin")
def delete_on_branch(request: Request) -> Response:
    """Forget every version of a pact on a branch."""
    return _delete(request, [kept.on_branch(request.path["branch"])])


@routes.get(f"{_PAIR}/branch/latest", answers={200: PACT_LIST})
@routes.get(f"{_PAIR}/branch/latest/versions", answers={200: PACT_LIST})
def show_latest_on_main(request: Request) -> Response:
    """The latest version of a pact on the main branch."""
    return _latest_of_pair(request, kept.on_main(), "Latest version of the pact between {} on main branch")


@routes.delete(f"{_PAIR}/branch/latest/versions", answers={200: GONE}, role="admin")
def delete_latest_on_main(request: Request) -> Response:
    """Forget the latest version of a pact on the main branch."""
    return _delete_latest(request, kept.on_main())


@routes.get(f"{_PAIR}/branch/{{branch}}/latest/versions", answers={200: PACT_LIST})
def show_latest_on_branch(request: Request) -> Response:
    """The latest version of a pact on a branch."""
    branch = request.path["branch"]
    title = f"Latest version of the pact between {{}} on branch {branch}"
    return _latest_of_pair(request, kept.on_branch(branch), title)


@routes.delete(f"{_PAIR}/branch/{{branch}}/latest/versions", answers={200: GONE}, role="admin")
def delete_latest_on_branch(request: Request) -> Response:
    """Forget the latest version of a pact on a branch."""
    return _delete_latest(request, kept.on_branch(request.path["branch"]))


def _pair(request: Request) -> list[sa.ColumnElement[bool]]:
    consumer, provider = request.path["consumer"], request.path["provider"]
    if not (exists(request.db, consumer) and exists(request.db, provider)):
        raise NotHere
    return kept.of_pair(consumer, provider)


def _of_pair(request: Request, where: Sequence[sa.ColumnElement[bool]], title: str) -> Response:
    found = kept.find_pacts(request.db, [*_pair(request), *where])
    return ok(of_pair(request, found, _title_for_pair(request, title)))


def _latest_of_pair(request: Request, where: sa.ColumnElement[bool], title: str) -> Response:
    newest = kept.newest(request.db, [*_pair(request), where])
    found = [newest] if newest else []
    return ok(of_pair(request, found, _title_for_pair(request, title)))


def _delete(request: Request, where: Sequence[sa.ColumnElement[bool]]) -> Response:
    deleting.pacts(request.db, [*_pair(request), *where], By(who=request.who.name, at=request.now))
    return _deletion_response(request)


def _delete_latest(request: Request, where: sa.ColumnElement[bool]) -> Response:
    newest = kept.newest(request.db, [*_pair(request), where])
    if newest is not None:
        deleting.pacts(
            request.db, [publications.c.id == newest.publication], By(who=request.who.name, at=request.now)
        )
    return _deletion_response(request)


def _deletion_response(request: Request) -> Response:
    left = kept.newest(request.db, _pair(request)) is not None
    return ok(after_deleting(request, request.path["consumer"], request.path["provider"], left=left))


def _title_for_pair(request: Request, title: str) -> str:
    """A title with the pair in it; a name may hold braces too, so that it is never a format of its own."""
    return title.replace("{}", f"{request.path['consumer']} and {request.path['provider']}", 1)
