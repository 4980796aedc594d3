"""One pact: by its consumer's version, by its content, or the latest of some kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.events import announce
from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, ok
from harness.broker.http.forms import Form
from harness.broker.http.metadata import Metadata, decode, encode
from harness.broker.http.pact_shape import GONE, PACT, after_deleting, body
from harness.broker.http.problems import NotHere, Refused, ShapedRefusal, UnreadableBody
from harness.broker.http.routing import JSON_FORMS, Routes
from harness.broker.publishing_texts import cannot_change, check_duplicates
from harness.identity import Version
from harness.ledger.db import deleting, publishing, shown_versions
from harness.ledger.db import pacts as kept
from harness.ledger.db.publications import PublishOutcome
from harness.ledger.db.tables import publications
from harness.ledger.db.traces import By
from harness.ledger.db.versions import mention

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from harness.broker.http.request import Request
    from harness.ledger.db.pacts import StoredPact

routes = Routes("pacts")

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_VERSION = f"{_PAIR}/version/{{version}}"
_ALIASES = (f"{_PAIR}/versions/{{version}}", "/pact/provider/{provider}/consumer/{consumer}/version/{version}")
_EXTENDED = "application/vnd.pactbrokerextended.v1+json"
_FORMS = (*JSON_FORMS, _EXTENDED)


@routes.get(_VERSION, answers={200: PACT}, media=_FORMS)
@routes.get(_ALIASES[0], answers={200: PACT}, media=_FORMS, hidden=True)
@routes.get(_ALIASES[1], answers={200: PACT}, media=_FORMS, hidden=True)
def show(request: Request) -> Response:
    """The pact of a consumer's version."""
    return _pact_response(request, _the_pact(request))


@routes.put(_VERSION, answers={200: PACT, 201: PACT, 409: s.ERROR}, takes=("application/json",), body=PACT)
@routes.put(_ALIASES[0], answers={200: PACT, 201: PACT}, takes=("application/json",), hidden=True)
@routes.put(_ALIASES[1], answers={200: PACT, 201: PACT}, takes=("application/json",), hidden=True)
def publish(request: Request) -> Response:
    """Publish the pact of a consumer's version; its content can be given once."""
    return _publish(request, merge=False)


@routes.delete(_VERSION, answers={200: GONE}, role="admin")
@routes.delete(_ALIASES[0], answers={200: GONE}, role="admin", hidden=True)
@routes.delete(_ALIASES[1], answers={200: GONE}, role="admin", hidden=True)
def delete(request: Request) -> Response:
    """Forget the pact of a consumer's version."""
    there = _the_pact(request)
    deleting.pacts(request.db, [publications.c.id == there.publication], By(who=request.who.name, at=request.now))
    left = kept.newest(request.db, _pair(request)) is not None
    return ok(after_deleting(request, there.consumer, there.provider, left=left))


@routes.patch(_VERSION, answers={200: PACT, 201: PACT, 409: s.ERROR}, takes=("application/json",), body=PACT)
@routes.patch(_ALIASES[0], answers={200: PACT, 201: PACT}, takes=("application/json",), hidden=True)
@routes.patch(_ALIASES[1], answers={200: PACT, 201: PACT}, takes=("application/json",), hidden=True)
def merge(request: Request) -> Response:
    """Add interactions to the pact of a consumer's version."""
    return _publish(request, merge=True)


@routes.get(f"{_PAIR}/pact-version/{{sha}}", answers={200: PACT}, media=_FORMS)
def show_content(request: Request) -> Response:
    """The pact with a content, as its newest consumer version has it."""
    found = kept.newest(request.db, [*_pair(request), kept.of_sha(request.path["sha"])])
    return _pact_response(request, found, permalink=True)


@routes.get(f"{_PAIR}/pact-version/{{sha}}/metadata/{{metadata}}", answers={200: PACT}, media=_FORMS)
def show_content_with_metadata(request: Request) -> Response:
    """The pact with a content, as the version has it that the link remembers."""
    remembered = decode(request.path["metadata"])
    content = [*_pair(request), kept.of_sha(request.path["sha"])]
    found = None
    if remembered.number:
        found = kept.newest(request.db, [*content, kept.of_number(remembered.number)])
    elif remembered.rows:
        found = kept.newest(request.db, [*content, kept.of_versions(remembered.rows)])
    found = found or kept.newest(request.db, content)
    return _pact_response(request, found, metadata=request.path["metadata"], permalink=True)


@routes.get(f"{_PAIR}/latest", answers={200: PACT}, media=_FORMS)
@routes.get("/pact/provider/{provider}/consumer/{consumer}/latest", answers={200: PACT}, media=_FORMS, hidden=True)
def show_latest(request: Request) -> Response:
    """The pact of the newest version that has one."""
    return _latest(request, [])


@routes.get(f"{_PAIR}/latest/{{tag}}", answers={200: PACT}, media=_FORMS)
def show_latest_tagged(request: Request) -> Response:
    """The pact of the newest version with a tag."""
    return _latest(request, [kept.with_tag(request.path["tag"])], [request.path["tag"]])


@routes.get(f"{_PAIR}/latest-untagged", answers={200: PACT}, media=_FORMS)
def show_latest_untagged(request: Request) -> Response:
    """The pact of the newest version without a tag."""
    return _latest(request, [kept.without_tags()])


@routes.get(f"{_PAIR}/branch/{{branch}}/latest", answers={200: PACT}, media=_FORMS)
def show_latest_of_branch(request: Request) -> Response:
    """The pact of the newest version on a branch."""
    return _latest(request, [kept.on_branch(request.path["branch"])])


@routes.get(f"{_VERSION}/previous-distinct", answers={200: PACT}, media=_FORMS)
def show_previous(request: Request) -> Response:
    """The newest older pact with another content."""
    return _pact_response(request, previous_distinct(request, _the_pact(request)))


def previous_distinct(request: Request, there: StoredPact) -> StoredPact | None:
    """The newest older pact of a pair with another content."""
    return kept.newest(request.db, [*_pair(request), kept.before(there.version), kept.other_than(there.contract)])


def _pair(request: Request) -> list[sa.ColumnElement[bool]]:
    return kept.of_pair(request.path["consumer"], request.path["provider"])


def _the_pact(request: Request) -> StoredPact:
    found = kept.newest(request.db, [*_pair(request), kept.of_number(request.path["version"])])
    if found is None:
        raise NotHere
    return found


def _latest(request: Request, where: Sequence[sa.ColumnElement[bool]], tags: Sequence[str] = ()) -> Response:
    found = kept.newest(request.db, [*_pair(request), *where])
    if found is None:
        raise NotHere
    metadata = encode(Metadata(row=found.version, tags=tags))
    answer = _pact_response(request, found, metadata=metadata)
    return Response(
        body=answer.body, media=answer.media, headers={"x-pact-consumer-version": _ascii(found.number)}
    )


def _ascii(number: str) -> str:
    return number if number.isascii() and number.isprintable() else ascii(number)[1:-1]


def _pact_response(
    request: Request, pact: StoredPact | None, *, metadata: str = "", permalink: bool = False
) -> Response:
    if pact is None:
        raise NotHere
    if request.media == _EXTENDED:
        return _extended_response(request, pact)
    numbers = kept.numbers_with(request.db, pact.contract) if permalink else None
    return ok(body(request, pact, metadata=metadata, numbers=numbers))


def _extended_response(request: Request, pact: StoredPact) -> Response:
    import json

    tags = [{"name": name} for name in kept.tags_of(request.db, pact.version)]
    told = json.loads(body(request, pact))
    links, created_at = told.pop("_links"), told.pop("createdAt")
    return ok({"contract": told, "createdAt": created_at, "_embedded": {"tags": tags}, "_links": links})


def _publish(request: Request, *, merge: bool) -> Response:
    document = request.document()
    given = publishing.pact_to_publish(
        consumer=request.path["consumer"],
        provider=request.path["provider"],
        document=document,
        text=_text(request),
        merge=merge,
    )
    _check_names(given)
    number = request.path["version"]
    check_duplicates(request, (given.consumer, given.provider))
    row = shown_versions.find(request.db, given.consumer, number)
    refused = publishing.refusal(request.db, row, given, allowed=request.settings.allow_dangerous_modification)
    if refused is not None:
        if refused.merging:
            raise ShapedRefusal(
                Response(status=409, headers={"content-type": "application/hal+json;charset=utf-8"})
            )
        raise Refused(409, cannot_change(given.consumer, number, given.provider))
    row = mention(request.db, Version(given.consumer, number), request.now)
    done = publishing.publish(request.db, row, given, request.now)
    announce(request, shown_versions.versions_of_rows(request.db, [row], pacts=False)[0], done)
    status = 201 if done.outcome is PublishOutcome.CREATED else 200
    return Response(status=status, body=body(request, _the_pact(request)))


def _text(request: Request) -> str:
    try:
        return request.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableBody("the body is not UTF-8") from error


def _check_names(given: publishing.PactToPublish) -> None:
    form = Form({})
    for side, expected in (("consumer", given.consumer), ("provider", given.provider)):
        named = _party_name(given.document, side)
        if named is not None and named != expected:
            form.wrong(f"{side}.name", f"name in pact '{named}' does not match name in URL path '{expected}'.")
    form.done()


def _party_name(document: dict[str, Any], side: str) -> Any:
    party = document.get(side)
    return party.get("name") if isinstance(party, dict) else None
