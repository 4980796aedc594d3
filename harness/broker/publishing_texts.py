"""What is said of pacts that cannot be published."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.broker.http.answers import TEXT, Response
from harness.broker.http.problems import ShapedRefusal
from harness.ledger.db import pacticipants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.broker.http.request import Request

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\sA-Z_.-]+|[A-Z]+")
_LEFT_OUT = {"api", "provider", "service"}


def cannot_change(consumer: str, number: str, provider: str) -> str:
    """Why the content of a version's pact stays as it is."""
    return (
        f"Cannot change the content of the pact for {consumer} version {number} and provider {provider}, as race"
        " conditions will cause unreliable results for can-i-deploy. Each pact must be published with a unique"
        " consumer version number. Some Pact libraries generate random data when a concrete value for a type"
        " matcher is not specified, and this can cause the contract to mutate - ensure you have given example"
        " values for all type matchers. For more information see https://docs.pact.io/go/versioning"
    )


def cannot_merge(consumer: str, number: str, provider: str, described: Iterable[str]) -> str:
    """Why two parts of a pact cannot be one."""
    named = ", ".join(f"'{each}'" for each in described)
    return (
        f"Cannot merge the pact for {consumer} version {number} and provider {provider} with what is published:"
        f" {named} is asked for in two ways. Give one of them another description or provider state."
    )


def check_duplicates(request: Request, names: Iterable[str]) -> None:
    """Refuse a new name that is almost a known one. Raises Said with the text that people read."""
    text = duplicate(request, names)
    if text:
        raise ShapedRefusal(Response(status=409, body=text, media=TEXT))


def duplicate(request: Request, names: Iterable[str]) -> str:
    """What is said of a new name that is almost a known one; "" when there is none."""
    if not request.settings.check_duplicate_names:
        return ""
    asked = list(dict.fromkeys(names))
    there = pacticipants.existing_names(request.db, asked)
    known = [] if there.issuperset(asked) else pacticipants.all_names(request.db)
    for name in asked:
        if name in there:
            continue
        close = [each for each in known if words(each) == words(name)]
        if close:
            return _duplicate(request, name, close)
    return ""


def words(name: str) -> frozenset[str]:
    """The words of a name, without those that say nothing."""
    found = {word.lower().removesuffix("s") for word in _WORDS.findall(name)}
    return frozenset(found - _LEFT_OUT) or frozenset(found)


def _duplicate(request: Request, name: str, close: list[str]) -> str:
    listed = "\n".join(f"* {each}" for each in close)
    return (
        f'This is the first time a pact has been published for "{name}".\n'
        "The name is very similar to the following existing consumers/providers:\n"
        f"{listed}\n"
        "If you meant to specify one of the above names, please correct the pact configuration, and re-publish"
        " the pact.\n"
        f'If the pact is intended to be for a new consumer or provider, please manually create "{name}" using the'
        " following command, and then re-publish the pact:\n"
        f'$ curl -v -XPOST -H "Content-Type: application/json" -d \'{{"name": "{name}"}}\''
        f" {request.to('pacticipants')}\n"
    )
