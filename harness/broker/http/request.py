"""One request, as a resource sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from harness.broker.http import hal, nested_query
from harness.broker.http.problems import Refusal, Refused
from harness.broker.http.reading import as_object, read_json
from harness.broker.settings import BrokerSettings

T = TypeVar("T")


class _Once(Generic[T]):
    """A property that is made once for each request; the standard one makes all others wait meanwhile (3.11)."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self.make, self.__doc__ = make, make.__doc__

    def __get__(self, request: Any, _: type | None = None) -> T:
        made = request.__dict__[self.make.__name__] = self.make(request)
        return made


@dataclass(frozen=True, kw_only=True)
class Who:
    """Who asks, and what they may."""

    name: str = "anonymous"
    role: str = "admin"
    pacticipants: tuple[str, ...] = ()  # () is all
    token: str = ""  # the uuid of the token that was shown

    def permit(self, pacticipant: str) -> None:
        """Refuse to change what belongs to others. Raises Refused: 403."""
        if self.pacticipants and pacticipant not in self.pacticipants:
            raise Refused(403, f"{self.name} is for {', '.join(self.pacticipants)} only, not for {pacticipant}")


@dataclass(kw_only=True)
class Request:
    """One request; a refusal or an answer of 400 and above undoes what it has done to the database."""

    method: str
    path: Mapping[str, str]  # the parameters of the route, decoded
    raw_path: str = ""  # as it was sent, without the query
    query: str = ""
    headers: Mapping[str, str]  # lower-case names; repeated ones joined with commas
    body: bytes = b""
    base: str  # the URL that every link starts with
    media: str = ""  # the negotiated form of the answer
    begin: Callable[[], sa.Connection]  # opens the request's transaction
    look: Callable[[], AbstractContextManager[sa.Connection]]  # at what is kept, once that has ended
    settings: BrokerSettings
    now: str  # ISO 8601, UTC, milliseconds
    who: Who = field(default_factory=Who)
    wake: Callable[[], None] = lambda: None  # there is something new in the outbox
    afterwards: list[Callable[[], None]] = field(default_factory=list)  # run once everything is kept

    @_Once
    def db(self) -> sa.Connection:
        """Its transaction, begun when it is first asked for, and after the body is read: nobody waits for that."""
        if self.body:
            _ = self._content
        return self.begin()

    @_Once
    def _content(self) -> tuple[Any, Refusal | None]:
        try:
            return read_json(self.body, self.settings.deepest), None
        except Refusal as refusal:
            return None, refusal

    @_Once
    def parameters(self) -> dict[str, Any]:
        """The query, nested as Rack reads it."""
        return nested_query.parse(self.query)

    def asked(self, name: str) -> str:
        """One plain query parameter; "" when it is absent, blank, or not plain."""
        value = self.parameters.get(name, "")
        return value if isinstance(value, str) else ""

    def json(self) -> Any:
        """The body. Raises Unreadable."""
        document, refusal = self._content
        if refusal is not None:
            raise refusal
        return document

    def document(self, *, empty: bool = False) -> dict[str, Any]:
        """The body, a JSON object; where `empty`, no body is an empty one. Raises Unreadable."""
        if empty and not self.body:
            return {}
        return as_object(self.json())

    def to(self, *segments: str) -> str:
        """The URL of a resource; each segment is encoded."""
        return self.base + hal.path(*segments)

    def here(self) -> str:
        """The URL that was asked for, without its query."""
        return self.base + self.raw_path

    def later(self, job: Callable[[], None]) -> None:
        """Run a job once everything is kept; not at all when it is not."""
        self.afterwards.append(job)
