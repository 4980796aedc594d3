"""Deployments and releases as the API tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.hal import link, omit_absent
from harness.broker.http.problems import NotHere
from harness.identity import Version
from harness.ledger.db import deployment_records, places
from harness.ledger.db.times import moment

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.deployment_records import StoredDeployment
    from harness.ledger.db.places import Environment

DEPLOYED = s.Schema(
    "DeployedVersion",
    s.record(
        {"uuid": s.text(), "currentlyDeployed": s.truth(), "createdAt": s.moment()},
        _embedded=s.OBJECT,
        target=s.text(),
        applicationInstance=s.text(),
        undeployedAt=s.moment(),
        since=s.moment("In a history: when it began, exactly."),
        until=s.moment("In a history: when it ended; absent while it lasts."),
        _links=s.LINKS,
    ),
)
RELEASED = s.Schema(
    "ReleasedVersion",
    s.record(
        {"uuid": s.text(), "currentlySupported": s.truth(), "createdAt": s.moment()},
        _embedded=s.OBJECT,
        supportEndedAt=s.moment(),
        _links=s.LINKS,
    ),
)


def deployment_resource(
    request: Request, stay: StoredDeployment, environment: dict[str, Any] | None, *, embeds: bool = True
) -> dict[str, Any]:
    """A deployment; with its environment where it is told alone."""
    told = omit_absent(
        uuid=stay.uuid,
        currentlyDeployed=not stay.until,
        target=stay.instance or None,
        applicationInstance=stay.instance or None,
        undeployedAt=moment(stay.until) if stay.until else None,
        createdAt=moment(stay.since),
    )
    links = {"self": link(request.to("deployed-versions", stay.uuid))}
    embedded = {"_embedded": _embedded_resources(request, stay, environment)} if embeds else {}
    return {**told, **embedded, "_links": links}


def release_resource(
    request: Request, stay: StoredDeployment, environment: dict[str, Any] | None, *, embeds: bool = True
) -> dict[str, Any]:
    """A release; with its environment where it is told alone."""
    told = omit_absent(
        uuid=stay.uuid,
        currentlySupported=not stay.until,
        supportEndedAt=moment(stay.until) if stay.until else None,
        createdAt=moment(stay.since),
    )
    links = {"self": link(request.to("released-versions", stay.uuid))}
    embedded = {"_embedded": _embedded_resources(request, stay, environment)} if embeds else {}
    return {**told, **embedded, "_links": links}


def _embedded_resources(
    request: Request, stay: StoredDeployment, environment: dict[str, Any] | None
) -> dict[str, Any]:
    name, number = stay.version.pacticipant, stay.version.number
    owner = request.to("pacticipants", name)
    version = link(request.to("pacticipants", name, "versions", number), title="Version", name=number)
    found = {
        "pacticipant": {"name": name, "_links": {"self": link(owner)}},
        "version": {"number": number, "_links": {"self": version}},
    }
    return found if environment is None else {**found, "environment": environment}


def environment_of(request: Request) -> Environment:
    """The environment of the address. Raises NotHere."""
    found = places.by_uuid(request.db, request.path["environment"])
    if found is None:
        raise NotHere
    return found


def version_of(request: Request) -> Version:
    """The version of the address."""
    return Version(request.path["pacticipant"], request.path["version"])


def record_of(request: Request, *, released: bool) -> StoredDeployment:
    """The deployment or release of the address. Raises NotHere."""
    found = deployment_records.by_uuid(request.db, request.path["uuid"], released=released)
    if found is None:
        raise NotHere
    return found


def record_list(request: Request, name: str, told: list[dict[str, Any]], title: str) -> dict[str, Any]:
    """Deployments or releases, as an answer embeds them under a name."""
    asked = f"{request.here()}?{request.query}" if request.query else request.here()
    return {"_embedded": {name: told}, "_links": {"self": link(asked, title=title)}}
