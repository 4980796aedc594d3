"""The provider states that consumers name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.broker.http import schemas as s
from harness.broker.http.answers import Response, ok
from harness.broker.http.problems import NotFound
from harness.broker.http.routing import Routes
from harness.identity import canonical_json
from harness.ledger.db import pacts as kept
from harness.ledger.db.tables import publications
from harness.ledger.db.versions import exists

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from harness.broker.http.request import Request

routes = Routes("provider-states")

STATES = s.Schema(
    "ProviderStates",
    s.record(
        {"providerStates": s.many(s.record({"name": s.text(), "consumers": s.many(s.text())}, params=s.ANYTHING))}
    ),
)


@routes.get("/pacts/provider/{provider}/provider-states", answers={200: STATES})
def show(request: Request) -> Response:
    """The states that the heads of the consumers' main branches name, else their latest versions."""
    return _states(request, kept.heads_of_main(), fall_back=True)


@routes.get("/pacts/provider/{provider}/provider-states/branch/{branch}", answers={200: STATES})
def show_of_branch(request: Request) -> Response:
    """The states that the heads of a branch name."""
    return _states(request, kept.heads_of(request.path["branch"]))


@routes.get("/pacts/provider/{provider}/provider-states/environment/{environment}", answers={200: STATES})
def show_of_environment(request: Request) -> Response:
    """The states that versions name which are in an environment, called by its name or uuid."""
    return _states(request, kept.live_in(request.path["environment"]))


def _states(request: Request, where: sa.ColumnElement[bool], *, fall_back: bool = False) -> Response:
    provider = request.path["provider"]
    if not exists(request.db, provider):
        raise NotFound(f"No provider with name '{provider}' found")
    found = kept.contents(request.db, [*kept.of_provider(provider), where])
    if fall_back:
        known = {pact.consumer for pact, _ in found}
        latest = kept.latest_of_each(request.db, kept.of_provider(provider))
        others = [pact.publication for pact in latest if pact.consumer not in known]
        found += kept.contents(request.db, [publications.c.id.in_(others)])
    states: dict[str, dict[str, Any]] = {}
    for pact, text in found:
        for name, params in _states_of_pact(text):
            key = canonical_json([name, params])
            state = states.setdefault(
                key, {"name": name, **({"params": params} if params else {}), "consumers": []}
            )
            if pact.consumer not in state["consumers"]:
                state["consumers"].append(pact.consumer)
    ordered = sorted(states.values(), key=lambda state: (state["name"], canonical_json(state.get("params"))))
    return ok({"providerStates": ordered})


def _states_of_pact(text: str) -> Iterator[tuple[str, Any]]:
    document = json.loads(text)
    if not isinstance(document, dict):
        return
    for part in ("interactions", "messages"):
        listed = document.get(part)
        for interaction in listed if isinstance(listed, list) else ():
            if isinstance(interaction, dict):
                yield from _of_interaction(interaction)


def _of_interaction(interaction: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    several = interaction.get("providerStates")
    if isinstance(several, list):
        for state in several:
            if isinstance(state, dict) and isinstance(state.get("name"), str):
                yield state["name"], state.get("params") or None
    for one in (interaction.get("providerState"), interaction.get("provider_state")):
        if isinstance(one, str):
            yield one, None
