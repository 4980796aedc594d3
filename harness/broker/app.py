"""The broker: every resource of the API on one database."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.broker.http.document import openapi
from harness.broker.http.routing import Router, Routes
from harness.broker.http.serving import Access, BrokerApplication, Everybody, Pages
from harness.broker.settings import BrokerSettings
from harness.broker.webhooks.worker import Worker
from harness.hookspecs import BrokerResource
from harness.plugins import door

if TYPE_CHECKING:
    from harness.ledger.db.database import Database


@cache
def router() -> Router:
    """Every route: those of each module in `resources/`, then those of plug-ins whose paths are free."""
    built_in = door().built_in(_HOOK, BrokerResource)
    found = Router([_routes_of(each) for each in built_in.values()])
    for key, resource in door().every(_HOOK, BrokerResource).items():
        if key not in built_in:
            try:
                found.extend(_routes_of(resource))
            except Exception as error:  # noqa: BLE001 - a resource of a plug-in may raise anything
                door().refuse(key, f"{_HOOK} brings no resource: {type(error).__name__}: {error}")
    return found


_HOOK = "contract_harness_broker_resources"


def _routes_of(resource: BrokerResource) -> Routes:
    found = resource.routes()
    if not isinstance(found, Routes):
        raise TypeError(f"'{resource.key}' gives {found!r:.200} and no Routes")
    return found


def broker(
    database: Database,
    settings: BrokerSettings | None = None,
    *,
    access: Access | None = None,
    pages: Pages | None = None,
) -> BrokerApplication:
    """The ASGI application that speaks the Pact Broker's API on a database."""
    chosen = settings or BrokerSettings()
    worker = Worker(database=database, settings=chosen)
    return BrokerApplication(
        router=router(),
        database=database,
        settings=chosen,
        access=access or Everybody(),
        pages=pages,
        wake=worker.wake,
        started=worker.start,
        stopped=worker.stop,
    )


def api_document() -> dict[str, Any]:
    """The API's own OpenAPI document."""
    return openapi(router().routes, __version__)
