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

    from harness.broker.http.call import Request
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
def show_all(call: Request) -> Response:
    """Who talks to whom; as a graph when that is asked for."""
    page = asked_page(call)
    found, total = kept.list_integrations(call.db, containing(call), page)
    if call.media == _GRAPH:
        return text(_graph(found), _GRAPH)
    links = {
        "self": link(call.to("integrations"), title="All integrations"),
        **(page_links(call, page, total) if page else {}),
    }
    told = {"page": page_numbers(page, total)} if page else {}
    return ok(
        {
            **told,
            "_embedded": {"integrations": [_integration_resource(call, each) for each in found]},
            "_links": links,
        }
    )


@routes.delete("/integrations", answers={204: None}, role="admin")
def delete_all(call: Request) -> Response:
    """Forget every integration with everybody's contracts and results."""
    for each in kept.list_integrations(call.db, "", None)[0]:
        _delete(call, each.consumer, each.provider)
    return no_content()


@routes.delete("/integrations/provider/{provider}/consumer/{consumer}", answers={204: None}, role="admin")
def delete(call: Request) -> Response:
    """Forget what is between two pacticipants; those who talk to nobody any more are forgotten as well."""
    consumer, provider = call.path["consumer"], call.path["provider"]
    if not (exists(call.db, consumer) and exists(call.db, provider)):
        raise NotHere
    _delete(call, consumer, provider)
    return no_content()


def _delete(call: Request, consumer: str, provider: str) -> None:
    deleting.integration(call.db, consumer, provider, By(who=call.who.name, at=call.now))


@routes.get("/pacticipant/{pacticipant}/network", answers={200: NETWORK})
def show_network(call: Request) -> Response:
    """Everybody who is connected with a pacticipant, over however many others."""
    found = _around(call)
    links = {"self": link(call.here(), title=f"Network of {call.path['pacticipant']}")}
    return ok({"integrations": [_integration_resource(call, each) for each in found], "_links": links})


@routes.get("/groups/{pacticipant}", answers={200: LINES}, media=(CSV,))
def show_group(call: Request) -> Response:
    """The network around a pacticipant, as the lines of a graph widget."""
    return text(_lines(_around(call)), CSV)


@routes.get("/relationships", answers={200: LINES}, media=(CSV,))
def show_relationships(call: Request) -> Response:
    """Who talks to whom, as the lines of a graph widget."""
    return text(_lines(kept.list_integrations(call.db, "", None)[0]), CSV)


def _around(call: Request) -> list[Integration]:
    name = call.path["pacticipant"]
    if not exists(call.db, name):
        raise NotHere
    everything, _ = kept.list_integrations(call.db, "", None)
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


def _integration_resource(call: Request, each: Integration) -> dict[str, Any]:
    consumer, provider = each.consumer, each.provider
    pair = path("provider", provider, "consumer", consumer)
    links = {
        "pb:dashboard": link(f"{call.base}/dashboard{pair}", title="BETA: Pacts to show on the dashboard"),
        "pb:matrix": link(
            f"/matrix{pair}", title=f"Matrix of pacts/verification results for {consumer} and {provider}"
        ),
        "pb:group": link(call.to("pacticipants", consumer)),
        "pb:delete_integration": link(
            f"{call.base}/integrations{pair}",
            title=f"Delete the integration between {consumer} and {provider}",
        ),
    }
    return {"consumer": {"name": consumer}, "provider": {"name": provider}, "_links": links}
