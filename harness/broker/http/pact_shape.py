"""A pact as the API serves it: its text as it was published, spliced with when and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import encode_body
from harness.broker.http.hal import Link, curies, link, path
from harness.ledger.db.times import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.broker.http.request import Request
    from harness.ledger.db.pacts import StoredPact

PACT = s.Schema("Pact", {"type": "object", "description": "A pact, with `createdAt` and `_links`."})
PACT_LIST = s.Schema("PactList", s.record({"_links": s.LINKS}, _embedded=s.OBJECT))


def pair_of(request: Request, pact: StoredPact) -> str:
    """Where everything between its two pacticipants is."""
    return request.to("pacts", "provider", pact.provider, "consumer", pact.consumer)


def version_url(request: Request, pact: StoredPact) -> str:
    """Where it is, by its consumer's version."""
    return pair_of(request, pact) + path("version", pact.number)


def name_of(pact: StoredPact) -> str:
    """What it is called."""
    return f"Pact between {pact.consumer} ({pact.number}) and {pact.provider}"


def body(request: Request, pact: StoredPact, *, metadata: str = "", numbers: Sequence[str] | None = None) -> bytes:
    """Its text with its links; nothing of the text is read."""
    more = encode_body(
        {
            "createdAt": moment(pact.published_at),
            "_links": links(request, pact, metadata=metadata, numbers=numbers),
        }
    )
    text = pact.served.encode("utf-8", "replace")
    head = text.rstrip()
    if not head.endswith(b"}"):
        return more
    inside = head[:-1].rstrip()
    return inside + (b"" if inside.endswith(b"{") else b",") + more[1:]


def links(
    request: Request, pact: StoredPact, *, metadata: str = "", numbers: Sequence[str] | None = None
) -> dict[str, Link | list[Link]]:
    """Where everything is that belongs to it; with `numbers` also every version that has this content."""
    consumer, provider = pact.consumer, pact.provider
    pair = pair_of(request, pact)
    here = version_url(request, pact)
    content = f"{pair}/pact-version/{pact.sha}"
    version = request.to("pacticipants", consumer, "versions", pact.number)
    several = (
        {}
        if numbers is None
        else {
            "pb:consumer-versions": [
                link(request.to("pacticipants", consumer, "versions", each), title="Consumer version", name=each)
                for each in numbers
            ]
        }
    )
    return {
        "self": link(here, title="Pact", name=name_of(pact)),
        "pb:consumer": link(request.to("pacticipants", consumer), title="Consumer", name=consumer),
        "pb:consumer-version": link(version, title="Consumer version", name=pact.number),
        **several,
        "pb:provider": link(request.to("pacticipants", provider), title="Provider", name=provider),
        "pb:pact-version": link(content, title="Pact content version permalink", name=pact.sha),
        **_others(pair, here, content),
        **_actions(request, pact, here, content, metadata),
        "pb:matrix-for-consumer-version": link(
            _matrix(request, pact), title="View matrix rows for the consumer version to which this pact belongs"
        ),
        "curies": curies(request.base, "pact"),
    }


def _actions(request: Request, pact: StoredPact, here: str, content: str, metadata: str) -> dict[str, Link]:
    consumer, provider = pact.consumer, pact.provider
    version = request.to("pacticipants", consumer, "versions", pact.number)
    results = f"{content}{path('metadata', metadata) if metadata else ''}/verification-results"
    return {
        "pb:pact-webhooks": link(
            request.to("webhooks", "provider", provider, "consumer", consumer),
            title=f"Webhooks for the pact between {consumer} and {provider}",
        ),
        "pb:consumer-webhooks": link(
            request.to("webhooks", "consumer", provider), title=f"Webhooks for all pacts with provider {provider}"
        ),
        "pb:tag-prod-version": link(
            f"{version}/tags/prod", title="PUT to this resource to tag this consumer version as 'production'"
        ),
        "pb:tag-version": link(
            f"{version}/tags/{{tag}}", title="PUT to this resource to tag this consumer version"
        ),
        "pb:publish-verification-results": link(results, title="Publish verification results"),
        "pb:latest-verification-results": link(f"{content}/verification-results/latest"),
        "pb:triggered-webhooks": link(
            f"{here}/triggered-webhooks", title="Webhooks triggered by the publication of this pact"
        ),
    }


def _others(pair: str, here: str, content: str) -> dict[str, Link]:
    return {
        "pb:latest-pact-version": link(f"{pair}/latest", title="Latest version of this pact"),
        "pb:all-pact-versions": link(f"{pair}/versions", title="All versions of this pact"),
        "pb:latest-untagged-pact-version": link(
            f"{pair}/latest-untagged", title="Latest untagged version of this pact"
        ),
        "pb:latest-tagged-pact-version": link(
            f"{pair}/latest/{{tag}}", title="Latest tagged version of this pact", templated=True
        ),
        "pb:previous-distinct": link(f"{here}/previous-distinct", title="Previous distinct version of this pact"),
        "pb:diff-previous-distinct": link(
            f"{here}/diff/previous-distinct", title="Diff with previous distinct version of this pact"
        ),
        "pb:diff": link(
            f"{content}/diff/pact-version/{{pactVersion}}",
            title="Diff with another specified version of this pact",
            templated=True,
        ),
    }


def _matrix(request: Request, pact: StoredPact) -> str:
    name, number = path(pact.consumer)[1:], path(pact.number)[1:]
    return f"{request.base}/matrix?q%5B%5D%5Bpacticipant%5D={name}&q%5B%5D%5Bversion%5D={number}&latestby=cvpv"


def of_provider(request: Request, provider: str, found: Sequence[StoredPact], title: str) -> dict[str, Any]:
    """The pacts with one provider."""
    where = request.to("pacticipants", provider)
    return {
        "_links": {
            "self": link(request.here(), title=title),
            "pb:provider": link(where, name=provider),
            "pb:pacts": [link(version_url(request, p), title=name_of(p), name=p.consumer) for p in found],
            "provider": link(where, title=provider, name="DEPRECATED - please use the pb:provider relation"),
            "pacts": [
                link(
                    version_url(request, p),
                    title=f"DEPRECATED - please use the pb:pacts relation. {name_of(p)}",
                    name=p.consumer,
                )
                for p in found
            ],
        }
    }


GONE = s.Schema("PactDeleted", s.record({"_links": s.LINKS}))


def every_version(request: Request, found: Sequence[StoredPact], title: str) -> dict[str, Any]:
    """All versions of one pact: an older list, whose relations have no prefix."""
    consumer, provider = request.path["consumer"], request.path["provider"]
    newer = of_pair(request, found, title)
    versions = [link(version_url(request, p), title=_version_title(p)) for p in found]
    links = {
        "self": newer["_links"]["self"],
        "consumer": link(request.to("pacticipants", consumer), title=consumer),
        "provider": link(request.to("pacticipants", provider), title=provider),
        "pact-versions": versions,
        "pb:pacts": newer["_links"]["pb:pacts"],
    }
    return {**newer, "_links": links}


def after_deleting(request: Request, consumer: str, provider: str, *, left: bool) -> dict[str, Any]:
    """Where to go on once pacts of a pair were deleted; `left`: there still is one."""
    links = {"index": link(request.base)}
    if left:
        latest = request.to("pacts", "provider", provider, "consumer", consumer, "latest")
        links["pb:latest-pact-version"] = link(latest, title="Latest pact")
    return {"_links": links}


def of_pair(request: Request, found: Sequence[StoredPact], title: str) -> dict[str, Any]:
    """The versions of one pact."""
    consumer, provider = request.path["consumer"], request.path["provider"]
    return {
        "_embedded": {"pacts": [_in_list(request, pact) for pact in found]},
        "_links": {
            "self": link(request.here(), title=title),
            "pb:consumer": link(request.to("pacticipants", consumer), title="Consumer", name=consumer),
            "pb:provider": link(request.to("pacticipants", provider), title="Provider", name=provider),
            "pb:pact-versions": [
                link(version_url(request, p), title="Pact version", name=_version_title(p)) for p in found
            ],
            # A client that asks for the latest of a branch reads this relation, and panics without it.
            "pb:pacts": [link(version_url(request, p), title=name_of(p), name=p.consumer) for p in found],
        },
    }


def _version_title(pact: StoredPact) -> str:
    at = pact.published_at
    return f"Version {pact.number} - {at[8:10]}/{at[5:7]}/{at[:4]}"


def _in_list(request: Request, pact: StoredPact) -> dict[str, Any]:
    version = request.to("pacticipants", pact.consumer, "versions", pact.number)
    itself = link(version, title="Version", name=pact.number)
    return {
        "createdAt": moment(pact.published_at),
        "_embedded": {"consumerVersion": {"number": pact.number, "_links": {"self": itself}}},
        "_links": {"self": link(version_url(request, pact), title=name_of(pact))},
    }
