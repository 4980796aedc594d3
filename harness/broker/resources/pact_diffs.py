"""What differs between two versions of a pact."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness.broker.http import schemas as s
from harness.broker.http.answers import TEXT, Response, text
from harness.broker.http.problems import NotHere
from harness.broker.http.routing import Routes
from harness.broker.pact_diff import pact_diff
from harness.broker.resources.pacts import previous_distinct
from harness.ledger.db import pacts as kept

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harness.broker.http.request import Request
    from harness.ledger.db.pacts import StoredPact

routes = Routes("pact-diffs")

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
DIFF = s.Schema("PactDiff", s.text("Lines; those with - were, those with + are."))


@routes.get(f"{_PAIR}/version/{{version}}/diff/previous-distinct", answers={200: DIFF}, media=(TEXT,))
def show_against_previous(request: Request) -> Response:
    """Against the newest older version with another content."""
    there = _the(request, kept.of_number(request.path["version"]))
    return _diff_response(request, previous_distinct(request, there), there)


@routes.get(f"{_PAIR}/version/{{version}}/diff/version/{{other}}", answers={200: DIFF}, media=(TEXT,))
def show_against_version(request: Request) -> Response:
    """Against the pact of another version."""
    there = _the(request, kept.of_number(request.path["version"]))
    return _diff_response(request, _the(request, kept.of_number(request.path["other"])), there)


@routes.get(f"{_PAIR}/pact-version/{{sha}}/diff/pact-version/{{other}}", answers={200: DIFF}, media=(TEXT,))
def show_against_content(request: Request) -> Response:
    """Against another content."""
    there = _the(request, kept.of_sha(request.path["sha"]))
    return _diff_response(request, _the(request, kept.of_sha(request.path["other"])), there)


def _the(request: Request, where: sa.ColumnElement[bool]) -> StoredPact:
    found = kept.newest(request.db, [*kept.of_pair(request.path["consumer"], request.path["provider"]), where])
    if found is None:
        raise NotHere
    return found


def _diff_response(request: Request, old: StoredPact | None, new: StoredPact) -> Response:
    if old is None:
        raise NotHere
    head = (
        f"# Diff between versions {old.number} and {new.number} of the pact between {new.consumer} and"
        f" {new.provider}\n\nThe following changes were made between {old.number} and {new.number}:\n\n"
    )
    difference = pact_diff(json.loads(old.served), json.loads(new.served))
    return text(head + (difference or "nothing that affects a verification") + "\n")
