"""What checks saw a provider's version answer: told by runs on other machines, put together here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import link
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.comparison.coverage import MOST
from harness.identity import Version
from harness.ledger.db import coverage as kept
from harness.ledger.db import shown_versions
from harness.verdicts import Covered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.broker.http.request import Request

routes = Routes("coverage")

_PLACE = "/contracts/bi-directional/provider/{provider}/version/{version}/coverage"
_STATUSES = range(100, 600)
_SEEN = s.Schema(
    "SeenAnswer",
    s.record(
        {
            "operation": s.non_blank("GET /orders/{id}, or as it was asked: GET /orders/7"),
            "status": s.whole(minimum=100, maximum=599),
        },
        mediaType=s.text(),
        fields=s.many(s.text(), "of the body: /items/[]/total"),
        parameters=s.many(s.text(), "that were sent: query limit, header if-match, body"),
    ),
)
TO_TELL = s.Schema("CoverageToTell", s.record({"run": s.non_blank(), "seen": s.many(_SEEN)}))
COVERAGE = s.Schema("Coverage", s.record({"seen": s.many(_SEEN), "_links": s.LINKS}))


@routes.get(_PLACE, answers={200: COVERAGE})
def show(request: Request) -> Response:
    """All that checks saw a provider's version answer."""
    provider, number = request.path["provider"], request.path["version"]
    if shown_versions.find(request.db, provider, number) is None:
        raise NotHere
    return ok(_coverage_resource(request))


@routes.post(_PLACE, answers={201: COVERAGE}, body=TO_TELL)
def tell(request: Request) -> Response:
    """Add what the checks of a run saw a provider's version answer."""
    form = Form(request.document())
    run = form.text("run", required=True)
    seen = list(_parse_covered(form, form.array("seen", required=True) or []))
    form.done()
    kept.tell(request.db, Version(request.path["provider"], request.path["version"]), run or "", seen, request.now)
    return created(_coverage_resource(request), request.here())


def _coverage_resource(request: Request) -> dict[str, Any]:
    found = kept.of_version(request.db, Version(request.path["provider"], request.path["version"]))
    return {"seen": found.document(), "_links": {"self": link(request.here(), title="Coverage")}}


def _parse_covered(form: Form, listed: list[Any]) -> Iterator[Covered]:
    for number, each in enumerate(listed):
        problem = _problem(each)
        if problem:
            form.wrong(f"seen[{number}]", problem)
            continue
        yield Covered(
            operation=each["operation"],
            status=int(each["status"]),
            media_type=each.get("mediaType", ""),
            fields=tuple(sorted(each.get("fields", ()))),
            parameters=tuple(sorted(each.get("parameters", ()))),
        )


def _problem(each: Any) -> str:
    if not isinstance(each, dict):
        return "must be a hash"
    status, operation = each.get("status"), each.get("operation")
    if not isinstance(operation, str) or not operation.strip():
        return "needs an operation, such as GET /orders/{id}"
    if not isinstance(status, (int, float)) or isinstance(status, bool) or status not in _STATUSES:
        return "needs a status from 100 to 599"
    lists = [each.get(name, []) for name in ("fields", "parameters")]
    if not all(isinstance(found, list) and all(isinstance(one, str) for one in found) for found in lists):
        return "has fields and parameters that are lists of texts"
    if any(len(found) > MOST for found in lists):
        return f"has more than {MOST} fields or parameters"
    return "" if isinstance(each.get("mediaType", ""), str) else "has a mediaType that is a text"
