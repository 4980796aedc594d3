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

    from harness.broker.http.call import Request
    from harness.ledger.db.pacts import StoredPact

routes = Routes("pact-diffs")

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
DIFF = s.Schema("PactDiff", s.text("Lines; those with - were, those with + are."))


@routes.get(f"{_PAIR}/version/{{version}}/diff/previous-distinct", answers={200: DIFF}, media=(TEXT,))
def show_against_previous(call: Request) -> Response:
    """Against the newest older version with another content."""
    there = _the(call, kept.of_number(call.path["version"]))
    return _diff_response(call, previous_distinct(call, there), there)


@routes.get(f"{_PAIR}/version/{{version}}/diff/version/{{other}}", answers={200: DIFF}, media=(TEXT,))
def show_against_version(call: Request) -> Response:
    """Against the pact of another version."""
    there = _the(call, kept.of_number(call.path["version"]))
    return _diff_response(call, _the(call, kept.of_number(call.path["other"])), there)


@routes.get(f"{_PAIR}/pact-version/{{sha}}/diff/pact-version/{{other}}", answers={200: DIFF}, media=(TEXT,))
def show_against_content(call: Request) -> Response:
    """Against another content."""
    there = _the(call, kept.of_sha(call.path["sha"]))
    return _diff_response(call, _the(call, kept.of_sha(call.path["other"])), there)


def _the(call: Request, where: sa.ColumnElement[bool]) -> StoredPact:
    found = kept.newest(call.db, [*kept.of_pair(call.path["consumer"], call.path["provider"]), where])
    if found is None:
        raise NotHere
    return found


def _diff_response(call: Request, old: StoredPact | None, new: StoredPact) -> Response:
    if old is None:
        raise NotHere
    head = (
        f"# Diff between versions {old.number} and {new.number} of the pact between {new.consumer} and"
        f" {new.provider}\n\nThe following changes were made between {old.number} and {new.number}:\n\n"
    )
    difference = pact_diff(json.loads(old.served), json.loads(new.served))
    return text(head + (difference or "nothing that affects a verification") + "\n")
