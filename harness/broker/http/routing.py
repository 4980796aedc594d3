"""Which function answers which path: a tree over the raw segments, literals before parameters.

Paths are matched before they are decoded: a branch `feat/x` is the one segment `feat%2Fx` (BROKER-API 0.6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from harness.broker.http.answers import HAL, JSON
from harness.broker.http.schemas import QueryParameter, Schema

if TYPE_CHECKING:
    from harness.broker.http.answers import Response
    from harness.broker.http.request import Request

Handler = Callable[["Request"], "Response"]
JSON_FORMS = (HAL, JSON)
MERGE_PATCH = "application/merge-patch+json"
LONGEST = 500  # characters of a name in a path
UNBOUNDED = ("metadata",)  # what a link remembers is as long as it has to be


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method on one path, and what there is to say of it in the API's own document."""

    method: str
    path: str
    handler: Handler
    tag: str
    answers: Mapping[int, Schema | None]
    media: Sequence[str] = JSON_FORMS  # offered, the default first
    takes: Sequence[str] = ()  # media types of the body; () needs none
    body: Schema | None = None
    query: Sequence[QueryParameter] = ()
    reads: bool = False  # a POST that changes nothing
    role: str = "publish"  # who may: read, publish, deploy, admin
    asks_scope: bool = False  # the handler itself asks `request.who.permit` for each pacticipant that it changes
    hidden: bool = False  # an old spelling of another route; not in the document

    @property
    def subject(self) -> str:
        """The path's parameter that names whose data is changed: results are the provider's."""
        if "pacticipant" in names_of(self.path):
            return "pacticipant"
        results = "/verification-results" in self.path or "consumer" not in names_of(self.path)
        return "provider" if results else "consumer"

    @property
    def summary(self) -> str:
        """One sentence for people."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]


class Routes:
    """The routes of one resource file, in the order in which `Allow` names their methods."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.listed: list[Route] = []

    def add(self, method: str, path: str, **told: Any) -> Callable[[Handler], Handler]:
        """Declare that a function answers this method on this path."""

        def declare(handler: Handler) -> Handler:
            self.listed.append(Route(method=method, path=path, handler=handler, tag=self.tag, **told))
            return handler

        return declare

    def get(self, path: str, **told: Any) -> Callable[[Handler], Handler]:
        """A function that shows something."""
        return self.add("GET", path, **{"role": "read", "reads": True, **told})

    def post(self, path: str, **told: Any) -> Callable[[Handler], Handler]:
        """A function that makes or runs something."""
        return self.add("POST", path, **{"takes": JSON_FORMS, **told})

    def put(self, path: str, **told: Any) -> Callable[[Handler], Handler]:
        """A function that makes or replaces something."""
        return self.add("PUT", path, **{"takes": JSON_FORMS, **told})

    def patch(self, path: str, **told: Any) -> Callable[[Handler], Handler]:
        """A function that changes a part of something."""
        return self.add("PATCH", path, **{"takes": (MERGE_PATCH,), **told})

    def delete(self, path: str, **told: Any) -> Callable[[Handler], Handler]:
        """A function that removes something."""
        return self.add("DELETE", path, **told)


@dataclass(slots=True)
class _RouteNode:
    literals: dict[str, _RouteNode] = field(default_factory=dict)
    parameter: _RouteNode | None = None
    routes: dict[str, Route] = field(default_factory=dict)  # by method


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What is at a path: its methods, and what stood in the places of the parameters."""

    routes: Mapping[str, Route]
    values: Sequence[str]
    literal_end: bool  # the last segment is not a parameter

    def parameters(self, route: Route) -> dict[str, str]:
        """The decoded parameters by the names that the route gives them."""
        return dict(zip(names_of(route.path), self.values, strict=True))

    @property
    def methods(self) -> tuple[str, ...]:
        """What `Allow` says."""
        return (*self.routes, "OPTIONS")


class Router:
    """All routes; asks in the time that the path is long."""

    def __init__(self, groups: Sequence[Routes]) -> None:
        self.routes = [route for group in groups for route in group.listed]
        self._root = _RouteNode()
        for route in self.routes:
            self._add(route)

    def extend(self, group: Routes) -> None:
        """Add the routes of a plug-in, all or none. Raises ValueError for a path that is answered already."""
        Router([group])
        for route in group.listed:
            if self.match(route.path) is not None:
                raise ValueError(f"{route.method} {route.path}: the broker answers that path already")
        for route in group.listed:
            self.routes.append(route)
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in _segments(route.path):
            if segment.startswith("{"):
                node.parameter = node.parameter or _RouteNode()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _RouteNode())
        if route.method in node.routes:
            raise ValueError(f"two functions for {route.method} {route.path}")
        node.routes[route.method] = route

    def match(self, raw_path: str) -> Match | None:
        """What is at a path as it was sent; None where nothing is."""
        segments = _segments(raw_path)
        for node, values, literal in _walk(self._root, segments, 0, ()):
            if node.routes:
                decoded = [unquote(value, errors="replace") for value in values]
                return Match(routes=node.routes, values=decoded, literal_end=literal)
        return None


def _walk(
    node: _RouteNode, segments: Sequence[str], at: int, values: tuple[str, ...], *, literal: bool = True
) -> Iterator[tuple[_RouteNode, tuple[str, ...], bool]]:
    if at == len(segments):
        yield node, values, literal
        return
    following = node.literals.get(segments[at])
    if following is not None:
        yield from _walk(following, segments, at + 1, values, literal=True)
    if node.parameter is not None:
        yield from _walk(node.parameter, segments, at + 1, (*values, segments[at]), literal=False)


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def names_of(path: str) -> list[str]:
    """The names of the parameters in a route's path, from left to right."""
    return [segment[1:-1] for segment in _segments(path) if segment.startswith("{")]
