"""Which pacts a broker wants a provider to verify: chosen by selectors, pending, or work in progress."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import UnknownName, UsageError, did_you_mean
from harness.identity import Version
from harness.ledger.remote import hal, reading
from harness.ledger.remote.hal import redact_url
from harness.ledger.remote.reading import ServedPact

if TYPE_CHECKING:
    from harness.ledger.remote.site import Site

_FLAGS = ("mainBranch", "matchingBranch", "latest", "deployed", "released", "deployedOrReleased")
_NAMES = ("branch", "tag", "environment", "consumer", "fallbackBranch", "fallbackTag")


@dataclass(frozen=True, slots=True, kw_only=True)
class PactSelection:
    """What the provider asks the broker for."""

    selectors: tuple[Mapping[str, Any], ...] = ()  # none: the broker's own choice
    branch: str = ""  # the provider's; without it nothing is work in progress
    pending: bool = True
    wip_since: str = ""  # a date; "" is no work in progress


@dataclass(frozen=True, slots=True, kw_only=True)
class PactToVerify:
    """One pact that the broker wants to be verified."""

    published: ServedPact
    consumer: Version
    why: str  # "latest from main branch"
    pending: bool  # not yet kept by this branch: a failure does not fail the provider's build
    wip: bool = False
    notices: tuple[str, ...] = ()


def selector(written: str) -> Mapping[str, Any]:
    """`mainBranch`, `branch=feat/x,consumer=web`, or a JSON object. Raises UsageError, with what was meant."""
    if written.lstrip().startswith("{"):
        return _json(written)
    found: dict[str, Any] = {}
    for part in written.split(","):
        name, equals, value = part.strip().partition("=")
        if name not in (*_FLAGS, *_NAMES):
            raise UsageError(
                f"--selector {written}: no selector is called '{name}'",
                hint=did_you_mean(name, (*_FLAGS, *_NAMES)),
            )
        if bool(equals and value) == (name in _FLAGS):
            form = name if name in _FLAGS else f"{name}=NAME"
            raise UsageError(f"--selector {written}: '{part.strip()}' is not {form}", hint=f"--selector {form}")
        found[name] = value if equals else True
    return found


def _json(written: str) -> Mapping[str, Any]:
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not value:
        raise UsageError(f"--selector {written}: it is no JSON object", hint="--selector '{\"mainBranch\": true}'")
    return value


def choose(site: Site, provider: str, wish: PactSelection) -> Sequence[PactToVerify]:
    """The pacts that the provider should verify now. Raises UnknownName for a provider that nobody needs."""
    body: dict[str, Any] = {
        "consumerVersionSelectors": [dict(each) for each in wish.selectors],
        "includePendingStatus": wish.pending,
    }
    if wish.branch:
        body["providerVersionBranch"] = wish.branch
    if wish.wip_since:
        body["includeWipPactsSince"] = wish.wip_since
    url = site.link("pb:provider-pacts-for-verification", provider=provider)
    if site.find(site.link("pb:pacticipant", pacticipant=provider)) is None:
        names = [hal.maybe_text(each, "name") for each in reading.pacticipants(site)]
        raise UnknownName(f"no pacticipant '{provider}' at the broker", hint=did_you_mean(provider, names))
    answer = site.change("POST", url, body, f"the choice of pacts for {provider}")
    return site.each(
        lambda each: _pact_to_verify(site, each, wish), hal.embedded_list(answer, "pacts", redact_url(url))
    )


def _pact_to_verify(site: Site, document: hal.Document, wish: PactSelection) -> PactToVerify:
    url = site.at(hal.href(document, "self", site.base))
    content = site.keep(url)
    published = reading.parse_pact(content, redact_url(url))
    told = document.get("verificationProperties")
    properties = told if isinstance(told, dict) else {}
    notices = properties.get("notices")
    listed = notices if isinstance(notices, list) else []
    named = hal.links(content, "pb:consumer-version")
    return PactToVerify(
        published=published,
        consumer=Version(published.contract.owner, str(named[0].get("name") or "") if named else ""),
        why=hal.maybe_text(document, "shortDescription"),
        # A broker that was asked and does not say is not taken for one that says "not pending".
        pending=wish.pending and properties.get("pending") is True,
        wip=properties.get("wip") is True,
        notices=tuple(hal.maybe_text(each, "text") for each in listed if isinstance(each, dict)),
    )
