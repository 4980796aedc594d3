"""Labels of pacticipants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, created, no_content, ok
from harness.broker.http.hal import link
from harness.broker.http.paging import asked_page, page_links, page_numbers
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import labels as kept
from harness.ledger.db.times import moment
from harness.ledger.db.versions import mention_pacticipant

if TYPE_CHECKING:
    from harness.broker.http.request import Request
    from harness.ledger.db.labels import Label

routes = Routes("labels")

LABEL = s.Schema("Label", s.record({"name": s.text()}, createdAt=s.moment(), _links=s.LINKS))
LABELS = s.paged_list("Labels", "labels", LABEL)


@routes.get("/pacticipants/{pacticipant}/labels/{label}", answers={200: LABEL})
def show(request: Request) -> Response:
    """A label of a pacticipant."""
    return ok(_label_resource(request, _the_label(request)))


@routes.put("/pacticipants/{pacticipant}/labels/{label}", answers={200: LABEL, 201: LABEL})
def add(request: Request) -> Response:
    """Give a pacticipant a label; one that is not known is made."""
    request.document(empty=True)
    there = kept.find(request.db, request.path["pacticipant"], request.path["label"])
    if there is not None:
        return ok(_label_resource(request, there))
    owner = mention_pacticipant(request.db, request.path["pacticipant"], request.now)
    kept.add(request.db, owner, request.path["label"], request.now)
    return created(_label_resource(request, _the_label(request)), request.here())


@routes.delete("/pacticipants/{pacticipant}/labels/{label}", answers={204: None})
def remove(request: Request) -> Response:
    """Take a label away."""
    _the_label(request)
    kept.remove(request.db, request.path["pacticipant"], request.path["label"])
    return no_content()


@routes.get("/labels", answers={200: LABELS}, query=s.PAGES)
def show_all(request: Request) -> Response:
    """Every label that some pacticipant has."""
    page = asked_page(request)
    found, total = kept.names(request.db, page)
    links = {
        "self": link(request.to("labels"), title="Labels"),
        **(page_links(request, page, total) if page else {}),
    }
    told = {"page": page_numbers(page, total)} if page else {}
    return ok({**told, "_embedded": {"labels": [{"name": name} for name in found]}, "_links": links})


def _the_label(request: Request) -> Label:
    found = kept.find(request.db, request.path["pacticipant"], request.path["label"])
    if found is None:
        raise NotHere
    return found


def _label_resource(request: Request, label: Label) -> dict[str, Any]:
    owner = request.path["pacticipant"]
    here = request.to("pacticipants", owner, "labels", label.name)
    links = {
        "self": link(here, title="Label", name=label.name),
        "pacticipant": link(request.to("pacticipants", owner), title="Pacticipant", name=owner),
    }
    return {"name": label.name, "createdAt": moment(label.created_at), "_links": links}
