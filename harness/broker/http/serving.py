"""The API as an ASGI application: routing, one transaction per request, refusals in the client's form."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import perf_counter_ns
from typing import TYPE_CHECKING, Protocol

import anyio.to_thread

from harness.broker.http import problems
from harness.broker.http.answers import CSV, HAL, PROBLEM, SVG, Response, encode_body
from harness.broker.http.asgi import RawRequest, Receive, Scope, Send, read_head, send_answer
from harness.broker.http.bodies import Bodies
from harness.broker.http.concurrency import DEPENDENCIES, Turns
from harness.broker.http.negotiation import choose, wants_page, wants_problem
from harness.broker.http.problems import Invalid, NotFound, NotHere, Refusal, Refused
from harness.broker.http.request import Request, Who
from harness.broker.http.routing import LONGEST, UNBOUNDED, Router
from harness.broker.settings import BrokerSettings
from harness.errors import EnvironmentProblem, HarnessError, UnknownName
from harness.ledger.db import audit
from harness.ledger.db.database import Database
from harness.ledger.matrix.question import Unanswerable

if TYPE_CHECKING:
    from harness.broker.http.routing import Match, Route


log = logging.getLogger("harness.broker")
requests = logging.getLogger("harness.broker.requests")


class Access(Protocol):
    """Decides who may do what."""

    @property
    def asks(self) -> bool:
        """Whether it asks who somebody is; what is changed is remembered with the name then."""

    def admit(self, request: RawRequest, route: Route | None, parameters: Mapping[str, str]) -> Who:
        """Who asks, when they may. Raises Refused: 401, 403, 429."""


class Everybody:
    """Access control that is switched off."""

    asks = False

    def admit(self, request: RawRequest, route: Route | None, parameters: Mapping[str, str]) -> Who:
        """Anybody may do everything."""
        del request, route, parameters
        return Who()


Pages = Callable[["RawRequest", "Match | None"], "Response | None"]


@dataclass(kw_only=True)
class BrokerApplication:
    """The API on one database."""

    router: Router
    database: Database
    settings: BrokerSettings = field(default_factory=BrokerSettings)
    access: Access = field(default_factory=Everybody)
    pages: Pages | None = None  # for people with browsers
    threaded: bool = True  # an answer is made in a thread, when it is its turn; else one after the other
    wake: Callable[[], None] = lambda: None  # there is something new in the outbox
    started: Callable[[], None] = lambda: None
    stopped: Callable[[], None] = lambda: None
    _turns: Turns = field(init=False)
    _bodies: Bodies = field(init=False)

    def __post_init__(self) -> None:
        self._turns = Turns(self.database.engine.dialect.name)
        self._bodies = Bodies(most=self.settings.most_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's request, or the server's start and end."""
        if not self.threaded:
            self._bodies.silent = None  # nobody waits there
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.started()
                await send({"type": "lifespan.startup.complete"})
            else:
                await anyio.to_thread.run_sync(self.stopped)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = read_head(scope, self.settings.base_urls)
        try:
            if self.access.asks and self.threaded and request.announces_body:
                request = await self._let_in(request, receive)
            body = await self._bodies.read(receive, request)
        except Refusal as refusal:
            await send_answer(send, self._refused(request, refusal), HAL)
            return
        except EnvironmentProblem as error:
            await send_answer(send, self._unable(request, error), HAL)
            return
        began = perf_counter_ns()
        whole = replace(request, body=body)
        answer, media = await self._in_its_turn(whole) if self.threaded else self._spelled(whole)
        await send_answer(send, answer, media)
        _log(request, answer, perf_counter_ns() - began)

    async def _let_in(self, request: RawRequest, receive: Receive) -> RawRequest:
        """The request with who asks: whoever may not is heard to the end, and nothing of it is held."""
        turn = self._turns.of("GET")
        try:
            who = await anyio.to_thread.run_sync(self._who, request, limiter=turn)
        except (Refusal, EnvironmentProblem):
            await self._bodies.pass_over(receive)
            raise
        return replace(request, who=who)

    def _who(self, request: RawRequest) -> Who:
        match, _ = by_extension(self.router, request.raw_path, "")
        route = match.routes.get(request.method) if match else None
        return self.access.admit(request, route, match.parameters(route) if match and route else {})

    async def _in_its_turn(self, request: RawRequest) -> tuple[Response, str]:
        turn = self._turns.of(request.method, request.raw_path)
        return await anyio.to_thread.run_sync(self._spelled, request, limiter=turn)

    def _spelled(self, request: RawRequest) -> tuple[Response, str]:
        """The answer with its body as bytes: they are made where nobody else waits for that."""
        answer, media = self.answer(request)
        return (answer if answer.body is None else replace(answer, body=encode_body(answer.body))), media

    def answer(self, request: RawRequest) -> tuple[Response, str]:
        """The answer to one request and its media type; whatever happens, it is one."""
        try:
            return self._answer(request)
        except Refusal as refusal:
            return self._refused(request, refusal), HAL
        except EnvironmentProblem as error:
            return self._unable(request, error), HAL
        except HarnessError as error:
            return self._refused(request, _refusal_of(error)), HAL
        except Exception as error:  # noqa: BLE001 - the last line: the log gets it, the client a reference
            return self._failed(request, error), HAL

    def _answer(self, request: RawRequest) -> tuple[Response, str]:
        if "//" in request.raw_path:
            raise problems.ShapedRefusal(_empty_component())
        match, accept = by_extension(self.router, request.raw_path, request.headers.get("accept", ""))
        if self.pages is not None and request.method == "GET" and wants_page(accept):
            self.access.admit(request, match.routes.get("GET") if match else None, {})
            page = self.pages(request, match)
            if page is not None:
                return page, page.media
        if match is None:
            _ = request.who or self.access.admit(request, None, {})
            raise NotHere
        return self._at(match, request, accept)

    def _at(self, match: Match, request: RawRequest, accept: str) -> tuple[Response, str]:
        route = match.routes.get(request.method)
        parameters = match.parameters(route or next(iter(match.routes.values())))
        who = request.who or self.access.admit(request, route, parameters)
        allowed = ", ".join(match.methods)
        if request.method == "OPTIONS":
            return Response(headers={"access-control-allow-methods": allowed}), ""
        if route is None:
            return Response(status=405, headers={"allow": allowed}), ""
        _refuse_odd_names(parameters)
        media = choose(accept, route.media)
        if media is None:
            return Response(status=406), ""
        answer = self._run(route, request, parameters, who, media)
        return answer, answer.media or media

    def _run(
        self, route: Route, request: RawRequest, parameters: Mapping[str, str], who: Who, media: str
    ) -> Response:
        if route.takes and not _is_supported_type(route, request):
            raise _Unsupported  # before anything happens: another site's page may send this unasked
        transaction = self.database.reading if route.reads else self.database.writing
        with ExitStack() as begun:
            admitted = Request(
                method=request.method,
                path=parameters,
                raw_path=request.raw_path.rstrip("/") or "",
                query=request.query,
                headers=request.headers,
                body=request.body,
                base=request.base,
                media=media,
                begin=lambda: begun.enter_context(transaction()),
                look=self.database.reading,
                settings=self.settings,
                now=datetime.now(UTC).isoformat(timespec="milliseconds"),
                who=who,
                wake=self.wake,
            )
            answer = route.handler(admitted)
            if answer.status >= 400:
                raise problems.ShapedRefusal(answer)
            if self.access.asks and not route.reads:
                self._remember(admitted, route, answer)
        for job in admitted.afterwards:
            job()
        return answer

    def _remember(self, request: Request, route: Route, answer: Response) -> None:
        action = f"{route.method} {route.path}"
        told = {"status": answer.status}
        audit.append(
            request.db, at=request.now, who=request.who.name, action=action, subject=request.raw_path, details=told
        )

    def _refused(self, request: RawRequest, refusal: Refusal) -> Response:
        if wants_problem(request.headers.get("accept", "")):
            return refusal.problem(request.base)
        return refusal.answer()

    def _unable(self, request: RawRequest, error: EnvironmentProblem) -> Response:
        """Nobody asked wrongly; the place and the words of the database are for the log alone."""
        log.error("a request cannot be answered: %s", error.problems[0].sentence, extra={"path": request.raw_path})
        if request.raw_path.rstrip("/") == DEPENDENCIES:
            return Response(status=503, body={"database": {"ok": False}}, headers=_LATER)
        return self._refused(request, Refused(503, _UNABLE, **_LATER))

    def _failed(self, request: RawRequest, error: Exception) -> Response:
        reference = secrets.token_urlsafe(8)[:10].replace("-", "0").replace("_", "1")
        log.error("request failed", exc_info=error, extra={"reference": reference, "path": request.raw_path})
        if wants_problem(request.headers.get("accept", "")):
            return problems.failure_problem(reference)
        return problems.failure(reference)


def _log(request: RawRequest, answer: Response, nanoseconds: int) -> None:
    """One line for each request, with the field names of ECS; never its query, which may hold anything."""
    if requests.isEnabledFor(logging.INFO):
        fields = {
            "http.request.method": request.method,
            "url.path": request.raw_path,
            "http.response.status_code": answer.status,
            "client.ip": request.peer,
            "event.duration": nanoseconds,
        }
        requests.info("%s %s %s", request.method, request.raw_path, answer.status, extra=fields)


_LATER = {"retry-after": "5"}
_UNABLE = "the database of this broker cannot be used now; ask again later"


class _UnsupportedType(Refusal):
    """The body is of no type that is taken; the answer names a type and is empty, as the original's."""

    def __init__(self) -> None:
        super().__init__(415)

    def answer(self) -> Response:
        """Empty."""
        return Response(status=415, headers={"content-type": f"{HAL};charset=utf-8"})


_Unsupported = _UnsupportedType()


def _is_supported_type(route: Route, request: RawRequest) -> bool:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return sent in route.takes


def _refusal_of(error: HarnessError) -> Refusal:
    texts = [f"{problem.text}{f' ({problem.hint})' if problem.hint else ''}" for problem in error.problems]
    if isinstance(error, Unanswerable):
        return Invalid(texts)
    if isinstance(error, UnknownName):
        return NotFound("; ".join(texts))
    if error.exit != 2:
        return Refused(503, "; ".join(texts), **_LATER)
    return Invalid({"": texts})


def _refuse_odd_names(parameters: Mapping[str, str]) -> None:
    for which, value in parameters.items():
        if len(value) > LONGEST and which not in UNBOUNDED:
            detail = f"URL path segment {which} is longer than {LONGEST} characters: {value[:20]}..."
            raise problems.ShapedRefusal(_problem(422, "Unprocessable", detail))
        for sign, name in (("\n", "new line"), ("\r", "new line"), ("\t", "tab"), ("\0", "NUL")):
            if sign in value:
                detail = f"URL path cannot contain a {name} character."
                raise problems.ShapedRefusal(_problem(422, "Unprocessable", detail))


def _empty_component() -> Response:
    return _problem(404, "Not Found", "Empty path component found", "/problem/not-found")


def _problem(status: int, title: str, detail: str, kind: str = "/problems/invalid-path") -> Response:
    body = {"title": title, "type": kind, "detail": detail, "status": status}
    return Response(status=status, body=body, media=PROBLEM)


_MEDIA = {".csv": CSV, ".svg": SVG, ".json": HAL, ".yaml": "application/yaml"}


def by_extension(router: Router, raw_path: str, accept: str) -> tuple[Match | None, str]:
    """What is at a path, and what is accepted there; a name that ends in `.json` stays a name."""
    stem, dot, ending = raw_path.rpartition(".")
    media = _MEDIA.get(dot + ending)
    if media is not None and not stem.endswith("/"):
        match = router.match(stem)
        if match is not None and (match.literal_end or (media == CSV and stem.startswith("/groups/"))):
            return match, media
    return router.match(raw_path), accept
