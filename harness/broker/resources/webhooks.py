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

    from harness.broker.http.call import Request
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
def show_all(call: Request) -> Response:
    """All webhooks, oldest first."""
    return ok(_webhook_list(call, "Webhooks", kept.all_webhooks(call.db)))


@routes.post("/webhooks", answers={201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin")
def create(call: Request) -> Response:
    """Have somebody told."""
    return _create(call, read_webhook(call))


@routes.get("/webhooks/{uuid}", answers={200: WEBHOOK})
def show(call: Request) -> Response:
    """One webhook."""
    return ok(webhook_resource(call, the_webhook(call)))


@routes.put("/webhooks/{uuid}", answers={200: WEBHOOK, 201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin")
def replace(call: Request) -> Response:
    """Describe a webhook anew, or make one with a uuid of your own."""
    there = kept.by_uuid(call.db, call.path["uuid"])
    told = read_webhook(call, there, uuid=call.path["uuid"])
    if there is None:
        made = kept.create(call.db, told, call.now)
        return Response(status=201, body=webhook_resource(call, made))
    return ok(webhook_resource(call, kept.replace(call.db, there, told, call.now)))


@routes.delete("/webhooks/{uuid}", answers={204: None}, role="admin")
def delete(call: Request) -> Response:
    """Tell nobody any more."""
    kept.delete(call.db, the_webhook(call))
    return no_content()


@routes.post(
    "/webhooks/provider/{provider}/consumer/{consumer}", answers={201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin"
)
def create_for_pair(call: Request) -> Response:
    """Have somebody told what happens between two pacticipants."""
    _both(call)
    return _create(call, read_webhook(call, consumer=call.path["consumer"], provider=call.path["provider"]))


@routes.get("/webhooks/provider/{provider}/consumer/{consumer}", answers={200: WEBHOOKS})
def show_for_pair(call: Request) -> Response:
    """The webhooks of just these two."""
    found = _about(call, call.path["consumer"], call.path["provider"])
    return ok(_webhook_list(call, "Webhooks", found))


@routes.post("/webhooks/provider/{provider}", answers={201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin")
def create_for_provider(call: Request) -> Response:
    """Have somebody told what happens to a provider's contracts."""
    _both(call)
    return _create(call, read_webhook(call, provider=call.path["provider"]))


@routes.get("/webhooks/provider/{provider}", answers={200: WEBHOOKS})
def show_for_provider(call: Request) -> Response:
    """The webhooks of a provider with all its consumers."""
    return ok(_webhook_list(call, "Webhooks", _about(call, None, call.path["provider"])))


@routes.post("/webhooks/consumer/{consumer}", answers={201: WEBHOOK}, body=WEBHOOK_TO_KEEP, role="admin")
def create_for_consumer(call: Request) -> Response:
    """Have somebody told what happens to a consumer's contracts."""
    _both(call)
    return _create(call, read_webhook(call, consumer=call.path["consumer"]))


@routes.get("/webhooks/consumer/{consumer}", answers={200: WEBHOOKS})
def show_for_consumer(call: Request) -> Response:
    """The webhooks of a consumer with all its providers."""
    return ok(_webhook_list(call, "Webhooks", _about(call, call.path["consumer"], None)))


@routes.post(
    "/pacts/provider/{provider}/consumer/{consumer}/webhooks",
    answers={201: WEBHOOK},
    body=WEBHOOK_TO_KEEP,
    role="admin",
)
def create_for_pact(call: Request) -> Response:
    """Have somebody told what happens to the pact of two pacticipants."""
    return create_for_pair(call)


@routes.get("/pacts/provider/{provider}/consumer/{consumer}/webhooks", answers={200: WEBHOOKS})
def show_for_pact(call: Request) -> Response:
    """The webhooks of the pact of two pacticipants."""
    found = _about(call, call.path["consumer"], call.path["provider"])
    return ok(_webhook_list(call, "Pact webhooks", found))


def the_webhook(call: Request) -> Webhook:
    """The one that the path names. Raises NotHere."""
    found = kept.by_uuid(call.db, call.path["uuid"])
    if found is None:
        raise NotHere
    return found


def _both(call: Request) -> None:
    """Refuse a path that names somebody whom nobody knows. Raises Missing."""
    for side in ("consumer", "provider"):
        if side in call.path and not exists(call.db, call.path[side]):
            raise NotFound(f"No {side} with name '{call.path[side]}' found")


def _create(call: Request, told: Webhook) -> Response:
    made = kept.create(call.db, told, call.now)
    return created(webhook_resource(call, made), call.to("webhooks", made.uuid))


def _about(call: Request, consumer: str | None, provider: str | None) -> list[Webhook]:
    for name in (consumer, provider):
        if name is not None and not exists(call.db, name):
            raise NotHere
    return kept.exactly_for(call.db, consumer, provider)


def _webhook_list(call: Request, title: str, found: Sequence[Webhook]) -> dict[str, Any]:
    links = {
        "self": link(call.here(), title=title),
        "pb:create": link(call.here(), title="POST to create a webhook"),
        "pb:webhooks": [
            link(call.to("webhooks", each.uuid), title=_scope(each), name=each.title) for each in found
        ],
        "curies": [{"name": "pb", "href": f"{call.base}/doc/webhooks-{{rel}}", "templated": True}],
    }
    return {"_embedded": {"webhooks": [webhook_resource(call, each) for each in found]}, "_links": links}


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


def webhook_resource(call: Request, each: Webhook) -> dict[str, Any]:
    """A webhook as the API tells it: nothing secret is in it."""
    request = omit_absent(
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
        request=request,
        events=[{"name": name} for name in each.events],
        updatedAt=moment(each.updated_at) if each.updated_at else None,
        createdAt=moment(each.created_at),
    )
    return {**told, "_links": _links(call, each)}


def _party(party: Party) -> dict[str, str] | None:
    return None if party.anybody else omit_absent(name=party.name, label=party.label)


def _links(call: Request, each: Webhook) -> dict[str, Any]:
    here = call.to("webhooks", each.uuid)
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
            links[f"pb:{rel}"] = link(call.to("pacticipants", party.name), title=title, name=party.name)
        elif party.label is not None:
            where = call.to("pacticipants", "label", party.label)
            links[f"pb:{rel}s"] = link(where, title=f"{title}s by label", name=party.label)
    if not each.consumer.anybody and not each.provider.anybody:
        consumer, provider = each.consumer.name or "", each.provider.name or ""
        where = f"/webhooks/provider/{quote(provider, safe='')}/consumer/{quote(consumer, safe='')}"
        title = f"All webhooks for consumer {consumer} and provider {provider}"
        links["pb:pact-webhooks"] = link(call.base + where, title=title)
    links["pb:webhooks"] = link(call.to("webhooks"), title="All webhooks")
    return links
