"""What runs recorded as `NUMBER+changed.…`, since that number stood for other contracts; rows in, values out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.identity import Version
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import IS_CHANGED, pacticipants, versions

if TYPE_CHECKING:
    from collections.abc import Collection

ANY = sa.exists(sa.select(versions.c.id).where(IS_CHANGED))
_OF_PACTICIPANTS = (
    sa.select(versions.c.id, pacticipants.c.name, versions.c.number)
    .join_from(versions, pacticipants)
    .where(IS_CHANGED, pacticipants.c.name.in_(sa.bindparam("names", expanding=True)))
    .order_by(versions.c.id)
)


def in_place_of(db: sa.Connection, wanted: Collection[Version]) -> dict[Version, dict[Version, int]]:
    """By version: what was recorded in its place, with its rows; oldest first."""
    found: dict[Version, dict[Version, int]] = {}
    for names in chunks({version.pacticipant for version in wanted}):
        for row, name, number in db.execute(_OF_PACTICIPANTS, {"names": names}):
            each = Version(name, number)
            if each.asked in wanted and each.asked != each:
                found.setdefault(each.asked, {})[each] = row
    return found
