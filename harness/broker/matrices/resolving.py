"""From the selectors of a question to versions: who is meant, who else is concerned; rows in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from harness.broker.http.problems import Invalid
from harness.broker.matrices.asking import Asked, Question
from harness.broker.matrices.selected import Selected
from harness.broker.store import shown_versions
from harness.broker.store.rows import chunks, in_order
from harness.broker.store.tables import (
    branch_versions,
    branches,
    deployments,
    environments,
    integrations,
    pacticipants,
    publications,
    releases,
    tags,
    versions,
)
from harness.contracts.document import ContractKind


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pacticipants that have something to do with each other."""

    consumer: str
    provider: str
    required: bool  # the consumer is asked for: without the provider it does not work


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everybody whom a question concerns."""

    selected: Sequence[Selected]
    pairs: Sequence[Pair]

    @property
    def specified(self) -> list[Selected]:
        """Those that were asked for."""
        return [each for each in self.selected if each.specified]

    def of(self, pacticipant: str) -> list[Selected]:
        """What is selected of one pacticipant."""
        return [each for each in self.selected if each.pacticipant == pacticipant]


def scene(db: sa.Connection, question: Question) -> Scene:
    """Who is meant, and who else is concerned. Raises Invalid for a pacticipant that nobody knows."""
    _check(db, question)
    specified = [_resolve(db, asked, specified=True) for asked in question.selectors]
    alone = len(question.selectors) == 1 and len(specified[0].versions) <= 1
    if question.infers or alone:
        pairs = _concerned(db, specified)
        names = {name for pair in pairs for name in (pair.consumer, pair.provider)}
        others = names - {each.pacticipant for each in specified}
        inferred = [_infer(db, question, name) for name in sorted(others)]
    else:
        pairs = _among(db, specified)
        inferred = []
    return Scene(selected=[*specified, *inferred], pairs=pairs)


def _check(db: sa.Connection, question: Question) -> None:
    wanted = dict.fromkeys(asked.pacticipant for asked in question.selectors)
    known = set(db.execute(sa.select(pacticipants.c.name).where(pacticipants.c.name.in_(list(wanted)))).scalars())
    errors = [f"Pacticipant {name} not found" for name in wanted if name not in known]
    if question.environment and not _known_environment(db, question.environment):
        errors.append(f"Environment with name '{question.environment}' does not exist")
    if errors:
        raise Invalid(errors)


def _known_environment(db: sa.Connection, name: str) -> bool:
    query = sa.select(environments.c.id).where(environments.c.name == name)
    return db.execute(query).scalar() is not None


def resolve_ignored(db: sa.Connection, asked: Sequence[Asked]) -> tuple[list[Selected], list[str]]:
    """What is to be ignored, and what of it there is not."""
    found, warnings = [], []
    for each in asked:
        query = sa.select(pacticipants.c.id).where(pacticipants.c.name == each.pacticipant)
        what = f"version {each.version}" if each.version else "any version"
        if db.execute(query).scalar() is None:
            warnings.append(f"Cannot ignore {what} of {each.pacticipant} (no such pacticipant exists)")
            continue
        selected = _resolve(db, each, specified=True)
        if selected.missing:
            warnings.append(f"Cannot ignore {what} of {each.pacticipant} (no such version exists)")
            continue
        found.append(selected)
    return found, warnings


def _infer(db: sa.Connection, question: Question, name: str) -> Selected:
    asked = Asked(
        pacticipant=name,
        latest=question.latest,
        tag=question.tag,
        environment=question.environment,
        main_branch=question.main_branch,
    )
    return _resolve(db, asked, specified=False)


def _resolve(db: sa.Connection, asked: Asked, *, specified: bool) -> Selected:
    name = asked.pacticipant
    if asked.version:
        row = shown_versions.find(db, name, asked.version)
        found = [] if row is None else [(row, asked.version)]
        return Selected(asked=asked, specified=specified, versions=found)
    asked = _with_main_branch(db, asked)
    where = list(_conditions(asked))
    if not where and not asked.latest:
        return Selected(asked=asked, specified=specified, any_version=True)
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == name).scalar_subquery()
    query = sa.select(versions.c.id, versions.c.number).where(versions.c.pacticipant_id == owner, *where)
    query = query.order_by(versions.c.id.desc())
    if asked.latest:
        query = query.limit(1)
    rows = [(row, number) for row, number in db.execute(query)]
    return Selected(asked=asked, specified=specified, versions=rows)


def _with_main_branch(db: sa.Connection, asked: Asked) -> Asked:
    if not asked.main_branch:
        return asked
    query = sa.select(pacticipants.c.main_branch).where(pacticipants.c.name == asked.pacticipant)
    name = db.execute(query).scalar()
    return replace(asked, branch=name) if name else asked


def _conditions(asked: Asked) -> Iterable[sa.ColumnElement[bool]]:
    if asked.tag:
        yield versions.c.id.in_(sa.select(tags.c.version_id).where(tags.c.name == asked.tag))
    if asked.branch:
        on = sa.select(branch_versions.c.version_id).join_from(branch_versions, branches)
        yield versions.c.id.in_(on.where(branches.c.name == asked.branch))
    elif asked.main_branch:
        yield sa.false()  # it has no main branch
    if asked.environment:
        place = sa.select(environments.c.id).where(environments.c.name == asked.environment).scalar_subquery()
        live = [
            sa.select(table.c.version_id).where(table.c.environment_id == place, table.c.until.is_(None))
            for table in (deployments, releases)
        ]
        yield versions.c.id.in_(sa.union(*live))


def _concerned(db: sa.Connection, specified: Sequence[Selected]) -> list[Pair]:
    """Whom the versions need, and who might need them."""
    found: dict[tuple[str, str], bool] = {}
    for each in specified:
        for provider in _providers(db, each):
            found[each.pacticipant, provider] = True
    names = [each.pacticipant for each in specified]
    for consumer, provider in _integrated(db, names):
        found.setdefault((consumer, provider), False)
    return [Pair(*names, required) for names, required in found.items()]


def _providers(db: sa.Connection, each: Selected) -> Iterable[str]:
    query = sa.select(publications.c.counterpart).where(publications.c.kind == ContractKind.PACT.value).distinct()
    if each.any_version:
        owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == each.pacticipant).scalar_subquery()
        yield from db.execute(query.where(publications.c.pacticipant_id == owner)).scalars()
        return
    seen: set[str] = set()
    for part in chunks(each.rows):
        for name in db.execute(query.where(publications.c.version_id.in_(part))).scalars():
            if name not in seen:
                seen.add(name)
                yield name


def _integrated(db: sa.Connection, providers: Sequence[str]) -> Iterable[tuple[str, str]]:
    consumer, provider = pacticipants.alias("consumer"), pacticipants.alias("provider")
    query = (
        sa.select(consumer.c.name, provider.c.name)
        .join_from(integrations, consumer, consumer.c.id == integrations.c.consumer_id)
        .join(provider, provider.c.id == integrations.c.provider_id)
        .where(provider.c.name.in_(list(providers)))
        .order_by(in_order(consumer.c.name), integrations.c.id)
    )
    return [(row[0], row[1]) for row in db.execute(query)]


def _among(db: sa.Connection, specified: Sequence[Selected]) -> list[Pair]:
    names = {each.pacticipant for each in specified}
    found = [pair for pair in _integrated(db, sorted(names)) if pair[0] in names]
    return [Pair(consumer, provider, required=True) for consumer, provider in dict.fromkeys(found)]
