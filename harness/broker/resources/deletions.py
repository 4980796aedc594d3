"""What was deleted and still counts as unknown: of whom, when, by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, ok
from harness.broker.http.forms import Form
from harness.broker.http.hal import link, omit_absent
from harness.broker.http.problems import Invalid, NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import traces
from harness.ledger.db.times import moment

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.deletions import Trace

routes = Routes("deletions")

DELETION = s.Schema(
    "Deletion",
    s.record(
        {"pacticipant": s.text(), "version": s.text(), "deletedAt": s.moment(), "deletedBy": s.text()},
        counterpart=s.text("The provider of a pact, the consumer of a result."),
        contract=s.text("Of a result: the content that it was about."),
        environment=s.text("Where the version was live when it was deleted."),
        applicationInstance=s.text(),
        released=s.truth(),
        ended=s.truth(),
        _links=s.LINKS,
    ),
)
DELETIONS = s.paged_list("Deletions", "deletions", DELETION)
TO_END = s.Schema("DeletionToEnd", s.record(ended=s.truth("Only true: it is not there any more.")))


@routes.get("/deletions", answers={200: DELETIONS})
def show(request: Request) -> Response:
    """What was deleted of versions that remain or were live, and that nothing has come instead of."""
    found = [_deletion_resource(request, each) for each in traces.all_open_traces(request.db)]
    return ok({"_embedded": {"deletions": found}, "_links": {"self": link(request.here(), title="Deletions")}})


@routes.patch("/deletions/{number}", answers={200: DELETION}, body=TO_END, role="deploy", asks_scope=True)
def end(request: Request) -> Response:
    """What was live when it was deleted is not there any more."""
    form = Form(request.document())
    there = _the_trace(request)
    request.who.permit(there.version.pacticipant)
    ended = form.truth("ended", words="must be one of: true")
    form.done()
    if not there.environment:
        text = "Only what was live ends so. Publish the contract or the result again."
        raise Invalid({"ended": [text]}, status=422)
    if ended:
        traces.end(request.db, there, request.now)
    return ok({**_deletion_resource(request, there), "ended": bool(ended)})


def _the_trace(request: Request) -> Trace:
    number = request.path["number"]
    found = next((each for each in traces.all_open_traces(request.db) if str(each.row) == number), None)
    if found is None:
        raise NotHere
    return found


def _deletion_resource(request: Request, trace: Trace) -> dict[str, Any]:
    where = {"environment": trace.environment, "released": trace.released} if trace.environment else {}
    return {
        "pacticipant": trace.version.pacticipant,
        "version": trace.version.number,
        **omit_absent(
            counterpart=trace.counterpart or None,
            contract=trace.contract or None,
            applicationInstance=trace.instance or None,
        ),
        **where,
        "deletedAt": moment(trace.deleted.at),
        "deletedBy": trace.deleted.who,
        "_links": {"self": link(request.to("deletions", str(trace.row)))},
    }
