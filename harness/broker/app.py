"""The broker: every resource of the API on one database."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.broker import resources
from harness.broker.http.document import openapi
from harness.broker.http.routing import Router, Routes
from harness.broker.http.serving import Access, BrokerApplication, Everybody, Pages
from harness.broker.settings import BrokerSettings
from harness.broker.webhooks.worker import Worker

if TYPE_CHECKING:
    from harness.ledger.db.database import Database


@cache
def router() -> Router:
    """Every route: those of each module in `resources/`."""
    found: list[Routes] = []
    for module in sorted(iter_modules(resources.__path__), key=lambda each: each.name):
        routes = getattr(import_module(f"{resources.__name__}.{module.name}"), "routes", None)
        if isinstance(routes, Routes):
            found.append(routes)
    return Router(found)


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
        audited=access is not None,
        wake=worker.wake,
        started=worker.start,
        stopped=worker.stop,
    )


def api_document() -> dict[str, Any]:
    """The API's own OpenAPI document."""
    return openapi(router().routes, __version__)
