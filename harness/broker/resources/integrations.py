"""`/integrations`: who talks to whom; and the network around a pacticipant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import CSV, HAL, JSON, Response, no_content, ok, text
from harness.broker.http.hal import link, path
from harness.broker.http.paging import asked_page, containing, page_links, page_numbers
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.ledger.db import deleting
from harness.ledger.db import integrations as kept
from harness.ledger.db.traces import By
from harness.ledger.db.versions import exists

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.broker.http.request import Request
    from harness.ledger.db.integrations import Integration

routes = Routes("integrations")

_GRAPH = "text/vnd.graphviz"
_NAMED = s.record({"name": s.text()})
INTEGRATION = s.Schema("Integration", s.record({"consumer": _NAMED, "provider": _NAMED, "_links": s.LINKS}))
INTEGRATIONS = s.paged_list("Integrations", "integrations", INTEGRATION)
NETWORK = s.Schema("Network", s.record({"integrations": s.many(INTEGRATION), "_links": s.LINKS}))
LINES = s.Schema("NetworkLines", s.text("Comma-separated lines."))


@routes.get(
    "/integrations",
    answers={200: INTEGRATIONS},
    media=(HAL, JSON, _GRAPH),
    query=[*s.PAGES, s.CONTAINING],
)
def show_all(request: Request) -> Response:
    """Who talks to whom; as a graph when that is asked for."""
    page = asked_page(request)
    found, total = kept.list_integrations(request.db, containing(request), page)
    if request.media == _GRAPH:
        return text(_graph(found), _GRAPH)
    links = {
        "self": link(request.to("integrations"), title="All integrations"),
        **(page_links(request, page, total) if page else {}),
    }
    told = {"page": page_numbers(page, total)} if page else {}
    return ok(
        {
            **told,
            "_embedded": {"integrations": [_integration_resource(request, each) for each in found]},
            "_links": links,
        }
    )


@routes.delete("/integrations", answers={204: None}, role="admin")
def delete_all(request: Request) -> Response:
    """Forget every integration with everybody's contracts and results."""
    for each in kept.list_integrations(request.db, "", None)[0]:
        _delete(request, each.consumer, each.provider)
    return no_content()


@routes.delete("/integrations/provider/{provider}/consumer/{consumer}", answers={204: None}, role="admin")
def delete(request: Request) -> Response:
    """Forget what is between two pacticipants; those who talk to nobody any more are forgotten as well."""
    consumer, provider = request.path["consumer"], request.path["provider"]
    if not (exists(request.db, consumer) and exists(request.db, provider)):
        raise NotHere
    _delete(request, consumer, provider)
    return no_content()


def _delete(request: Request, consumer: str, provider: str) -> None:
    deleting.integration(request.db, consumer, provider, By(who=request.who.name, at=request.now))


@routes.get("/pacticipant/{pacticipant}/network", answers={200: NETWORK})
def show_network(request: Request) -> Response:
    """Everybody who is connected with a pacticipant, over however many others."""
    found = _around(request)
    links = {"self": link(request.here(), title=f"Network of {request.path['pacticipant']}")}
    return ok({"integrations": [_integration_resource(request, each) for each in found], "_links": links})


@routes.get("/groups/{pacticipant}", answers={200: LINES}, media=(CSV,))
def show_group(request: Request) -> Response:
    """The network around a pacticipant, as the lines of a graph widget."""
    return text(_lines(_around(request)), CSV)


@routes.get("/relationships", answers={200: LINES}, media=(CSV,))
def show_relationships(request: Request) -> Response:
    """Who talks to whom, as the lines of a graph widget."""
    return text(_lines(kept.list_integrations(request.db, "", None)[0]), CSV)


def _around(request: Request) -> list[Integration]:
    name = request.path["pacticipant"]
    if not exists(request.db, name):
        raise NotHere
    everything, _ = kept.list_integrations(request.db, "", None)
    known = {name}
    while True:
        touched = {
            each
            for integration in everything
            for each in (integration.consumer, integration.provider)
            if known & {integration.consumer, integration.provider}
        }
        if touched <= known:
            return [each for each in everything if each.consumer in known]
        known |= touched


def _lines(found: Iterable[Integration]) -> str:
    """`id,name,1,1,0,ordinal,id-of-connected`, a line for each end of each integration."""
    lines = []
    for ordinal, each in enumerate(found, start=1):
        for row, name, other in (
            (each.consumer_row, each.consumer, each.provider_row),
            (each.provider_row, each.provider, each.consumer_row),
        ):
            lines.append(f"{row},{_cell(name)},1,1,0,{ordinal},{other}")
    return "".join(f"{line}\n" for line in lines)


def _cell(name: str) -> str:
    if name[:1] in "=+-@\t\r":  # a spreadsheet would run it
        name = f"'{name}"
    escaped = name.replace('"', '""')
    return f'"{escaped}"' if any(sign in name for sign in ',"\n\r') else name


def _graph(found: Iterable[Integration]) -> str:
    lines = [f'  "{_escape_name(each.consumer)}" -> "{_escape_name(each.provider)}"' for each in found]
    return "\n".join(["digraph { ranksep=3; ratio=auto; overlap=false; node [shape=box];", *lines, "}"]) + "\n"


def _escape_name(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _integration_resource(request: Request, each: Integration) -> dict[str, Any]:
    consumer, provider = each.consumer, each.provider
    pair = path("provider", provider, "consumer", consumer)
    links = {
        "pb:dashboard": link(f"{request.base}/dashboard{pair}", title="BETA: Pacts to show on the dashboard"),
        "pb:matrix": link(
            f"/matrix{pair}", title=f"Matrix of pacts/verification results for {consumer} and {provider}"
        ),
        "pb:group": link(request.to("pacticipants", consumer)),
        "pb:delete_integration": link(
            f"{request.base}/integrations{pair}",
            title=f"Delete the integration between {consumer} and {provider}",
        ),
    }
    return {"consumer": {"name": consumer}, "provider": {"name": provider}, "_links": links}
