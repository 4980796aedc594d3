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
from harness.ledger.db.tables import publications
from harness.ledger.db.traces import By
from harness.ledger.db.versions import mention

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from harness.broker.http.call import Request
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
def show(call: Request) -> Response:
    """The pact of a consumer's version."""
    return _pact_response(call, _the_pact(call))


@routes.put(_VERSION, answers={200: PACT, 201: PACT, 409: s.ERROR}, takes=("application/json",), body=PACT)
@routes.put(_ALIASES[0], answers={200: PACT, 201: PACT}, takes=("application/json",), hidden=True)
@routes.put(_ALIASES[1], answers={200: PACT, 201: PACT}, takes=("application/json",), hidden=True)
def publish(call: Request) -> Response:
    """Publish the pact of a consumer's version; its content can be given once."""
    return _publish(call, merge=False)


@routes.delete(_VERSION, answers={200: GONE}, role="admin")
@routes.delete(_ALIASES[0], answers={200: GONE}, role="admin", hidden=True)
@routes.delete(_ALIASES[1], answers={200: GONE}, role="admin", hidden=True)
def delete(call: Request) -> Response:
    """Forget the pact of a consumer's version."""
    there = _the_pact(call)
    deleting.pacts(call.db, [publications.c.id == there.publication], By(who=call.who.name, at=call.now))
    left = kept.newest(call.db, _pair(call)) is not None
    return ok(after_deleting(call, there.consumer, there.provider, left=left))


@routes.patch(_VERSION, answers={200: PACT, 201: PACT, 409: s.ERROR}, takes=("application/json",), body=PACT)
@routes.patch(_ALIASES[0], answers={200: PACT, 201: PACT}, takes=("application/json",), hidden=True)
@routes.patch(_ALIASES[1], answers={200: PACT, 201: PACT}, takes=("application/json",), hidden=True)
def merge(call: Request) -> Response:
    """Add interactions to the pact of a consumer's version."""
    return _publish(call, merge=True)


@routes.get(f"{_PAIR}/pact-version/{{sha}}", answers={200: PACT}, media=_FORMS)
def show_content(call: Request) -> Response:
    """The pact with a content, as its newest consumer version has it."""
    found = kept.newest(call.db, [*_pair(call), kept.of_sha(call.path["sha"])])
    return _pact_response(call, found, permalink=True)


@routes.get(f"{_PAIR}/pact-version/{{sha}}/metadata/{{metadata}}", answers={200: PACT}, media=_FORMS)
def show_content_with_metadata(call: Request) -> Response:
    """The pact with a content, as the version has it that the link remembers."""
    remembered = decode(call.path["metadata"])
    content = [*_pair(call), kept.of_sha(call.path["sha"])]
    found = None
    if remembered.number:
        found = kept.newest(call.db, [*content, kept.of_number(remembered.number)])
    elif remembered.rows:
        found = kept.newest(call.db, [*content, kept.of_versions(remembered.rows)])
    found = found or kept.newest(call.db, content)
    return _pact_response(call, found, metadata=call.path["metadata"], permalink=True)


@routes.get(f"{_PAIR}/latest", answers={200: PACT}, media=_FORMS)
@routes.get("/pact/provider/{provider}/consumer/{consumer}/latest", answers={200: PACT}, media=_FORMS, hidden=True)
def show_latest(call: Request) -> Response:
    """The pact of the newest version that has one."""
    return _latest(call, [])


@routes.get(f"{_PAIR}/latest/{{tag}}", answers={200: PACT}, media=_FORMS)
def show_latest_tagged(call: Request) -> Response:
    """The pact of the newest version with a tag."""
    return _latest(call, [kept.with_tag(call.path["tag"])], [call.path["tag"]])


@routes.get(f"{_PAIR}/latest-untagged", answers={200: PACT}, media=_FORMS)
def show_latest_untagged(call: Request) -> Response:
    """The pact of the newest version without a tag."""
    return _latest(call, [kept.without_tags()])


@routes.get(f"{_PAIR}/branch/{{branch}}/latest", answers={200: PACT}, media=_FORMS)
def show_latest_of_branch(call: Request) -> Response:
    """The pact of the newest version on a branch."""
    return _latest(call, [kept.on_branch(call.path["branch"])])


@routes.get(f"{_VERSION}/previous-distinct", answers={200: PACT}, media=_FORMS)
def show_previous(call: Request) -> Response:
    """The newest older pact with another content."""
    return _pact_response(call, previous_distinct(call, _the_pact(call)))


def previous_distinct(call: Request, there: StoredPact) -> StoredPact | None:
    """The newest older pact of a pair with another content."""
    return kept.newest(call.db, [*_pair(call), kept.before(there.version), kept.other_than(there.contract)])


def _pair(call: Request) -> list[sa.ColumnElement[bool]]:
    return kept.of_pair(call.path["consumer"], call.path["provider"])


def _the_pact(call: Request) -> StoredPact:
    found = kept.newest(call.db, [*_pair(call), kept.of_number(call.path["version"])])
    if found is None:
        raise NotHere
    return found


def _latest(call: Request, where: Sequence[sa.ColumnElement[bool]], tags: Sequence[str] = ()) -> Response:
    found = kept.newest(call.db, [*_pair(call), *where])
    if found is None:
        raise NotHere
    metadata = encode(Metadata(row=found.version, tags=tags))
    answer = _pact_response(call, found, metadata=metadata)
    return Response(
        body=answer.body, media=answer.media, headers={"x-pact-consumer-version": _ascii(found.number)}
    )


def _ascii(number: str) -> str:
    return number if number.isascii() and number.isprintable() else ascii(number)[1:-1]


def _pact_response(
    call: Request, pact: StoredPact | None, *, metadata: str = "", permalink: bool = False
) -> Response:
    if pact is None:
        raise NotHere
    if call.media == _EXTENDED:
        return _extended_response(call, pact)
    numbers = kept.numbers_with(call.db, pact.contract) if permalink else None
    return ok(body(call, pact, metadata=metadata, numbers=numbers))


def _extended_response(call: Request, pact: StoredPact) -> Response:
    import json

    tags = [{"name": name} for name in kept.tags_of(call.db, pact.version)]
    told = json.loads(body(call, pact))
    links, created_at = told.pop("_links"), told.pop("createdAt")
    return ok({"contract": told, "createdAt": created_at, "_embedded": {"tags": tags}, "_links": links})


def _publish(call: Request, *, merge: bool) -> Response:
    document = call.document()
    given = publishing.PactToPublish(
        consumer=call.path["consumer"],
        provider=call.path["provider"],
        document=document,
        text=_text(call),
        merge=merge,
    )
    _check_names(given)
    number = call.path["version"]
    check_duplicates(call, (given.consumer, given.provider))
    row = shown_versions.find(call.db, given.consumer, number)
    refused = publishing.refusal(call.db, row, given, allowed=call.settings.allow_dangerous_modification)
    if refused is not None:
        if refused.merging:
            raise ShapedRefusal(
                Response(status=409, headers={"content-type": "application/hal+json;charset=utf-8"})
            )
        raise Refused(409, cannot_change(given.consumer, number, given.provider))
    row = mention(call.db, Version(given.consumer, number), call.now)
    done = publishing.publish(call.db, row, given, call.now)
    announce(call, shown_versions.versions_of_rows(call.db, [row], pacts=False)[0], done)
    status = 201 if done.outcome is publishing.PublishOutcome.CREATED else 200
    return Response(status=status, body=body(call, _the_pact(call)))


def _text(call: Request) -> str:
    try:
        return call.body.decode("utf-8")
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
