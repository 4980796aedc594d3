"""From the selectors of a question to versions: who is meant, who else is concerned; rows in, values out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.identity import Version
from harness.ledger.db import changed, shown_versions, traces
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import (
    branch_versions,
    branches,
    builds,
    deployments,
    environments,
    integrations,
    pacticipants,
    publications,
    releases,
    self_verifications,
    tags,
    versions,
)
from harness.ledger.matrix.question import Question, Unanswerable, VersionSelector
from harness.ledger.matrix.selected import SelectedVersions


@dataclass(frozen=True, slots=True)
class IntegrationPair:
    """Two pacticipants that have something to do with each other."""

    consumer: str
    provider: str
    required: bool  # the consumer is asked for: without the provider it does not work


@dataclass(frozen=True, kw_only=True)
class ResolvedSelectors:
    """Everybody whom a question concerns."""

    selected: Sequence[SelectedVersions]
    pairs: Sequence[IntegrationPair]
    require: Sequence[str] = ()  # what a yes requires in the environment that is asked about
    any_build: bool = False  # whether what was built is known of any version at all
    any_held: bool = False  # whether any version is held to its document
    changed: Mapping[Version, Mapping[Version, int]] = field(default_factory=dict)  # recorded in a version's place
    traced: bool = False  # whether anything was deleted of those whom the question concerns

    @property
    def specified(self) -> list[SelectedVersions]:
        """Those that were asked for."""
        return [each for each in self.selected if each.specified]

    def of(self, pacticipant: str) -> list[SelectedVersions]:
        """What is selected of one pacticipant."""
        return self._by_name.get(pacticipant, [])

    @cached_property
    def stand_ins(self) -> dict[Version, Version]:
        """What was recorded in the place of a selected version, and is not selected itself, by that version."""
        meant = _versions(self.selected)
        anybody = {each.pacticipant for each in self.selected if each.any_version}
        recorded = ((each, version) for version, some in self.changed.items() for each in some)
        return {e: version for e, version in recorded if e not in meant and e.pacticipant not in anybody}

    def versions_of(self, pacticipant: str) -> list[Version]:
        """The versions that are selected of one pacticipant."""
        numbers = (number for each in self.of(pacticipant) for _, number in each.versions)
        return [Version(pacticipant, number) for number in dict.fromkeys(numbers)]

    def provider_versions(self) -> dict[str, frozenset[int] | None]:
        """The rows of the selected versions of each provider; None is any."""
        found: dict[str, frozenset[int] | None] = {}
        for name in {pair.provider for pair in self.pairs}:
            selected = self.of(name)
            anything = any(each.any_version for each in selected)
            found[name] = None if anything else frozenset(row for each in selected for row in each.rows)
        return found

    def consumer_versions(self) -> tuple[set[int], set[str]]:
        """The rows of those who are asked for and of the consumers; and the consumers of which any version is."""
        names = {pair.consumer for pair in self.pairs}
        concerned = [each for each in self.selected if each.specified or each.pacticipant in names]
        anybody = {each.pacticipant for each in concerned if each.any_version and each.pacticipant in names}
        return {row for each in concerned for row in each.rows}, anybody

    @cached_property
    def _by_name(self) -> dict[str, list[SelectedVersions]]:
        found: dict[str, list[SelectedVersions]] = {}
        for each in self.selected:
            found.setdefault(each.pacticipant, []).append(each)
        return found


def scene(db: sa.Connection, question: Question) -> ResolvedSelectors:
    """Who is meant, and who else is concerned. Raises Unanswerable for a pacticipant that nobody knows."""
    known = _check(db, question)
    specified = [_resolve(db, asked, specified=True) for asked in question.selectors]
    alone = len(question.selectors) == 1 and len(specified[0].versions) <= 1
    if question.infers or alone:
        pairs = _concerned_pairs(db, specified, any_changed=known.any_changed)
        names = {name for pair in pairs for name in (pair.consumer, pair.provider)}
        others = names - {each.pacticipant for each in specified}
        inferred = _infer_all(db, question, sorted(others))
    else:
        pairs = _among(db, specified)
        inferred = []
    if question.environment:
        inferred += _select_staying(db, question.environment, pairs, specified)
    selected = [*specified, *inferred]
    return ResolvedSelectors(
        selected=selected,
        pairs=pairs,
        changed=changed.in_place_of(db, _versions(selected)) if known.any_changed else {},
        require=json.loads(known.require or "[]"),
        any_build=known.any_build,
        any_held=known.any_held,
        traced=bool(known.any_trace)
        and traces.concern(db, [each.pacticipant for each in specified], question.environment),
    )


def _select_staying(
    db: sa.Connection, environment: str, pairs: Iterable[IntegrationPair], specified: Sequence[SelectedVersions]
) -> list[SelectedVersions]:
    """What stays beside those who are asked for, of their own: releases, named instances; where they may meet."""
    asked = {each.pacticipant for each in specified}
    among = {
        name
        for pair in pairs
        if {pair.consumer, pair.provider} <= asked
        for name in (pair.consumer, pair.provider)
    }
    there: dict[str, list[tuple[int, str]]] = {}
    told = {"names": sorted(among), "environment": environment}
    for name, row, number in db.execute(_STAYING, told) if among else ():
        there.setdefault(name, []).append((row, number))
    return [
        SelectedVersions(
            asked=VersionSelector(pacticipant=name, environment=environment), specified=False, versions=versions
        )
        for name, versions in there.items()
    ]


def _check(db: sa.Connection, question: Question) -> Any:
    """What the ledger knows at all, and what a yes requires there. Raises Unanswerable for unknown names."""
    wanted = dict.fromkeys(asked.pacticipant for asked in question.selectors)
    known = set(db.execute(_KNOWN, {"names": list(wanted)}).scalars())
    errors = [f"Pacticipant {name} not found" for name in wanted if name not in known]
    ledger = db.execute(_LEDGER, {"environment": question.environment}).one()
    if question.environment and ledger.require is None:
        errors.append(f"Environment with name '{question.environment}' does not exist")
    if errors:
        raise Unanswerable(*errors)
    return ledger


def resolve_ignored(
    db: sa.Connection, asked: Sequence[VersionSelector]
) -> tuple[list[SelectedVersions], list[str]]:
    """What is to be ignored, and what of it there is not."""
    found, warnings = [], []
    for each in asked:
        what = f"version {each.version}" if each.version else "any version"
        if db.execute(_KNOWN, {"names": [each.pacticipant]}).scalar() is None:
            warnings.append(f"Cannot ignore {what} of {each.pacticipant} (no such pacticipant exists)")
            continue
        selected = _resolve(db, each, specified=True)
        if selected.missing:
            warnings.append(f"Cannot ignore {what} of {each.pacticipant} (no such version exists)")
            continue
        found.append(selected)
    return found, warnings


def _infer_all(db: sa.Connection, question: Question, names: Sequence[str]) -> list[SelectedVersions]:
    """What the question means for everybody else, in one query however many they are."""
    if not question.infers:
        return [
            SelectedVersions(asked=VersionSelector(pacticipant=name), specified=False, any_version=True)
            for name in names
        ]
    rows: dict[str, list[tuple[int, str]]] = {}
    on_main: dict[str, str] = {}
    query = _inferred_query(
        latest=question.latest, main=question.main_branch, tag=bool(question.tag), place=bool(question.environment)
    )
    told = {"tag": question.tag, "environment": question.environment}
    for part in chunks(names):
        for name, branch, row, number in db.execute(query, {"names": part, **told}):
            rows.setdefault(name, []).append((row, number))
            on_main[name] = branch or ""
    return [_inferred_one(question, name, rows.get(name, []), on_main.get(name, "")) for name in names]


def _inferred_one(question: Question, name: str, rows: list[tuple[int, str]], branch: str) -> SelectedVersions:
    asked = VersionSelector(
        pacticipant=name,
        latest=question.latest,
        tag=question.tag,
        environment=question.environment,
        main_branch=question.main_branch,
        branch=branch if question.main_branch else "",
    )
    return SelectedVersions(asked=asked, specified=False, versions=rows[:1] if question.latest else rows)


# Statements are made once for each kind of question: making one costs more than asking it.
_NAMES: sa.BindParameter[Any] = sa.bindparam("names", expanding=True)
_TAG: sa.BindParameter[str] = sa.bindparam("tag", type_=sa.Text)
_BRANCH: sa.BindParameter[str] = sa.bindparam("branch", type_=sa.Text)
_ENVIRONMENT: sa.BindParameter[str] = sa.bindparam("environment", type_=sa.Text)
_mains = pacticipants.alias("mains")
_owners = pacticipants.alias("owners")
_consumer, _provider = pacticipants.alias("consumer"), pacticipants.alias("provider")
_KNOWN = sa.select(pacticipants.c.name).where(pacticipants.c.name.in_(_NAMES))
_MAIN_BRANCH = sa.select(pacticipants.c.main_branch).where(pacticipants.c.name == sa.bindparam("name"))
# One that everybody has and nobody has used is not listed, so nobody can mean it.
_PLACE = sa.select(environments.c.id).where(environments.c.name == _ENVIRONMENT, environments.c.uuid.is_not(None))
_LEDGER = sa.select(
    _PLACE.with_only_columns(environments.c.require).scalar_subquery().label("require"),
    sa.exists().where(builds.c.artifact > "").label("any_build"),
    sa.exists(sa.select(self_verifications.c.id)).label("any_held"),
    traces.ANY_OPEN.label("any_trace"),
    changed.ANY.label("any_changed"),
)
_STAYING = (  # what a deployment without a name replaces nothing of: releases, and what has an instance of its own
    sa.select(pacticipants.c.name, versions.c.id, versions.c.number)
    .join_from(versions, pacticipants)
    .where(
        pacticipants.c.name.in_(_NAMES),
        versions.c.id.in_(
            sa.union(
                sa.select(releases.c.version_id).where(
                    releases.c.environment_id == _PLACE.scalar_subquery(), releases.c.until.is_(None)
                ),
                sa.select(deployments.c.version_id).where(
                    deployments.c.environment_id == _PLACE.scalar_subquery(),
                    deployments.c.until.is_(None),
                    deployments.c.instance != "",
                ),
            )
        ),
    )
    .order_by(versions.c.id.desc())
)
_INTEGRATED = (
    sa.select(_consumer.c.name, _provider.c.name)
    .join_from(integrations, _consumer, _consumer.c.id == integrations.c.consumer_id)
    .join(_provider, _provider.c.id == integrations.c.provider_id)
    .where(_provider.c.name.in_(_NAMES))
    .order_by(_consumer.c.name)
)
_NEEDED = sa.select(publications.c.counterpart).where(publications.c.kind == ContractKind.PACT.value).distinct()
_NEEDED_BY_ANY = _NEEDED.join(pacticipants, pacticipants.c.id == publications.c.pacticipant_id).where(
    pacticipants.c.name == sa.bindparam("name")
)
_NEEDED_BY = _NEEDED.where(publications.c.version_id.in_(sa.bindparam("ids", expanding=True)))


@cache
def _inferred_query(*, latest: bool, main: bool, tag: bool, place: bool) -> sa.Select[Any]:
    """Versions of some pacticipants, newest first; where only the newest counts, no others are read."""
    query = sa.select(pacticipants.c.name, pacticipants.c.main_branch, versions.c.id, versions.c.number).join_from(
        pacticipants, versions
    )
    query = query.where(pacticipants.c.name.in_(_NAMES))
    if latest:
        query = query.where(versions.c.id.in_(_newest(main=main, tag=tag)))
    elif main:
        on = sa.select(branch_versions.c.version_id).join_from(branch_versions, branches)
        query = query.where(versions.c.id.in_(on.where(branches.c.name == pacticipants.c.main_branch)))
    else:
        query = query.where(*_conditions(tag=tag, place=place))
    return query.order_by(versions.c.id.desc())


def _newest(*, main: bool, tag: bool) -> sa.Select[Any]:
    """The newest version of each pacticipant, of those with a tag or on the main branch when that is asked."""
    named = sa.select(_owners.c.id).where(_owners.c.name.in_(_NAMES))
    if tag:
        newest = sa.select(sa.func.max(tags.c.version_id)).where(tags.c.name == _TAG)
        return newest.where(tags.c.pacticipant_id.in_(named)).group_by(tags.c.pacticipant_id)
    if main:
        return (
            sa.select(sa.func.max(branch_versions.c.version_id))
            .join_from(branch_versions, branches)
            .join(_mains, _mains.c.id == branches.c.pacticipant_id)
            .where(branches.c.name == _mains.c.main_branch, branches.c.pacticipant_id.in_(named))
            .group_by(branches.c.pacticipant_id)
        )
    newest = sa.select(sa.func.max(versions.c.id)).where(versions.c.pacticipant_id.in_(named))
    return newest.group_by(versions.c.pacticipant_id)


def _resolve(db: sa.Connection, asked: VersionSelector, *, specified: bool) -> SelectedVersions:
    name = asked.pacticipant
    if asked.version:
        row = shown_versions.find(db, name, asked.version)
        found = [] if row is None else [(row, asked.version)]
        return SelectedVersions(asked=asked, specified=specified, versions=found)
    asked = _with_main_branch(db, asked)
    if not (asked.latest or asked.tag or asked.branch or asked.main_branch or asked.environment):
        return SelectedVersions(asked=asked, specified=specified, any_version=True)
    if asked.main_branch and not asked.branch:  # it has no main branch
        return SelectedVersions(asked=asked, specified=specified)
    query = _of_pacticipant(
        latest=asked.latest, tag=bool(asked.tag), branch=bool(asked.branch), place=bool(asked.environment)
    )
    told = {"name": name, "tag": asked.tag, "branch": asked.branch, "environment": asked.environment}
    rows = [(row, number) for row, number in db.execute(query, told)]
    return SelectedVersions(asked=asked, specified=specified, versions=rows)


def _with_main_branch(db: sa.Connection, asked: VersionSelector) -> VersionSelector:
    if not asked.main_branch:
        return asked
    name = db.execute(_MAIN_BRANCH, {"name": asked.pacticipant}).scalar()
    return replace(asked, branch=name) if name else asked


@cache
def _of_pacticipant(*, latest: bool, tag: bool, branch: bool, place: bool) -> sa.Select[Any]:
    """The versions of one pacticipant, newest first."""
    owner = sa.select(pacticipants.c.id).where(pacticipants.c.name == sa.bindparam("name")).scalar_subquery()
    query = sa.select(versions.c.id, versions.c.number).where(
        versions.c.pacticipant_id == owner, *_conditions(tag=tag, branch=branch, place=place)
    )
    query = query.order_by(versions.c.id.desc())
    return query.limit(1) if latest else query


def _conditions(*, tag: bool, place: bool, branch: bool = False) -> Iterable[sa.ColumnElement[bool]]:
    if tag:
        yield versions.c.id.in_(sa.select(tags.c.version_id).where(tags.c.name == _TAG))
    if branch:
        on = sa.select(branch_versions.c.version_id).join_from(branch_versions, branches)
        yield versions.c.id.in_(on.where(branches.c.name == _BRANCH))
    if place:
        there = _PLACE.scalar_subquery()
        live = [
            sa.select(table.c.version_id).where(table.c.environment_id == there, table.c.until.is_(None))
            for table in (deployments, releases)
        ]
        yield versions.c.id.in_(sa.union(*live))


def _concerned_pairs(
    db: sa.Connection, specified: Sequence[SelectedVersions], *, any_changed: bool
) -> list[IntegrationPair]:
    """Whom the versions need, and who might need them; also by what was recorded in their place."""
    found: dict[tuple[str, str], bool] = {}
    for each in specified:
        for provider in _providers(db, each):
            found[each.pacticipant, provider] = True
    if any_changed:
        for version, recorded in changed.in_place_of(db, _versions(specified)).items():
            for provider in db.execute(_NEEDED_BY, {"ids": list(recorded.values())}).scalars():
                found.setdefault((version.pacticipant, provider), False)
    names = [each.pacticipant for each in specified]
    for consumer, provider in _integrated_pairs(db, names):
        found.setdefault((consumer, provider), False)
    return [IntegrationPair(*names, required) for names, required in found.items()]


def _versions(selected: Iterable[SelectedVersions]) -> set[Version]:
    return {Version(each.pacticipant, number) for each in selected for _, number in each.versions}


def _providers(db: sa.Connection, each: SelectedVersions) -> Iterable[str]:
    if each.any_version:
        return db.execute(_NEEDED_BY_ANY, {"name": each.pacticipant}).scalars().all()
    found: dict[str, None] = {}
    for part in chunks(each.rows):
        found |= dict.fromkeys(db.execute(_NEEDED_BY, {"ids": part}).scalars())
    return found


def _integrated_pairs(db: sa.Connection, providers: Sequence[str]) -> Iterable[tuple[str, str]]:
    return [(row[0], row[1]) for row in db.execute(_INTEGRATED, {"names": list(providers)})]


def _among(db: sa.Connection, specified: Sequence[SelectedVersions]) -> list[IntegrationPair]:
    """Those who are asked for among each other: a version needs whom it has a pact with.

    Where none of them has one, each pair is looked for, so that it is told what is not known.
    """
    names = {each.pacticipant for each in specified}
    pairs = dict.fromkeys(pair for pair in _integrated_pairs(db, sorted(names)) if pair[0] in names)
    needed = {(each.pacticipant, provider) for each in specified for provider in _providers(db, each)}
    nothing = not needed & pairs.keys()
    return [IntegrationPair(*pair, required=nothing or pair in needed) for pair in pairs]
