"""A version as the API tells it, alone and in lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.hal import curies, link, omit_absent, path
from harness.broker.http.paging import page_links, page_numbers
from harness.ledger.db.times import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.broker.http.request import Request
    from harness.ledger.db.paging import Page
    from harness.ledger.db.places import Environment
    from harness.ledger.db.shown_versions import Present, ShownVersion

_NAMED = s.record({"name": s.text(), "_links": s.LINKS}, latest=s.truth())
VERSION = s.Schema(
    "Version",
    s.record(
        {
            "number": s.text(),
            "createdAt": s.moment(),
            "_embedded": s.record({"branchVersions": s.many(_NAMED), "tags": s.many(_NAMED)}),
            "_links": s.LINKS,
        },
        buildUrl=s.text(),
        updatedAt=s.moment(),
    ),
)
VERSIONS = s.paged_list("Versions", "versions", VERSION)


def version_resource(
    request: Request,
    version: ShownVersion,
    *,
    environments: Sequence[Environment] | None = None,
    itself: str | None = None,
) -> dict[str, Any]:
    """A version; with `environments` also where it is and may be recorded. `itself`: the URL it was asked by."""
    here = request.to("pacticipants", version.pacticipant, "versions", version.number)
    attributes = omit_absent(
        number=version.number,
        buildUrl=version.build_url or None,
        updatedAt=moment(version.updated_at) if version.updated_at else None,
        createdAt=moment(version.created_at),
    )
    links: dict[str, Any] = {
        "self": link(itself or here, title="Version", name=version.number),
        **_links(request, version, here),
    }
    if environments is not None:
        links |= _places(request, version, here, environments)
    links["curies"] = curies(request.base, "version")
    embedded = {"branchVersions": branch_versions(request, version), "tags": _tags(here, version)}
    return {**attributes, "_embedded": embedded, "_links": links}


def branch_versions(request: Request, version: ShownVersion) -> list[dict[str, Any]]:
    """The branches that a version is on."""
    owner = request.to("pacticipants", version.pacticipant, "branches")
    return [
        {
            "name": each.name,
            "latest": each.head,
            "_links": {
                "self": link(
                    owner + path(each.name, "versions", version.number), title="Branch version", name=each.name
                )
            },
        }
        for each in version.branches
    ]


def _tags(here: str, version: ShownVersion) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "_links": {"self": link(here + path("tags", each.name), title="Tag", name=each.name)}}
        for each in version.tags
    ]


def _links(request: Request, version: ShownVersion, here: str) -> dict[str, Any]:
    name, number = version.pacticipant, version.number
    return {
        "pb:pacticipant": link(request.to("pacticipants", name), title="Pacticipant", name=name),
        "pb:tag": link(
            f"{here}/tags/{{tag}}",
            title="Get, create or delete a tag for this pacticipant version",
            templated=True,
        ),
        "pb:latest-verification-results-where-pacticipant-is-consumer": link(
            request.to("verification-results", "consumer", name, "version", number, "latest"),
            title="Latest verification results for consumer version",
        ),
        "pb:pact-versions": [
            link(
                request.to("pacts", "provider", provider, "consumer", name, "version", number),
                title="Pact",
                name=f"Pact between {name} ({number}) and {provider}",
            )
            for provider in version.providers
        ],
    }


def _places(
    request: Request, version: ShownVersion, here: str, environments: Sequence[Environment]
) -> dict[str, Any]:
    return {
        "pb:deployed-environments": [_deployment_link(request, each) for each in version.deployed],
        "pb:released-environments": [_release_link(request, each) for each in version.released],
        "pb:record-deployment": [
            link(
                f"{here}/deployed-versions/environment/{each.uuid}",
                title=f"Record deployment to {each.display_name}",
                name=each.name,
            )
            for each in environments
        ],
        "pb:record-release": [
            link(
                f"{here}/released-versions/environment/{each.uuid}",
                title=f"Record release to {each.display_name}",
                name=each.name,
            )
            for each in environments
        ],
    }


def _deployment_link(request: Request, place: Present) -> dict[str, Any]:
    where = request.to("deployed-versions", place.uuid)
    found = link(where, title=f"Version deployed to {place.display_name}", name=place.display_name)
    instance = {"application_instance": place.instance} if place.instance else {}
    return {**found, "currently_deployed": True, **instance}


def _release_link(request: Request, place: Present) -> dict[str, Any]:
    where = request.to("released-versions", place.uuid)
    found = link(where, title=f"Version released to {place.display_name}", name=place.display_name)
    return {**found, "currently_supported": True}


def version_list(
    request: Request, pacticipant: str, found: Sequence[ShownVersion], title: str, paged: tuple[Page | None, int]
) -> dict[str, Any]:
    """A list of versions of one pacticipant."""
    page, total = paged
    asked = f"{request.here()}?{request.query}" if request.query else request.here()
    owner = request.to("pacticipants", pacticipant)
    each_at = [(f"{owner}{path('versions', each.number)}", each) for each in found]
    links = {
        "self": link(asked, title=title),
        **(page_links(request, page, total) if page else {}),
        "pb:pacticipant": link(owner, title=pacticipant),
        "pb:versions": [
            link(where, title=f"Version {each.number} - {_day(each.created_at)}") for where, each in each_at
        ],
        "pacticipant": link(owner, title="Deprecated - please use pb:pacticipant"),
        "versions": [link(where, title="Deprecated - please use pb:versions") for where, _ in each_at],
    }
    told_page = {"page": page_numbers(page, total)} if page else {}
    return {
        **told_page,
        "_embedded": {"versions": [version_resource(request, each) for each in found]},
        "_links": links,
    }


def _day(kept: str) -> str:
    return f"{kept[8:10]}/{kept[5:7]}/{kept[:4]}"
