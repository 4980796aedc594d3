"""`/metrics`: how much of everything there is, as JSON and for Prometheus; and whether the broker is well."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.broker.http import schemas as s
from harness.broker.http.answers import HAL, JSON, TEXT, Response, ok
from harness.broker.http.hal import link
from harness.broker.http.routing import Routes
from harness.ledger.db import counts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.broker.http.request import Request

routes = Routes("metrics")

_PLAIN = {"content-type": HAL}  # probes compare it exactly
_PROMETHEUS = "application/openmetrics-text"
METRICS = s.Schema("Metrics", {"type": "object", "additionalProperties": {"type": "object"}})
TEAMS = s.Schema("TeamMetrics", s.record({"teams": s.many(s.OBJECT), "_links": s.LINKS}))
HEARTBEAT = s.Schema("Heartbeat", s.record({"ok": s.truth(), "_links": s.LINKS}))
DEPENDENCIES = s.Schema("Dependencies", s.record({"database": s.record({"ok": s.truth()})}, _links=s.LINKS))


@routes.get(
    "/metrics",
    answers={200: METRICS},
    media=(HAL, JSON, TEXT, _PROMETHEUS),
    query=[s.query("format", "prometheus: the same as an Accept of text/plain.")],
)
def show(request: Request) -> Response:
    """How much of everything there is."""
    found = counts.everything(request.db)
    if request.media in (TEXT, _PROMETHEUS) or request.asked("format") == "prometheus":
        return _prometheus(found)
    return ok(found)


@routes.get("/metrics/teams", answers={200: TEAMS})
def show_teams(request: Request) -> Response:
    """How much each team has: there are no teams here."""
    return ok({"teams": [], "_links": {"self": link(request.here(), title="Metrics of teams")}})


def _prometheus(found: dict[str, dict[str, Any]]) -> Response:
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    for name, about, value in _gauges(found):
        Gauge(name, about, registry=registry).set(value)
    return Response(body=generate_latest(registry), media=TEXT, headers={"x-prometheus-format": "0.0.4"})


def _gauges(found: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, float]]:
    for group, numbers in found.items():
        for name, value in numbers.items():
            if isinstance(value, int) and value >= 0:
                yield f"pact_broker_{_snake(group)}_{_snake(name)}", f"{group}: {name}", value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


@routes.get("/diagnostic/status/heartbeat", answers={200: HEARTBEAT})
def beat(request: Request) -> Response:
    """That the broker answers; the database is not asked."""
    return Response(body={"ok": True, "_links": {"self": link(request.here())}}, headers=_PLAIN)


@routes.get("/diagnostic/status/dependencies", answers={200: DEPENDENCIES, 503: DEPENDENCIES})
def depend(request: Request) -> Response:
    """That the broker can work: its database answers."""
    request.db.execute(sa.select(sa.literal(1))).scalar_one()
    return Response(body={"database": {"ok": True}, "_links": {"self": link(request.here())}}, headers=_PLAIN)


@routes.get("/test/error", answers={500: None}, hidden=True)
@routes.post("/test/error", answers={500: None}, takes=(), reads=True, role="read", hidden=True)
def fail(request: Request) -> Response:
    """Fail on purpose: so that people can see that they are told of it."""
    del request
    raise RuntimeError("an error on purpose, to see where it is told")
