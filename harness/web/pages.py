"""What a person with a browser sees: who talks to whom, a pact, the results between two pacticipants.

Nothing that anybody wrote into a name or a body is ever more than text: templates escape everything, and the pages
forbid scripts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from harness.broker.app import router
from harness.broker.http.answers import HTML, Response
from harness.broker.http.problems import Invalid
from harness.broker.http.request import Request
from harness.broker.http.routing import Route
from harness.broker.matrix_query import parse_question
from harness.broker.resources.index import links
from harness.broker.settings import BrokerSettings
from harness.gate.promises import told_briefly
from harness.gate.resolutions import over_http
from harness.ledger.db import dashboard, findings, pacts, provider_contracts, shown_versions
from harness.ledger.db.database import Database
from harness.ledger.matrix import details as matrix_details
from harness.ledger.matrix.gated import answer_question
from harness.ledger.matrix.question import Question, Unanswerable, VersionSelector
from harness.ledger.static_comparisons import operations_of, problems_of
from harness.reports.brevity import short

if TYPE_CHECKING:
    import jinja2

    from harness.broker.http.asgi import RawRequest
    from harness.broker.http.routing import Match


_HEADERS = {
    "cache-control": "no-cache, no-store, must-revalidate",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}
_MOST_ROWS = 500
_DOC = "/doc/"  # where the curies of the API lead to

Page = Callable[["Pages", Request], tuple[str, Mapping[str, Any]] | None]


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages of one broker."""

    database: Database
    settings: BrokerSettings

    def __call__(self, request: RawRequest, match: Match | None) -> Response | None:
        """The page at a path; None where there is none, and the API answers."""
        if match is None and request.raw_path.startswith(_DOC):
            rel = unquote(request.raw_path.removeprefix(_DOC))
            return _render_page("relation", {"rel": rel, "relations": relations(rel)}, request.base)
        if match is None or "GET" not in match.routes:
            return None
        route = match.routes["GET"]
        page = _PAGES.get(route.path)
        if page is None:
            return None
        with self.database.reading() as db:
            admitted = Request(
                method="GET",
                path=match.parameters(route),
                raw_path=request.raw_path,
                query=request.query,
                headers=request.headers,
                base=request.base,
                begin=lambda: db,
                look=self.database.reading,
                settings=self.settings,
                now="",
            )
            found = page(self, admitted)
            if found is None:
                return _render_page("missing", {"path": request.raw_path}, admitted.base, status=404)
            name, values = found
            return _render_page(name, values, admitted.base)


def _render_page(name: str, values: Mapping[str, Any], base: str, *, status: int = 200) -> Response:
    body = _templates().get_template(f"{name}.html").render(base=base, **values)
    return Response(status=status, body=body, media=HTML, headers=_HEADERS)


@cache
def _templates() -> jinja2.Environment:
    import jinja2

    found = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.web"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    found.filters["over_http"] = lambda reason, broker: over_http(reason, broker).resolution
    found.filters["brief"] = short  # sentences; links and commands keep hashes whole
    found.filters["segment"] = lambda text: quote(text, safe="")
    return found


def _index(pages: Pages, request: Request) -> tuple[str, Mapping[str, Any]]:
    del pages
    items, _ = dashboard.items(request.db, [], None)
    return "index", {"items": items}


def _pact(pages: Pages, request: Request) -> tuple[str, Mapping[str, Any]] | None:
    del pages
    where = pacts.of_pair(request.path["consumer"], request.path["provider"])
    if "version" in request.path:
        where.append(pacts.of_number(request.path["version"]))
    found = pacts.newest(request.db, where)
    if found is None:
        return None
    document = json.loads(found.served)
    given = [document.get(field) for field in ("interactions", "messages")] if isinstance(document, dict) else []
    listed = [one for several in given if isinstance(several, list) for one in several]
    told = [
        (str(each.get("description", "")), json.dumps(each, indent=2, ensure_ascii=False))
        for each in listed
        if isinstance(each, dict)
    ]
    return "pact", {"pact": found, "interactions": told, "tags": pacts.tags_of(request.db, found.version)}


def _document(pages: Pages, request: Request) -> tuple[str, Mapping[str, Any]] | None:
    """A provider's document: its operations, and what of it cannot be read."""
    del pages
    row = shown_versions.find(request.db, request.path["provider"], request.path["version"])
    found = provider_contracts.document_of(request.db, row) if row is not None else None
    if found is None:
        return None
    problems, told = problems_of(found), operations_of(found)
    return "document", {"document": found, "problems": problems, "operations": told, "most": _MOST_ROWS}


def _pair(pages: Pages, request: Request) -> tuple[str, Mapping[str, Any]]:
    del pages
    names = [request.path[side] for side in ("consumer", "provider")]
    selectors = [VersionSelector(pacticipant=name) for name in names]
    return _results(request, Question(selectors=selectors, latest_by="cvpv"), " and ".join(names))


def _matrix(pages: Pages, request: Request) -> tuple[str, Mapping[str, Any]]:
    """The answer to a question that is written into the address, or what is wrong with it."""
    del pages
    try:
        return _results(request, parse_question(request.parameters), "Results")
    except Invalid as error:
        told = error.errors
        texts = [text for several in told.values() for text in several] if isinstance(told, Mapping) else told
        return "refused", {"errors": texts}
    except Unanswerable as error:
        return "refused", {"errors": [problem.text for problem in error.problems]}


def _results(request: Request, question: Question, title: str) -> tuple[str, Mapping[str, Any]]:
    answer = answer_question(request.db, question, trusted=request.settings.trust_claims)
    rows = list(islice(answer.considered, _MOST_ROWS))
    details = matrix_details.of(request.db, rows)
    failed = {row.verification for row in rows if row.success is False and row.verification}
    broken = {number: told_briefly(each) for number, each in findings.of_results(request.db, failed).items()}
    told = {"answer": answer, "rows": rows, "details": details, "broken": broken}
    return "matrix", {**told, "title": title, "most": _MOST_ROWS}


_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_PAGES: dict[str, Page] = {
    "/": _index,
    f"{_PAIR}/latest": _pact,
    f"{_PAIR}/version/{{version}}": _pact,
    "/matrix": _matrix,
    "/contracts/bi-directional/provider/{provider}/version/{version}/provider-contract": _document,
    "/matrix/provider/{provider}/consumer/{consumer}": _pair,
}


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
