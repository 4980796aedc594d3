"""What a broker's refusals mean for the person who asked: the cause, and what to do."""

from __future__ import annotations

from typing import Any

from harness.errors import BrokerRefused, BrokerSilent
from harness.ledger.remote.address import PASSWORD, TOKEN, USERNAME


def check(status: int, place: str) -> None:
    """Raises BrokerRefused for 401, 403 and 407; any other answer can be worked with."""
    if status == 401:
        raise BrokerRefused(
            "the broker wants to know who asks, or does not accept the credentials (HTTP 401)",
            where=place,
            hint=f"set {TOKEN}, or {USERNAME} and {PASSWORD}",
        )
    if status == 403:
        raise BrokerRefused(
            "the broker does not allow this to these credentials (HTTP 403)",
            where=place,
            hint="use a token that may do it; reading alone is not enough for publishing and for deployments",
        )
    if status == 407:
        raise BrokerRefused(
            "a proxy on the way wants credentials (HTTP 407)", where=place, hint="set HTTPS_PROXY with them"
        )


def no_answer(place: str, why: str, *, asked: str = "") -> BrokerSilent:
    """The broker is down, busy for too long, or not there."""
    later = f" (it asks to come back after {asked[:40]})" if asked else ""
    return BrokerSilent(
        f"the broker does not answer: {why or 'no reason given'}{later}",
        where=place,
        hint="is it running, and is that its address? Nothing was decided; ask again when it answers",
    )


def a_page(place: str) -> BrokerSilent:
    """HTML where the API should be: a login page, a proxy's error page, another program."""
    return BrokerSilent(
        "the broker's address answers with a web page, not with the API",
        where=place,
        hint="is it the broker's base URL, and does no login page or proxy stand before it?",
    )


def redirect_refusal(here: str, target: str, status: int) -> BrokerRefused:
    """A redirect that is not followed: it would carry secrets away, or lose what was sent."""
    return BrokerRefused(
        f"the broker redirects to {target} (HTTP {status}), where secrets and changes are not sent",
        where=here,
        hint="give that address as the broker's url if it is the broker",
    )


def refusal_of_answer(status: int, answer: Any, place: str, doing: str) -> BrokerRefused:
    """The broker does not take what it was given, in its own words."""
    said = "; ".join(said_by(answer)) or "it does not say why"
    return BrokerRefused(f"the broker refuses {doing} (HTTP {status}): {said}", where=place, hint="mend that")


def said_by(answer: Any) -> list[str]:
    """The sentences in any of the shapes in which a broker tells of mistakes."""
    if isinstance(answer, str):
        return [" ".join(answer.split())[:500]]
    if isinstance(answer, list):
        return [line for each in answer[:20] for line in said_by(each)]
    if not isinstance(answer, dict):
        return []
    if isinstance(answer.get("text"), str):
        return said_by(answer["text"])
    told = (answer.get(name) for name in ("error", "errors", "notices", "detail", "message"))
    found = [line for each in told if each for line in said_by(each)]
    if found or "_links" in answer:
        return found
    return [f"{name}: {line}".removeprefix(": ") for name, each in answer.items() for line in said_by(each)][:20]
