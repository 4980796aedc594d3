"""`GET /`: where everything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.broker.http.answers import Response, ok
from harness.broker.http.hal import Link, curies, link
from harness.broker.http.routing import Routes
from harness.broker.http.schemas import LINKS, Schema, record

if TYPE_CHECKING:
    from harness.broker.http.request import Request

routes = Routes("index")

INDEX = Schema("Index", record({"_links": LINKS}))

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_PROVIDER = "/pacts/provider/{provider}"
_ONE = "/pacticipants/{pacticipant}"
_CAN_I_DEPLOY = "/can-i-deploy?pacticipant={pacticipant}&version={version}"

_PLACES = {  # relation: where, what
    "pb:publish-pact": (f"{_PAIR}/version/{{consumerApplicationVersion}}", "Publish a pact"),
    "pb:publish-contracts": ("/contracts/publish", "Publish contracts"),
    "pb:latest-pact-versions": ("/pacts/latest", "Latest pact versions"),
    "pb:tagged-pact-versions": (
        f"{_PAIR}/tag/{{tag}}",
        "All versions of a pact for a given consumer, provider and consumer version tag",
    ),
    "pb:branch-pact-versions": (
        f"{_PAIR}/branch/{{branch}}",
        "All versions of pacts for a provider, for a named consumers branch",
    ),
    "pb:latest-branch-pact-versions": (
        f"{_PAIR}/branch/{{branch}}/latest/versions",
        "Latest version of pact for a provider, for a named consumers branch",
    ),
    "pb:main-branch-pact-versions": (
        f"{_PAIR}/branch/versions",
        "All versions of pacts for a provider, for a named consumers main branch",
    ),
    "pb:latest-main-branch-pact-versions": (
        f"{_PAIR}/branch/latest/versions",
        "Latest version of pact for a provider, for a named consumers main branch",
    ),
    "pb:provider-pacts-with-main-branch": (
        f"{_PROVIDER}/branch",
        "All pacts for a provider, for any consumers main branch",
    ),
    "pb:provider-pacts-with-branch": (
        f"{_PROVIDER}/branch/{{branch}}",
        "All pacts for a provider, for any consumers named branch",
    ),
    "pb:latest-provider-pacts-with-main-branch": (
        f"{_PROVIDER}/branch/latest",
        "Latest pact for a provider, for any consumers main branch",
    ),
    "pb:latest-provider-pacts-with-branch": (
        f"{_PROVIDER}/branch/{{branch}}/latest",
        "Latest pacts for a provider, for any consumers named branch",
    ),
    "pb:pacticipants": ("/pacticipants", "Pacticipants"),
    "pb:pacticipant": (_ONE, "Fetch pacticipant by name"),
    "pb:latest-provider-pacts": (f"{_PROVIDER}/latest", "Latest pacts by provider"),
    "pb:latest-provider-pacts-with-tag": (
        f"{_PROVIDER}/latest/{{tag}}",
        "Latest pacts for provider with the specified tag",
    ),
    "pb:provider-pacts-with-tag": (
        f"{_PROVIDER}/tag/{{tag}}",
        "All pact versions for the provider with the specified consumer version tag",
    ),
    "pb:provider-pacts": (_PROVIDER, "All pact versions for the specified provider"),
    "pb:latest-version": (f"{_ONE}/latest-version", "Latest pacticipant version"),
    "pb:latest-tagged-version": (
        f"{_ONE}/latest-version/{{tag}}",
        "Latest pacticipant version with the specified tag",
    ),
    "pb:webhooks": ("/webhooks", "Webhooks"),
    "pb:webhook": ("/webhooks/{uuid}", "Webhook"),
    "pb:integrations": ("/integrations", "Integrations"),
    "pb:pacticipant-version-tag": (
        f"{_ONE}/versions/{{version}}/tags/{{tag}}",
        "Get, create or delete a tag for a pacticipant version",
    ),
    "pb:pacticipant-branch": (f"{_ONE}/branches/{{branch}}", "Get or delete a pacticipant branch"),
    "pb:pacticipant-branch-version": (
        f"{_ONE}/branches/{{branch}}/versions/{{version}}",
        "Get or add/create a pacticipant version for a branch",
    ),
    "pb:pacticipant-version": (
        f"{_ONE}/versions/{{version}}",
        "Get, create or delete a pacticipant version",
    ),
    "pb:can-i-deploy-pacticipant-version-to-tag": (
        f"{_CAN_I_DEPLOY}&to={{tag}}",
        "Determine if an application version can be safely deployed to an environment identified by the given tag",
    ),
    "pb:can-i-deploy-pacticipant-version-to-environment": (
        f"{_CAN_I_DEPLOY}&environment={{environment}}",
        "Determine if an application version can be safely deployed to an environment",
    ),
    "pb:provider-pacts-for-verification": (
        f"{_PROVIDER}/for-verification",
        "Pact versions to be verified for the specified provider",
    ),
    "pb:environments": ("/environments", "Environments"),
    "pb:environment": ("/environments/{uuid}", "Environment"),
    "pf:publish-provider-contract": (
        "/provider-contracts/provider/{provider}/publish",
        "Publish a provider contract",
    ),
}


@routes.get("/", answers={200: INDEX})
def show(request: Request) -> Response:
    """Every place from which the API can be walked."""
    return ok({"_links": links(request.base)})


def links(base: str) -> dict[str, Link | list[Link]]:
    """The links of the index; old clients look for `templated: false` as well."""
    found: dict[str, Link | list[Link]] = {
        "self": {"href": base, "title": "Index", "templated": False},
        "pb:metrics": link(f"{base}/metrics", title="Get Pact Broker metrics"),
        "beta:provider-pacts-for-verification": link(
            f"{base}{_PROVIDER}/for-verification",
            name="beta",
            title="DEPRECATED - please use pb:provider-pacts-for-verification",
            templated=True,
        ),
        "curies": [*curies(base, "index"), {**curies(base, "index")[0], "name": "beta"}],
    }
    for relation, (where, title) in _PLACES.items():
        templated = "{" in where and relation != "pb:tagged-pact-versions"  # the original's flag there is false
        found[relation] = {"href": f"{base}{where}", "title": title, "templated": templated}
    return found
