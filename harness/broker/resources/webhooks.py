"""`/webhooks`: whom to tell what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, no_content, ok
from harness.broker.http.hal import link, omit_absent
from harness.broker.http.problems import NotFound, NotHere
from harness.broker.http.routing import Routes
from harness.broker.webhooks.reading import EVENTS, read_webhook
from harness.broker.webhooks.redaction import STARS, shown_headers
from harness.broker.webhooks.targets import METHODS
from harness.ledger.db import webhooks as kept
from harness.ledger.db.times import moment
from harness.ledger.db.versions import exists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.broker.http.request import Request
    from harness.ledger.db.webhooks import Party, Webhook

routes = Routes("webhooks")

_PARTY = s.record(name=s.text(), label=s.text())
_EVENT = s.record({"name": s.text()})
_REQUEST = s.record(
    {"method": s.text(), "url": s.text()},
    headers=s.OBJECT,
    body=s.ANYTHING,
    username=s.text(),
    password=s.text("Never shown: stars stand for it. Stars that are sent keep the old one."),
)
_REQUEST_TO_KEEP = {
    **_REQUEST,
    "properties": {**_REQUEST["properties"], "method": s.text(enum=list(METHODS)), "url": s.text(format="uri")},
}
WEBHOOK = s.Schema(
    "Webhook",
    s.record(
        {"uuid": s.text(), "enabled": s.truth(), "events": s.many(_EVENT), "request": _REQUEST, "_links": s.LINKS},
        description=s.text(),
        consumer=_PARTY,
        provider=_PARTY,
        teamUuid=s.text(),
        createdAt=s.moment(),
        updatedAt=s.moment(),
    ),
)
WEBHOOK_TO_KEEP = s.Schema(
    "WebhookToKeep",
    s.record(
        {"request": _REQUEST_TO_KEEP},
        description=s.text(),
        enabled=s.truth(),
        events={**s.many(s.record({"name": s.text(enum=list(EVENTS))})), "minItems": 1},
        consumer=_PARTY,
        provider=_PARTY,
        teamUuid=s.text(),
    ),
)
WEBHOOKS = s.Schema(
    "Webhooks", s.record({"_links": s.LINKS, "_embedded": s.record({"webhooks": s.many(WEBHOOK)})})
)


@routes.get("/webhooks", answers={200: WEBHOOKS})
def show_all(request: Request) -> Response:
    """All webhooks, oldest first."""
    return ok(_webhook_list(request, "Webhooks", kept.all_webhooks(request.db)))


@routes.post("/webhooks", answers={201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin")
def create(request: Request) -> Response:
    """Have somebody told."""
    return _create(request, read_webhook(request))


@routes.get("/webhooks/{uuid}", answers={200: WEBHOOK})
def show(request: Request) -> Response:
    """One webhook."""
    return ok(webhook_resource(request, the_webhook(request)))


@routes.put("/webhooks/{uuid}", answers={200: WEBHOOK, 201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin")
def replace(request: Request) -> Response:
    """Describe a webhook anew, or make one with a uuid of your own."""
    there = kept.by_uuid(request.db, request.path["uuid"])
    told = read_webhook(request, there, uuid=request.path["uuid"])
    if there is None:
        made = kept.create(request.db, told, request.now)
        return Response(status=201, body=webhook_resource(request, made))
    return ok(webhook_resource(request, kept.replace(request.db, there, told, request.now)))


@routes.delete("/webhooks/{uuid}", answers={204: None}, role="admin")
def delete(request: Request) -> Response:
    """Tell nobody any more."""
    kept.delete(request.db, the_webhook(request))
    return no_content()


@routes.post(
    "/webhooks/provider/{provider}/consumer/{consumer}", answers={201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin"
)
def create_for_pair(request: Request) -> Response:
    """Have somebody told what happens between two pacticipants."""
    _both(request)
    return _create(
        request, read_webhook(request, consumer=request.path["consumer"], provider=request.path["provider"])
    )


@routes.get("/webhooks/provider/{provider}/consumer/{consumer}", answers={200: WEBHOOKS})
def show_for_pair(request: Request) -> Response:
    """The webhooks of just these two."""
    found = _about(request, request.path["consumer"], request.path["provider"])
    return ok(_webhook_list(request, "Webhooks", found))


@routes.post("/webhooks/provider/{provider}", answers={201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin")
def create_for_provider(request: Request) -> Response:
    """Have somebody told what happens to a provider's contracts."""
    _both(request)
    return _create(request, read_webhook(request, provider=request.path["provider"]))


@routes.get("/webhooks/provider/{provider}", answers={200: WEBHOOKS})
def show_for_provider(request: Request) -> Response:
    """The webhooks of a provider with all its consumers."""
    return ok(_webhook_list(request, "Webhooks", _about(request, None, request.path["provider"])))


@routes.post("/webhooks/consumer/{consumer}", answers={201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin")
def create_for_consumer(request: Request) -> Response:
    """Have somebody told what happens to a consumer's contracts."""
    _both(request)
    return _create(request, read_webhook(request, consumer=request.path["consumer"]))


@routes.get("/webhooks/consumer/{consumer}", answers={200: WEBHOOKS})
def show_for_consumer(request: Request) -> Response:
    """The webhooks of a consumer with all its providers."""
    return ok(_webhook_list(request, "Webhooks", _about(request, request.path["consumer"], None)))


@routes.post(
    "/pacts/provider/{provider}/consumer/{consumer}/webhooks",
    answers={201: WEBHOOK},
    body=WEBHOOK_TO_KEEP,
    role="admin",
)
def create_for_pact(request: Request) -> Response:
    """Have somebody told what happens to the pact of two pacticipants."""
    return create_for_pair(request)


@routes.get("/pacts/provider/{provider}/consumer/{consumer}/webhooks", answers={200: WEBHOOKS})
def show_for_pact(request: Request) -> Response:
    """The webhooks of the pact of two pacticipants."""
    found = _about(request, request.path["consumer"], request.path["provider"])
    return ok(_webhook_list(request, "Pact webhooks", found))


def the_webhook(request: Request) -> Webhook:
    """The one that the path names. Raises NotHere."""
    found = kept.by_uuid(request.db, request.path["uuid"])
    if found is None:
        raise NotHere
    return found


def _both(request: Request) -> None:
    """Refuse a path that names somebody whom nobody knows. Raises Missing."""
    for side in ("consumer", "provider"):
        if side in request.path and not exists(request.db, request.path[side]):
            raise NotFound(f"No {side} with name '{request.path[side]}' found")


def _create(request: Request, told: Webhook) -> Response:
    made = kept.create(request.db, told, request.now)
    return created(webhook_resource(request, made), request.to("webhooks", made.uuid))


def _about(request: Request, consumer: str | None, provider: str | None) -> list[Webhook]:
    for name in (consumer, provider):
        if name is not None and not exists(request.db, name):
            raise NotHere
    return kept.exactly_for(request.db, consumer, provider)


def _webhook_list(request: Request, title: str, found: Sequence[Webhook]) -> dict[str, Any]:
    links = {
        "self": link(request.here(), title=title),
        "pb:create": link(request.here(), title="POST to create a webhook"),
        "pb:webhooks": [
            link(request.to("webhooks", each.uuid), title=_scope(each), name=each.title) for each in found
        ],
        "curies": [{"name": "pb", "href": f"{request.base}/doc/webhooks-{{rel}}", "templated": True}],
    }
    return {"_embedded": {"webhooks": [webhook_resource(request, each) for each in found]}, "_links": links}


def _scope(each: Webhook) -> str:
    consumer, provider = _party_title(each.consumer), _party_title(each.provider)
    if consumer and provider:
        return f"A webhook for the pact between {consumer} and {provider}"
    if provider:
        return f"A webhook for all pacts with provider {provider}"
    if consumer:
        return f"A webhook for all pacts with consumer {consumer}"
    return "A webhook for all pacts"


def _party_title(party: Party) -> str:
    return party.name or (f"label {party.label}" if party.label else "")


def webhook_resource(request: Request, each: Webhook) -> dict[str, Any]:
    """A webhook as the API tells it: nothing secret is in it."""
    sent = omit_absent(
        method=each.method,
        url=each.url,
        headers=shown_headers(each.headers) or None,
        body=each.body,
        username=each.username,
        password=STARS if each.password else None,
    )
    told = omit_absent(
        uuid=each.uuid,
        description=each.description,
        consumer=_party(each.consumer),
        provider=_party(each.provider),
        teamUuid=each.team,
        enabled=each.enabled,
        request=sent,
        events=[{"name": name} for name in each.events],
        updatedAt=moment(each.updated_at) if each.updated_at else None,
        createdAt=moment(each.created_at),
    )
    return {**told, "_links": _links(request, each)}


def _party(party: Party) -> dict[str, str] | None:
    return None if party.anybody else omit_absent(name=party.name, label=party.label)


def _links(request: Request, each: Webhook) -> dict[str, Any]:
    here = request.to("webhooks", each.uuid)
    links = {
        "self": link(here, title=each.title),
        "pb:execute": link(
            f"{here}/execute",
            title="Test the execution of the webhook with the latest matching pact or verification by sending a"
            " POST request to this URL",
        ),
    }
    for rel, title, party in (("consumer", "Consumer", each.consumer), ("provider", "Provider", each.provider)):
        if party.name is not None:
            links[f"pb:{rel}"] = link(request.to("pacticipants", party.name), title=title, name=party.name)
        elif party.label is not None:
            where = request.to("pacticipants", "label", party.label)
            links[f"pb:{rel}s"] = link(where, title=f"{title}s by label", name=party.label)
    if not each.consumer.anybody and not each.provider.anybody:
        consumer, provider = each.consumer.name or "", each.provider.name or ""
        where = f"/webhooks/provider/{quote(provider, safe='')}/consumer/{quote(consumer, safe='')}"
        title = f"All webhooks for consumer {consumer} and provider {provider}"
        links["pb:pact-webhooks"] = link(request.base + where, title=title)
    links["pb:webhooks"] = link(request.to("webhooks"), title="All webhooks")
    return links
