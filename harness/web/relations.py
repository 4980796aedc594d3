"""What a relation of the API leads to, told from the index and the routes themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.broker.app import router
from harness.broker.http.routing import Route
from harness.broker.resources.index import links


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One relation, where it leads to, and what can be done there."""

    name: str
    title: str
    place: str
    routes: Sequence[Route]


def relations(wanted: str) -> list[Relation]:
    """The relations of that name, with or without a prefix: `pb:webhooks`, `webhooks`."""
    found = []
    for name, told in links("").items():
        if isinstance(told, dict) and wanted in (name, name.partition(":")[2]):
            place = str(told["href"])
            match = router().match(place.partition("?")[0] or "/")
            routes = [] if match is None else [match.routes[method] for method in sorted(match.routes)]
            found.append(Relation(name=name, title=str(told.get("title", "")), place=place or "/", routes=routes))
    return found
