"""`POST /contracts/publish`: the pacts of one version of a consumer, all or none."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.broker.events import announce
from harness.broker.http import schemas as s
from harness.broker.http.answers import JSON, Response, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import link
from harness.broker.http.problems import LateRefusal, Refusal, Refused
from harness.broker.http.reading import read_json
from harness.broker.http.routing import Routes
from harness.broker.pact_diff import pact_diff
from harness.broker.publish_notices import Notice, tell_once_kept, with_providers
from harness.broker.publishing_texts import cannot_change, cannot_merge, duplicate
from harness.broker.resources.tags import branch_from_tag
from harness.identity import Version
from harness.ledger.db import branches, publishing, shown_versions, tags, webhooks
from harness.ledger.db.publications import PublishOutcome
from harness.ledger.db.publishing import PactToPublish
from harness.ledger.db.verifications import any_between
from harness.ledger.db.versions import mention, set_build_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.broker.events import PublicationEvents
    from harness.broker.http.request import Request
    from harness.ledger.db.publishing import StoredPublication
    from harness.ledger.db.shown_versions import ShownVersion

routes = Routes("contracts")

_CONTRACT = s.record(
    {
        "consumerName": s.non_blank(),
        "providerName": s.non_blank(),
        "content": s.non_blank("The pact, in base64."),
        "contentType": s.text(enum=[JSON]),
        "specification": s.text(enum=["pact"]),
    },
    onConflict=s.text("`merge` adds to what this version has published already.", enum=["overwrite", "merge"]),
)
_CONTRACTS = {**s.many(_CONTRACT), "minItems": 1}
TO_PUBLISH = s.Schema(
    "ContractsToPublish",
    s.record(
        {"pacticipantName": s.non_blank(), "pacticipantVersionNumber": s.non_blank(), "contracts": _CONTRACTS},
        branch=s.maybe(s.text()),
        tags=s.maybe(s.many(s.text())),
        buildUrl=s.maybe(s.text()),
    ),
)
_NOTICE = s.record({"type": s.text(), "text": s.text()})
PUBLISHED = s.Schema(
    "PublishedContracts",
    s.record(
        {
            "notices": s.many(_NOTICE),
            "logs": s.many(s.record({"level": s.text(), "message": s.text(), "deprecationWarning": s.text()})),
            "_embedded": s.OBJECT,
            "_links": s.LINKS,
        }
    ),
)
CONFLICT = s.Schema("PublicationConflict", s.record({"notices": s.many(_NOTICE), "errors": s.OBJECT}))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """What is to be published under which version."""

    version: Version
    branch: str | None
    tags: Sequence[str] | None
    build_url: str | None
    given: Sequence[PactToPublish]


@routes.post("/contracts/publish", answers={200: PUBLISHED, 409: CONFLICT}, body=TO_PUBLISH, asks_scope=True)
def publish(request: Request) -> Response:
    """Publish the pacts of one version, with its branch, tags and build."""
    wanted = _parse_request(request)
    request.who.permit(wanted.version.pacticipant)
    _refuse_duplicates(request, wanted)
    there = shown_versions.find(request.db, wanted.version.pacticipant, wanted.version.number)
    _refuse_conflicts(request, wanted, there)
    new = there is None
    row = mention(request.db, wanted.version, request.now)
    _describe(request, wanted, row, new=new)
    version = shown_versions.versions_of_rows(request.db, [row], pacts=False)[0]
    notices = list(_about_version(wanted, new=new))
    done = []
    for given in wanted.given:
        published = publishing.publish(request.db, row, given, request.now)
        announced = announce(request, version, published)
        notices += _about_pact(request, version, published, announced)
        done.append(published)
    tell_once_kept(request, notices, lambda db: with_providers(db, version.id, [each.provider for each in done]))
    answer = _answer(request, wanted, done, notices)
    request.later(lambda: answer["logs"].extend(map(_log, notices)))
    return ok(answer)


def _describe(request: Request, wanted: PublishRequest, row: int, *, new: bool) -> None:
    if wanted.build_url is not None:
        set_build_url(request.db, row, wanted.build_url, None if new else request.now)
    candidates = request.settings.main_candidates
    if wanted.branch is not None:
        branches.add(request.db, row, wanted.branch, request.now, main_candidates=candidates, touch=not new)
    for tag in wanted.tags or ():
        if tags.add(request.db, row, tag, request.now):
            branch_from_tag(request, row, tag, touch=not new)


# --- what is asked for ---------------------------------------------------------------------------------------


def _parse_request(request: Request) -> PublishRequest:
    form = Form(request.document())
    name = form.text("pacticipantName", required=True)
    number = form.text("pacticipantVersionNumber", required=True)
    branch = form.text("branch")
    form.one_line("pacticipantVersionNumber", "branch", "buildUrl")
    build_url = form.url("buildUrl")
    tagged_as = form.names("tags")
    given = _contracts(request, form, name)
    form.done()
    return PublishRequest(
        version=Version(name or "", number or ""),
        branch=branch,
        tags=tagged_as,
        build_url=build_url,
        given=given,
    )


def _contracts(request: Request, form: Form, pacticipant: str | None) -> list[PactToPublish]:
    listed = form.array("contracts", required=True)
    if listed == []:
        form.wrong("contracts", "must be filled")
    found = []
    for position, each in enumerate(listed or ()):
        if not isinstance(each, dict):
            form.wrong("contracts", f"must be a hash (at index {position})")
            continue
        inside = Form(each)
        given = _contract(request, inside, pacticipant)
        for field, texts in inside.errors.items():
            for text in texts:
                form.wrong("contracts", f"{field} {text}".strip() + f" (at index {position})")
        if given is not None:
            found.append(given)
    return found


def _contract(request: Request, form: Form, pacticipant: str | None) -> PactToPublish | None:
    consumer = form.text("consumerName", required=True)
    provider = form.text("providerName", required=True)
    encoded = form.text("content", required=True)
    _one_of(form, "contentType", ("application/json",))
    _one_of(form, "specification", ("pact",))
    on_conflict = form.text("onConflict")
    if on_conflict is not None and on_conflict not in ("overwrite", "merge"):
        form.wrong("onConflict", "must be one of: overwrite, merge")
    if consumer and pacticipant and consumer != pacticipant:
        form.wrong("", f"consumerName ('{consumer}') must match pacticipantName ('{pacticipant}')")
    text = _decode_content(form, encoded) if encoded else None
    document = _parse_content(request, form, text) if text is not None else None
    if document is not None:
        _check_names(form, document, consumer, provider)
    if form.errors or document is None:
        return None
    return publishing.pact_to_publish(
        consumer=consumer or "",
        provider=provider or "",
        document=document,
        text=text or "",
        merge=on_conflict == "merge",
    )


def _one_of(form: Form, name: str, allowed: tuple[str, ...]) -> None:
    value = form.text(name, required=True)
    if value is not None and value not in allowed:
        form.wrong(name, f"must be one of: {', '.join(allowed)}")


def _decode_content(form: Form, encoded: str) -> str | None:
    try:
        content = base64.b64decode(encoded.encode("ascii", "strict"), validate=True)
    except (binascii.Error, ValueError):
        form.wrong("", "is not valid Base64")
        form.wrong("", "content could not be parsed as application/json")
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        form.wrong("", f"content is not UTF-8 at byte {error.start}")
        return None


def _parse_content(request: Request, form: Form, text: str) -> dict[str, Any] | None:
    try:
        document = read_json(text.encode(), request.settings.deepest)
    except Refusal as refusal:
        too_much = refusal.why if isinstance(refusal, Refused) else ""
        why = f"cannot be read: {too_much}" if too_much else "could not be parsed as application/json"
        form.wrong("", f"content {why}")
        return None
    if isinstance(document, dict):
        return document
    form.wrong("", f"parsed content was expected to be a Hash but was a {_RUBY.get(type(document), 'NilClass')}")
    return None


_RUBY = {list: "Array", str: "String", int: "Integer", float: "Float", bool: "TrueClass"}


def _check_names(form: Form, document: dict[str, Any], consumer: str | None, provider: str | None) -> None:
    for side, expected in (("consumer", consumer), ("provider", provider)):
        party = document.get(side)
        named = party.get("name") if isinstance(party, dict) else None
        if named is not None and expected and named != expected:
            form.wrong(
                "",
                f"{side} name in contract content ('{named}') must match {side}Name in contract params"
                f" ('{expected}')",
            )


# --- what cannot be ------------------------------------------------------------------------------------------


def _refuse_duplicates(request: Request, wanted: PublishRequest) -> None:
    names = [wanted.version.pacticipant, *(given.provider for given in wanted.given)]
    text = duplicate(request, names)
    if text:
        raise LateRefusal(409, lambda: _conflict([{"type": "error", "text": text}], [text]))


def _refuse_conflicts(request: Request, wanted: PublishRequest, row: int | None) -> None:
    allowed = request.settings.allow_dangerous_modification
    refusals = [publishing.refusal(request.db, row, given, allowed=allowed) for given in wanted.given]
    found = list(filter(None, [*refusals, *_among_themselves(wanted)]))
    if found:
        raise LateRefusal(409, lambda: _tell_conflicts(wanted, found))


def _tell_conflicts(wanted: PublishRequest, refusals: Sequence[publishing.PublishRefusal]) -> Response:
    notices, errors = list[Notice](), list[str]()
    for refused in refusals:
        text = _why(wanted, refused)
        errors.append(text)
        notices.append({"type": "error", "text": text})
        difference = pact_diff(json.loads(refused.there), refused.given.document)
        if difference:
            notices.append({"type": "info", "text": difference})
    return _conflict(notices, errors)


def _among_themselves(wanted: PublishRequest) -> list[publishing.PublishRefusal]:
    """Two pacts for one provider in one wanted: parts to merge, or the same twice, or a contradiction."""
    seen, found = dict[str, PactToPublish](), list[publishing.PublishRefusal]()
    for given in wanted.given:
        before = seen.setdefault(given.provider, given)
        if before is given:
            continue
        clash = publishing.clash(before, given)
        if clash:
            found.append(publishing.PublishRefusal(given=given, there=before.text, merging=given.merge))
    return found


def _why(wanted: PublishRequest, refused: publishing.PublishRefusal) -> str:
    number, given = wanted.version.number, refused.given
    if not refused.merging:
        return cannot_change(given.consumer, number, given.provider)
    described = publishing.contradictions(refused)
    return cannot_merge(given.consumer, number, given.provider, described)


def _conflict(notices: list[Notice], errors: list[str]) -> Response:
    return Response(status=409, body={"notices": notices, "errors": {"contracts": errors}}, media=JSON)


# --- what is said of it --------------------------------------------------------------------------------------


def _about_version(wanted: PublishRequest, *, new: bool) -> Iterator[Notice]:
    made = "Created" if new else "Updated"
    parts = [f"with branch {wanted.branch}"] if wanted.branch else []
    if wanted.tags:
        parts.append(f"{'' if parts else 'with '}tags {', '.join(wanted.tags)}")
    told = " and ".join(parts)
    version = wanted.version
    text = f"{made} {version.pacticipant} version {version.number}"
    yield {"type": "debug", "text": f"{text} {told}" if told else text}
    if not wanted.branch:
        advice = "Configure the version branch to be the value of your repository branch."
        yield {"type": "prompt", "text": f"  Next steps:\n    {advice}"}


def _about_pact(
    request: Request, version: ShownVersion, published: StoredPublication, announced: PublicationEvents
) -> Iterator[Notice]:
    consumer, provider, number = published.consumer, published.provider, version.number
    yield _OUTCOMES[published.outcome](f"{consumer} version {number} and provider {provider}")
    where = request.to("pacts", "provider", provider, "consumer", consumer, "version", number)
    yield {"type": "debug", "text": f"  View the published pact at {where}"}
    events = ", ".join(map(str, announced.events))
    yield {"type": "debug", "text": f"  Events detected: {events}"}
    for each in announced.triggered:
        logs = request.to("triggered-webhooks", each.uuid, "logs")
        told = f'  Webhook "{each.webhook}" triggered for event {each.event}.\n    View logs at {logs}'
        yield {"type": "debug", "text": told}
    configured = webhooks.configured_for(request.db, consumer, provider)
    if configured and not announced.triggered:
        yield {"type": "debug", "text": "  No enabled webhooks found for the detected events"}
    yield from _next_steps(provider, verified=any_between(request.db, consumer, provider), configured=configured)


_OUTCOMES = {
    PublishOutcome.CREATED: lambda of: {
        "type": "success",
        "text": f"Pact successfully published for {of}.",
    },
    PublishOutcome.UNCHANGED: lambda of: {
        "type": "success",
        "text": f"Pact successfully republished for {of} with no content changes.",
    },
    PublishOutcome.OVERWRITTEN: lambda of: {
        "type": "warning",
        "text": f"Pact with changed content published over existing content for {of}",
    },
    PublishOutcome.MERGED: lambda of: {
        "type": "success",
        "text": f"Pact content merged with existing content for {of}",
    },
}


def _next_steps(provider: str, *, verified: bool, configured: bool) -> Iterator[Notice]:
    steps = []
    if not verified:
        steps.append(
            f"    * Add Pact verification tests to the {provider} build."
            " See https://docs.pact.io/go/provider_verification"
        )
    if not configured:
        steps.append(
            f"    * Configure separate {provider} pact verification build and webhook to trigger it when the pact"
            " content changes. See https://docs.pact.io/go/webhooks"
        )
    for text in ("  Next steps:", *steps) if steps else ():
        yield {"type": "prompt", "text": text}


def _log(notice: Notice) -> dict[str, str]:
    return {"level": notice["type"], "message": notice["text"], "deprecationWarning": "Replaced by notices"}


def _answer(
    request: Request, wanted: PublishRequest, done: Sequence[StoredPublication], notices: list[Notice]
) -> dict[str, Any]:
    name, number = wanted.version.pacticipant, wanted.version.number
    owner = request.to("pacticipants", name)
    version = request.to("pacticipants", name, "versions", number)
    pairs = {(each.consumer, each.provider): None for each in done}
    return {
        "logs": [],  # what the notices say, once all is found out
        "notices": notices,
        "_embedded": {
            "pacticipant": {"name": name, "_links": {"self": link(owner)}},
            "version": {"number": number, "_links": {"self": link(version, title="Version", name=number)}},
        },
        "_links": {
            "pb:pacticipant": link(owner, title="Pacticipant", name=name),
            "pb:pacticipant-version": link(version, title="Pacticipant version", name=number),
            "pb:pacticipant-version-tags": [
                link(request.to("pacticipants", name, "versions", number, "tags", tag), title="Tag", name=tag)
                for tag in wanted.tags or ()
            ],
            "pb:contracts": [
                link(
                    request.to("pacts", "provider", provider, "consumer", consumer, "version", number),
                    title="Pact",
                    name=f"Pact between {consumer} ({number}) and {provider}",
                )
                for consumer, provider in pairs
            ],
        },
    }
