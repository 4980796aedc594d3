"""Pacts as the API serves them: which publication is meant, and its content; rows in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.ledger.db.rows import chunks, in_order
from harness.ledger.db.tables import (
    branch_versions,
    branches,
    contracts,
    deployments,
    environments,
    pacticipants,
    publications,
    releases,
    tags,
    versions,
)

consumers = pacticipants.alias("consumers")
IS_PACT = publications.c.kind == ContractKind.PACT.value
Name = str | sa.BindParameter[Any]  # or a place for one, in a statement that is made once
Conditions = Iterable[sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPact:
    """What one consumer version promised with one provider."""

    publication: int
    contract: int
    version: int  # the row of the consumer's version
    consumer: str
    number: str
    provider: str
    sha: str
    published_at: str
    served: str = ""  # the content, when it was asked for


_COLUMNS = (
    publications.c.id,
    publications.c.contract_id,
    publications.c.version_id,
    consumers.c.name.label("consumer"),
    versions.c.number,
    publications.c.counterpart,
    contracts.c.key,
    publications.c.published_at,
)


def _query(*more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return (
        sa.select(*_COLUMNS, *more)
        .join_from(publications, versions, versions.c.id == publications.c.version_id)
        .join(consumers, consumers.c.id == publications.c.pacticipant_id)
        .join(contracts, contracts.c.id == publications.c.contract_id)
        .where(IS_PACT)
    )


def _value(row: Any) -> StoredPact:
    return StoredPact(
        publication=row.id,
        contract=row.contract_id,
        version=row.version_id,
        consumer=row.consumer,
        number=row.number,
        provider=row.counterpart,
        sha=row.key,
        published_at=row.published_at,
    )


def _with_content(row: Any) -> StoredPact:
    return replace(_value(row), served=row.served or row.text or "")


def find_pacts(db: sa.Connection, where: Conditions) -> list[StoredPact]:
    """The publications that meet all conditions, newest first, without their contents."""
    return select_pacts(db, statement(where), {})


def statement(where: Conditions, *, newest_first: bool = True) -> sa.Select[Any]:
    """What `read` asks, for those who ask the same again and again: making it costs more than asking it."""
    order = publications.c.version_id.desc() if newest_first else publications.c.version_id
    return _query().where(*where).order_by(order, publications.c.id)


def select_pacts(db: sa.Connection, asked: sa.Select[Any], told: dict[str, Any]) -> list[StoredPact]:
    """The publications that a statement selects, without their contents."""
    return [_value(row) for row in db.execute(asked, told)]


def of_publications(db: sa.Connection, rows: Collection[int], *, newest_first: bool = True) -> list[StoredPact]:
    """The publications of some rows, without their contents."""
    asked = _OF_ROWS if newest_first else _OF_ROWS_OLDEST_FIRST
    return [pact for part in chunks(rows) for pact in select_pacts(db, asked, {"rows": part})]


def newest(db: sa.Connection, where: Conditions) -> StoredPact | None:
    """The publication of the newest version that meets all conditions, with its content."""
    query = _query(contracts.c.served, contracts.c.text).where(*where)
    row = db.execute(query.order_by(publications.c.version_id.desc()).limit(1)).one_or_none()
    return None if row is None else _with_content(row)


def latest_of_each(db: sa.Connection, where: Conditions, *, with_order: bool = False) -> list[StoredPact]:
    """Of each pair the publication of the newest version that meets all conditions, by names."""
    del with_order
    newest_rows = (
        sa.select(sa.func.max(publications.c.version_id).label("version_id"), publications.c.counterpart)
        .join(versions, versions.c.id == publications.c.version_id)
        .where(IS_PACT, *where)
        .group_by(publications.c.pacticipant_id, publications.c.counterpart)
        .subquery()
    )
    query = _query().join(
        newest_rows,
        sa.and_(
            newest_rows.c.version_id == publications.c.version_id,
            newest_rows.c.counterpart == publications.c.counterpart,
        ),
    )
    rows = db.execute(
        query.order_by(in_order(consumers.c.name), in_order(publications.c.counterpart), publications.c.id)
    )
    return [_value(row) for row in rows]


def of_pair(consumer: Name, provider: Name) -> list[sa.ColumnElement[bool]]:
    """Between these two."""
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == consumer).scalar_subquery()
    return [publications.c.pacticipant_id == owner, publications.c.counterpart == provider]


def of_provider(provider: Name) -> list[sa.ColumnElement[bool]]:
    """With this provider."""
    return [publications.c.counterpart == provider]


def of_consumer(consumer: Name) -> sa.ColumnElement[bool]:
    """Of this consumer."""
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == consumer).scalar_subquery()
    return publications.c.pacticipant_id == owner


def of_number(number: str) -> sa.ColumnElement[bool]:
    """Of the consumer's version with this number."""
    same = sa.select(versions.c.id).where(versions.c.number == number)
    return publications.c.version_id.in_(same)


def of_versions(rows: Iterable[int]) -> sa.ColumnElement[bool]:
    """Of the consumer's versions in some rows."""
    return publications.c.version_id.in_(list(rows))


def of_sha(sha: str) -> sa.ColumnElement[bool]:
    """With this content."""
    return publications.c.contract_id.in_(sa.select(contracts.c.id).where(contracts.c.key == sha))


def with_tag(tag: Name) -> sa.ColumnElement[bool]:
    """Of versions with a tag."""
    return publications.c.version_id.in_(sa.select(tags.c.version_id).where(tags.c.name == tag))


def head_tagged(tag: Name) -> sa.ColumnElement[bool]:
    """Of each consumer's newest version with a tag."""
    heads = sa.select(sa.func.max(tags.c.version_id)).where(tags.c.name == tag).group_by(tags.c.pacticipant_id)
    return publications.c.version_id.in_(heads)


def without_tags() -> sa.ColumnElement[bool]:
    """Of versions without any tag."""
    return ~sa.exists().where(tags.c.version_id == publications.c.version_id)


def on_branch(name: Name) -> sa.ColumnElement[bool]:
    """Of versions on a branch with this name."""
    on = (
        sa.select(branch_versions.c.version_id).join_from(branch_versions, branches).where(branches.c.name == name)
    )
    return publications.c.version_id.in_(on)


def heads_of(name: Name) -> sa.ColumnElement[bool]:
    """Of the head of each consumer's branch with this name."""
    return publications.c.version_id.in_(sa.select(branches.c.head_id).where(branches.c.name == name))


def on_main() -> sa.ColumnElement[bool]:
    """Of versions on their consumer's main branch."""
    on = (
        sa.select(branch_versions.c.version_id)
        .join_from(branch_versions, branches)
        .join(pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
        .where(pacticipants.c.main_branch == branches.c.name)
    )
    return publications.c.version_id.in_(on)


def heads_of_main() -> sa.ColumnElement[bool]:
    """Of the head of each consumer's main branch."""
    heads = (
        sa.select(branches.c.head_id)
        .join_from(branches, pacticipants, pacticipants.c.id == branches.c.pacticipant_id)
        .where(pacticipants.c.main_branch == branches.c.name)
    )
    return publications.c.version_id.in_(heads)


def any_head() -> sa.ColumnElement[bool]:
    """Of the head of any branch."""
    return publications.c.version_id.in_(sa.select(branches.c.head_id).where(branches.c.head_id.is_not(None)))


def of_live(environment: str) -> sa.ColumnElement[bool]:
    """Of versions that are live somewhere, or in one environment."""
    if environment:
        return live_in(environment)
    there = [sa.select(table.c.version_id).where(table.c.until.is_(None)) for table in (deployments, releases)]
    return publications.c.version_id.in_(sa.union(*there))


def live_in(environment: Name) -> sa.ColumnElement[bool]:
    """Of versions that are deployed or supported in an environment, named or called by its uuid."""
    place = sa.select(environments.c.id).where(
        sa.or_(environments.c.name == environment, environments.c.uuid == environment)
    )
    there = [
        sa.select(table.c.version_id).where(table.c.environment_id.in_(place), table.c.until.is_(None))
        for table in (deployments, releases)
    ]
    return publications.c.version_id.in_(sa.union(*there))


def before(version: int | sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    """Of older versions."""
    return publications.c.version_id < version


def other_than(contract: int) -> sa.ColumnElement[bool]:
    """With another content."""
    return publications.c.contract_id != contract


def tags_of(db: sa.Connection, version: int) -> list[str]:
    """The tags of a version, oldest first."""
    return list(
        db.execute(sa.select(tags.c.name).where(tags.c.version_id == version).order_by(tags.c.id)).scalars()
    )


def numbers_with(db: sa.Connection, contract: int) -> Sequence[str]:
    """The numbers of the versions that have a content, newest first."""
    return db.execute(_NUMBERS, {"contract": contract}).scalars().all()


_NUMBERS = (
    sa.select(versions.c.number)
    .join(publications, publications.c.version_id == versions.c.id)
    .where(publications.c.contract_id == sa.bindparam("contract"))
    .order_by(versions.c.id.desc())
)


def contents(db: sa.Connection, where: Conditions) -> list[tuple[StoredPact, str]]:
    """The publications that meet all conditions, with their contents, by consumer."""
    query = (
        _query(contracts.c.served, contracts.c.text)
        .where(*where)
        .order_by(in_order(consumers.c.name), versions.c.id)
    )
    return [(value, value.served) for value in map(_with_content, db.execute(query))]


_of_rows = publications.c.id.in_(sa.bindparam("rows", expanding=True))
_OF_ROWS, _OF_ROWS_OLDEST_FIRST = statement([_of_rows]), statement([_of_rows], newest_first=False)
