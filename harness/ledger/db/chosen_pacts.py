"""Pacts with one provider, by what selectors say of their consumers' versions; rows in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.ledger.db import pacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.ledger.db.pacts import StoredPact


class Standing(Enum):
    """What a consumer's version is."""

    HEAD_OF_MAIN = "the head of the main branch"
    HEAD_OF_ANY = "the head of any branch"
    HEAD_OF = "the head of a branch"
    NEWEST_TAGGED = "the newest with a tag"
    TAGGED = "any with a tag"
    LIVE = "live somewhere"
    LIVE_IN = "live in an environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Whose pacts: with a provider, and of one consumer where that is named."""

    provider: str
    consumer: str = ""

    @property
    def conditions(self) -> Sequence[sa.ColumnElement[bool]]:
        """The same, as conditions."""
        of_one = [pacts.of_consumer(self.consumer)] if self.consumer else []
        return [*pacts.of_provider(self.provider), *of_one]


def pacts_by_standing(db: sa.Connection, between: Between, standing: Standing, name: str = "") -> list[StoredPact]:
    """The pacts of the versions that are so, newest first; the branch, tag or environment has the name."""
    told = {"provider": between.provider, "consumer": between.consumer, "named": name}
    return pacts.select_pacts(db, _statement(standing, of_one=bool(between.consumer)), told)


_NAME: sa.BindParameter[str] = sa.bindparam("named", type_=sa.Text)
_CONDITIONS = {
    Standing.HEAD_OF_MAIN: pacts.heads_of_main(),
    Standing.HEAD_OF_ANY: pacts.any_head(),
    Standing.HEAD_OF: pacts.heads_of(_NAME),
    Standing.NEWEST_TAGGED: pacts.head_tagged(_NAME),
    Standing.TAGGED: pacts.with_tag(_NAME),
    Standing.LIVE: pacts.of_live(""),
    Standing.LIVE_IN: pacts.live_in(_NAME),
}


@cache
def _statement(standing: Standing, *, of_one: bool) -> sa.Select[Any]:
    consumer = [pacts.of_consumer(sa.bindparam("consumer", type_=sa.Text))] if of_one else []
    provider = pacts.of_provider(sa.bindparam("provider", type_=sa.Text))
    return pacts.statement([*provider, *consumer, _CONDITIONS[standing]])
