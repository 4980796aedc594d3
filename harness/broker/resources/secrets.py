"""`/secrets`: what webhooks may say and nobody may read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, no_content, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import link, omit_absent
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import secrets as kept
from harness.ledger.db.times import moment

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.secrets import Secret

routes = Routes("secrets")

SECRET = s.Schema(
    "Secret",
    s.record(
        {"uuid": s.text(), "name": s.text(), "_links": s.LINKS},
        description=s.text(),
        teamUuid=s.text(),
        createdAt=s.moment(),
        updatedAt=s.moment(),
    ),
)
SECRETS = s.paged_list("Secrets", "secrets", SECRET)
TO_KEEP = s.Schema(
    "SecretToKeep",
    s.record(
        {"name": s.text(pattern="^[A-Za-z0-9_]+$"), "value": s.text(minLength=1)},
        description=s.maybe(s.text()),
        teamUuid=s.maybe(s.text()),
    ),
)
TO_CHANGE = s.Schema("SecretToChange", {**TO_KEEP.body, "required": ["name"]})
_NAME = re.compile(r"^[A-Za-z0-9_]+$")


@routes.get("/secrets", answers={200: SECRETS}, role="admin")
def show_all(request: Request) -> Response:
    """The names of all secrets."""
    found = [_secret_resource(request, each) for each in kept.all_secrets(request.db)]
    return ok({"_embedded": {"secrets": found}, "_links": {"self": link(request.to("secrets"), title="Secrets")}})


@routes.post("/secrets", answers={201: SECRET}, body=TO_KEEP, role="admin")
def create(request: Request) -> Response:
    """Keep a secret, to be written `${user.NAME}` in webhooks."""
    uuid = kept.create(request.db, _parse_secret(request, ""), request.now)
    return created(_secret_resource(request, _the_secret(request, uuid)), request.to("secrets", uuid))


@routes.get("/secrets/{uuid}", answers={200: SECRET}, role="admin")
def show(request: Request) -> Response:
    """A secret, without its value."""
    return ok(_secret_resource(request, _the_secret(request, request.path["uuid"])))


@routes.put("/secrets/{uuid}", answers={200: SECRET}, body=TO_CHANGE, role="admin")
def replace(request: Request) -> Response:
    """Another name, description or value; a value that is left out stays."""
    there = _the_secret(request, request.path["uuid"])
    kept.replace(request.db, there.uuid, _parse_secret(request, there.uuid), request.now)
    return ok(_secret_resource(request, _the_secret(request, there.uuid)))


@routes.delete("/secrets/{uuid}", answers={204: None}, role="admin")
def delete(request: Request) -> Response:
    """Forget a secret."""
    kept.delete(request.db, _the_secret(request, request.path["uuid"]).uuid)
    return no_content()


def _the_secret(request: Request, uuid: str) -> Secret:
    found = kept.by_uuid(request.db, uuid)
    if found is None:
        raise NotHere
    return found


def _parse_secret(request: Request, uuid: str) -> dict[str, Any]:
    form = Form(request.document())
    name = form.text("name", required=True)
    value = form.text("value", required=not uuid)
    if name and not _NAME.match(name):
        form.wrong("name", "can only contain the characters A-Z, a-z, 0-9 and _")
    if name and kept.is_name_taken(request.db, name, but_by=uuid):
        form.wrong("name", f"name '{name}' is already used by an existing secret.")
    told = omit_absent(
        name=name,
        value=value,
        description=form.text("description", blank=True),
        team=form.text("teamUuid", blank=True),
    )
    form.done()
    return told


def _secret_resource(request: Request, each: Secret) -> dict[str, Any]:
    told = omit_absent(
        uuid=each.uuid,
        name=each.name,
        description=each.description,
        teamUuid=each.team,
        createdAt=moment(each.created_at),
        updatedAt=moment(each.updated_at) if each.updated_at else None,
    )
    return {**told, "_links": {"self": link(request.to("secrets", each.uuid), title="Secret", name=each.name)}}
